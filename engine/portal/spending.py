"""What the portal was asked and how it answered, counted since the start: for metrics and readiness."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.portal.errors import PortalError

# The webhook or the portal itself is gone: nothing will be answered until a person does something.
_SHUT = frozenset({"NO_AUTH_FOUND", "INVALID_TOKEN", "EXPIRED_TOKEN", "PORTAL_DELETED", "BAD_REDIRECT"})


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests sent, refusals and failures by the portal's code or ours, and the last failure.

    `trouble` is empty while the last request was answered as it should be.
    """

    requests: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""


class Spending:
    """Counters, safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, self._refusals = 0, Counter[str]()
        self._trouble, self._in_a_row = "", 0

    def asked(self) -> None:
        """One request leaves."""
        with self._lock:
            self._requests += 1

    def answered(self) -> None:
        """The portal answers: whatever was wrong is over."""
        with self._lock:
            self._trouble, self._in_a_row = "", 0

    def failed(self, error: PortalError) -> None:
        """A request was refused or lost. Trouble is what others would fare no better with: one lost answer is none."""
        self.refused(error.code)
        is_shut = error.code.upper() in _SHUT
        if error.retry == "never" and not is_shut:
            self.answered()
            return
        with self._lock:
            self._in_a_row += 1
            if is_shut or self._in_a_row > 1:
                self._trouble = str(error)

    def refused(self, code: str) -> None:
        """A command inside a request was refused."""
        with self._lock:
            self._refusals[code or "ERROR"] += 1

    def now(self) -> Spent:
        """Return the counts so far."""
        with self._lock:
            return Spent(self._requests, dict(sorted(self._refusals.items())), self._trouble)
