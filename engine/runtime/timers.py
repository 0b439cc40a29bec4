"""Durable timers: rows armed by rules with a `deadline:`, due rows moved into the inbox.

Decides which timers an event arms, holds back, lets go again or ends, and that each fires once for each origin. The
origin (`since`) is in the row, so a restart or a new edition needs no portal. A timer holds no lane: its event takes
its turn in the lane of its item when it is due.

    armed ─ a condition is surely false ─► held ─ no longer ─► armed ─ due ─► fired
    the field changes ─► counted anew      is emptied, the item is gone, the rule is removed ─► no row
    new rule, and due already ─► passed: left to `engine backfill RULE`
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo

from engine.decision.deadlines import Deadline, Deadlines, deadlines_of, due_time, origin_of
from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.language.values import Item, Undecided
from engine.runtime.inbox import put_event
from engine.runtime.lane_view import LaneView
from engine.runtime.rearming import rearm
from engine.runtime.snapshot import lane_in
from engine.runtime.store import Connection, Store
from engine.runtime.timer_table import (
    ARMED,
    HELD,
    Timer,
    forget_firing,
    forget_item,
    leave_origin,
    past_state,
    put_timer,
    read_event_id,
    read_timer,
    timers_in,
)

TIMER = "timer"
# The engine looks every second; what it finds a minute after its time, it was not there for.
LATE = 60.0
_AT_ONCE = 200
_EDITIONS_KEPT = 4


class Timers:
    """The timers in `store`. `clock` gives the present in the company's zone."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._current: Edition | None = None
        self._is_ready = False
        # Two locks: an event asks for the deadlines inside its transaction, a new edition opens many of its own.
        self._rearming, self._asking = threading.Lock(), threading.Lock()
        self._known: dict[str, Deadlines] = {}

    def rearm(self, edition: Edition) -> None:
        """Bring all timers in line with `edition`, by what the tables say; the portal is not asked.

        To be called at the start after the first reading of the portal, and whenever an edition comes into force.
        From then on the timers follow it, whichever edition a run began with. Timers of rules that are gone are
        removed, changed delays counted anew from the origins in the rows; a new deadline is armed for the items
        known so far, except where it ran out before now.
        """
        with self._rearming:
            is_first = not self._is_ready
            self._current = edition
            rearm(self._store, self._clock, edition, self._deadlines(edition), is_first=is_first)
            self._is_ready = True

    def arm(self, edition: Edition, facts: Facts, item: Item | None, also: str = "") -> None:
        """Bring the timers of `item` and of its lane in line with what `facts` say now.

        Part of the transaction under way, after the snapshot was saved or dropped: an item without one is gone.
        `also` is the lane that the item has left, if it moved.
        """
        if item is None:
            return
        deadlines = self._deadlines(self._current or edition)
        if not deadlines.named:
            return
        with self._store.transaction() as connection:
            row = connection.execute("SELECT lane FROM snapshot WHERE item = ?", (str(item),)).fetchone()
            lane = str(row["lane"]) if row else lane_in(item, facts.items.get(item, {}))
            which = "SELECT * FROM timer WHERE item = ? OR lane = ? OR (lane = ? AND lane <> '') ORDER BY key"
            rows = connection.execute(which + self._store.for_update, (str(item), lane, also)).fetchall()
            timers = {timer.key: timer for timer in timers_in(rows)}
            view = _View(self._store, facts, item, lane)
            if row is None:
                forget_item(connection, item)
            else:
                for deadline in deadlines.of.get(item.entity, ()):
                    self._follow(connection, deadline, view, timers.get(deadline.key(item)))
            for timer in timers.values():
                tied = deadlines.find(timer.key, timer.item) if timer.item != item and timer.is_live else None
                if tied is not None:
                    self._weigh(connection, timer, tied, view)

    def _follow(self, connection: Connection, deadline: Deadline, view: _View, known: Timer | None) -> None:
        """Bring one timer of the event's own item in line: its origin first, then its conditions."""
        item = view.item
        since = view.facts.field(item, deadline.field)
        if isinstance(since, Undecided):
            if known is not None and known.is_live:
                self._weigh(connection, known, deadline, view)
            return
        origin = origin_of(since)
        at = due_time(since, deadline.delay, view.facts.calendar, self._zone)
        is_same = known is not None and origin == origin_of(known.since)
        if known is not None and (origin is None or at is None or not is_same):
            leave_origin(connection, known)
        if origin is None or at is None:
            return
        wanted = Timer(
            deadline.key(item), deadline.rule.id, item, deadline.field, origin, at, ARMED, view.lane
        )
        if is_same and known is not None and not known.is_live:
            wanted = replace(known, lane=view.lane)
        elif not is_same and (state := past_state(connection, wanted.key, wanted.origin)):
            wanted = replace(wanted, state=state)
        elif deadline.is_held(view.seen_by(item)):
            wanted = replace(wanted, state=HELD)
        if wanted != known:
            put_timer(connection, wanted)

    def _weigh(self, connection: Connection, timer: Timer, deadline: Deadline, view: _View) -> None:
        """Hold the timer back or let it go by its conditions alone."""
        state = HELD if deadline.is_held(view.seen_by(timer.item)) else ARMED
        if state != timer.state:
            connection.execute(
                "UPDATE timer SET state = ? WHERE key = ? AND state = ?", (state, timer.key, timer.state)
            )

    def fire(self) -> int:
        """Move due timers into the inbox, at most 200 at once; return how many.

        A row leaves and its event comes in one transaction, and of several processes one fires it. The event's time
        is the present: a reminder that was missed speaks of today. Nothing fires before the first `rearm`: the rule
        may have been given more time while the engine was off.
        """
        if not self._is_ready:
            return 0
        now = self._clock()
        rows = self._store.rows(
            "SELECT * FROM timer WHERE state = 'armed' AND due <= ? AND item <> '' ORDER BY due, key LIMIT ?",
            (now.timestamp(), _AT_ONCE),
        )
        return sum(self._fire(row["key"], now) for row in rows)

    def _fire(self, key: str, now: datetime) -> bool:
        # A transaction each: one that held many rows and wanted more would lock out those that follow the items.
        with self._store.transaction() as connection:
            taken = connection.execute(
                "UPDATE timer SET state = 'fired' WHERE key = ? AND state = 'armed' AND due <= ? RETURNING *",
                (key, now.timestamp()),
            ).fetchone()
            if taken is not None:
                self._send(connection, read_timer(taken), now)
        return taken is not None

    def _send(self, connection: Connection, timer: Timer, now: datetime) -> None:
        # One origin, one id: an action's key is made of it.
        event = Event(TIMER, timer.event_id, now, timer.item, detail=timer.rule)
        is_late = now.timestamp() - timer.at.timestamp() > LATE
        put_event(self._store, connection, event, {}, now, origin=TIMER, late=is_late)

    def is_overtaken(self, event: Event, facts: Facts) -> bool:
        """True where `event` is a timer's whose field has changed since it fired: it must wake nobody.

        Its firing is forgotten then, in the transaction under way: should the field come back, so does the timer.
        """
        fired = read_event_id(event.id) if event.name == TIMER else None
        if fired is None or event.item is None or self._current is None:
            return False
        key, origin = fired
        deadline = self._deadlines(self._current).find(key, event.item)
        since = facts.field(event.item, deadline.field) if deadline is not None else None
        if deadline is None or isinstance(since, Undecided) or origin_of(since) == origin:
            return False
        forget_firing(self._store, key, origin)
        return True

    def next_due(self) -> float | None:
        """Return when the next timer is due, in seconds since 1970."""
        row = self._store.row("SELECT min(due) FROM timer WHERE state = 'armed' AND item <> ''")
        return float(row[0]) if row and row[0] is not None else None

    def timers_of(self, item: Item) -> list[Timer]:
        """Return the timers of `item`, the earliest first, whatever became of them: when each is or was due.

        Their origins are in the company's zone. Asks the table alone: no edition is needed.
        """
        rows = self._store.rows("SELECT * FROM timer WHERE item = ? ORDER BY due, key", (str(item),))
        return [
            replace(timer, since=timer.since.astimezone(self._zone))
            if isinstance(timer.since, datetime)
            else timer
            for timer in timers_in(rows)
        ]

    @property
    def _zone(self) -> tzinfo:
        zone = self._clock().tzinfo
        assert zone is not None
        return zone

    def _deadlines(self, edition: Edition) -> Deadlines:
        with self._asking:
            if edition.hash not in self._known:
                # Work of an earlier edition may still go on beside that of the present one.
                while len(self._known) >= _EDITIONS_KEPT:
                    del self._known[next(iter(self._known))]
                self._known[edition.hash] = deadlines_of(edition)
            return self._known[edition.hash]


class _View(LaneView):
    """What is known when an event of `item`, which stands in `lane`, has been dealt with."""

    def __init__(self, store: Store, facts: Facts, item: Item, lane: str) -> None:
        super().__init__(store, facts)
        self.item, self.lane = item, lane
