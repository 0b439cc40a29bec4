"""Claims of business keys: what must happen once is written down before it is tried.

Decides who holds a key and what an earlier holder left. A claim without a result means that nobody knows; only a
look on the portal, or a person, may settle it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.language.values import Value
from engine.runtime.store import Lease, Store
from engine.runtime.wire import dump, load

OPEN, CLAIMED, DONE, UNKNOWN = "open", "claimed", "done", "unknown"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a key: `state` is empty for nobody, `result` is that of a `done` one.

    `is_busy` where the holder's run is still under way elsewhere.
    """

    state: str = ""
    run: int = 0
    step: int = 0
    result: Value = None
    is_busy: bool = False


class Intents:
    """The intent table of `store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, key: str) -> Claim:
        """Return what is known of the key."""
        row = self._store.row("SELECT * FROM intent WHERE key = ?", (key,))
        return Claim(row["state"], row["run"], row["step"], load(row["result"])) if row else Claim()

    def take(self, key: str, run: int, step: int, now: datetime, lease: Lease) -> Claim:
        """Hold the key for a step where nobody has done, or may have done, anything under it.

        Returns what was known before: where that is done, unknown or somebody else's claim, the key was not taken.
        After the return a claim survives a power cut. Raises Fenced.
        """
        with self._store.fenced(lease):
            self._store.lock(f"intent {key}")
            held = self.find(key)
            if held.state in ("", OPEN):
                self._write(key, run, step, now)
            elif held.state == CLAIMED and held.run != run:
                open_run = "SELECT 1 FROM run WHERE n = ? AND status IN ('running', 'waiting')"
                is_busy = self._store.row(open_run, (held.run,)) is not None
                return Claim(held.state, held.run, held.step, held.result, is_busy)
        return held

    def claim(self, key: str, run: int, step: int, now: datetime, lease: Lease) -> None:
        """Hold the key whatever was known of it. Raises Fenced."""
        with self._store.fenced(lease):
            self._write(key, run, step, now)

    def _write(self, key: str, run: int, step: int, now: datetime) -> None:
        self._store.write(
            "INSERT INTO intent (key, run, step, state, at) VALUES (?,?,?,?,?) ON CONFLICT (key) DO UPDATE"
            " SET run=excluded.run, step=excluded.step, state=excluded.state, result='null', at=excluded.at",
            (key, run, step, CLAIMED, now.isoformat()),
        )

    def settle(self, key: str, state: str, result: Value, lease: Lease) -> None:
        """Write down how the try ended: done with its result, surely not done (open), or unknown. Raises Fenced."""
        with self._store.fenced(lease):
            self.answer(key, state, result)

    def is_in_doubt(self, run: int) -> bool:
        """True where a step of the run has claimed its key and nobody knows yet what came of it."""
        sql = "SELECT 1 FROM intent WHERE run = ? AND state IN ('claimed', 'unknown')"
        return self._store.row(sql, (run,)) is not None

    def answer(self, key: str, state: str, result: Value = None) -> None:
        """The same where a person knows."""
        self._store.write("UPDATE intent SET state = ?, result = ? WHERE key = ?", (state, dump(result), key))
