"""Deadlines before a running portal: armed, fired, held back, kept over a reload and a restart, late when missed."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from engine.decision.deadlines import due_time
from engine.language.calendar import WorkCalendar
from engine.language.values import Duration, Item, Value
from engine.runtime.timers import Timers
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import ACT, DEAL, Live, open_service, running
from tests.runtime.timer_case import FRIDAY, Clock

RULES = """
ruleset: test
title: Сроки
rules:
  - id: remind
    title: Акт не вернулся в срок
    triggers:
      - deadline: {after: 5 workdays, since: act.sent_at}
    conditions:
      - act.signed == false
    actions:
      - notify: {to: "${act.manager}", text: "Акт ${act.number} не вернулся"}
"""


@pytest.mark.parametrize(
    ("since", "delay", "due"),
    [
        (FRIDAY, Duration(5, "workdays"), "2026-03-20T16:41:00+03:00"),
        (FRIDAY, Duration(2, "days"), "2026-03-15T16:41:00+03:00"),
        (FRIDAY, Duration(90, "minutes"), "2026-03-13T18:11:00+03:00"),
        (date(2026, 3, 13), Duration(1, "workdays"), "2026-03-16T09:00:00+03:00"),
        (date(2026, 5, 31), Duration(-30, "days"), "2026-05-01T09:00:00+03:00"),
        (date(2026, 3, 16), Duration(-1, "workdays"), "2026-03-13T09:00:00+03:00"),
        (None, Duration(1, "days"), None),
    ],
)
def test_when_a_delay_runs_out(since: Value, delay: Duration, due: str | None) -> None:
    found = due_time(since, delay, WorkCalendar("RU"), ZONE)
    assert (found.isoformat() if found else None) == due


def runs_of(live: Live, act: int | str) -> list[tuple[str, str]]:
    return [(run.event, run.status) for run in live.runs() if run.item == f"act/{act}"]


def test_a_deadline_fires_once_and_again_when_its_field_changes(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock) as live:
        act = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": 122})["items"][0]

        def sent(moment: datetime | None) -> None:
            live.person.update(ACT, int(act["id"]), {"ufCrm12Sentat": moment.isoformat() if moment else ""})
            live.settle()

        def pass_days(days: int) -> None:
            clock.now += timedelta(days=days)
            live.settle()

        sent(FRIDAY)
        pass_days(6)
        assert runs_of(live, act["id"]) == []
        pass_days(1)
        assert runs_of(live, act["id"]) == [("timer", "done")]
        pass_days(30)
        assert len(runs_of(live, act["id"])) == 1
        sent(clock.now)
        pass_days(30)
        assert len(runs_of(live, act["id"])) == 2
        sent(clock.now)
        sent(None)
        pass_days(30)
        assert len(runs_of(live, act["id"])) == 2


def first_act(live: Live) -> int:
    """The act of the demo's deal that has its letter sent now; its reminder is armed."""
    act = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": 122})["items"][0]
    live.person.update(ACT, int(act["id"]), {"ufCrm12Sentat": FRIDAY.isoformat()})
    live.settle()
    return int(act["id"])


def states(live: Live, act: int) -> list[tuple[str, str]]:
    timers = Timers(live.service.store, lambda: FRIDAY).timers_of(Item("act", str(act)))
    return [(one.at.isoformat()[:10], one.state) for one in timers]


def test_a_signature_holds_the_reminder_back(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock) as live:
        act = first_act(live)
        live.person.update(ACT, act, {"ufCrm12Signed": "Y"})
        live.settle()
        assert states(live, act) == [("2026-03-20", "held")]
        clock.push(days=30)
        live.settle()
        assert runs_of(live, act) == []
        live.person.update(ACT, act, {"ufCrm12Signed": "N"})
        live.settle()
        assert runs_of(live, act) == [("timer", "done")]


def test_a_lost_deal_holds_the_reminders_of_its_acts_back(tmp_path: Path) -> None:
    rules = RULES.replace("- act.signed == false", "- act.deal.stage != 'lost'")
    clock = Clock()
    with running(tmp_path, rules, clock=clock) as live:
        act = first_act(live)
        live.person.update(DEAL, 122, {"stageId": "C4:LOSE"})
        live.settle()
        assert states(live, act) == [("2026-03-20", "held")]
        live.person.update(DEAL, 122, {"stageId": "C4:UC_DOCS"})
        live.settle()
        assert states(live, act) == [("2026-03-20", "armed")]


def test_a_regulation_edited_over_a_running_deadline(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock) as live:
        act = first_act(live)
        file = tmp_path / "regulations" / "test.yaml"
        for text, wanted in (
            (RULES.replace("5 workdays", "3 workdays"), [("2026-03-18", "armed")]),
            ("ruleset: [broken", [("2026-03-18", "armed")]),
            (RULES.replace("    title: Акт", "    enabled: false\n    title: Акт"), []),
            (RULES.replace("5 workdays", "4 workdays"), [("2026-03-19", "armed")]),
        ):
            file.write_text(text, "utf-8")
            deadline = time.monotonic() + 10
            while (states(live, act) != wanted or is_broken(live, text)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert states(live, act) == wanted
        clock.push(days=7)
        live.settle()
        assert runs_of(live, act) == [("timer", "done")]


def is_broken(live: Live, text: str) -> bool:
    """True while a broken text was not looked at yet."""
    return "[broken" in text and not live.service.editions.current.is_broken


def test_one_missed_while_the_engine_was_off_fires_once_and_late(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock) as live:
        act = first_act(live)
        live.service.stop()
        clock.push(days=10)
        for _ in range(2):
            config = tmp_path / "config.yaml"
            with open_service(config, live.server.webhook_url, clock=clock) as again:
                assert again.wait_idle(30)
                which = "SELECT late, time, outcome FROM event WHERE origin = 'timer' AND item = ?"
                rows = again.store.rows(which, (f"act/{act}",))
                assert [(row["late"], row["outcome"]) for row in rows] == [(1, "run")]
                assert datetime.fromisoformat(rows[0]["time"]) == clock.now


def test_the_first_reading_reminds_nobody_of_the_past(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock, subscribed=False) as live:
        found = live.service.store.rows("SELECT item, at, state FROM timer")
        assert {row["state"] for row in found} == {"armed", "passed"}
        assert all((row["state"] == "passed") == (row["at"] <= clock.now.isoformat()) for row in found)
        clock.push(days=60)
        live.settle()
        assert {run.item for run in live.runs()} == {row["item"] for row in found if row["state"] == "armed"}
