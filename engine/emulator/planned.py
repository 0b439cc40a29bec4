"""The plan of faults that a file describes: rules, a seed, budgets, and a count of what was done.

Decides which call or post suffers what. The n-th match of a rule is hit or spared by (seed, rule, n) alone, so the
same seed and the same order of requests give the same faults whatever runs beside; budgets and rests are the only
memory. Knows neither HTTP nor the portal.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Literal, TypeAlias

from engine.emulator.faults import Fault, Post, PostFault, PostKind, Request

Within: TypeAlias = Literal["any", "request", "batch"]

# Texts and codes as the vendor publishes them.
_SPENT = Fault(429, "OPERATION_TIME_LIMIT", text="Method is blocked due to operation time limit")
_CROWDED = Fault(503, "QUERY_LIMIT_EXCEEDED", text="Too many requests")
_BROKE_DOWN = "Internal server error"

CALL_KINDS = ("timeout_before", "timeout_after_commit", "503", "429", "500", "slow", "ignored_fields")
POST_KINDS: tuple[PostKind, ...] = ("dropped", "doubled", "reordered", "late")


@dataclass(frozen=True)
class Rule:
    """One line of a plan: what happens (`kind`) to which calls or posts (`pattern`, lower case), how often.

    A match is hit where its number is among `numbers`, else with `probability`; `times` is the most there may be.
    `seconds` is the kind's own: a delay, a rest. `fields` are the names that `ignored_fields` loses; empty is one
    of those given. `commits` makes a 500 come after the call was carried out.
    """

    kind: str
    pattern: str = "*"
    probability: float = 1.0
    numbers: frozenset[int] = frozenset()
    times: int | None = None
    seconds: float = 0.0
    behind: int = 1
    fields: frozenset[str] = frozenset()
    commits: bool = False
    within: Within = "any"

    def covers(self, request: Request) -> bool:
        """Whether a call is one of those this rule counts."""
        if self.within != "any" and (self.within == "batch") != request.in_batch:
            return False
        if self.kind == "ignored_fields" and not self._lost(request):
            return False
        # A batch has no run time of its own in the portal's meter, only its commands have.
        if self.kind == "429" and request.method == "batch":
            return False
        return fnmatchcase(request.method, self.pattern)

    def _lost(self, request: Request) -> tuple[str, ...]:
        if not self.fields:
            return request.fields
        return tuple(name for name in request.fields if name in self.fields)

    def fault(self, request: Request, chance: float) -> Fault:
        """What a hit call suffers; `chance` in 0..1 chooses where there is a choice."""
        if self.kind == "ignored_fields":
            lost = self._lost(request)
            chosen = lost if self.fields else (lost[int(chance * len(lost)) % len(lost)],)
            return Fault(goes_through=True, drops=frozenset(chosen))
        return {
            "timeout_before": Fault(delay=self.seconds),
            "timeout_after_commit": Fault(executes=True, delay=self.seconds),
            "503": _CROWDED,
            "429": _spent(self.seconds),
            "500": Fault(500, executes=self.commits, text=_BROKE_DOWN),
            "slow": Fault(goes_through=True, delay=self.seconds),
        }[self.kind]


def _spent(seconds: float) -> Fault:
    return Fault(_SPENT.status, _SPENT.code, text=_SPENT.text, rests=max(seconds, 0.001))


@dataclass(frozen=True)
class Hit:
    """A fault that happened: the rule's place in its list (from 1), its kind, and whom it befell."""

    rule: int
    kind: str
    target: str
    number: int


@dataclass
class _Tally:
    matches: int = 0
    hits: int = 0


@dataclass
class PlannedFaults:
    """A running plan; safe to share between threads. One plan serves one portal."""

    seed: int = 0
    calls: tuple[Rule, ...] = ()
    posts: tuple[Rule, ...] = ()
    now: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _tallies: dict[tuple[str, int], _Tally] = field(default_factory=dict, init=False, repr=False)
    _rests: dict[str, float] = field(default_factory=dict, init=False, repr=False)
    _hits: list[Hit] = field(default_factory=list, init=False, repr=False)

    def call(self, request: Request) -> Fault | None:
        """The fault of a request or of a command of a batch; a `FaultPlan`."""
        with self._lock:
            found = self._first("calls", self.calls, lambda rule: rule.covers(request))
            if found is None:
                left = self._rests.get(request.method, 0.0) - self.now()
                return _spent(left) if left > 0 and request.method != "batch" else None
            position, number = found
            rule = self.calls[position]
            self._hits.append(Hit(position + 1, rule.kind, request.method, request.number))
            if rule.kind == "429":
                self._rests[request.method] = self.now() + rule.seconds
            return rule.fault(request, self._chance("fields", position, number))

    def post(self, post: Post) -> PostFault | None:
        """What befalls an outgoing post; a `PostPlan`."""
        with self._lock:
            found = self._first("posts", self.posts, lambda rule: _names(rule.pattern, post.event))
            if found is None:
                return None
            rule = self.posts[found[0]]
            kind = next(one for one in POST_KINDS if one == rule.kind)
            self._hits.append(Hit(found[0] + 1, kind, post.event, post.number))
            return PostFault(kind, rule.seconds, rule.behind)

    def rest_of(self, method: str) -> float | None:
        """Seconds until a method may run again after a 429 of this plan, as good answers announce it beforehand;
        None where the plan has no such rule for it.
        """
        with self._lock:
            left = self._rests.get(method, 0.0) - self.now()
            if left > 0:
                return left
        rules = (rule for rule in self.calls if rule.kind == "429" and fnmatchcase(method, rule.pattern))
        return next((rule.seconds for rule in rules), None)

    def hits(self) -> list[Hit]:
        """Everything that happened, in its order. Refusals during a rest belong to the hit that began it."""
        with self._lock:
            return list(self._hits)

    def counts(self) -> dict[str, int]:
        """How often each kind happened; kinds of the plan that never did are there with 0."""
        known = dict.fromkeys((rule.kind for rule in (*self.calls, *self.posts)), 0)
        return known | Counter(hit.kind for hit in self.hits())

    def _first(
        self, group: str, rules: tuple[Rule, ...], matches: Callable[[Rule], bool]
    ) -> tuple[int, int] | None:
        """The first rule that hits, and its number of the match. Every rule that matches counts: what one does
        must not shift the numbers of another.
        """
        found = None
        for position, rule in enumerate(rules):
            if not matches(rule):
                continue
            tally = self._tallies.setdefault((group, position), _Tally())
            tally.matches += 1
            if found is None and self._strikes(group, position, rule, tally):
                tally.hits += 1
                found = position, tally.matches
        return found

    def _strikes(self, group: str, position: int, rule: Rule, tally: _Tally) -> bool:
        if rule.times is not None and tally.hits >= rule.times:
            return False
        if rule.numbers:
            return tally.matches in rule.numbers
        return self._chance(group, position, tally.matches) < rule.probability

    def _chance(self, group: str, position: int, number: int) -> float:
        digest = sha256(f"{self.seed}/{group}/{position}/{number}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64


def _names(pattern: str, event: str) -> bool:
    return fnmatchcase(event.lower(), pattern)
