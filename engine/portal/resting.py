"""Which methods rest because they have run for too long, and for how much longer.

The portal sums a method's running time over ten minutes and refuses it beyond a limit; other methods go on
(PROTOCOL §2). Decides from the times of good answers, so that a method rests before it is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from engine.portal.errors import PortalError

# The cloud refuses beyond 480 s in ten minutes, a portal of one's own beyond 420 s where it counts at all. What is
# under way when the sum is read may take one request more, and a request ends after 60 s.
MOST_SECONDS = 350.0
_UNTOLD = 60.0


class Rests:
    """The methods that rest. Safe between threads; `clock` is monotonic, in seconds."""

    def __init__(self, limit: float = MOST_SECONDS, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._resets: dict[str, float] = {}

    def note(self, method: str, times: object) -> None:
        """Take in the `time` of a good answer: a method near its limit rests until the portal forgets a part of it."""
        if not isinstance(times, Mapping):
            return
        spent, reset, finish = (times.get(name) for name in ("operating", "operating_reset_at", "finish"))
        if not isinstance(reset, int | float) or not isinstance(finish, int | float):
            return
        until = self._clock() + max(0.0, float(reset) - float(finish))
        with self._lock:
            self._resets[method.lower()] = until
            if isinstance(spent, int | float) and spent >= self._limit:
                self._until[method.lower()] = until

    def refused(self, error: PortalError) -> None:
        """Let a method that was refused for its running time rest: as long as the error says, or its last answer."""
        if error.code != "OPERATION_TIME_LIMIT":
            return
        method, now = error.method.lower(), self._clock()
        with self._lock:
            told = self._resets.get(method, 0.0) - now
            pause = error.retry_after or (told if told > 0 else _UNTOLD)
            self._until[method] = now + pause
        error.retry_after = pause

    def refusal(self, method: str) -> PortalError | None:
        """Return the error that a resting method's command gets instead of being sent; None where it may go."""
        if not self._until:
            return None
        with self._lock:
            left = self._until.get(method.lower(), 0.0) - self._clock()
            if left <= 0:
                self._until.pop(method.lower(), None)
                return None
        text = f"not sent: the method has nearly used up its running time and rests for {left:.0f} s"
        return PortalError(method, "OPERATION_TIME_LIMIT", text, "later", left)
