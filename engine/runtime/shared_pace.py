"""The portal's leaky bucket as one row that all engines of a cluster fill: it counts by address, not by process.

Decides nothing that `Pace` does not; it only keeps the level where every process sees it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.portal.pace import Pace
from engine.runtime.cluster import ClusterStore
from engine.runtime.store import StateLost

# By the server's clock: those of several machines differ.
_POUR = """
INSERT INTO reglament_bucket AS bucket (portal, level, at)
VALUES (?, ?::float8, extract(epoch FROM clock_timestamp()))
ON CONFLICT (portal) DO UPDATE SET
    level = greatest(0, bucket.level - greatest(0, excluded.at - bucket.at) * ?::float8) + excluded.level,
    at = greatest(bucket.at, excluded.at)
RETURNING level
"""
_FILL = "UPDATE reglament_bucket SET level = greatest(level, ?::float8) WHERE portal = ?"


class SharedPace(Pace):
    """A `Pace` of the size and rate of `alone`, kept in `store` for `portal`; `alone` stands in while that is lost."""

    def __init__(
        self, store: ClusterStore, portal: str, alone: Pace, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(alone.size, alone.rate, sleep=sleep)
        self._store, self._portal, self._alone = store, portal, alone

    def wait(self) -> float:
        """See `Pace.wait`."""
        try:
            with self._store.transaction() as connection:
                level = connection.execute(_POUR, (self._portal, 1.0, self.rate)).fetchone()
        except StateLost:
            return self._alone.wait()
        assert level is not None
        delay = max(0.0, (float(level[0]) - self.size) / self.rate)
        if delay:
            self._sleep(delay)
        return delay

    def fill(self) -> None:
        """See `Pace.fill`."""
        try:
            self._store.execute(_FILL, (float(self.size), self._portal))
        except StateLost:
            self._alone.fill()
