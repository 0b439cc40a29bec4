"""Moments by the engine's own clock that outlive it: when the portal was last swept, when the state was last proved.

Decides where they are kept. The prefix keeps them apart from what actions remember.
"""

from __future__ import annotations

from datetime import datetime

from engine.runtime.memory import recall, remember
from engine.runtime.store import Store

SWEPT, WRITTEN = "swept", "written"


def note_moment(store: Store, name: str, now: datetime) -> None:
    """Write down that it was so at `now`. In the transaction under way, if any."""
    remember(store, f"engine {name}", now.isoformat())


def read_moment(store: Store, name: str) -> datetime | None:
    """Return when it was so last; None where it never was."""
    kept = recall(store, f"engine {name}")
    return datetime.fromisoformat(kept) if kept is not None else None
