"""What the portal was asked and how it answered, counted since the start: for metrics and readiness."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.action import Command
from engine.portal.errors import PortalError

# The webhook or the portal itself is gone: nothing will be answered until a person does something.
_SHUT = frozenset(
    {
        "NO_AUTH_FOUND", "INVALID_TOKEN", "EXPIRED_TOKEN", "PORTAL_DELETED", "BAD_REDIRECT", "BAD_CERTIFICATE",
        "NOT_INSTALLED", "APPLICATION_GONE", "INVALID_GRANT", "INVALID_CLIENT", "WRONG_CLIENT", "PAYMENT_REQUIRED",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Borne:
    """What one rule's commands took: reads, writes, and its share of the requests that carried them."""

    reads: int = 0
    writes: int = 0
    requests: float = 0.0


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests sent, refusals and failures by the portal's code or ours, and the last failure.

    `trouble` is None while the last request was answered as it should be. `by_rule` is what each rule took; the
    engine's own reading stands under the empty text. `commands` are those sent: less than were asked for where reads of
    several runs were the same.
    """

    requests: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    trouble: PortalError | None = None
    by_rule: Mapping[str, Borne] = field(default_factory=dict)
    commands: int = 0


class Spending:
    """Counters, safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, self._refusals = 0, Counter[str]()
        self._trouble: PortalError | None = None
        self._in_a_row = 0
        self._by_rule: dict[str, Borne] = {}
        self._commands = 0

    def carried(self, bearer: str, share: float, commands: Sequence[Command]) -> None:
        """A request takes these commands of `bearer` along; they are `share` of what it carries."""
        writes = sum(command.writes for command in commands)
        with self._lock:
            known = self._by_rule.get(bearer, Borne())
            reads = known.reads + len(commands) - writes
            self._by_rule[bearer] = Borne(reads, known.writes + writes, known.requests + share)

    def sent(self, commands: int) -> None:
        """A request leaves with so many commands in it."""
        with self._lock:
            self._commands += commands

    def asked(self) -> None:
        """One request leaves."""
        with self._lock:
            self._requests += 1

    def answered(self) -> None:
        """The portal answers: whatever was wrong is over."""
        with self._lock:
            self._trouble, self._in_a_row = None, 0

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
                self._trouble = error

    def refused(self, code: str) -> None:
        """A command inside a request was refused."""
        with self._lock:
            self._refusals[code or "ERROR"] += 1

    def now(self) -> Spent:
        """Return the counts so far."""
        with self._lock:
            by_rule = dict(sorted(self._by_rule.items()))
            return Spent(
                self._requests, dict(sorted(self._refusals.items())), self._trouble, by_rule, self._commands
            )
