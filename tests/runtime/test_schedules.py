"""Schedules: due in the company's zone, missed ones once and late, one event an item, commands of people."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.language.timing import Cron, parse_cron
from engine.runtime.schedules import Schedules, next_time
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import ACT, Live, running

FRIDAY = datetime(2026, 3, 13, 16, 41, tzinfo=ZONE)
RULES = """
ruleset: test
title: Расписание
rules:
  - id: morning
    title: Утро буднего дня
    triggers:
      - every: "0 9 * * 1-5"
    actions:
      - notify: {to: user/1, text: "Доброе утро"}
  - id: unsigned
    title: Неподписанные акты
    triggers:
      - every: "30 9 * * 1"
        for_each: act
    conditions:
      - act.sent_at != empty
      - not act.signed
    actions:
      - notify: {to: "${act.manager}", text: "Акт ${act.number} не подписан"}
"""


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("0 9 * * 1-5", "2026-03-13T16:41:00+03:00", "2026-03-16T09:00:00+03:00"),
        ("0 9 * * 1-5", "2026-03-16T09:00:00+03:00", "2026-03-17T09:00:00+03:00"),
        ("*/15 * * * *", "2026-03-13T16:41:30+03:00", "2026-03-13T16:45:00+03:00"),
        ("0 0 29 2 *", "2026-03-13T16:41:00+03:00", "2028-02-29T00:00:00+03:00"),
        ("0 12 13 * 5", "2026-03-13T16:41:00+03:00", "2026-03-20T12:00:00+03:00"),
        ("59 23 31 12 *", "2026-12-31T23:59:00+03:00", "2027-12-31T23:59:00+03:00"),
        ("0 9 * * *", "2026-03-13T05:59:59+00:00", "2026-03-13T09:00:00+03:00"),
    ],
)
def test_when_it_comes_round(text: str, after: str, due: str) -> None:
    cron = parse_cron(text)
    assert isinstance(cron, Cron)
    found = next_time(cron, datetime.fromisoformat(after), ZONE)
    assert found is not None
    assert found.isoformat() == due


def test_the_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    cron = parse_cron("30 2 * * *")
    assert isinstance(cron, Cron)
    spring = next_time(cron, datetime(2026, 3, 28, 12, tzinfo=berlin), berlin)
    assert spring is not None
    assert spring.isoformat() == "2026-03-29T03:30:00+02:00"
    autumn = next_time(cron, datetime(2026, 10, 24, 12, tzinfo=berlin), berlin)
    assert autumn is not None
    assert autumn.isoformat() == "2026-10-25T02:30:00+02:00"
    again = next_time(cron, autumn, berlin)
    assert again is not None
    assert again.isoformat() == "2026-10-26T02:30:00+01:00"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = FRIDAY

    def __call__(self) -> datetime:
        return self.now


def armed(live: Live, clock: Clock) -> Schedules:
    schedules = Schedules(live.service.store, clock)
    schedules.rearm(live.service.editions.current.edition)
    return schedules


def raise_due(live: Live, schedules: Schedules) -> int:
    count = schedules.fire()
    live.service._lanes.look_again()
    live.settle()
    return count


def rows(live: Live) -> list[tuple[str, str, str]]:
    found = live.service.store.rows("SELECT key, at, state FROM timer WHERE item = '' ORDER BY key")
    return [(row["key"], row["at"], row["state"]) for row in found]


def test_a_schedule_comes_round_once_and_what_was_missed_once_late(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock, subscribed=False) as live:
        schedules = armed(live, clock)
        assert rows(live) == [
            ("test/morning every", "2026-03-16T09:00:00+03:00", "armed"),
            ("test/unsigned every", "2026-03-16T09:30:00+03:00", "armed"),
        ]
        assert raise_due(live, schedules) == 0
        clock.now = datetime(2026, 3, 16, 9, 0, 1, tzinfo=ZONE)
        assert raise_due(live, schedules) == 1
        assert raise_due(live, schedules) == 0
        assert [(run.event, run.item, run.is_late) for run in live.runs()] == [("timer", "", False)]
        # Off for three working days: one event, late, and the next in time.
        clock.now = datetime(2026, 3, 19, 12, 0, tzinfo=ZONE)
        later = Schedules(live.service.store, clock)
        assert later.fire() == 0
        later.rearm(live.service.editions.current.edition)
        raise_due(live, later)
        mornings = [run for run in live.runs() if not run.item]
        assert [run.is_late for run in mornings] == [False, True]
        assert [run.time for run in mornings] == [datetime(2026, 3, 16, 9, 0, 1, tzinfo=ZONE), clock.now]
        assert rows(live)[0] == ("test/morning every", "2026-03-20T09:00:00+03:00", "armed")


def test_for_each_visits_the_items_that_may_meet_the_conditions(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock, subscribed=False) as live:
        acts = live.call("crm.item.list", entityTypeId=ACT, select=["*"])["items"]
        meant = {str(one["id"]) for one in acts if one["ufCrm12Sentat"] and one["ufCrm12Signed"] != "Y"}
        assert 0 < len(meant) < len(acts)
        schedules = armed(live, clock)
        clock.now = datetime(2026, 3, 16, 9, 30, 30, tzinfo=ZONE)
        raise_due(live, schedules)
        visited = [run for run in live.runs() if run.item]
        assert {run.item for run in visited} == {f"act/{number}" for number in meant}
        assert {run.verdict_ru for run in visited} == {"Неподписанные акты."}
        assert len(visited) == len(meant)


def test_rows_follow_the_edition(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, RULES, clock=clock, subscribed=False) as live:
        schedules = armed(live, clock)
        file = tmp_path / "regulations" / "test.yaml"
        before = live.service.editions.current.edition.hash
        file.write_text(
            RULES.replace("0 9 * * 1-5", "0 10 * * *").replace("30 9 * * 1", "30 9 * * 1"), "utf-8"
        )
        built = live.service.workshop.build()
        assert built.edition is not None
        assert built.edition.hash != before
        schedules.rearm(built.edition)
        assert rows(live) == [
            ("test/morning every", "2026-03-14T10:00:00+03:00", "armed"),
            ("test/unsigned every", "2026-03-16T09:30:00+03:00", "armed"),
        ]
        clock.now += timedelta(days=10)
        schedules.rearm(built.edition)
        assert rows(live)[0][1] == "2026-03-14T10:00:00+03:00"  # still owed
        file.write_text(
            RULES[: RULES.index("  - id: unsigned")].replace("- id: morning", "- id: other"), "utf-8"
        )
        built = live.service.workshop.build()
        assert built.edition is not None
        schedules.rearm(built.edition)
        assert [key for key, _, _ in rows(live)] == ["test/other every"]
