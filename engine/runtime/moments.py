"""Moments by the engine's own clock that outlive it: when the portal was last swept, when the state was last proved.

Decides where they are kept. The prefix keeps them apart from what actions remember.
"""

from __future__ import annotations

from datetime import datetime

from engine.runtime.store import Store

SWEPT, WRITTEN = "swept", "written"
_SET = "INSERT INTO memory (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


def note_moment(store: Store, name: str, now: datetime) -> None:
    """Write down that it was so at `now`. In the transaction under way, if any."""
    store.execute(_SET, (f"engine {name}", now.isoformat()))


def read_moment(store: Store, name: str) -> datetime | None:
    """Return when it was so last; None where it never was."""
    row = store.row("SELECT value FROM memory WHERE key = ?", (f"engine {name}",))
    return datetime.fromisoformat(row[0]) if row is not None else None
