"""Deadlines: armed by what a field says, fired once, re-armed when it changes, removed when it is emptied."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from engine.language.calendar import WorkCalendar
from engine.language.values import Duration, Value
from engine.runtime.timers import due_time
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import ACT, running

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
FRIDAY = datetime(2026, 3, 13, 16, 41, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("since", "delay", "due"),
    [
        (FRIDAY, Duration(5, "workdays"), "2026-03-20T16:41:00+03:00"),
        (FRIDAY, Duration(2, "days"), "2026-03-15T16:41:00+03:00"),
        (FRIDAY, Duration(90, "minutes"), "2026-03-13T18:11:00+03:00"),
        (date(2026, 3, 13), Duration(1, "workdays"), "2026-03-16T09:00:00+03:00"),
        (None, Duration(1, "days"), None),
    ],
)
def test_when_a_delay_runs_out(since: Value, delay: Duration, due: str | None) -> None:
    found = due_time(since, delay, WorkCalendar("RU"), FRIDAY)
    assert (found.isoformat() if found else None) == due


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = FRIDAY

    def __call__(self) -> datetime:
        return self.now


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
        assert live.runs() == []
        pass_days(1)
        assert [(run.event, run.item, run.status) for run in live.runs()] == [
            ("timer", f"act/{act['id']}", "done")
        ]
        pass_days(30)
        assert len(live.runs()) == 1
        sent(clock.now)
        pass_days(30)
        assert len(live.runs()) == 2
        sent(clock.now)
        sent(None)
        pass_days(30)
        assert len(live.runs()) == 2
