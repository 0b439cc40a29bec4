"""`notify` and `feed.post`: who is told, what the message carries, that nobody is told twice."""

from __future__ import annotations

from typing import Any

import pytest

from engine import FeedChange, Item, Mixed, NoticeChange, Pending, Undecided
from tests.plugins.action_case import DEAL, MANAGER, Spoken, action_of, deal_facts, make_setup, planned

notify, post = action_of("notify", "notify"), action_of("notify", "feed.post")
HEAD, GONE = Item("user", "1"), Item("user", "8")
URL = "https://demo.example/crm/deal/details/118/"


def facts(**deal: Any) -> Any:
    table = deal_facts(**deal)
    table.rows[GONE] = {"active": False, "name": "Пётр Лапин"}
    return table


def portal() -> Spoken:
    return Spoken({"im.notify.system.add": 7, "log.blogpost.add": 217})


def test_a_notice_and_a_copy_in_the_feed() -> None:
    effect = planned(notify, facts(), to=MANAGER, text="Закрыта", feed=True, deal=DEAL)
    assert effect.changes == (NoticeChange(MANAGER, "Закрыта"), FeedChange(("UA",), "Закрыта", URL))
    spoken = portal()
    assert spoken.drive(notify.commands(effect)) == ("7", "217")
    (notice,), (copy,) = spoken.params("im.notify.system.add"), spoken.params("log.blogpost.add")
    assert notice["USER_ID"] == 5
    assert notice["MESSAGE"] == f"Закрыта\n[URL={URL}]Реестр актов[/URL]"
    assert notice["MESSAGE_OUT"] == f"Закрыта\n{URL}"
    assert notice["CLIENT_ID"]
    assert copy["POST_TITLE"] == "Реестр актов"
    assert URL in copy["POST_MESSAGE"]
    assert copy["DEST"] == ["UA"]


def test_several_people_in_one_request_each_once() -> None:
    effect = planned(notify, facts(), to=(MANAGER, HEAD, MANAGER), text="x", deal=DEAL)
    spoken = portal()
    spoken.drive(notify.commands(effect))
    assert spoken.rounds == [["engine.key"], ["im.notify.system.add"] * 2]
    tags = [one["TAG"] for one in spoken.params("im.notify.system.add")]
    assert len(set(tags)) == 2


def test_the_tag_follows_the_key() -> None:
    effect = planned(notify, facts(), to=MANAGER, text="x", deal=DEAL)

    def tag(key: str) -> str:
        spoken = portal()
        spoken.key = key
        spoken.drive(notify.commands(effect))
        return str(spoken.params("im.notify.system.add")[0]["TAG"])

    assert tag("a") == tag("a") != tag("b")


@pytest.mark.parametrize(
    ("own", "to", "told", "said"),
    [
        ({"fallback": "1"}, GONE, [HEAD], "Пётр Лапин больше не работает: уведомление получит user/1"),
        ({}, GONE, [], "Пётр Лапин больше не работает: уведомление не отправлено"),
        ({"fallback": 1}, None, [HEAD], "Ответственный не указан: уведомление получит user/1"),
        ({}, (GONE, MANAGER), [MANAGER], "не отправлено"),
    ],
)
def test_someone_who_left(own: dict[str, Any], to: Any, told: list[Item], said: str) -> None:
    action = action_of("notify", "notify", make_setup(notify=own))
    effect = planned(action, facts(), to=to, text="x", deal=DEAL)
    assert [change.to for change in effect.changes if isinstance(change, NoticeChange)] == told
    assert said in effect.warnings[0].ru
    assert (effect.nothing_to_do is None) is bool(told)


def test_undecided_and_wrong_addressees() -> None:
    for params in (
        {"to": Undecided("deal.manager"), "text": "x"},
        {"to": MANAGER, "text": Undecided("deal.title")},
        {"to": (MANAGER, Undecided("act.manager")), "text": "x"},
        {"to": "ivanov@example.ru", "text": "x"},
        {"to": DEAL, "text": "x"},
        {"to": MANAGER, "text": None},
        {"to": MANAGER, "text": "x", "feed": True},  # no deal to link to
    ):
        assert isinstance(notify.effect(params, facts()), Undecided), params


def test_without_a_deal_there_is_no_link() -> None:
    spoken = portal()
    spoken.drive(notify.commands(planned(notify, facts(), to=MANAGER, text="x")))
    assert spoken.params("im.notify.system.add")[0]["MESSAGE"] == "x"


