"""A timer's life on a real state file: armed, held back, let go, counted anew, fired once, marked late."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from engine.decision.deadlines import deadlines_of, due_time
from engine.language.calendar import WorkCalendar
from engine.language.values import Duration, Item, Value
from engine.runtime.snapshot import save_snapshot
from engine.runtime.timers import Timers
from engine.runtime.wire import dump
from tests.portal.portal_case import ZONE
from tests.runtime.timer_case import ACT, DEAL, FRIDAY, OPEN, Office, edition_of, rules

FIVE, THREE = rules("5 workdays"), rules("3 workdays")


def office(folder: Path, text: str = FIVE, **act: Value) -> Office:
    found = Office(folder, edition_of(text))
    if act:
        found.items[ACT].update(act)
        found.happen(ACT)
    return found


def test_it_fires_once_for_an_origin_and_again_for_another(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    assert here.states() == [("2026-03-20T16:41", "armed")]
    here.clock.push(days=6)
    assert here.fired() == []
    here.clock.push(days=1, seconds=1)
    [event] = here.fired()
    assert (event.name, event.item, event.detail, event.time) == ("timer", ACT, "test/remind", here.clock())
    assert here.late == [False]
    here.happen(ACT, manager="6")
    here.restart()
    here.clock.push(days=30)
    assert here.fired() == []
    here.happen(ACT, sent_at=here.clock.now)
    here.clock.push(days=30)
    assert len(here.fired()) == 1
    assert here.late == [True]
    # Back to the first origin, which has had its reminder; emptied and set again likewise.
    here.happen(ACT, sent_at=FRIDAY)
    here.happen(ACT, sent_at=None)
    assert here.states() == []
    here.happen(ACT, sent_at=FRIDAY)
    assert here.fired() == []
    assert here.states() == [("2026-03-20T16:41", "fired")]


def test_what_the_engine_wrote_and_what_it_reads_back_are_one_origin(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY.replace(microsecond=5))
    here.clock.push(days=8)
    assert len(here.fired()) == 1
    here.happen(ACT, sent_at=datetime.fromisoformat("2026-03-13T13:41:00+00:00"))
    assert here.fired() == []


@pytest.mark.parametrize(("item", "closed", "opened"), [
    (ACT, {"signed": True}, {"signed": False}),
    (DEAL, {"stage": "lost"}, {"stage": "in_work"}),
])  # fmt: skip
@pytest.mark.parametrize("is_whole", [True, False])
def test_conditions_hold_it_back_and_let_it_go(
    tmp_path: Path, item: Item, closed: dict[str, Value], opened: dict[str, Value], *, is_whole: bool
) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    here.happen(item, whole=is_whole, **closed)
    assert here.states() == [("2026-03-20T16:41", "held")]
    here.clock.push(days=10)
    assert here.fired() == []
    assert here.timers.next_due() is None
    here.happen(item, whole=is_whole, **opened)
    assert len(here.fired()) == 1  # its time passed meanwhile: at once
    assert here.late == [True]
    here.happen(item, whole=is_whole, **closed)
    here.happen(item, whole=is_whole, **opened)
    assert here.fired() == []


def test_lists_of_the_deal_are_followed_to_the_lane_that_an_item_left(tmp_path: Path) -> None:
    text = rules("5 workdays", conditions=("all(a.signed for a in deal.acts if a.number == '2')",))
    here = office(tmp_path, text, sent_at=FRIDAY)
    other = Item("act", "44")
    here.items[other] = {"id": "44", "deal": DEAL, "signed": False, "number": "2", "sent_at": None}
    here.items[ACT]["number"] = "1"
    here.items[DEAL]["acts"] = (ACT, other)
    here.happen(other, whole=True)
    assert here.states() == [("2026-03-20T16:41", "held")]
    here.items[DEAL]["acts"] = (ACT,)
    here.items[other]["deal"] = Item("deal", "8")
    save_snapshot(here.store, other, {"deal": Item("deal", "8")}, here.clock())
    here.timers.arm(here.edition, here.facts(DEAL), other, also=str(DEAL))
    assert here.states() == [("2026-03-20T16:41", "armed")]


@pytest.mark.parametrize("gate", [
    "date(act.sent_at) < today",              # the clock
    "act.client.name != 'x'",                 # a company: its events are not those of the deal
    "act.contract.number != 'x'",
    "len(deal.lines) == 0",                   # product rows: no difference of the deal's own row tells of them
])  # fmt: skip
def test_a_gate_that_no_event_of_the_lane_would_open_again_holds_nothing(gate: str) -> None:
    [deadline] = deadlines_of(edition_of(rules("1 day", conditions=(gate, *OPEN)))).of["act"]
    assert [one.text for one in deadline.gates] == list(OPEN)


def test_derived_fields_are_trusted_as_far_as_what_they_follow_from() -> None:
    gates = ("deal.paid == 0", "deal.unsigned_acts > 0", "deal.next_stage_no > 1")
    [deadline] = deadlines_of(edition_of(rules("1 day", conditions=gates))).of["act"]
    assert [one.text for one in deadline.gates] == list(gates)


def test_an_item_that_is_gone_has_no_timers(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    here.vanish(ACT)
    here.clock.push(days=30)
    assert (here.fired(), here.states()) == ([], [])
    assert here.store.rows("SELECT * FROM timer_past") == []


def test_a_shorter_delay_counts_anew_from_the_row(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    here.reload(THREE)
    assert here.states() == [("2026-03-18T16:41", "armed")]
    here.clock.push(days=6)
    assert len(here.fired()) == 1
    here.reload(FIVE)
    here.clock.push(days=6)
    assert here.fired() == []


def test_a_longer_delay_given_while_the_engine_was_off_counts(tmp_path: Path) -> None:
    here = office(tmp_path, THREE, sent_at=FRIDAY)
    here.clock.push(days=6)
    here.edition = edition_of(FIVE)
    here.restart()
    assert here.fired() == []
    here.clock.push(days=2)
    assert len(here.fired()) == 1


@pytest.mark.parametrize("text", [rules(), rules("5 workdays", more="    enabled: false")])
def test_a_rule_that_goes_takes_its_timers_and_one_that_comes_back_has_them(
    tmp_path: Path, text: str
) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    here.reload(text)
    assert here.states() == []
    here.happen(ACT, manager="6")
    assert here.states() == []
    here.reload(FIVE)
    assert here.states() == [("2026-03-20T16:41", "armed")]
    here.clock.push(days=30)
    assert len(here.fired()) == 1
    here.reload(text)
    here.reload(FIVE)
    assert here.fired() == []


def test_the_work_of_an_older_edition_does_not_bring_its_deadlines_back(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    before = here.edition
    here.reload(THREE)
    here.edition = before
    here.happen(ACT, manager="6")
    assert here.states() == [("2026-03-18T16:41", "armed")]


def test_a_new_deadline_is_armed_for_known_items_but_not_for_the_past(tmp_path: Path) -> None:
    here = office(tmp_path, rules(), sent_at=FRIDAY)
    late = Item("act", "44")
    here.items[late] = {**here.items[ACT], "id": "44", "sent_at": FRIDAY - timedelta(days=300)}
    here.happen(late)
    here.clock.push(days=1)
    here.reload(FIVE)
    assert here.states() == [("2026-03-20T16:41", "armed")]
    assert [one.state for one in here.timers.timers_of(late)] == ["passed"]
    here.happen(late, manager="6")  # nor by the next event that has nothing to do with it
    assert here.fired() == []
    here.happen(late, sent_at=FRIDAY - timedelta(days=200))  # but a person who sets it means it
    assert [event.item for event in here.fired()] == [late]


def test_rows_of_the_first_tables_go_on(tmp_path: Path) -> None:
    here = office(tmp_path, rules(), sent_at=FRIDAY)
    here.store.execute(
        "INSERT INTO timer (key, rule, item, since, at, due, state) VALUES (?,?,?,?,?,?,'armed')",
        (
            "test/remind act/43",
            "test/remind",
            "act/43",
            dump(FRIDAY),
            "2026-03-20T16:41:00+03:00",
            1774014060.0,
        ),
    )
    here.clock.push(days=10)
    here.edition = edition_of(FIVE)
    here.restart()
    [event] = here.fired()
    assert event.id == "timer test/remind act/43 2026-03-13T13:41:00+00:00"
    here.happen(ACT, sent_at=FRIDAY)
    assert here.fired() == []


def test_an_entity_that_was_never_read_waits_for_its_first_reading(tmp_path: Path) -> None:
    here = office(tmp_path, rules())
    here.store.execute("DELETE FROM baseline WHERE entity = 'act'")
    here.reload(FIVE)
    save_snapshot(here.store, ACT, {"sent_at": FRIDAY, "deal": DEAL}, here.clock())
    here.store.execute("INSERT INTO baseline VALUES ('act', '')")
    assert here.states() == []
    here.timers.rearm(here.edition)
    assert here.states() == [("2026-03-20T16:41", "armed")]


def test_conditions_that_change_let_go_what_they_held(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY, signed=True)
    assert here.states() == [("2026-03-20T16:41", "held")]
    here.reload(rules("5 workdays", conditions=("act.number != '1'",)))
    assert here.states() == [("2026-03-20T16:41", "armed")]


def test_another_field_is_another_origin(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY, date=date(2026, 3, 16))
    here.reload(rules("5 workdays", since="act.date"))
    assert here.states() == [("2026-03-23T09:00", "armed")]
    here.reload(rules("5 workdays", since="act.due_at"))
    assert here.states() == []


def test_two_deadlines_of_one_rule_are_two_timers(tmp_path: Path) -> None:
    here = office(tmp_path, rules("5 workdays", "10 workdays"), sent_at=FRIDAY)
    assert here.states() == [("2026-03-20T16:41", "armed"), ("2026-03-27T16:41", "armed")]
    here.happen(ACT, manager="6")
    here.clock.push(days=8)
    first = here.fired()
    here.happen(ACT, manager="7")
    here.clock.push(days=8)
    second = here.fired()
    assert [len(first), len(second)] == [1, 1]
    assert first[0].id != second[0].id


def test_an_event_overtaken_by_another_origin_wakes_nobody(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    here.clock.push(days=8)
    [event] = here.fired()
    assert not here.timers.is_overtaken(event, here.facts(ACT))
    here.happen(ACT, sent_at=here.clock.now)
    assert here.timers.is_overtaken(event, here.facts(ACT))
    here.happen(ACT, sent_at=FRIDAY)  # it was a slip
    assert [one.id for one in here.fired()] == [event.id]


def test_editions_and_events_side_by_side(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    editions = [edition_of(text) for text in (THREE, rules(), FIVE)]

    def reload() -> None:
        for _ in range(30):
            for edition in editions:
                here.timers.rearm(edition)

    thread = threading.Thread(target=reload, daemon=True)
    thread.start()
    while thread.is_alive():
        with here.store.transaction():
            time.sleep(0.001)  # the other thread comes as far as it can
            here.happen(ACT, manager="6")
    assert here.states() == [("2026-03-20T16:41", "armed")]


def test_of_two_processes_one_fires(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    here.clock.push(days=8)
    other = Timers(here.store, here.clock)
    assert other.fire() == 0  # it does not know the rules yet
    other.rearm(here.edition)
    assert [here.timers.fire(), other.fire()] == [1, 0]


@pytest.mark.parametrize(
    ("since", "delay", "due"),
    [
        # Clocks go forward on 29 March 2026 in Berlin, 02:00 to 03:00, and back on 25 October, 03:00 to 02:00.
        ("2026-03-28T16:00", "1 days", "2026-03-29T16:00:00+02:00"),
        ("2026-03-28T16:00", "24 hours", "2026-03-29T17:00:00+02:00"),
        ("2026-03-28T02:30", "1 days", "2026-03-29T03:30:00+02:00"),
        ("2026-10-24T02:30", "1 days", "2026-10-25T02:30:00+02:00"),
        ("2026-10-24T16:00", "24 hours", "2026-10-25T15:00:00+01:00"),
        ("2026-10-24T16:00", "999999 workdays", None),
        ("9999-12-30T16:00", "9 days", None),
    ],
)
def test_the_change_of_clocks(since: str, delay: str, due: str | None) -> None:
    berlin = type(ZONE)("Europe/Berlin")
    amount, unit = delay.split()
    start = datetime.fromisoformat(since).replace(tzinfo=berlin)
    found = due_time(start, Duration(int(amount), unit), WorkCalendar("DE"), berlin)
    assert (found.isoformat() if found else None) == due


def test_a_hundred_thousand_timers_cost_no_more_than_one(tmp_path: Path) -> None:
    here = office(tmp_path, sent_at=FRIDAY)
    fill = (
        "WITH RECURSIVE c(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM c WHERE i < 100099)"
        " INSERT INTO timer (key, rule, item, since, at, due, state, field, lane)"
        " SELECT 'test/remind act/' || i, 'test/other', 'act/' || i, since, at, due + i, 'armed', field, 'deal/' || i"
        " FROM c, timer WHERE item = 'act/43'"
    )
    here.store.execute(fill)
    facts = here.facts(ACT)
    started = time.perf_counter()
    for _ in range(100):
        here.timers.next_due()
        here.timers.arm(here.edition, facts, ACT)
        here.timers.fire()
    assert time.perf_counter() - started < 2.0  # 0.05 s where it was measured; one full scan takes as long
    for sql in (
        "SELECT min(due) FROM timer WHERE state = 'armed' AND item <> ''",
        "SELECT * FROM timer WHERE item = 'a' OR lane = 'b' OR (lane = 'c' AND lane <> '') ORDER BY key",
        "SELECT * FROM timer WHERE rule = 'a' AND state IN ('armed', 'held')",
    ):
        plan = [row["detail"] for row in here.store.rows("EXPLAIN QUERY PLAN " + sql)]
        assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], plan


def test_ten_thousand_are_counted_anew_in_a_moment(tmp_path: Path) -> None:
    here = office(tmp_path, rules(), sent_at=FRIDAY)
    with here.store.transaction():
        for n in range(100, 10_100):
            own: dict[str, Value] = {
                "deal": DEAL,
                "sent_at": FRIDAY,
                "signed": False,
                "number": str(n),
                "manager": "5",
            }
            save_snapshot(here.store, Item("act", str(n)), own, here.clock())
    for text, due in ((FIVE, "2026-03-20"), (THREE, "2026-03-18")):
        started = time.perf_counter()
        here.reload(text)
        assert time.perf_counter() - started < 8.0
        row = here.store.row("SELECT count(*) FROM timer WHERE at LIKE ? AND state = 'armed'", (f"{due}%",))
        assert row is not None
        assert row[0] == 10_001


def test_the_deadline_says_its_name() -> None:
    first, second = deadlines_of(edition_of(rules("5 workdays", "2 hours"))).of["act"]
    assert (first.name, second.name) == ("test/remind act", "test/remind act 2")
    assert (first.key(ACT), second.key(ACT)) == ("test/remind act/43", "test/remind act/43 2")
    assert first.form != replace(first, delay=Duration(6, "workdays")).form
