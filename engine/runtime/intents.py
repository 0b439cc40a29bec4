"""Claims of business keys: what must happen once is written down before it is tried.

Decides who holds a key and what an earlier holder left. A claim without a result means that nobody knows; only a
look on the portal, or a person, may settle it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.language.values import Value
from engine.runtime.store import Store
from engine.runtime.wire import dump, load

OPEN, CLAIMED, DONE, UNKNOWN = "open", "claimed", "done", "unknown"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who held the key before this claim: `state` is empty for nobody, `result` is that of a `done` one."""

    state: str = ""
    run: int = 0
    step: int = 0
    result: Value = None


class Intents:
    """The intent table of `store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, key: str) -> Claim:
        """Return what is known of the key."""
        row = self._store.row("SELECT * FROM intent WHERE key = ?", (key,))
        return Claim(row["state"], row["run"], row["step"], load(row["result"])) if row else Claim()

    def claim(self, key: str, run: int, step: int, now: datetime) -> None:
        """Hold the key for a step: after the return the claim survives a power cut."""
        self._store.execute(
            "INSERT INTO intent (key, run, step, state, at) VALUES (?,?,?,?,?) ON CONFLICT (key) DO UPDATE"
            " SET run=excluded.run, step=excluded.step, state=excluded.state, result='null', at=excluded.at",
            (key, run, step, CLAIMED, now.isoformat()),
        )

    def settle(self, key: str, state: str, result: Value = None) -> None:
        """Write down how the try ended: done with its result, surely not done (open), or unknown."""
        self._store.execute(
            "UPDATE intent SET state = ?, result = ? WHERE key = ?", (state, dump(result), key)
        )
