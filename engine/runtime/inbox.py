"""The inbox: every event is a row before anybody is told that it arrived.

Decides what a delivery of the portal names, which deliveries are one, and in which lane a row stands. It reads no
item: a delivery says which item changed, never what.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import parse_qsl

from engine.decision.event import CREATED, DELETED, UPDATED, Event
from engine.language.types import World
from engine.language.values import Item, Value
from engine.runtime.snapshot import lane_of
from engine.runtime.store import Connection, Store
from engine.runtime.wire import dump, item_of, load_map

LARGEST_INBOX = 100_000
_MOST_FIELDS = 200
_NAME = re.compile(r"ONCRM(DEAL|COMPANY|DYNAMICITEM)(ADD|UPDATE|DELETE)(?:_(\d{1,9}))?", re.IGNORECASE)
_VERBS = {"ADD": CREATED, "UPDATE": UPDATED, "DELETE": DELETED}
_TYPES = {"DEAL": 2, "COMPANY": 4}
_ID = re.compile(r"[1-9][0-9]{0,17}")


class BrokenBody(Exception):  # noqa: N818 — it names what came, not a fault of ours
    """The body is no delivery of the portal; the message says why."""


class InboxFull(Exception):  # noqa: N818 — the same
    """So many events wait that taking more would only hide the trouble."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the portal's post says. `item` is None for an event or an entity that the portal map does not know."""

    event: str
    item: Item | None
    verb: str
    time: datetime | None
    handler: str
    token: str


def read_delivery(body: bytes, world: World, zone: tzinfo) -> Delivery:
    """Return the delivery in a form body. Raises BrokenBody; unknown events are no fault."""
    form = _read_form(body)
    name = form.get("event", "")
    if not re.fullmatch(r"[A-Za-z0-9_]{1,100}", name):
        raise BrokenBody("no event name")
    item, verb = _read_item(name, form, world)
    return Delivery(
        event=name.upper(),
        item=item,
        verb=verb,
        time=_read_time(form.get("ts", ""), zone),
        handler=form.get("event_handler_id", "")[:40],
        token=form.get("auth[application_token]", ""),
    )


def _read_form(body: bytes) -> dict[str, str]:
    try:
        text = body.decode("utf-8")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise BrokenBody(f"not a form: {type(error).__name__}") from None
    return dict(pairs)


def _read_item(name: str, form: Mapping[str, str], world: World) -> tuple[Item | None, str]:
    found = _NAME.fullmatch(name)
    if not found:
        return None, ""
    kind, verb, suffix = found.group(1).upper(), found.group(2).upper(), found.group(3)
    given = suffix or form.get("data[FIELDS][ENTITY_TYPE_ID]", "")
    id_ = form.get("data[FIELDS][ID]", "")
    if not _ID.fullmatch(id_) or (kind not in _TYPES and not _ID.fullmatch(given)):
        raise BrokenBody("no item id")
    type_id = _TYPES.get(kind) or int(given)
    entity = next((spec.name for spec in world.entities.values() if spec.type_id == type_id), "")
    return (Item(entity, id_) if entity else None), _VERBS[verb]


def _read_time(text: str, zone: tzinfo) -> datetime | None:
    """`ts` is in Unix seconds. It is the portal's word: one that is no time is left out."""
    if not re.fullmatch(r"[0-9]{9,11}", text):
        return None
    return datetime.fromtimestamp(int(text), UTC).astimezone(zone)


@dataclass(frozen=True, slots=True)
class Pending:
    """One waiting row: a doorbell (`is_delivery`) or an event with its own before and roots."""

    n: int
    is_delivery: bool
    event: Event
    roots: Mapping[str, Value]
    tries: int


