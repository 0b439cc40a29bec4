"""The facts as an action's `effect` sees them: fields, the event's time, the calendar, and its planned item."""

from __future__ import annotations

from datetime import date, datetime

from engine.decision.facts import Facts
from engine.decision.guard import engine_at_work
from engine.language.values import Item, Value


class StepFacts:
    """A view for one step. `planned_id` holds the id that `new` gave out, empty if it was not asked."""

    def __init__(self, facts: Facts, counts: dict[str, int], planned_id: str = "") -> None:
        self._facts = facts
        self._counts = counts
        self.planned_id = planned_id

    @property
    def now(self) -> datetime:
        """The event's time, aware, in the company's time zone."""
        return self._facts.now

    @property
    def today(self) -> date:
        """The event's day in the company's time zone."""
        return self._facts.today

    def field(self, item: Item, name: str) -> Value:
        """Return a field of an item, or undecided."""
        with engine_at_work():
            return self._facts.field(item, name)

    def display(self, item: Item) -> str:
        """Return what people call the item."""
        with engine_at_work():
            return str(self._facts.display(item))

    def new(self, entity: str) -> Item:
        """Return the planned item of this step; the same one however often it is asked."""
        if not self.planned_id:
            self._counts[entity] = self._counts.get(entity, 0) + 1
            self.planned_id = f"new-{self._counts[entity]}"
        return Item(entity, self.planned_id)

    def add_workdays(self, start: date, count: int) -> date:
        """Return the `count`-th working day after `start`."""
        with engine_at_work():
            return self._facts.calendar.add_workdays(start, count)
