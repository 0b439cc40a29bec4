"""A new edition and the timers that stand: removed, counted anew, or armed for items known already.

Decides what a changed regulation means for deadlines that run. Everything is done from the tables, in small
transactions; one that is cut short is done again, since what it was done by is noted last.

A deadline that the timers did not know is armed for every known item whose origin is known, or held back, as far as
the snapshots tell; its conditions are asked again when it runs out. Where it ran out before now it is *passed*, not
armed: a rule written today, or a portal read for the first time, must not send the reminders of the past year.
`engine backfill RULE` does that, asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engine.decision.deadlines import Deadline, Deadlines, due_time, origin_of
from engine.decision.edition import Edition
from engine.decision.facts import Facts
from engine.language.reading import Calendar
from engine.language.values import Item, Undecided, Value
from engine.runtime.lane_view import LaneView
from engine.runtime.store import Connection, Row, Store
from engine.runtime.timer_table import (
    ARMED,
    HELD,
    PASSED,
    Timer,
    leave_origin,
    past_state,
    put_timer,
    timers_in,
)
from engine.runtime.wire import item_of, load_map

_PAGE = 500


def rearm(
    store: Store, clock: Callable[[], datetime], edition: Edition, deadlines: Deadlines, *, is_first: bool
) -> None:
    """Bring the timers in line with `deadlines`; those of an entity that was never read wait for that.

    With `is_first` (a process has just started) every delay is counted anew: the calendar may have learnt of days
    off since.
    """
    read = {row["entity"] for row in store.rows("SELECT entity FROM baseline")}
    known = {row["name"]: row for row in store.rows("SELECT * FROM deadline")}
    for name, row in known.items():
        if name not in deadlines.named:
            _drop(store, name, row["rule"])
    wanted = {name: one for name, one in deadlines.named.items() if one.entity in read}
    changed = {
        name: one for name, one in wanted.items() if name not in known or known[name]["form"] != one.form
    }
    _count_anew(store, clock, edition.calendar, wanted if is_first else changed)
    if changed:
        _Survey(store, clock, edition, changed).carry_out()
    with store.transaction() as connection:
        for name, one in changed.items():
            connection.execute(
                "INSERT INTO deadline (name, rule, form) VALUES (?,?,?)"
                " ON CONFLICT (name) DO UPDATE SET form = excluded.form",
                (name, one.rule.id, one.form),
            )


def _drop(store: Store, name: str, rule: str) -> None:
    """A deadline is gone: its timers that run are removed; what has fired stays known, should it come back."""
    with store.transaction() as connection:
        for timer in _live(store, rule):
            if _name_of(timer) == name:
                connection.execute("DELETE FROM timer WHERE key = ?", (timer.key,))
        connection.execute("DELETE FROM deadline WHERE name = ?", (name,))


def _live(store: Store, rule: str) -> list[Timer]:
    return timers_in(store.rows("SELECT * FROM timer WHERE rule = ? AND state IN ('armed', 'held')", (rule,)))


def _name_of(timer: Timer) -> str:
    """Return the name of the deadline that a timer stands for."""
    return timer.key.replace(f"{timer.rule} {timer.item}", f"{timer.rule} {timer.item.entity}", 1)


def _count_anew(
    store: Store, clock: Callable[[], datetime], calendar: Calendar, deadlines: Mapping[str, Deadline]
) -> None:
    """Set the due times of running timers by their rules as they are now; one counted from another field ends."""
    zone = clock().tzinfo
    assert zone is not None
    for rule in dict.fromkeys(one.rule.id for one in deadlines.values()):
        moved: list[tuple[str, float, str, str]] = []
        ended: list[tuple[str]] = []
        for timer in _live(store, rule):
            deadline = deadlines.get(_name_of(timer))
            if deadline is None:
                continue
            at = due_time(timer.since, deadline.delay, calendar, zone)
            if at is None or timer.field not in ("", deadline.field):
                ended.append((timer.key,))
            elif at != timer.at:
                moved.append((at.isoformat(), at.timestamp(), timer.key, timer.origin))
        for start in range(0, len(moved), _PAGE):
            with store.transaction() as connection:
                connection.executemany(
                    "UPDATE timer SET at = ?, due = ? WHERE key = ? AND since = ? AND state IN ('armed', 'held')",
                    moved[start : start + _PAGE],
                )
        if ended:
            with store.transaction() as connection:
                connection.executemany(
                    "DELETE FROM timer WHERE key = ? AND state IN ('armed', 'held')", ended
                )


class _Survey:
    """All known items once, page by page, for deadlines that the timers do not know in this form."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        edition: Edition,
        deadlines: Mapping[str, Deadline],
    ) -> None:
        self._store, self._edition = store, edition
        self._now = clock()
        self._of: dict[str, list[Deadline]] = {}
        for deadline in deadlines.values():
            self._of.setdefault(deadline.entity, []).append(deadline)

    def carry_out(self) -> None:
        """Arm what is missing. Each page is one transaction."""
        last = ""
        while True:
            with self._store.transaction() as connection:
                # The items' rows are held while we look: an event of theirs moves snapshot and timer together.
                following = "SELECT item, lane, fields FROM snapshot WHERE item > ? ORDER BY item LIMIT ?"
                page = connection.execute(following + self._store.for_update, (last, _PAGE)).fetchall()
                if page:
                    self._page(connection, page)
            if len(page) < _PAGE:
                return
            last = page[-1]["item"]

    def _page(self, connection: Connection, page: Sequence[Row]) -> None:
        theirs = "SELECT * FROM timer WHERE item >= ? AND item <= ? ORDER BY key"
        rows = connection.execute(
            theirs + self._store.for_update, (page[0]["item"], page[-1]["item"])
        ).fetchall()
        timers = {timer.key: timer for timer in timers_in(rows)}
        for row in page:
            item = item_of(row["item"])
            deadlines = self._of.get(item.entity, ()) if item is not None else ()
            if item is None or not deadlines:
                continue
            fields = load_map(row["fields"])
            for deadline in deadlines:
                wanted = self._wanted(deadline, item, row["lane"], fields)
                if wanted is not None:
                    self._put(connection, deadline, wanted, timers.get(wanted.key))

    def _wanted(self, deadline: Deadline, item: Item, lane: str, fields: Mapping[str, Value]) -> Timer | None:
        """Return the timer that the item's snapshot asks for, conditions left aside."""
        zone = self._now.tzinfo
        assert zone is not None
        since = fields.get(deadline.field)
        origin = None if isinstance(since, Undecided) else origin_of(since)
        at = due_time(origin, deadline.delay, self._edition.calendar, zone)
        if origin is None or at is None:
            return None
        state = ARMED if at > self._now else PASSED
        return Timer(deadline.key(item), deadline.rule.id, item, deadline.field, origin, at, state, lane)

    def _put(self, connection: Connection, deadline: Deadline, wanted: Timer, known: Timer | None) -> None:
        if known is not None and origin_of(known.since) == wanted.since:
            kept = replace(known, lane=wanted.lane, field=wanted.field)
            # One that has run out and is held stays so: conditions that were edited must not fire it at once.
            if known.is_live and wanted.state == ARMED:
                kept = replace(kept, state=self._weigh(deadline, wanted.item))
            if kept != known:
                put_timer(connection, kept)
            return
        if known is not None:
            leave_origin(connection, known)
        state = past_state(connection, wanted.key, wanted.origin) or wanted.state
        if state == ARMED:
            state = self._weigh(deadline, wanted.item)
        put_timer(connection, replace(wanted, state=state))

    def _weigh(self, deadline: Deadline, item: Item) -> str:
        known = self._edition
        facts = Facts(known.world, known.derivations, known.calendar, self._now, {}, {})
        return HELD if deadline.is_held(LaneView(self._store, facts).seen_by(item)) else ARMED
