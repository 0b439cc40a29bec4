"""Durable timers: rows armed by rules with a `deadline:`, due rows moved into the inbox.

Decides when a deadline runs out. A timer is a row under the key `RULE ITEM`; it is armed anew only where the field
that it counts from has changed, so one that has fired stays quiet. It holds no lane.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.language.reading import Calendar
from engine.language.rules import Trigger
from engine.language.values import Duration, Item, Undecided, Value
from engine.runtime.inbox import put_event
from engine.runtime.store import Store
from engine.runtime.wire import dump, item_of

# A delay counted from a date, not a time, runs out in the morning: nobody is reminded at midnight.
MORNING = time(9)
TIMER = "timer"


class Timers:
    """The timer table of `store`. `clock` gives the present in the company's zone."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    def arm(self, edition: Edition, facts: Facts, item: Item | None) -> None:
        """Bring the item's timers in line with what its fields say now. Part of the transaction under way."""
        if item is None:
            return
        for rule in edition.rules:
            for trigger in rule.triggers:
                if trigger.kind == "deadline" and trigger.entity == item.entity and not rule.is_disabled:
                    self._arm(f"{rule.id} {item}", rule.id, item, trigger, facts)

    def _arm(self, key: str, rule: str, item: Item, trigger: Trigger, facts: Facts) -> None:
        since = facts.field(item, trigger.field)
        if isinstance(since, Undecided) or trigger.delay is None:
            return
        at = due_time(since, trigger.delay, facts.calendar, self._clock())
        if at is None:
            self._store.execute("DELETE FROM timer WHERE key = ?", (key,))
            return
        self._store.execute(
            "INSERT INTO timer VALUES (?,?,?,?,?,?,'armed') ON CONFLICT (key) DO UPDATE SET"
            " since=excluded.since, at=excluded.at, due=excluded.due, state='armed' WHERE timer.since<>excluded.since",
            (key, rule, str(item), dump(since), at.isoformat(), at.timestamp()),
        )

    def fire(self) -> int:
        """Move every due timer into the inbox, each in one transaction; return how many."""
        now = self._clock()
        rows = self._store.rows(
            "SELECT * FROM timer WHERE state = 'armed' AND due <= ? ORDER BY due", (now.timestamp(),)
        )
        for row in rows:
            with self._store.transaction() as connection:
                connection.execute("UPDATE timer SET state = 'fired' WHERE key = ?", (row["key"],))
                event = Event(
                    TIMER, f"timer {row['key']} {row['at']}", now, item_of(row["item"]), detail=row["rule"]
                )
                put_event(self._store, connection, event, {}, now)
        return len(rows)

    def next_due(self) -> float | None:
        """Return when the next timer is due, in seconds since 1970."""
        row = self._store.row("SELECT min(due) FROM timer WHERE state = 'armed'")
        return float(row[0]) if row and row[0] is not None else None


def due_time(since: Value, delay: Duration, calendar: Calendar, now: datetime) -> datetime | None:
    """Return when `delay` after `since` runs out, in the zone of `now`; None where `since` is no moment.

    Minutes and hours are counted on the clock, days and working days on the calendar at the same time of day.
    """
    if isinstance(since, datetime):
        start = since.astimezone(now.tzinfo)
    elif isinstance(since, date):
        start = datetime.combine(since, MORNING, now.tzinfo)
    else:
        return None
    if delay.unit in ("minutes", "hours"):
        step = timedelta(minutes=delay.amount) if delay.unit == "minutes" else timedelta(hours=delay.amount)
        return datetime.fromtimestamp(start.timestamp() + step.total_seconds(), now.tzinfo)
    if delay.unit == "workdays":
        day = calendar.add_workdays(start.date(), delay.amount)
    else:
        day = start.date() + timedelta(days=delay.amount)
    return datetime.combine(day, start.timetz().replace(tzinfo=None), now.tzinfo)
