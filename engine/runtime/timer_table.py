"""The timer table: one row for each deadline of each item, and the origins that a timer is done with.

Decides what a row says and that an origin once fired stays fired. It does not know why a timer is armed or held.
Rows without an item are schedules, which are somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from engine.decision.deadlines import origin_of
from engine.language.values import Item
from engine.runtime.store import Connection, Row, Store
from engine.runtime.wire import dump, item_of, load

ARMED, HELD, FIRED, PASSED = "armed", "held", "fired", "passed"
LIVE = (ARMED, HELD)


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of `item`, counted from `since` as its `field` said, due `at`. `lane` is the item's.

    `state` is armed; held: a condition is surely false; fired; passed: ran out before its rule came into force.
    """

    key: str
    rule: str
    item: Item
    field: str
    since: date | datetime
    at: datetime
    state: str
    lane: str = ""

    @property
    def is_live(self) -> bool:
        """True where it may still fire."""
        return self.state in LIVE

    @property
    def origin(self) -> str:
        """The origin as the table keeps it."""
        return dump(self.since)

    @property
    def event_id(self) -> str:
        """The id of the event that it fires: one for each origin, since an action's key is made of it."""
        origin = origin_of(self.since)
        assert origin is not None
        return f"timer {self.key} {origin.isoformat()}"


def read_timer(row: Row) -> Timer:
    """Return a row as a timer. Raises ValueError for one that is none (a schedule)."""
    item, since = item_of(row["item"]), load(row["since"])
    if item is None or not isinstance(since, date):
        raise ValueError(f"no timer of an item: {row['key']}")
    at = datetime.fromisoformat(row["at"])
    return Timer(row["key"], row["rule"], item, row["field"], since, at, row["state"], row["lane"])


def put_timer(connection: Connection, timer: Timer) -> None:
    """Set the row of the timer's key."""
    connection.execute(
        "INSERT INTO timer (key, rule, item, since, at, due, state, field, lane) VALUES (?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (key) DO UPDATE SET since = excluded.since, at = excluded.at, due = excluded.due,"
        " state = excluded.state, field = excluded.field, lane = excluded.lane",
        (
            timer.key, timer.rule, str(timer.item), timer.origin, timer.at.isoformat(), timer.at.timestamp(),
            timer.state, timer.field, timer.lane,
        ),
    )  # fmt: skip


def leave_origin(connection: Connection, timer: Timer) -> None:
    """Take the row away; an origin that it is done with is remembered."""
    if not timer.is_live:
        connection.execute(
            "INSERT INTO timer_past (key, since, item, state) VALUES (?,?,?,?) ON CONFLICT (key, since) DO NOTHING",
            (timer.key, timer.origin, str(timer.item), timer.state),
        )
    connection.execute("DELETE FROM timer WHERE key = ?", (timer.key,))


def past_state(connection: Connection, key: str, origin: str) -> str:
    """Return how the timer once ended for this origin; empty where it never did."""
    row = connection.execute(
        "SELECT state FROM timer_past WHERE key = ? AND since = ?", (key, origin)
    ).fetchone()
    return str(row[0]) if row else ""


def forget_item(connection: Connection, item: Item) -> None:
    """Remove all that concerns an item that is gone."""
    connection.execute("DELETE FROM timer WHERE item = ?", (str(item),))
    connection.execute("DELETE FROM timer_past WHERE item = ?", (str(item),))


def timers_in(rows: Iterable[Row]) -> list[Timer]:
    """Return the timers among rows of the table; schedules are left out."""
    return [read_timer(row) for row in rows if row["item"]]


def read_event_id(text: str) -> tuple[str, date | datetime] | None:
    """Return the key and the origin of the timer that fired the event of that id; None for another event."""
    words, _, origin = text.rpartition(" ")
    kind, _, key = words.partition(" ")
    try:
        since = datetime.fromisoformat(origin) if "T" in origin else date.fromisoformat(origin)
    except ValueError:
        return None
    return (key, since) if kind == "timer" else None


def forget_firing(store: Store, key: str, since: date | datetime) -> None:
    """As if the timer had never fired for that origin. Part of the transaction under way."""
    with store.transaction() as connection:
        values = (key, dump(since), FIRED)
        connection.execute("DELETE FROM timer_past WHERE key = ? AND since = ? AND state = ?", values)
        connection.execute("DELETE FROM timer WHERE key = ? AND since = ? AND state = ?", values)
