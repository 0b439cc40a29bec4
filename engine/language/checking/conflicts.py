"""Possible conflicts: two rules that one event can wake and that set one field to different values.

Near-linear on thousands of rules: rules meet only where they write the same field and wake on the same thing, and
those that demand different values of one path are never compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from engine.language.checking.digest import Demands, Summary, Write, demands_under, exclude_each_other
from engine.language.diagnostics import Diagnostic
from engine.language.rules import Trigger
from engine.language.values import Value

MAX_COMPARED = 200_000
MAX_TOLD = 200


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A rule woken by one trigger, with one constant write."""

    summary: Summary
    write: Write
    demands: Demands
    kind: str


def find_conflicts(summaries: Sequence[Summary]) -> list[Diagnostic]:
    """Return a warning for each pair of rules that may conflict, at the later rule's write; at most `MAX_TOLD`."""
    found: dict[tuple[str, str, str], Diagnostic] = {}
    budget = MAX_COMPARED
    for (path, _), group in _groups(summaries).items():
        if len({candidate.write.value for candidate in group}) < 2:
            continue
        for left, right in _pairs(group):
            budget -= 1
            if budget < 0 or len(found) >= MAX_TOLD:
                return list(found.values())
            if _conflict(left, right):
                key = (path, left.summary.rule.id, right.summary.rule.id)
                found.setdefault(key, _tell(path, left, right))
    return list(found.values())


def _groups(summaries: Sequence[Summary]) -> dict[tuple[str, str], list[_Candidate]]:
    """Return rules by the field they set and what wakes them."""
    groups: dict[tuple[str, str], list[_Candidate]] = defaultdict(list)
    for summary in summaries:
        if summary.clash is not None or summary.rule.is_disabled:
            continue
        for write in summary.writes:
            if not write.value:
                continue
            for trigger in summary.rule.triggers:
                woken = _event_of(trigger)
                if woken:
                    groups[write.path, woken].append(
                        _Candidate(summary, write, demands_under(summary, trigger), trigger.kind)
                    )
    return groups


def _event_of(trigger: Trigger) -> str:
    """Name the happening: equal names may be one event. A deadline and a schedule are events of one rule only."""
    if trigger.kind in ("changed", "filled", "cleared"):
        # A field that is filled has changed too: one event may be both.
        return f"{trigger.entity}.{trigger.field}"
    if trigger.kind in ("created", "deleted"):
        return f"{trigger.kind} {trigger.entity}"
    return f"{trigger.kind} {trigger.name}" if trigger.kind in ("command", "received") else ""


def _pairs(group: list[_Candidate]) -> Iterator[tuple[_Candidate, _Candidate]]:
    """Yield the pairs worth comparing: those that demand different values of the busiest path never meet."""
    counts: dict[str, int] = defaultdict(int)
    for candidate in group:
        for path in candidate.demands:
            counts[path] += 1
    path = max(counts, key=lambda name: counts[name], default="")
    buckets: dict[Value, list[_Candidate]] = defaultdict(list)
    free = [candidate for candidate in group if path not in candidate.demands]
    for candidate in group:
        for value in candidate.demands.get(path, ()):
            buckets[value].append(candidate)
    yield from combinations(free, 2)
    for bucket in buckets.values():
        yield from combinations(bucket, 2)
        yield from ((left, right) for left in free for right in bucket)


def _conflict(left: _Candidate, right: _Candidate) -> bool:
    if left.write.value == right.write.value or left.summary.rule.id == right.summary.rule.id:
        return False
    if {left.kind, right.kind} == {"filled", "cleared"}:
        return False
    return not exclude_each_other(left.demands, right.demands)


def _tell(path: str, left: _Candidate, right: _Candidate) -> Diagnostic:
    first, second = sorted((left, right), key=lambda one: one.write.span)
    values = {
        "field": path,
        "rule": second.summary.rule.id,
        "other": first.summary.rule.id,
        "value": show_value(second.write.value[0]),
        "other_value": show_value(first.write.value[0]),
    }
    return Diagnostic("R172", second.write.span, values, "warning", ((first.write.span, "other"),))


def show_value(value: Value) -> str:
    """Return a constant as a regulation writes it."""
    if value is None:
        return "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)
