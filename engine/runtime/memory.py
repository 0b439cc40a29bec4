"""Small things kept by name: what actions remember, and the engine's own moments (`moments.py`)."""

from __future__ import annotations

from engine.runtime.store import Store


def remember(store: Store, key: str, value: str) -> None:
    """Keep `value` under `key`; a former one is replaced. In the transaction under way, if any."""
    store.write(
        "INSERT INTO memory (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def recall(store: Store, key: str) -> str | None:
    """Return what is kept under `key`, None where nothing is."""
    row = store.row("SELECT value FROM memory WHERE key = ?", (key,))
    return str(row[0]) if row is not None else None
