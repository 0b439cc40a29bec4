"""Counts of what this process has done since it started, for its metrics."""

from __future__ import annotations

import threading
from collections import Counter


class Tally:
    """Named counters, safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[name] += by

    def values(self) -> dict[str, int]:
        """Return every counter by its name."""
        with self._lock:
            return dict(sorted(self._counts.items()))
