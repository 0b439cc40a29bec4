"""The portal's leaky bucket, kept on our side so that no request is refused.

Decides how long to wait before the next request. It does not know what the request is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Pace:
    """At most `size` requests at once, then `rate` a second (the portal: 50 and 2; Enterprise 250 and 5).

    Two less than the portal allows: requests overtake each other on their way, and it counts them as they arrive.

    The portal counts by source address, so all clients of one machine share one `Pace`. Safe between threads.
    """

    def __init__(
        self,
        size: int = 48,
        rate: float = 2.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.size, self.rate = size, rate
        self._ended = threading.Event()
        self._clock, self._sleep = clock, sleep or self._ended.wait
        self._lock = threading.Lock()
        self._level, self._at = 0.0, clock()
        self._paid = threading.local()

    def wait(self) -> float:
        """Return when one more request is within the limit, having slept as long as needed; in seconds."""
        if getattr(self._paid, "is_open", False):
            self._paid.is_open = False
            return 0.0
        return self._wait_turn()

    @contextmanager
    def paid(self) -> Iterator[None]:
        """Wait now: the first `wait` of this thread inside the block returns at once.

        What the request holds can so be settled after its turn has come. A turn that is not used is lost.
        """
        self._wait_turn()
        self._paid.is_open = True
        try:
            yield
        finally:
            self._paid.is_open = False

    def fullness(self) -> float:
        """Return how full the bucket is: 0 where nothing was asked lately, 1 where the next request has to wait."""
        with self._lock:
            level = self._level - max(0.0, self._clock() - self._at) * self.rate
        return min(1.0, max(0.0, level / self.size))

    def fill(self) -> None:
        """Take the bucket as full: the portal refused us, so somebody else at this address uses it too."""
        with self._lock:
            self._level = max(self._level, float(self.size))

    def end(self) -> None:
        """Nobody waits any more, now or later: the engine stops."""
        self._ended.set()

    def _wait_turn(self) -> float:
        with self._lock:
            now = self._clock()
            level = max(0.0, self._level - max(0.0, now - self._at) * self.rate) + 1
            self._note(level, now)
        return self._rest(level)

    def _rest(self, level: float) -> float:
        """Sleep until a bucket of that level, this request counted, runs over no more; return the seconds."""
        delay = max(0.0, (level - self.size) / self.rate)
        if delay:
            self._sleep(delay)
        return delay

    def _note(self, level: float, now: float) -> None:
        self._level, self._at = level, max(now, self._at)
