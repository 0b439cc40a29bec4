"""The inbox: every event is a row before anybody is told that it arrived, and its lane decides when it is its turn.

Decides which deliveries are one, in which lane a row stands, and which row of a lane comes next. A lane is a deal
with all that hangs on it; its rows are taken in the order of their numbers, one at a time, by whoever works on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from engine.decision.event import Event
from engine.decision.forms import Json
from engine.language.values import Item, Value
from engine.runtime.arrivals import Arrival, Put, put_arrivals
from engine.runtime.delivery import Delivery
from engine.runtime.snapshot import lane_of
from engine.runtime.store import NOBODY, Connection, Lease, Row, Store
from engine.runtime.wire import dump, item_of, load_map

LARGEST_INBOX = 100_000
DELIVERY, EVENT, REQUEST = "delivery", "event", "request"
# What has no deal and no item of its own (a sweep, a schedule) is done one after another.
ENGINE_LANE = "engine"
_CROSSING = 0.05
_COUNT_EVERY = 1000
# The lane's row that was begun before the first one that waits, if there is one: it ends first.
_NEXT = """n = coalesce(
    (SELECT min(n) FROM event WHERE lane = ? AND state = 'running'),
    (SELECT min(n) FROM event WHERE lane = ? AND state = 'waiting')
)"""
_BEGIN = "state = 'running', attempt = attempt + 1, owner = ?"
# One statement where nothing is in the way, since every run waits for its answer.
_TAKE = f"""
UPDATE event SET {_BEGIN} WHERE {_NEXT} AND next_try <= ? AND also = '' AND (state = 'running' OR NOT EXISTS (
    SELECT 1 FROM event AS crossing WHERE crossing.also = event.lane AND crossing.also <> ''
    AND crossing.n < event.n AND crossing.state <> 'done'
)) RETURNING *
"""  # noqa: S608


class InboxFull(Exception):  # noqa: N818 — it names a state of affairs
    """So many events wait that taking more would only hide the trouble."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A row taken: a doorbell (`delivery`), an event with its own before and roots, or a person's request.

    `lease` lets its holder write; `is_resumed` where it was begun before. `present` are fields of the item as they
    stood at this event, where the portal has gone on since.
    """

    n: int
    kind: str
    event: Event
    roots: Mapping[str, Value]
    tries: int
    lane: str = ""
    lease: Lease = NOBODY
    is_resumed: bool = False
    is_late: bool = False
    present: Mapping[str, Value] = field(default_factory=dict)

    @property
    def is_delivery(self) -> bool:
        """True for a doorbell: it says which item, never what."""
        return self.kind == DELIVERY


@dataclass(frozen=True, slots=True)
class Held:
    """The lane's next row must wait until `until`, in seconds since 1970."""

    until: float


