"""The rows of our runs with no engine: plain sqlite3 writes what a run writes, in as many commits, one after another.

The texts are those that our runs have left, read from their state; the statements are as few as they can be.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

from engine.bench.child import Answer, serve

_RUN = (
    "event", "edition", "item", "event_wire", "facts", "form", "status", "started", "verdict_ru", "verdict_en",
)  # fmt: skip
_STEP = ("number", "rule", "action", "status", "key", "reason", "result")


class RawRows:
    """A file of the same tables in `folder`, filled with the rows of one run in the state at `like`."""

    def __init__(self, like: Path, folder: Path) -> None:
        from engine.runtime.embedded import EmbeddedStore

        EmbeddedStore(folder / "raw.db").close()
        self._connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = OFF"):
            self._connection.execute(f"PRAGMA {pragma}")
        with sqlite3.connect(like) as model:
            run = model.execute(f"SELECT n, {', '.join(_RUN)} FROM run LIMIT 1").fetchone()  # noqa: S608
            self._run = run[1:]
            self._steps = model.execute(
                f"SELECT {', '.join(_STEP)} FROM step WHERE run = ?",  # noqa: S608
                (run[0],),
            ).fetchall()
            self._event = model.execute(
                "SELECT kind, name, item, lane, time, received FROM event WHERE n = ?", (self._run[0],)
            ).fetchone()
        self._number = 0

    def run(self, count: int) -> Answer:
        """Put `count` events in one commit, then write a run for each; return the seconds of the runs."""
        say = self._connection.execute
        say("BEGIN")
        numbers = [
            self._insert("event", "kind, name, item, lane, time, received", self._event) for _ in range(count)
        ]
        say("COMMIT")
        begun = time.perf_counter()
        for event in numbers:
            self._one(event)
        return {"seconds": time.perf_counter() - begun}

    def _one(self, event: int) -> None:
        say = self._connection.execute
        say("BEGIN IMMEDIATE")
        say("UPDATE event SET state = 'running', attempt = attempt + 1 WHERE n = ?", (event,))
        say("COMMIT")
        say("BEGIN IMMEDIATE")
        run = self._insert("run", ", ".join(_RUN), (event, *self._run[1:]))
        for step in self._steps:
            self._insert("step", f"run, {', '.join(_STEP)}", (run, *step))
        say("COMMIT")
        for number in range(1, len(self._steps) + 1):
            say("BEGIN IMMEDIATE")
            say(
                "UPDATE step SET status = 'done', ended = ? WHERE run = ? AND number = ?",
                (self._run[7], run, number),
            )
            if number == len(self._steps):
                say("UPDATE run SET status = 'done', ended = ? WHERE n = ?", (self._run[7], run))
                say("UPDATE event SET state = 'done', outcome = 'run' WHERE n = ?", (event,))
            say("COMMIT")

    def _insert(self, table: str, columns: str, values: tuple[object, ...]) -> int:
        marks = ",".join("?" * len(values))
        cursor = self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608
        return int(cursor.lastrowid or 0)


def main(like: str, folder: str) -> None:
    """Write what is asked until the input ends."""
    serve({"run": RawRows(Path(like), Path(folder)).run})


if __name__ == "__main__":
    main(*sys.argv[1:])