def test_without_a_deal_the_link_is_to_what_it_is_about() -> None:
    table, contract = facts(), Item("contract", "12")
    table.rows[contract] = {"title": "Договор К-12"}
    effect = planned(notify, table, to=MANAGER, text="x", about=contract, feed=True)
    spoken = portal()
    spoken.drive(notify.commands(effect))
    link = "[URL=https://demo.example/crm/type/1046/details/12/"
    assert f"{link}]Договор К-12[/URL]" in spoken.params("im.notify.system.add")[0]["MESSAGE"]
    assert link in spoken.params("log.blogpost.add")[0]["POST_MESSAGE"]
    both = planned(notify, table, to=MANAGER, text="x", about=contract, deal=DEAL)
    assert both.details["url"] == URL


def test_pending_text_is_shown_whole() -> None:
    text = Mixed(("Акт ", Pending("act/new-1.number")))
    (change,) = planned(notify, facts(), to=MANAGER, text=text, deal=DEAL).changes
    assert isinstance(change, NoticeChange)
    assert str(change.text) == "Акт ⟨next⟩"


def test_data_never_becomes_a_link_or_a_button() -> None:
    spoken = portal()
    table = facts(title="[URL=https://evil.example]тут[/URL]")
    text = "[B]Акт[/B] [URL=https://evil.example]x[/URL] [1] [send=да]да[/send]"
    spoken.drive(notify.commands(planned(notify, table, to=MANAGER, text=text, deal=DEAL)))
    message = spoken.params("im.notify.system.add")[0]["MESSAGE"]
    assert message.count("[URL=") == 1
    assert f"[URL={URL}]" in message
    assert "[send" not in message
    assert message.startswith("[B]Акт[/B] ")
    assert "[1]" in message


def test_a_refused_notice_is_found() -> None:
    effect = planned(notify, facts(), to=MANAGER, text="x", deal=DEAL)
    spoken = Spoken({"im.notify.system.add": False})
    result = spoken.drive(notify.commands(effect))
    (found,) = spoken.drive(notify.verify(effect, result))
    assert found.item == "user/5"
    assert portal().drive(notify.verify(effect, ("7",))) == ()


def test_a_post_noted_is_not_made_again() -> None:
    effect = planned(post, facts(), text="Закрыта", deal=DEAL)
    assert effect.changes == (FeedChange(("UA",), "Закрыта", URL),)
    spoken = portal()
    spoken.key = "k"
    for _ in range(2):
        spoken.asked.clear()
        assert spoken.drive(post.commands(effect)) == "217"
    assert spoken.params("log.blogpost.add") == []
    spoken.asked.clear()
    assert spoken.drive(post.probe("k", effect)) == "217"


def test_a_feed_without_end_leaves_it_to_a_person() -> None:
    def page(command: Any) -> Any:
        start = command.params["start"]
        return [{"ID": str(9000 - start - at), "DETAIL_TEXT": "чужая"} for at in range(50)]

    effect = planned(post, facts(), text="Закрыта", deal=DEAL)
    found = Spoken({"log.blogpost.get": page}).drive(post.probe("k", effect))
    assert isinstance(found, Undecided)
    assert "reglament-" in found.reason


def test_a_portal_that_shows_the_last_page_again_has_ended() -> None:
    effect = planned(post, facts(), text="Закрыта", deal=DEAL)
    same = [{"ID": "7", "DETAIL_TEXT": "чужая"}]
    assert Spoken({"log.blogpost.get": same}).drive(post.probe("k", effect)) is None


def test_a_portal_that_answers_true_in_place_of_an_id() -> None:
    effect = planned(post, facts(), text="Закрыта", deal=DEAL)
    texts: list[str] = []

    def add(command: Any) -> Any:
        texts.append(str(command.params["POST_MESSAGE"]))
        return True

    spoken = Spoken(
        {"log.blogpost.add": add, "log.blogpost.get": lambda _: [{"ID": "5", "DETAIL_TEXT": texts[0]}]}
    )
    spoken.key = "k"
    assert spoken.drive(post.commands(effect)) == "5"


def test_the_addressees_of_the_feed_are_the_regulations_or_the_settings_choice() -> None:
    action = action_of("notify", "feed.post", make_setup(notify={"feed_to": ["DR3"]}))
    assert planned(action, facts(), text="x", deal=DEAL).changes == (FeedChange(("DR3",), "x", URL),)
    assert planned(action, facts(), text="x", deal=DEAL, to=("U5",)).changes == (
        FeedChange(("U5",), "x", URL),
    )
    assert isinstance(action.effect({"text": "x"}, facts()), Undecided)


def test_notices_may_be_repeated_and_cannot_be_taken_back() -> None:
    plain = planned(notify, facts(), to=MANAGER, text="x", deal=DEAL)
    assert portal().drive(notify.probe("k", plain)) is None
    assert notify.undo(plain, ("7",)) is None