class Inbox:
    """The event table of `store`. `clock` gives the present in the company's zone; `wake` is called with a row's lane.

    `limit` is the number of waiting rows from which on deliveries are refused; `owner` names this process in the rows
    that it takes.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        wake: Callable[[str], None],
        limit: int = LARGEST_INBOX,
        *,
        owner: str = "",
    ) -> None:
        self._store, self._clock, self._wake, self._limit = store, clock, wake, limit
        self._owner, self._room = owner, 0

    def accept(self, delivery: Delivery) -> bool:
        """Store a delivery durably; False where an equal one waits already or the map knows no such item.

        Equal are: event name, item, `ts` and handler. Raises InboxFull.
        """
        [is_new] = self.accept_all([delivery])
        if is_new is None:
            raise InboxFull
        return is_new

    def accept_all(self, deliveries: Sequence[Delivery]) -> list[bool | None]:
        """Store deliveries durably in one transaction; each as `accept` says, None where the inbox is full."""
        now = self._clock()
        arrivals = [_arrival(one, one.item, now) for one in deliveries if one.item is not None]
        with self._store.transaction() as connection:
            put = self._take_in(connection, arrivals)
            if len(arrivals) < len(deliveries):
                self._store.count("ignored", len(deliveries) - len(arrivals))
        for lane in dict.fromkeys(one.lane for one in put if one is not None and one.is_new):
            self._wake(lane)
        found = iter(put)
        return [
            False if one.item is None else (None if (got := next(found)) is None else got.is_new)
            for one in deliveries
        ]

    def ring(
        self, item: Item, verb: str, time: datetime, *, origin: str = "sweep", late: bool = True
    ) -> bool:
        """Store a doorbell of our own: the item is read and compared in its turn; False where one waits already."""
        now = self._clock()
        arrival = Arrival(f"{origin} {item}", f"{item.entity}.{verb}", item, time, now, origin, late)
        with self._store.transaction() as connection:
            [put] = put_arrivals(self._store, connection, [arrival])
        if put.is_new:
            self._wake(put.lane)
        return put.is_new

    def _take_in(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Put | None]:
        """Insert what there is room for; None stands for what there is none for."""
        if self._room < len(arrivals):
            self._room = self._free()
        taken = arrivals[: self._room]
        self._room -= len(taken)
        return [*put_arrivals(self._store, connection, taken), *[None] * (len(arrivals) - len(taken))]

    def _free(self) -> int:
        """Return how many rows there is room for. Rows are counted once in a while: with many of them it takes long."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM event WHERE state <> 'done' LIMIT ?) AS open_rows"
        row = self._store.row(sql, (self._limit,))
        return min(_COUNT_EVERY, self._limit - int(row[0])) if row is not None else 0

    def put(
        self, event: Event, roots: Mapping[str, Value] | None = None, *, origin: str = "", late: bool = False
    ) -> None:
        """Store an event of our own (a timer, a command, a plugin's), in the transaction under way if any."""
        with self._store.transaction() as connection:
            lane = put_event(
                self._store, connection, event, roots or {}, self._clock(), origin=origin, late=late
            )
        self._wake(lane)

    def waiting(self) -> int:
        """Return how many rows are not done."""
        row = self._store.row("SELECT count(*) FROM event WHERE state <> 'done'")
        return int(row[0]) if row else 0

    def lanes(self) -> list[tuple[str, float]]:
        """Return the lanes with rows that are not done, with when the first of them may be tried."""
        rows = self._store.rows(
            "SELECT lane, min(n) AS first, min(next_try) AS due FROM event WHERE state <> 'done' GROUP BY lane"
            " ORDER BY 2"
        )
        return [(row["lane"], float(row["due"])) for row in rows]

    def take(self, lane: str, zone: tzinfo) -> Pending | Held | None:
        """Take the lane's next row: the first that is not done. None where there is none, Held where it must wait.

        A row that was begun before is taken again: whoever held it has lost its lease. Raises Fenced where the lane is
        no longer ours to work on.
        """
        now = self._clock().timestamp()
        with self._store.taking(lane) as connection:
            row: Row | Held | None = connection.execute(_TAKE, (self._owner, lane, lane, now)).fetchone()
            if row is None:
                # Mostly there is none; else it waits, or moves between two deals.
                row = self._take_carefully(connection, lane, now)
        return row if row is None or isinstance(row, Held) else read_row(row, zone)

    def _take_carefully(self, connection: Connection, lane: str, now: float) -> Row | Held | None:
        """Take the lane's next row where it may be taken at all; looks at what `_TAKE` leaves out."""
        row = connection.execute(
            f"SELECT * FROM event WHERE {_NEXT}" + self._store.for_update,  # noqa: S608
            (lane, lane),
        ).fetchone()
        if row is None:
            return None
        if row["next_try"] > now:
            return Held(float(row["next_try"]))
        if self._is_crossed(connection, row):
            return Held(now + _CROSSING)
        return connection.execute(
            f"UPDATE event SET {_BEGIN} WHERE n = ? RETURNING *",  # noqa: S608
            (self._owner, row["n"]),
        ).fetchone()

    @staticmethod
    def _is_crossed(connection: Connection, row: Row) -> bool:
        """True where a row that moves between two deals stands before this one, or this one must wait for the other.

        Both deals' rows before it have to be done, and neither deal goes on before it is; a row of the other deal
        that had been begun before anybody knew of the move is let end first.
        """
        if row["state"] == "waiting":
            crossing = connection.execute(
                "SELECT 1 FROM event WHERE also = ? AND also <> '' AND n < ? AND state <> 'done'",
                (row["lane"], row["n"]),
            ).fetchone()
            if crossing is not None:
                return True
        return bool(row["also"]) and _is_taken(connection, row["n"], row["lane"], row["also"])

    def put_back(self, pending: Pending, lane: str, *, is_move: bool) -> bool:
        """Put a row that turned out to belong to another deal where it belongs; True where its turn comes there.

        With `is_move` the item leaves its deal for another: the row stands in both lanes, and may be gone on with
        unless the other has earlier rows.
        """
        with self._store.fenced(pending.lease) as connection:
            sql = (
                "UPDATE event SET also = ? WHERE n = ?"
                if is_move
                # It is under way no more: a row of another lane that waits for those under way must not wait for it.
                else "UPDATE event SET lane = ?, state = 'waiting', dedupe = NULL WHERE n = ?"
            )
            connection.execute(sql, (lane, pending.n))
            # Whoever works on that lane finds the row there: to go on with it here too would be to do it twice.
            is_there = not is_move or _is_taken(connection, pending.n, pending.lane, lane)
            if is_there:
                self._store.announce(connection, lane)
        if is_there:
            self._wake(lane)
        return is_there

    def last_doorbell(self, pending: Pending) -> int:
        """Return the number of the item's last doorbell so far: a reading begun now answers all up to it."""
        if not pending.is_delivery:
            return 0
        row = self._store.row(
            "SELECT max(n) FROM event WHERE lane = ? AND item = ? AND kind = 'delivery' AND state = 'waiting'",
            (pending.lane, str(pending.event.item)),
        )
        return int(row[0] or 0) if row is not None else 0

    def coalesce(self, pending: Pending, last: int) -> None:
        """End the doorbells of the same item up to `last`, which the reading has answered too."""
        if last > pending.n:
            self._store.write(
                "UPDATE event SET state = 'done', outcome = 'coalesced' WHERE lane = ? AND item = ? AND n > ?"
                " AND n <= ? AND kind = 'delivery' AND state = 'waiting'",
                (pending.lane, str(pending.event.item), pending.n, last),
            )

    def answer(self, n: int, answer: Mapping[str, Json]) -> None:
        """End a person's request with what became of it."""
        self._store.write(
            "UPDATE event SET state = 'done', outcome = 'answered', answer = ? WHERE n = ?",
            (json.dumps(answer), n),
        )

    def reopen(self, n: int) -> None:
        """Open the row of a run that a person has gone on with: it is the first of its lane again."""
        self._store.write("UPDATE event SET state = 'running', next_try = 0, tries = 0 WHERE n = ?", (n,))

    def finish(self, n: int, outcome: str, reason: str = "") -> None:
        """Mark a row as done: `run`, `no_change`, `no_rule`, `gone`, `coalesced`, `answered` or `failed`."""
        self._store.write(
            "UPDATE event SET state = 'done', outcome = ?, reason = ? WHERE n = ?", (outcome, reason, n)
        )

    def wait(self, n: int, at: float, reason: str = "") -> None:
        """A row begun waits until `at` (seconds since 1970) and holds its lane meanwhile."""
        self._store.write(
            "UPDATE event SET next_try = ?, tries = tries + 1, reason = ? WHERE n = ?", (at, reason, n)
        )


