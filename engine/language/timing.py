"""Durations and schedules as triggers write them: `5 workdays`, `"0 9 * * 1-5"`.

Reads and checks texts; it has no clock and computes no moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.language.values import Duration

# A hundred years of each. What is longer leaves the calendars: a timer for it would never be set, without a word.
LONGEST = {"minutes": 52_560_000, "hours": 876_000, "days": 36_500, "workdays": 24_000}
UNITS = tuple(LONGEST)
_DURATION = re.compile(r"([0-9]{1,8}) +([a-z]+)")
_PART = re.compile(r"(\*|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]+))?")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule: the minutes, hours, days, months and weekdays (0 = Sunday) it names.

    As in Vixie cron, where both the day and the weekday are restricted, either one is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool


def parse_duration(text: str) -> Duration | None:
    """Return the duration that `5 workdays` or `1 hour` names; None where it is unreadable or beyond a century."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        return None
    unit = found.group(2) if found.group(2).endswith("s") else found.group(2) + "s"
    amount = int(found.group(1))
    return Duration(amount, unit) if amount <= LONGEST.get(unit, -1) else None


def parse_cron(text: str) -> Cron | str:
    """Return the schedule of a five-field cron text, or the part of the text that is wrong."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return text
    sets: list[frozenset[int]] = []
    for part, (name, low, high) in zip(parts, _FIELDS, strict=True):
        read = _read_field(part.lower(), name, low, high)
        if read is None:
            return part
        sets.append(read)
    weekdays = frozenset(day % 7 for day in sets[4])
    # Day 31 of February alone never comes: a schedule that cannot fire is a mistake.
    if not parts[2].startswith("*") and parts[4].startswith("*") and not _comes(sets[2], sets[3]):
        return parts[2]
    return Cron(
        sets[0], sets[1], sets[2], sets[3], weekdays, parts[2].startswith("*"), parts[4].startswith("*")
    )


def _comes(days: frozenset[int], months: frozenset[int]) -> bool:
    lengths = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
    return any(day <= lengths.get(month, 31) for day in days for month in months)


def _read_field(text: str, name: str, low: int, high: int) -> frozenset[int] | None:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            return None
        first, last, step = match.groups()
        start = low if first == "*" else _read_number(first, name)
        if start is None or (first == "*" and last):
            return None
        end = high if first == "*" or (step and not last) else start
        if last:
            end = _read_number(last, name) or (0 if last == "0" else -1)
        pace = int(step[:4]) if step else 1
        if not (low <= start <= end <= high) or pace < 1:
            return None
        found.update(range(start, end + 1, pace))
    return frozenset(found)


def _read_number(text: str, name: str) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text[:4])
    if name == "month" and text in _MONTHS:
        return _MONTHS.index(text) + 1
    if name == "weekday" and text in _WEEKDAYS:
        return _WEEKDAYS.index(text)
    return None
