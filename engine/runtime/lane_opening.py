"""What brings lanes forward, by the kind of state: one process alone, or several that share a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from engine.portal.pace import Pace
from engine.runtime.lanes import Lanes
from engine.runtime.logs import Log
from engine.runtime.opening import is_cluster
from engine.runtime.store import Store
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.runtime.dispatch import Dispatch


def shared(
    settings: Settings, store: Store, pace: Pace | None, sleep: Callable[[float], None]
) -> Pace | None:
    """Return the limit that all engines of a cluster keep together, or `pace` as it is."""
    if pace is None or not is_cluster(settings):
        return pace
    from engine.runtime.cluster import ClusterStore
    from engine.runtime.shared_pace import SharedPace

    assert isinstance(store, ClusterStore)
    return SharedPace(store, settings.portal_address, pace, sleep)


def open_lanes(
    settings: Settings,
    store: Store,
    advance: Callable[[str], float | None],
    look: Callable[[], Sequence[tuple[str, float]]],
    first: Callable[[], bool],
    is_due: Callable[[], bool],
    clock: Callable[[], datetime],
    log: Log,
) -> Lanes | Dispatch:
    """Return what brings lanes to `advance`: this process alone, or Procrastinate among several."""
    if not is_cluster(settings):
        return Lanes(advance, look, first, is_due, clock, log, settings.lanes)
    from engine.runtime.cluster import ClusterStore
    from engine.runtime.dispatch import Dispatch

    assert isinstance(store, ClusterStore)
    return Dispatch(store, advance, look, first, is_due, clock, log, settings.lanes, settings.takeover)
