"""Schedules of rules (`every: "0 9 * * 1-5"`): when each is due next, and the events of one that has come round.

Decides when. A schedule is a row of its own among the timers, without an item; what it missed while the engine was
off is made up for once, marked late. With `for_each` every known item of the entity gets an event of its own; an
item whose snapshot surely fails a condition of the rule gets none, since nothing would come of reading it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.sight import evaluate_gate
from engine.language.rules import Rule
from engine.language.timing import Cron, parse_cron
from engine.language.values import Item
from engine.runtime.inbox import put_event
from engine.runtime.lane_view import LaneView
from engine.runtime.store import Connection, Row, Store
from engine.runtime.wire import item_of

SCHEDULE, TIMER = "schedule", "timer"
# What is raised a minute after its time, the engine was not there for.
LATE = 60.0
# 29 February comes once in eight years at the turn of some centuries.
_FARTHEST = 366 * 9


@dataclass(frozen=True, slots=True)
class Schedule:
    """One `every:` trigger of a rule in force; `key` names it across editions, `entity` is its `for_each`."""

    key: str
    rule: Rule
    text: str
    cron: Cron
    entity: str


def schedules_of(edition: Edition) -> Iterator[Schedule]:
    """Yield the schedules of the rules that are not disabled: `acts/remind every`, its second one `… every 2`."""
    for rule in edition.rules:
        triggers = [one for one in rule.triggers if one.kind == "every" and not rule.is_disabled]
        for number, trigger in enumerate(triggers, start=1):
            cron = parse_cron(trigger.name)
            if isinstance(cron, Cron):
                suffix = f" {number}" if number > 1 else ""
                yield Schedule(f"{rule.id} every{suffix}", rule, trigger.name, cron, trigger.entity)


def next_time(cron: Cron, after: datetime, zone: tzinfo) -> datetime | None:
    """Return the first moment after `after` that the schedule names, in `zone`; None where none comes in nine years.

    A time that the change of clocks leaves out is an hour later, one that comes twice is the first.
    """
    start = after.astimezone(zone)
    times = [time(hour, minute) for hour in sorted(cron.hours) for minute in sorted(cron.minutes)]
    for days in range(_FARTHEST):
        day = start.date() + timedelta(days=days)
        if not _names_day(cron, day):
            continue
        for clock in times:
            wanted = datetime.combine(day, clock, zone)
            found = datetime.fromtimestamp(wanted.timestamp(), zone)
            if found.timestamp() > after.timestamp():
                return found
    return None


def _names_day(cron: Cron, day: date) -> bool:
    if day.month not in cron.months:
        return False
    by_day, by_weekday = day.day in cron.days, day.isoweekday() % 7 in cron.weekdays
    if cron.any_day or cron.any_weekday:
        return by_day and by_weekday
    return by_day or by_weekday


class Schedules:
    """The schedules in `store`. `clock` gives the present in the company's zone."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._edition: Edition | None = None

    def rearm(self, edition: Edition) -> None:
        """Bring the rows in line with `edition`: new schedules wait for their next time, those of rules gone are gone.

        One that is unchanged keeps its due time, so that what it missed meanwhile is not forgotten.
        """
        wanted = {one.key: one for one in schedules_of(edition)}
        with self._store.transaction() as connection:
            rows = connection.execute("SELECT key, since, field FROM timer WHERE item = ''").fetchall()
            known = {row["key"]: (row["since"], row["field"]) for row in rows}
            for key in known.keys() - wanted.keys():
                connection.execute("DELETE FROM timer WHERE key = ? AND item = ''", (key,))
            for key, one in wanted.items():
                if known.get(key) != (one.text, one.entity):
                    self._put(connection, one, self._next(one))
        self._edition = edition

    def fire(self) -> int:
        """Put the events of due schedules into the inbox; return how many. Nothing fires before the first `rearm`.

        A schedule moves to its next time in the transaction that brings its events, so of several processes one
        raises them. Their time is the present: what was missed speaks of today.
        """
        edition, now = self._edition, self._clock()
        if edition is None:
            return 0
        rows = self._store.rows(
            "SELECT * FROM timer WHERE item = '' AND state = 'armed' AND due <= ? ORDER BY due, key",
            (now.timestamp(),),
        )
        if not rows:
            return 0
        known = {one.key: one for one in schedules_of(edition)}
        return sum(self._fire(edition, known[row["key"]], row, now) for row in rows if row["key"] in known)

    def next_due(self) -> float | None:
        """Return when the next schedule is due, in seconds since 1970."""
        row = self._store.row("SELECT min(due) FROM timer WHERE item = '' AND state = 'armed'")
        return float(row[0]) if row and row[0] is not None else None

    def _fire(self, edition: Edition, one: Schedule, row: Row, now: datetime) -> int:
        is_late = now.timestamp() - float(row["due"]) > LATE
        with self._store.transaction() as connection:
            taken = connection.execute(
                "UPDATE timer SET state = 'fired' WHERE key = ? AND at = ? AND state = 'armed'",
                (one.key, row["at"]),
            )
            if taken.rowcount != 1:
                return 0
            self._put(connection, one, self._next(one))
            events = list(self._events(edition, one, row["at"], now))
            for event in events:
                put_event(self._store, connection, event, {}, now, origin=SCHEDULE, late=is_late)
        return len(events)

    def _events(self, edition: Edition, one: Schedule, at: str, now: datetime) -> Iterator[Event]:
        """Yield the events of a schedule that was due `at`: one, or one for each item."""
        if not one.entity:
            yield Event(TIMER, f"{SCHEDULE} {one.key} {at}", now, detail=one.rule.id)
            return
        prefix = f"{one.entity}/"
        rows = self._store.rows(
            "SELECT item FROM snapshot WHERE substr(item, 1, ?) = ?", (len(prefix), prefix)
        )
        items = [item for row in rows if (item := item_of(row["item"])) is not None]
        facts = Facts(edition.world, edition.derivations, edition.calendar, now, {}, {})
        for item in sorted(items, key=_by_number):
            if not self._is_shut(one.rule, item, facts):
                yield Event(TIMER, f"{SCHEDULE} {one.key} {item} {at}", now, item, detail=one.rule.id)

    def _is_shut(self, rule: Rule, item: Item, facts: Facts) -> bool:
        seen = LaneView(self._store, facts).seen_by(item)
        return any(evaluate_gate(condition, seen) is False for condition in rule.conditions)

    def _next(self, one: Schedule) -> datetime | None:
        now = self._clock()
        zone = now.tzinfo
        assert zone is not None
        return next_time(one.cron, now, zone)

    @staticmethod
    def _put(connection: Connection, one: Schedule, at: datetime | None) -> None:
        if at is None:
            connection.execute("DELETE FROM timer WHERE key = ? AND item = ''", (one.key,))
            return
        connection.execute(
            "INSERT INTO timer (key, rule, item, since, at, due, state, field) VALUES (?,?,'',?,?,?,'armed',?)"
            " ON CONFLICT (key) DO UPDATE SET rule = excluded.rule, since = excluded.since, at = excluded.at,"
            " due = excluded.due, state = excluded.state, field = excluded.field",
            (one.key, one.rule.id, one.text, at.isoformat(), at.timestamp(), one.entity),
        )


def _by_number(item: Item) -> tuple[int, str]:
    return (int(item.id) if item.id.isdigit() else 0, item.id)
