"""Letters about one deal are one thread: what the catcher of the demo portal got says so."""

from __future__ import annotations

from pathlib import Path

from engine import Effect, Item
from engine.letters import note_of
from engine.setup import MailSetup
from tests.mail.returned_case import office
from tests.mail.smtp_server import Post, serving
from tests.plugins.document_case import Store, Table, load_plugin

mail = load_plugin("mail")
SENDER = "Кастом Сервис <docs@custom-service.example>"


def send(port: int, store: Store, key: str, to: str = "a@example.com", **more: object) -> str:
    """Send one letter; return its Message-ID."""
    setup = MailSetup(host="localhost", port=port, sender=SENDER)
    effect = mail.Send(setup).effect({"to": to, "subject": key, "text": "Текст", **more}, Table({}))
    assert isinstance(effect, Effect)
    store.key = key
    [row] = mail.Send(setup).perform(effect, store)
    return str(row.get("message_id"))


def header(raw: bytes, name: str) -> str:
    from email import message_from_bytes, policy

    return str(message_from_bytes(raw, policy=policy.default).get(name, ""))


def test_a_reminder_answers_the_letter_that_sent_the_act(tmp_path: Path) -> None:
    with office(tmp_path) as work:
        work.rename("Второе письмо")
        work.rename("Третье письмо")
        heads = [letter["headers"] for letter in work.letters()]
        first, second, third = ({k.lower(): v for k, v in dict(one).items()} for one in heads)  # type: ignore[call-overload]
        assert "in-reply-to" not in first
        assert second["in-reply-to"] == second["references"] == first["message-id"]
        assert third["in-reply-to"] == second["message-id"]
        assert third["references"].split() == [first["message-id"], second["message-id"]]
        assert [letter["subject"] for letter in work.letters()] == [
            "Акт по сделке Первое письмо", "Акт по сделке Второе письмо", "Акт по сделке Третье письмо",
        ]  # fmt: skip


def test_another_address_or_another_business_is_another_thread() -> None:
    post, store = Post(), Store(about="deal/118")
    with serving(post) as port:
        send(port, store, "one")
        send(port, store, "two", to="b@example.com")
        send(port, store, "three", about=Item("contract", "5"))
        store.about = "deal/119"
        send(port, store, "four")
        store.about = ""
        send(port, store, "five")
        send(port, store, "six")
    assert [header(raw, "References") for _, _, raw in post.got] == [""] * 6


def test_a_letter_that_was_refused_is_nothing_to_answer() -> None:
    post, store = Post(answers={"a@example.com": "550 no"}), Store(about="deal/118")
    with serving(post) as port:
        try:
            send(port, store, "one")
        except mail.DeliveryError:
            post.answers.clear()
        second = send(port, store, "two")
        third = send(port, store, "three")
    assert [header(raw, "In-Reply-To") for _, _, raw in post.got] == ["", second]
    assert store.recall(note_of(third)) == "accepted 250 OK"


def test_a_letter_tried_again_has_the_same_bytes_whatever_went_meanwhile() -> None:
    post, store = Post(answers={"a@example.com": "451 later"}), Store(about="deal/118")
    with serving(post) as port:
        try:
            send(port, store, "one")
        except mail.DeliveryError:
            post.answers.clear()
        send(port, store, "two")
        send(port, store, "one")
    assert [header(raw, "References") for _, _, raw in post.got] == ["", ""]


def test_a_long_thread_keeps_its_beginning_and_its_last_letters() -> None:
    post, store = Post(), Store(about="deal/118")
    with serving(post) as port:
        ids = [send(port, store, f"letter {n}") for n in range(60)]
    assert header(post.got[-1][2], "References").split() == [ids[0], *ids[50:59]]
    assert len((store.recall("thread deal/118 a@example.com") or "").split()) <= 42