class Inbox:
    """The event table of `store`. `clock` gives the present in the company's zone; `wake` is called after a row.

    `limit` is the number of waiting rows from which on deliveries are refused.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        limit: int = LARGEST_INBOX,
    ) -> None:
        self._store, self._clock, self._wake, self._limit = store, clock, wake, limit

    def accept(self, delivery: Delivery) -> bool:
        """Store a delivery durably; False where an equal one waits already or the map knows no such item.

        Equal are: event name, item, `ts` and handler. Raises InboxFull.
        """
        if delivery.item is None:
            self._store.count("ignored")
            return False
        now = self._clock()
        dedupe = f"{delivery.event} {delivery.item} {delivery.time} {delivery.handler}"
        with self._store.transaction() as connection:
            if self.waiting() >= self._limit:
                raise InboxFull
            cursor = connection.execute(
                "INSERT INTO event (kind, dedupe, name, item, lane, time, received) VALUES ('delivery',?,?,?,?,?,?)"
                " ON CONFLICT (dedupe) WHERE state = 'waiting' AND dedupe IS NOT NULL DO NOTHING",
                (
                    dedupe, f"{delivery.item.entity}.{delivery.verb}", str(delivery.item),
                    lane_of(self._store, delivery.item), (delivery.time or now).isoformat(), now.isoformat(),
                ),
            )  # fmt: skip
            is_new = cursor.rowcount == 1
        self._store.count("accepted" if is_new else "coalesced")
        self._wake()
        return is_new

    def put(self, event: Event, roots: Mapping[str, Value] | None = None) -> None:
        """Store an event of our own (a timer, a command, a plugin's), in the transaction under way if any."""
        with self._store.transaction() as connection:
            put_event(self._store, connection, event, roots or {}, self._clock())
        self._wake()

    def waiting(self) -> int:
        """Return how many rows are not done."""
        row = self._store.row("SELECT count(*) FROM event WHERE state <> 'done'")
        return int(row[0]) if row else 0

    def next(self, now: float, zone: tzinfo) -> Pending | None:
        """Return the first waiting row whose lane is free: no earlier row of the lane is open."""
        row = self._store.row(
            "SELECT * FROM event AS mine WHERE state = 'waiting' AND next_try <= ? AND NOT EXISTS"
            " (SELECT 1 FROM event AS earlier WHERE earlier.lane = mine.lane AND earlier.n < mine.n"
            " AND earlier.state <> 'done') ORDER BY n LIMIT 1",
            (now,),
        )
        return read_row(row, zone) if row else None

    def next_due(self) -> float | None:
        """Return when the earliest row that waits for a retry is due, in seconds since 1970."""
        row = self._store.row("SELECT min(next_try) FROM event WHERE state = 'waiting' AND next_try > 0")
        return float(row[0]) if row and row[0] is not None else None

    def start(self, n: int) -> None:
        """Mark a row as under way."""
        self._store.execute("UPDATE event SET state = 'running' WHERE n = ?", (n,))

    def finish(self, n: int, outcome: str, reason: str = "") -> None:
        """Mark a row as done: `run`, `no_change`, `no_rule`, `gone` or `failed`."""
        self._store.execute(
            "UPDATE event SET state = 'done', outcome = ?, reason = ? WHERE n = ?", (outcome, reason, n)
        )

    def retry(self, n: int, at: float, reason: str) -> None:
        """Put a row back to wait until `at`; it holds its lane meanwhile. An equal delivery may have come since."""
        sql = "UPDATE event SET state = 'waiting', next_try = ?, tries = tries + 1, reason = ? WHERE n = ?"
        try:
            self._store.execute(sql, (at, reason, n))
        except sqlite3.IntegrityError:
            self.finish(n, "no_change", "an equal delivery waits")

    def recover(self) -> None:
        """Put back the rows that a killed process had begun without a run to continue."""
        self._store.execute(
            "UPDATE OR IGNORE event SET state = 'waiting'"
            " WHERE state = 'running' AND n NOT IN (SELECT event FROM run)"
        )
        self._store.execute(
            "UPDATE event SET state = 'done', outcome = 'no_change'"
            " WHERE state = 'running' AND n NOT IN (SELECT event FROM run)"
        )


def put_event(
    store: Store, connection: Connection, event: Event, roots: Mapping[str, Value], now: datetime
) -> None:
    """Insert an event of our own inside the caller's transaction."""
    lane = lane_of(store, event.item) if event.item is not None else event.name
    connection.execute(
        "INSERT INTO event (kind, id, name, item, lane, time, received, by, detail, depth, cause, before, roots)"
        " VALUES ('event',?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            event.id, event.name, str(event.item or ""), lane, event.time.isoformat(), now.isoformat(), event.by,
            event.detail, event.depth, event.cause, dump(event.before), dump(roots),
        ),
    )  # fmt: skip


def read_row(row: Mapping[str, object] | sqlite3.Row, zone: tzinfo) -> Pending:
    """Return a row as an event. A delivery's `before` is not known yet."""
    n = int(str(row["n"]))
    event = Event(
        name=str(row["name"]),
        id=str(row["id"]) or f"e-{n}",
        time=datetime.fromisoformat(str(row["time"])).astimezone(zone),
        item=item_of(str(row["item"])),
        before=load_map(str(row["before"])),
        by=str(row["by"]),
        detail=str(row["detail"]),
        depth=int(str(row["depth"])),
        cause=str(row["cause"]),
    )
    return Pending(n, row["kind"] == "delivery", event, load_map(str(row["roots"])), int(str(row["tries"])))
