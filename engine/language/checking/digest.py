"""What cross-rule checks need to know of one rule: what wakes it, what it demands, what it writes.

A summary over-approximates: a write whose value is not a constant may be any value, a condition that is no plain
equality demands nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from engine.action import Action
from engine.language.diagnostics import Span
from engine.language.rules import ActionCall, Condition, Rule, Trigger
from engine.language.template import Template
from engine.language.values import Undecided, Value

Demands = Mapping[str, frozenset[Value]]
_CHANGES = ("changed", "filled", "cleared")


@dataclass(frozen=True, slots=True)
class Write:
    """A field that a rule sets: `path` is `act.signed`; `value` a 1-tuple, empty where it is not a constant."""

    path: str
    value: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Summary:
    """One rule for the cross checks. `clash` is a path whose demands contradict each other, with its gates.

    Rules of one `species` wake on, demand and write the same: what is found for one of them holds for all.
    """

    rule: Rule
    demands: Demands
    writes: tuple[Write, ...]
    clash: tuple[str, Span, Span] | None
    species: Hashable

    @property
    def is_conditional(self) -> bool:
        """True where anything but the trigger decides whether the rule fires."""
        return bool(self.rule.conditions) or any(call.when is not None for call in self.rule.actions)


def summarise(rule: Rule, actions: Mapping[str, Action]) -> Summary:
    """Return the summary of `rule`."""
    demands: dict[str, frozenset[Value]] = {}
    places: dict[str, Span] = {}
    clash: tuple[str, Span, Span] | None = None
    for path, values, span in _demanded(rule.conditions):
        kept = demands[path] & values if path in demands else values
        if not kept and clash is None and path in demands:
            clash = (path, places[path], span)
        demands[path] = kept
        places.setdefault(path, span)
    writes = tuple(write for call in rule.actions for write in _writes(call, actions))
    return Summary(rule, demands, writes, clash, _species(rule, demands, writes))


def _species(rule: Rule, demands: Demands, writes: tuple[Write, ...]) -> Hashable:
    woken = tuple((t.kind, t.entity, t.field, t.name, t.after, t.by_person) for t in rule.triggers)
    is_bare = not rule.conditions
    return (
        woken,
        frozenset(demands.items()),
        tuple((one.path, one.value) for one in writes),
        is_bare,
        rule.is_disabled,
    )


def demands_under(summary: Summary, trigger: Trigger) -> Demands:
    """Return what must hold when `trigger` wakes the rule: its conditions and the trigger's own `to`."""
    if not trigger.after or trigger.kind != "changed":
        return summary.demands
    path = f"{trigger.entity}.{trigger.field}"
    wanted = frozenset(trigger.after)
    return {**summary.demands, path: summary.demands.get(path, wanted) & wanted}


def exclude_each_other(left: Demands, right: Demands) -> bool:
    """True where no facts meet both."""
    if len(left) > len(right):
        left, right = right, left
    return any(path in right and not (values & right[path]) for path, values in left.items())


def may_wake(write: Write, trigger: Trigger) -> bool:
    """True where the change that `write` makes can wake a rule by `trigger`."""
    if trigger.kind not in _CHANGES or trigger.by_person or write.path != f"{trigger.entity}.{trigger.field}":
        return False
    if not write.value:
        return True
    is_empty = write.value[0] is None or write.value[0] == ""
    if trigger.kind != "changed":
        return is_empty == (trigger.kind == "cleared")
    return not trigger.after or trigger.after == write.value


def _demanded(conditions: tuple[Condition, ...]) -> Iterator[tuple[str, frozenset[Value], Span]]:
    """Yield each path that must be one of some values, from gates that all must hold."""
    for condition in conditions:
        if condition.kind == "all":
            yield from _demanded(condition.members)
        elif condition.expression is not None:
            for path, value in condition.expression.equalities:
                yield path, frozenset([value]), condition.span
            for path, values in condition.expression.membership:
                yield path, frozenset(values), condition.span


def _writes(call: ActionCall, actions: Mapping[str, Action]) -> Iterator[Write]:
    """Yield the fields that a call sets: free `root.field` parameters and parameters that name a stage."""
    action = actions.get(call.action)
    if action is None:
        return
    for name, tree in call.params.items():
        declared = action.parameters.get(name)
        path = name if declared is None and action.open_parameters else ""
        if declared is not None and declared.type.startswith("stage of ") and "stage" in action.kinds:
            path = declared.type.removeprefix("stage of ") + ".stage"
        if path:
            yield Write(path, _constant(tree), call.param_spans.get(name, call.span))


def _constant(tree: object) -> tuple[Value, ...]:
    if isinstance(tree, Template) and tree.type.kind == "empty":
        return (None,)
    if not isinstance(tree, Template) or any(isinstance(value, Undecided) for value in tree.constant):
        return ()
    return tree.constant
