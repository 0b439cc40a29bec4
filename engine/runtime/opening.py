"""Opens the state that the settings name: a file, or Postgres where they hold its address."""

from __future__ import annotations

from pathlib import Path

from engine.runtime.embedded import OWNS, EmbeddedStore
from engine.runtime.store import StateError, Store
from engine.settings import Settings


def open_store(settings: Settings, *, mode: str = OWNS) -> Store:
    """Return the open state. Raises StateError where it is in use, of another kind, or cannot be reached."""
    if not is_cluster(settings):
        return EmbeddedStore(Path(settings.state), mode=mode)
    try:
        from engine.runtime.cluster import ClusterStore
    except ImportError as error:
        raise StateError(
            f"a state on Postgres needs the extra: pip install reglament[cluster] ({error})",
            f"для состояния в Postgres нужно дополнение: pip install reglament[cluster] ({error})",
        ) from error
    return ClusterStore(settings.state, Path(settings.config).parent / "state", mode=mode)


def is_cluster(settings: Settings) -> bool:
    """True where the state is a database server, which several processes may share."""
    return "://" in settings.state
