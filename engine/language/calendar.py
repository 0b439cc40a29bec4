"""Working days of a country, with the days off that a government moves.

The days come from the `holidays` library, imported on first use and kept a year at a time; years or countries
it does not know are Monday to Friday. Pure but for that import: `prepare` does it where files may not be read
later.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date

MAX_SPAN_YEARS = 100


class WorkCalendar:
    """The production calendar of `country` (ISO 3166 code, `RU`). Safe to share between threads."""

    def __init__(self, country: str = "RU") -> None:
        """Read nothing yet."""
        self.country = country
        self._years: dict[int, tuple[int, ...]] = {}

    def prepare(self, year: int) -> None:
        """Know `year` and its neighbours, so that later calls about them import and read nothing."""
        for near in range(max(date.min.year, year - 1), min(date.max.year, year + 1) + 1):
            self._workdays(near)

    def is_workday(self, day: date) -> bool:
        """Return whether `day` is a working day; Saturdays that a transfer made working are."""
        days = self._workdays(day.year)
        at = bisect_left(days, day.toordinal())
        return at < len(days) and days[at] == day.toordinal()

    def add_workdays(self, start: date, count: int) -> date:
        """Return the `count`-th working day after `start`, before it where negative.

        0 gives `start` itself, working or not: "within 0 working days" moves nothing. Raises OverflowError
        where the way is longer than a hundred years or leaves the calendar of dates.
        """
        if count == 0:
            return start
        ordinal, year, left = start.toordinal(), start.year, abs(count)
        while abs(year - start.year) <= MAX_SPAN_YEARS and date.min.year <= year <= date.max.year:
            days = self._workdays(year)
            if count > 0:
                following = days[bisect_right(days, ordinal) :]
                year += 1
            else:
                following = days[: bisect_left(days, ordinal)][::-1]
                year -= 1
            if left <= len(following):
                return date.fromordinal(following[left - 1])
            left -= len(following)
        raise OverflowError(f"{count} working days from {start} leave the calendar")

    def workdays_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and including `end`; negative where `end` is earlier.

        `add_workdays(start, workdays_between(start, end))` is `end` where that is a working day. Raises
        OverflowError for more than a hundred years.
        """
        if end < start:
            return -self.workdays_between(end, start)
        if end.year - start.year > MAX_SPAN_YEARS:
            raise OverflowError(f"{start} to {end} is longer than {MAX_SPAN_YEARS} years")
        first, last, count = start.toordinal(), end.toordinal(), 0
        for year in range(start.year, end.year + 1):
            days = self._workdays(year)
            count += bisect_right(days, last) - bisect_right(days, first)
        return count

    def _workdays(self, year: int) -> tuple[int, ...]:
        """Return the ordinals of the working days of `year`."""
        known = self._years.get(year)
        if known is None:
            # Two threads may both compute a year; they store the same tuple.
            known = self._years[year] = self._read_year(year)
        return known

    def _read_year(self, year: int) -> tuple[int, ...]:
        import holidays

        days = [
            date.fromordinal(n)
            for n in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
        ]
        try:
            known = holidays.country_holidays(self.country, years=year)
        except NotImplementedError:
            return tuple(day.toordinal() for day in days if day.weekday() < 5)
        if not known.start_year <= year <= known.end_year:
            return tuple(day.toordinal() for day in days if day.weekday() < 5)
        return tuple(day.toordinal() for day in days if known.is_working_day(day))
