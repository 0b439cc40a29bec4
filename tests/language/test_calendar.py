"""The production calendar: transfers of days off, arithmetic both ways, what it does not know."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.calendar import WorkCalendar

CALENDAR = WorkCalendar()


@pytest.mark.parametrize(
    ("day", "is_workday"),
    [
        (date(2026, 3, 6), True),
        (date(2026, 3, 8), False),
        (date(2026, 3, 9), False),
        (date(2026, 1, 9), False),
        (date(2026, 12, 31), False),
        (date(2025, 11, 1), True),
        (date(2027, 2, 20), True),
        (date(2026, 6, 12), False),
        (date(1900, 1, 1), True),
        (date(2300, 1, 7), False),
        (date(2300, 1, 1), True),
    ],
)
def test_day(day, is_workday):
    assert CALENDAR.is_workday(day) is is_workday


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 3, 6), 0, date(2026, 3, 6)),
        (date(2026, 3, 7), 0, date(2026, 3, 7)),
        (date(2026, 3, 6), 1, date(2026, 3, 10)),
        (date(2026, 3, 7), 1, date(2026, 3, 10)),
        (date(2025, 12, 30), 1, date(2026, 1, 12)),
        (date(2026, 3, 10), -1, date(2026, 3, 6)),
        (date(2026, 1, 12), -1, date(2025, 12, 30)),
    ],
)
def test_added(start, count, end):
    assert CALENDAR.add_workdays(start, count) == end


def test_a_country_it_does_not_know_works_monday_to_friday():
    calendar = WorkCalendar("XX")
    assert calendar.is_workday(date(2026, 1, 1))
    assert not calendar.is_workday(date(2026, 1, 3))


def test_too_far_is_an_overflow():
    with pytest.raises(OverflowError):
        CALENDAR.add_workdays(date(9999, 12, 1), 100)
    with pytest.raises(OverflowError):
        CALENDAR.workdays_between(date(1, 1, 1), date(2026, 1, 1))


def test_prepared_years_need_no_import(monkeypatch):
    calendar = WorkCalendar()
    calendar.prepare(2026)
    monkeypatch.setitem(__import__("sys").modules, "holidays", None)
    assert calendar.add_workdays(date(2025, 12, 30), 1) == date(2026, 1, 12)


DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(DAYS, st.integers(-60, 60))
def test_adding_agrees_with_counting_day_by_day(start, count):
    day, left = start, abs(count)
    while left:
        day += timedelta(days=1 if count > 0 else -1)
        left -= CALENDAR.is_workday(day)
    assert CALENDAR.add_workdays(start, count) == day


@given(DAYS, DAYS)
def test_counting_and_adding_are_inverse(start, end):
    count = CALENDAR.workdays_between(start, end)
    assert count == -CALENDAR.workdays_between(end, start)
    if CALENDAR.is_workday(end) and end >= start:
        assert CALENDAR.add_workdays(start, count) == end