def _is_taken(connection: Connection, n: int, own: str, other: str) -> bool:
    """True where row `n` of lane `own`, which moves to lane `other`, must wait for a row there.

    For every earlier one, and for a later one that is under way, unless that one moves the opposite way: of two that
    cross, the earlier goes first.
    """
    found = connection.execute(
        "SELECT 1 FROM event WHERE lane = ? AND state <> 'done'"
        " AND (n < ? OR (n > ? AND state = 'running' AND also <> ?))",
        (other, n, n, own),
    ).fetchone()
    return found is not None


def _arrival(delivery: Delivery, item: Item, now: datetime) -> Arrival:
    dedupe = f"{delivery.event} {item} {delivery.time} {delivery.handler}"
    return Arrival(dedupe, f"{item.entity}.{delivery.verb}", item, delivery.time or now, now)


def put_event(
    store: Store,
    connection: Connection,
    event: Event,
    roots: Mapping[str, Value],
    now: datetime,
    *,
    origin: str = "",
    late: bool = False,
    present: Mapping[str, Value] | None = None,
    beside: str = "",
) -> str:
    """Insert an event of our own inside the caller's transaction; return its lane.

    One without an item stands in a lane of its kind, or in `beside`: what need not be done one after another.
    """
    lane = lane_of(store, event.item) if event.item is not None else beside or event.name
    store.enter(lane)
    connection.execute(
        "INSERT INTO event (kind, id, name, item, lane, time, received, by, detail, depth, cause, before, roots,"
        " origin, late, present) VALUES ('event',?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            event.id, event.name, str(event.item or ""), lane, event.time.isoformat(), now.isoformat(), event.by,
            event.detail, event.depth, event.cause, dump(event.before), dump(roots), origin, int(late),
            dump(present or {}),
        ),
    )  # fmt: skip
    store.announce(connection, lane)
    return lane


def read_row(row: Row, zone: tzinfo) -> Pending:
    """Return a row that was just taken, with the lease of this taking. A delivery's `before` is unknown."""
    n = int(row["n"])
    event = Event(
        name=row["name"],
        id=row["id"] or f"e-{n}",
        time=datetime.fromisoformat(row["time"]).astimezone(zone),
        item=item_of(row["item"]),
        before=load_map(row["before"]),
        by=row["by"],
        detail=row["detail"],
        depth=int(row["depth"]),
        cause=row["cause"],
    )
    return Pending(
        n,
        row["kind"],
        event,
        load_map(row["roots"]),
        int(row["tries"]),
        row["lane"],
        Lease(n, int(row["attempt"])),
        is_resumed=int(row["attempt"]) > 1,
        is_late=bool(row["late"]),
        present=load_map(row["present"]),
    )
