"""What a delivery names, which deliveries are one, who goes first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from engine.decision.event import Event
from engine.language.values import Item
from engine.runtime.inbox import BrokenBody, Inbox, InboxFull, read_delivery
from engine.runtime.snapshot import save_snapshot
from engine.runtime.store import Store
from tests.portal.portal_case import WORLD, ZONE
from tests.runtime.service_case import delivery

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(tmp_path / "engine.db")
    yield found
    found.close()


def inbox_of(store: Store, limit: int = 100) -> Inbox:
    return Inbox(store, lambda: NOW, lambda: None, limit)


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


def test_equal_deliveries_coalesce_until_the_first_has_started(store: Store) -> None:
    inbox = inbox_of(store)
    found = read_delivery(body(delivery(118)), WORLD, ZONE)
    assert [inbox.accept(found), inbox.accept(found)] == [True, False]
    assert inbox.accept(read_delivery(body(delivery(118, ts="1773478801")), WORLD, ZONE))
    row = inbox.next(0, ZONE)
    assert row is not None
    inbox.start(row.n)
    assert inbox.accept(found)
    assert store.counts() == {"accepted": 3, "coalesced": 1}


def test_a_full_inbox_refuses(store: Store) -> None:
    inbox = inbox_of(store, limit=2)
    for number in (1, 2):
        inbox.accept(read_delivery(body(delivery(number)), WORLD, ZONE))
    with pytest.raises(InboxFull):
        inbox.accept(read_delivery(body(delivery(3)), WORLD, ZONE))


def test_a_row_that_waits_holds_its_deal_only(store: Store) -> None:
    save_snapshot(store, Item("act", "43"), {"deal": Item("deal", "118")}, NOW)
    inbox = inbox_of(store)
    for item in (Item("deal", "118"), Item("act", "43"), Item("deal", "7")):
        inbox.put(
            Event(f"{item.entity}.updated", "x", NOW, item, {"title": None}, by="engine", depth=1, cause="c")
        )
    first = inbox.next(100.0, ZONE)
    assert first is not None
    inbox.start(first.n)
    inbox.retry(first.n, 200.0, "the portal rests")
    free = inbox.next(100.0, ZONE)
    assert free is not None
    assert free.event.item == Item("deal", "7")
    again = inbox.next(200.0, ZONE)
    assert again is not None
    assert (again.n, again.tries) == (first.n, 1)
    assert again.event == Event(
        "deal.updated", "x", NOW, Item("deal", "118"), {"title": None}, by="engine", depth=1, cause="c"
    )


def test_rows_begun_by_a_killed_process_wait_again(store: Store) -> None:
    inbox = inbox_of(store)
    inbox.accept(read_delivery(body(delivery(118)), WORLD, ZONE))
    inbox.start(1)
    assert inbox.next(0, ZONE) is None
    inbox.recover()
    row = inbox.next(0, ZONE)
    assert row is not None
    assert row.n == 1
