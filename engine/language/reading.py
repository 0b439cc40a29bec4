"""What an expression may ask while it is evaluated: facts, the event's time, the company's calendar.

Protocols only. Whoever implements them decides where facts come from; an expression never learns it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from engine.language.values import Item, Mixed, Value


class Calendar(Protocol):
    """Working days of the company. Every method may raise OverflowError for dates beyond the calendar."""

    def is_workday(self, day: date) -> bool:
        """Return whether `day` is a working day."""

    def add_workdays(self, start: date, count: int) -> date:
        """Return the `count`-th working day after `start` (before it if negative); 0 gives `start`."""

    def workdays_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and including `end`; negative where `end` is earlier."""


class Reading(Protocol):
    """The facts of one event as an expression reads them. Pure: asking twice gives the same answer."""

    @property
    def now(self) -> datetime:
        """The event's time, aware, in the company's zone."""

    @property
    def today(self) -> date:
        """The event's day in the company's zone."""

    @property
    def calendar(self) -> Calendar:
        """The company's calendar."""

    def root(self, name: str) -> Value:
        """Return what a first name stands for: an item, an earlier result, else undecided."""

    def field(self, item: Item, name: str) -> Value:
        """Return a field; None for empty, undecided with `ENTITY.FIELD` where the fact is missing."""

    def display(self, item: Item) -> str | Mixed:
        """Return how an item is called in text."""
