"""How much a portal lets a caller do.

Two independent limits: a leaky bucket per source address over HTTP requests (50 deep, 2 a second: the plans
below Enterprise), and the run time of one method for one webhook over ten one-minute baskets (480 s). Both
read a monotonic clock, never the portal's: pushing the virtual clock must not refill a bucket.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engine.emulator.errors import RestError

_DEPTH, _LEAK = 50.0, 2.0
_BASKET, _BASKETS = 60, 10
RUN_TIME = 480.0


class Bucket:
    """Counts requests by source address."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, source: str) -> None:
        """Count one request; `RestError` 503 QUERY_LIMIT_EXCEEDED when the bucket runs over."""
        with self._lock:
            now = self._now()
            level, seen = self._levels.get(source, (0.0, now))
            level = max(0.0, level - (now - seen) * _LEAK) + 1
            self._levels[source] = (min(level, _DEPTH + 1), now)
        if level > _DEPTH:
            raise RestError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")


class Meter:
    """Sums run time by webhook and method."""

    def __init__(self, now: Callable[[], float] = time.monotonic, limit: float = RUN_TIME) -> None:
        self._now = now
        self.limit = limit
        """Seconds one method may run in ten minutes."""
        self._lock = threading.Lock()
        self._baskets: dict[tuple[str, str], dict[int, float]] = {}

    def _live(self, key: tuple[str, str]) -> dict[int, float]:
        oldest = int(self._now() // _BASKET) - _BASKETS
        baskets = {at: spent for at, spent in self._baskets.get(key, {}).items() if at > oldest}
        self._baskets[key] = baskets
        return baskets

    def check(self, webhook: str, method: str) -> None:
        """`RestError` 429 OPERATION_TIME_LIMIT when this method has already run too long."""
        with self._lock:
            if sum(self._live((webhook, method)).values()) > self.limit:
                raise RestError(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit")

    def add(self, webhook: str, method: str, seconds: float) -> tuple[float, float]:
        """Count a run; returns the sum and the seconds until the oldest basket drops out."""
        with self._lock:
            now = self._now()
            baskets = self._live((webhook, method))
            basket = int(now // _BASKET)
            baskets[basket] = baskets.get(basket, 0.0) + seconds
            drops = (min(baskets) + _BASKETS) * _BASKET
            return sum(baskets.values()), drops - now
