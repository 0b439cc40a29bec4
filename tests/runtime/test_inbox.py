"""What a delivery names, which deliveries are one, who goes first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from engine.decision.event import Event
from engine.language.values import Item
from engine.runtime.delivery import BrokenBody, read_delivery
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.inbox import Held, Inbox, InboxFull, Pending
from engine.runtime.snapshot import save_snapshot
from engine.runtime.store import Fenced
from tests.portal.portal_case import WORLD, ZONE
from tests.runtime.service_case import delivery

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    found = EmbeddedStore(tmp_path / "engine.db")
    yield found
    found.close()


def inbox_of(store: EmbeddedStore, limit: int = 100) -> Inbox:
    return Inbox(store, lambda: NOW, lambda _: None, limit)


def body(form: dict[str, str]) -> bytes:
    return urlencode(form).encode()


@pytest.mark.parametrize(
    ("event", "more", "item", "verb"),
    [
        ("ONCRMDEALUPDATE", {}, Item("deal", "118"), "updated"),
        ("onCrmDealAdd", {}, Item("deal", "118"), "created"),
        ("ONCRMDYNAMICITEMUPDATE", {"data[FIELDS][ENTITY_TYPE_ID]": "1044"}, Item("act", "118"), "updated"),
        ("ONCRMDYNAMICITEMDELETE", {"data[FIELDS][ENTITY_TYPE_ID]": "31"}, Item("invoice", "118"), "deleted"),
        ("ONCRMDYNAMICITEMADD_1044", {}, Item("act", "118"), "created"),
        ("ONCRMCOMPANYUPDATE", {}, Item("company", "118"), "updated"),
        ("ONCRMDYNAMICITEMUPDATE", {"data[FIELDS][ENTITY_TYPE_ID]": "999"}, None, "updated"),
        ("ONTASKADD", {}, None, ""),
    ],
)
def test_what_a_delivery_names(event: str, more: dict[str, str], item: Item | None, verb: str) -> None:
    found = read_delivery(body(delivery(118, event, **more)), WORLD, ZONE)
    assert (found.item, found.verb) == (item, verb)
    assert found.time is not None
    assert found.time.isoformat() == "2026-03-14T12:00:00+03:00"


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe=1",
        b"no form at all",
        b'{"event": "ONCRMDEALUPDATE"}',
        b"event=",
        b"event=ONCRMDEALUPDATE",
        b"event=ONCRMDEALUPDATE&data[FIELDS][ID]=../1",
        b"event=ONCRMDEALUPDATE&data[FIELDS][ID]=0",
        b"event=ONCRMDYNAMICITEMADD&data[FIELDS][ID]=5",
        b"event=ONCRMDEALUPDATE&data[FIELDS][ID]=%FF%FE",
        b"&".join(b"a%d=1" % n for n in range(500)),
    ],
)
def test_broken_bodies(broken: bytes) -> None:
    with pytest.raises(BrokenBody):
        read_delivery(broken, WORLD, ZONE)


def test_a_time_that_is_none_is_left_out() -> None:
    assert read_delivery(body(delivery(1, ts="soon")), WORLD, ZONE).time is None


def test_equal_deliveries_coalesce_until_the_first_has_started(store: EmbeddedStore) -> None:
    inbox = inbox_of(store)
    found = read_delivery(body(delivery(118)), WORLD, ZONE)
    assert [inbox.accept(found), inbox.accept(found)] == [True, False]
    assert inbox.accept(read_delivery(body(delivery(118, ts="1773478801")), WORLD, ZONE))
    assert isinstance(inbox.take("deal/118", ZONE), Pending)
    assert inbox.accept(found)
    assert store.counts() == {"accepted": 3, "coalesced": 1}


def test_a_full_inbox_refuses(store: EmbeddedStore) -> None:
    inbox = inbox_of(store, limit=2)
    for number in (1, 2):
        inbox.accept(read_delivery(body(delivery(number)), WORLD, ZONE))
    with pytest.raises(InboxFull):
        inbox.accept(read_delivery(body(delivery(3)), WORLD, ZONE))


def test_a_row_that_waits_holds_its_deal_only(store: EmbeddedStore) -> None:
    save_snapshot(store, Item("act", "43"), {"deal": Item("deal", "118")}, NOW)
    inbox = inbox_of(store)
    for item in (Item("deal", "118"), Item("act", "43"), Item("deal", "7")):
        inbox.put(
            Event(f"{item.entity}.updated", "x", NOW, item, {"title": None}, by="engine", depth=1, cause="c")
        )
    first = inbox.take("deal/118", ZONE)
    assert isinstance(first, Pending)
    inbox.wait(first.n, NOW.timestamp() + 5, "the portal rests")
    free = inbox.take("deal/7", ZONE)
    assert isinstance(free, Pending)
    assert free.event.item == Item("deal", "7")
    assert inbox.take("deal/118", ZONE) == Held(NOW.timestamp() + 5)
    store.execute("UPDATE event SET next_try = 0")
    again = inbox.take("deal/118", ZONE)
    assert isinstance(again, Pending)
    assert (again.n, again.tries, again.is_resumed) == (first.n, 1, True)
    assert again.event == Event(
        "deal.updated", "x", NOW, Item("deal", "118"), {"title": None}, by="engine", depth=1, cause="c"
    )


def test_a_row_taken_again_fences_the_one_who_had_it(store: EmbeddedStore) -> None:
    inbox = inbox_of(store)
    inbox.accept(read_delivery(body(delivery(118)), WORLD, ZONE))
    first, second = inbox.take("deal/118", ZONE), inbox.take("deal/118", ZONE)
    assert isinstance(first, Pending)
    assert isinstance(second, Pending)
    with pytest.raises(Fenced), store.fenced(first.lease):
        inbox.finish(first.n, "run")
    with store.fenced(second.lease):
        inbox.finish(second.n, "run")
    assert inbox.take("deal/118", ZONE) is None


def test_an_item_that_moves_to_another_deal_stands_in_both_lanes(store: EmbeddedStore) -> None:
    inbox = inbox_of(store)
    save_snapshot(store, Item("act", "43"), {"deal": Item("deal", "118")}, NOW)
    for item in (Item("deal", "7"), Item("act", "43"), Item("deal", "7"), Item("deal", "118")):
        inbox.put(Event(f"{item.entity}.updated", "", NOW, item, {"title": None}))
    moving = inbox.take("deal/118", ZONE)
    assert isinstance(moving, Pending)
    assert inbox.put_back(moving, "deal/7", is_move=True)
    assert isinstance(inbox.take("deal/118", ZONE), Held), "the earlier row of deal 7 comes first"
    earlier = inbox.take("deal/7", ZONE)
    assert isinstance(earlier, Pending)
    inbox.finish(earlier.n, "run")
    assert isinstance(inbox.take("deal/7", ZONE), Held), "and its later row waits for the one that moves"
    again = inbox.take("deal/118", ZONE)
    assert isinstance(again, Pending)
    assert again.n == moving.n
    inbox.finish(again.n, "run")
    assert isinstance(inbox.take("deal/7", ZONE), Pending)
    assert isinstance(inbox.take("deal/118", ZONE), Pending)


def test_deliveries_of_one_transaction_have_an_answer_each(store: EmbeddedStore) -> None:
    woken: list[str] = []
    inbox = Inbox(store, lambda: NOW, woken.append, 4)
    save_snapshot(store, Item("deal", "8"), {"deal": Item("deal", "7")}, NOW)
    unknown = delivery(9, event="ONCRMDYNAMICITEMUPDATE") | {"data[FIELDS][ENTITY_TYPE_ID]": "999"}
    posts = [delivery(7), delivery(8), delivery(7), unknown, delivery(9)]
    found = [read_delivery(body(one), WORLD, ZONE) for one in posts]
    assert inbox.accept_all(found) == [True, True, False, False, True]
    assert woken == ["deal/7", "deal/9"]
    assert store.counts() == {"accepted": 3, "coalesced": 1, "ignored": 1}
    more = [read_delivery(body(delivery(number)), WORLD, ZONE) for number in (10, 11, 12)]
    assert inbox.accept_all(more) == [True, None, None]
    assert inbox.accept_all([]) == []
    rows = store.rows("SELECT item, lane FROM event ORDER BY n")
    assert [(row["item"], row["lane"]) for row in rows] == [
        ("deal/7", "deal/7"), ("deal/8", "deal/7"), ("deal/9", "deal/9"), ("deal/10", "deal/10"),
    ]  # fmt: skip


def test_deliveries_that_come_together_fill_the_inbox_and_no_more(store: EmbeddedStore) -> None:
    woken: list[str] = []
    inbox = Inbox(store, lambda: NOW, woken.append, 30)
    refused: list[int] = []

    def post(number: int) -> None:
        try:
            inbox.accept(read_delivery(body(delivery(number)), WORLD, ZONE))
        except InboxFull:
            refused.append(number)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(1, 41)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inbox.waiting(), len(refused), len(woken)) == (30, 10, 30)


def test_two_items_that_cross_wait_for_what_is_under_way_and_not_for_each_other(store: EmbeddedStore) -> None:
    inbox = inbox_of(store)
    save_snapshot(store, Item("act", "43"), {"deal": Item("deal", "118")}, NOW)
    save_snapshot(store, Item("act", "44"), {"deal": Item("deal", "7")}, NOW)
    for item in (Item("act", "43"), Item("act", "44")):
        inbox.put(Event(f"{item.entity}.updated", "", NOW, item, {"title": None}))
    first, second = inbox.take("deal/118", ZONE), inbox.take("deal/7", ZONE)
    assert isinstance(first, Pending)
    assert isinstance(second, Pending)
    assert inbox.put_back(first, "deal/7", is_move=True), "the other deal has a row under way"
    assert inbox.put_back(second, "deal/118", is_move=True), "and an earlier row comes first"
    assert isinstance(inbox.take("deal/7", ZONE), Held)
    again = inbox.take("deal/118", ZONE)
    assert isinstance(again, Pending)
    assert not inbox.put_back(again, "deal/7", is_move=True)
    inbox.finish(again.n, "run")
    last = inbox.take("deal/7", ZONE)
    assert isinstance(last, Pending)
    assert not inbox.put_back(last, "deal/118", is_move=True)


def test_a_row_under_way_ends_before_an_earlier_one_that_was_put_into_its_lane(store: EmbeddedStore) -> None:
    inbox = inbox_of(store)
    for item in (Item("act", "43"), Item("deal", "118")):
        inbox.put(Event(f"{item.entity}.updated", "", NOW, item, {"title": None}))
    unknown, begun = inbox.take("act/43", ZONE), inbox.take("deal/118", ZONE)
    assert isinstance(unknown, Pending)
    assert isinstance(begun, Pending)
    inbox.wait(begun.n, NOW.timestamp() + 5, "the portal rests")
    assert inbox.put_back(unknown, "deal/118", is_move=False)
    assert inbox.take("deal/118", ZONE) == Held(NOW.timestamp() + 5)
    inbox.finish(begun.n, "run")
    last = inbox.take("deal/118", ZONE)
    assert isinstance(last, Pending)
    assert last.n == unknown.n
