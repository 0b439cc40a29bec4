"""What an event stirs: changed, filled, cleared, created, deleted, timers, commands, plugin events."""

from datetime import datetime
from decimal import Decimal

import pytest

from engine.decision.event import Event, stirs
from engine.decision.event_text import event_form
from engine.decision.follow_ups import seen_from
from engine.language.values import File, Item, Money, Undecided
from tests.decision.world_case import NOON, facts_of, updated

ACT, DEAL = Item("act", "1"), Item("deal", "2")
SCAN = File("a.pdf", 5, "pdf", "aa")


def kinds(event, **now):
    return [(stir.kind, stir.field) for stir in stirs(event, facts_of({ACT: now}))]


@pytest.mark.parametrize(
    ("before", "after", "stirred"),
    [
        (None, SCAN, ["changed", "filled"]), (SCAN, None, ["changed", "cleared"]), (SCAN, SCAN, []),
        (SCAN, File("b.pdf", 6, "pdf", "bb"), ["changed"]), (None, None, []),
        ("", "x", ["changed", "filled"]), ("x", "", ["changed", "cleared"]), ("", None, []), (None, "", []),
        ((), (DEAL,), ["changed", "filled"]), ((DEAL,), (), ["changed", "cleared"]),
        (False, True, ["changed"]), (None, False, ["changed", "filled"]), (True, Decimal(1), ["changed"]),
        (Money(Decimal(1), "RUB"), Money(Decimal("1.00"), "RUB"), []),
        (Money(Decimal(1), "RUB"), Money(Decimal(1), "USD"), ["changed"]),
        ("x", Undecided("act.scan"), ["changed"]), (None, Undecided("act.scan"), ["changed"]),
    ],
)  # fmt: skip
def test_an_update_stirs_what_differs(before, after, stirred):
    assert kinds(updated(ACT, {"folder": before}), folder=after) == [(kind, "folder") for kind in stirred]


def test_an_item_that_appears_stirs_what_it_is_born_with():
    event = Event("act.created", "e", NOON, ACT)
    born = {
        "number": "7",
        "signed": False,
        "vat": Money(Decimal(0), "RUB"),
        "stage_no": Decimal(0),
        "scan": None,
        "folder": "",
    }
    assert kinds(event, **born) == [("created", ""), ("changed", "number"), ("filled", "number")]


def test_an_item_that_goes_stirs_that_alone():
    assert kinds(Event("act.deleted", "e", NOON, ACT, {"number": "7"}), number="8") == [("deleted", "")]


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (Event("timer", "e", NOON, ACT, detail="s/late"), ("timer", "s/late")),
        (Event("command", "e", NOON, ACT, detail="remind"), ("command", "remind")),
        (Event("bank.payment", "e", NOON), ("received", "bank.payment")),
    ],
)
def test_other_events_stir_by_their_name(event, key):
    assert [stir.key for stir in stirs(event, facts_of({}))] == [key]


def test_an_event_seen_from_an_item_of_unknown_ties_is_written_without_them():
    seen = seen_from(facts_of({ACT: {"id": "1", "contract": None}}), ACT)
    assert isinstance(seen.root("deal"), Undecided)
    form = event_form(updated(ACT, {}), seen)
    assert form["facts"] == {"act": {"id": "1", "contract": None}, "contract": None}
    assert datetime.fromisoformat(str(form["time"])) == NOON
