"""How long the journal keeps what it knows: by time, failures longer, in small bites beside the work.

Decides what may go. Events with their runs and steps go when their time is over, never while they are open. A run
whose keys still say that something was done (a document, a letter) keeps its line and its steps, and loses its facts
and its explanation, which are nearly all of its size. An edition goes when no run, and no engine, needs it any more.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from engine.runtime.journal import FORGOTTEN
from engine.runtime.run_list import first_since
from engine.runtime.store import Connection, Row, Store
from engine.setup import Keep

_BITE = 100
# Between two bites others get at the database: a delivery must not wait for a hundred of them.
_BREATH = 0.002
_NOTHING = '{"o":{}}'
# Events whose time is over: below one number all, below the other those that did not fail, or need nobody any more.
_OVER = (
    "SELECT event.n, run.n AS run, EXISTS (SELECT 1 FROM intent WHERE intent.run = run.n) AS is_held"
    " FROM event LEFT JOIN run ON run.event = event.n WHERE event.n > ? AND event.n < ? AND event.state = 'done'"
    " AND (run.n IS NULL OR (run.status NOT IN ('running', 'waiting') AND run.facts <> ?))"
    " AND (event.n < ? OR (event.outcome <> 'failed'"
    " AND (run.n IS NULL OR run.status NOT IN ('failed', 'unknown', 'held', 'loop'))))"
    " ORDER BY event.n LIMIT ?"
)


def prune(store: Store, now: datetime, keep: Keep, in_use: Collection[str]) -> int:
    """Forget what is older than `keep` says, in many small transactions; return how many events were forgotten.

    `in_use` are the hashes of editions that are in force. What is open, numbers and business keys are not touched.
    """
    ordinary = first_since(store, "event", "received", now - timedelta(days=keep.days))
    failed = first_since(store, "event", "received", now - timedelta(days=keep.failed_days))
    forgotten, after = 0, 0
    while True:
        with store.transaction() as connection:
            values = (after, max(ordinary, failed), FORGOTTEN, failed, _BITE)
            rows = connection.execute(_OVER, values).fetchall()
            forgotten += _forget(connection, rows)
        if not rows:
            break
        after = int(rows[-1]["n"])
        time.sleep(_BREATH)
    _forget_editions(store, now - timedelta(days=keep.days), in_use)
    return forgotten


def _forget(connection: Connection, rows: Sequence[Row]) -> int:
    """Forget events; return how many are gone. Of one whose run holds a key the run's line and its steps stay."""
    held = [(row["n"], row["run"]) for row in rows if row["is_held"]]
    gone = [(row["n"], row["run"]) for row in rows if not row["is_held"]]
    connection.executemany(
        "UPDATE run SET facts = ?, form = ? WHERE n = ?", [(FORGOTTEN, FORGOTTEN, run) for _, run in held]
    )
    connection.executemany(
        "UPDATE event SET before = ?, roots = ?, present = ? WHERE n = ?",
        [(_NOTHING, _NOTHING, _NOTHING, event) for event, _ in held],
    )
    runs = [(run,) for _, run in gone if run is not None]
    connection.executemany("DELETE FROM step WHERE run = ?", runs)
    connection.executemany("DELETE FROM run WHERE n = ?", runs)
    connection.executemany("DELETE FROM event WHERE n = ?", [(event,) for event, _ in gone])
    return len(gone)


def _forget_editions(store: Store, before: datetime, in_use: Collection[str]) -> None:
    rows = store.rows(
        "SELECT hash, first_seen FROM edition WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.edition = edition.hash)"
    )
    for row in rows:
        if row["hash"] in in_use or datetime.fromisoformat(row["first_seen"]) >= before:
            continue
        with store.transaction() as connection:
            connection.execute("DELETE FROM edition_file WHERE hash = ?", (row["hash"],))
            connection.execute("DELETE FROM edition WHERE hash = ?", (row["hash"],))
