"""The portal's clock.

It decides what "now" is, in the portal's own time zone, and knows nothing of what happens then. A virtual
clock starts at a given instant, runs on with real time and can be pushed; a real one is a virtual one never
pushed.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


class Clock:
    """Aware time in one zone; safe to share between threads."""

    def __init__(self, zone: str, start: datetime | None = None) -> None:
        """Start at `start` (aware), or at the real present if it is None."""
        self.zone = ZoneInfo(zone)
        self._lock = threading.Lock()
        self._anchor = time.monotonic()
        self._at = self._in_zone(start) if start else datetime.now(self.zone)

    def _in_zone(self, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError("the clock needs an aware time")
        return moment.astimezone(self.zone)

    def now(self) -> datetime:
        """The present moment, with microseconds."""
        with self._lock:
            return self._at + timedelta(seconds=time.monotonic() - self._anchor)

    def stamp(self) -> str:
        """The present moment as the portal prints it: ``YYYY-MM-DDThh:mm:ss+hh:mm``."""
        return iso(self.now())

    def advance(self, by: timedelta) -> datetime:
        """Move the clock on and return the new present."""
        with self._lock:
            self._at += by
        return self.now()

    def set(self, moment: datetime) -> datetime:
        """Put the clock at `moment` (aware); it runs on from there."""
        with self._lock:
            self._at, self._anchor = self._in_zone(moment), time.monotonic()
        return self.now()


def iso(moment: datetime) -> str:
    """A moment to the second, with its offset."""
    return moment.isoformat(timespec="seconds")
