"""The portal's leaky bucket, kept on our side so that no request is refused.

Decides how long to wait before the next request. It does not know what the request is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """At most `size` requests at once, then `rate` a second (50 and 2; Enterprise 250 and 5).

    The portal counts by source address, so all clients of one machine share one `Pace`. Safe between threads.
    """

    def __init__(
        self,
        size: int = 50,
        rate: float = 2.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.size, self.rate = size, rate
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._level, self._at = 0.0, clock()

    def wait(self) -> float:
        """Return when one more request is within the limit, having slept as long as needed; in seconds."""
        with self._lock:
            now = self._clock()
            self._level = max(0.0, self._level - max(0.0, now - self._at) * self.rate) + 1
            self._at = max(now, self._at)
            delay = max(0.0, (self._level - self.size) / self.rate)
        if delay:
            self._sleep(delay)
        return delay

    def fill(self) -> None:
        """Take the bucket as full: the portal refused us, so somebody else at this address uses it too."""
        with self._lock:
            self._level = max(self._level, float(self.size))
