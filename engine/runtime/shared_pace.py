"""The portal's leaky bucket as one row that all engines of a cluster fill: it counts by address, not by process.

Decides nothing that `Pace` does not; it only keeps the level where every process sees it.
"""

from __future__ import annotations

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
        self, store: ClusterStore, portal: str, alone: Pace, sleep: Callable[[float], object] | None = None
    ) -> None:
        super().__init__(alone.size, alone.rate, sleep=sleep)
        self._store, self._portal, self._alone = store, portal, alone

    def end(self) -> None:
        """See `Pace.end`."""
        super().end()
        self._alone.end()

    def _wait_turn(self) -> float:
        try:
            with self._store.transaction() as connection:
                level = connection.execute(_POUR, (self._portal, 1.0, self.rate)).fetchone()
        except StateLost:
            return self._alone.wait()
        assert level is not None
        with self._lock:
            self._note(float(level[0]), self._clock())
        return self._rest(float(level[0]))

    def fill(self) -> None:
        """See `Pace.fill`."""
        try:
            self._store.execute(_FILL, (float(self.size), self._portal))
        except StateLost:
            self._alone.fill()
