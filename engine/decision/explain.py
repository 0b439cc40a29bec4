"""Why each rule did or did not fire: every gate with its values.

Deciding keeps no record, so that rules which stay shut cost nothing; asked why, it decides again, gate by gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.decision.backfill import in_state
from engine.decision.edition import Edition
from engine.decision.event import BACKFILL, Event, Stir, stirs
from engine.decision.facts import Facts
from engine.decision.index import evaluate_gate, trigger_key, typed
from engine.decision.plan import Decision
from engine.language.diagnostics import Span
from engine.language.rules import Condition, Rule, Trigger
from engine.language.values import Mixed, Pending, Undecided, Value

FIRED, NOT_TRIGGERED, CONDITION_FALSE = "fired", "not_triggered", "condition_false"
UNDECIDED, DISABLED, NOT_IN_FORCE, CONFLICT = "undecided", "disabled", "not_in_force", "conflict"


@dataclass(frozen=True)
class Gate:
    """One condition with its answer (True, False or None for undecided) and the values it saw."""

    text: str
    span: Span
    result: bool | None
    values: Mapping[str, Value] = field(default_factory=dict)
    reason: str = ""
    otherwise: str = ""


@dataclass(frozen=True)
class RuleVerdict:
    """One rule's outcome with its gates; the gates of a rule that was not woken are not asked."""

    rule: Rule
    outcome: str
    gates: tuple[Gate, ...] = ()

    @property
    def closed_gate(self) -> Gate | None:
        """The first gate that stopped the rule: a false one, else an undecided one."""
        false = next((gate for gate in self.gates if gate.result is False), None)
        return false or next((gate for gate in self.gates if gate.result is None), None)


def explain(edition: Edition, decision: Decision, facts: Facts) -> tuple[RuleVerdict, ...]:
    """Return the verdict of every rule of the edition, in file order."""
    raised = tuple(stirs(decision.event, facts))
    in_conflict = {rule.id for conflict in decision.conflicts for rule in conflict.rules}
    return tuple(
        explain_rule(rule, decision.event, facts, raised, is_in_conflict=rule.id in in_conflict)
        for rule in edition.rules
    )


def explain_woken(edition: Edition, decision: Decision, facts: Facts) -> tuple[RuleVerdict, ...]:
    """Return the verdicts of the rules that the event stirs something of; all others were not woken."""
    event = decision.event
    raised = tuple(stirs(event, facts))
    woken = edition.rules_under({stir.key for stir in raised})
    if event.name == BACKFILL:
        woken = [rule for rule in edition.rules if rule.id == event.detail]
    in_conflict = {rule.id for conflict in decision.conflicts for rule in conflict.rules}
    return tuple(
        explain_rule(rule, event, facts, raised, is_in_conflict=rule.id in in_conflict) for rule in woken
    )


def explain_rule(
    rule: Rule, event: Event, facts: Facts, raised: tuple[Stir, ...], *, is_in_conflict: bool
) -> RuleVerdict:
    """Return one rule's verdict, asking every gate of a rule that was woken."""
    if rule.is_disabled:
        return RuleVerdict(rule, DISABLED)
    if event.name == BACKFILL:
        is_named = event.detail == rule.id and event.item is not None
        state = in_state(rule, event.item, facts) if is_named and event.item is not None else False
        ways: list[bool | None] = [state if isinstance(state, bool) else None]
    else:
        ways = [answers(trigger, rule, stir, event) for trigger in rule.triggers for stir in raised]
    if all(way is False for way in ways):
        return RuleVerdict(rule, NOT_TRIGGERED)
    if not rule.in_force.covers(facts.today):
        return RuleVerdict(rule, NOT_IN_FORCE)
    gates = tuple(gates_of(rule.conditions, facts))
    if any(gate.result is False for gate in gates):
        return RuleVerdict(rule, CONDITION_FALSE, gates)
    if any(gate.result is None for gate in gates) or True not in ways:
        return RuleVerdict(rule, UNDECIDED, gates)
    return RuleVerdict(rule, CONFLICT if is_in_conflict else FIRED, gates)


def answers(trigger: Trigger, rule: Rule, stir: Stir, event: Event) -> bool | None:
    """Return whether `stir` wakes `trigger`; None where it asks for a value that nobody knows."""
    if trigger_key(trigger, rule) != stir.key or (trigger.by_person and not event.is_by_person):
        return False
    asked = (_asked(trigger.before, stir.before), _asked(trigger.after, stir.after))
    return False if False in asked else (None if None in asked else True)


def _asked(wanted: tuple[Value, ...], found: Value) -> bool | None:
    if not wanted:
        return True
    if isinstance(found, Undecided | Pending | Mixed):
        return None
    return typed(found) in {typed(value) for value in wanted}


def gates_of(conditions: tuple[Condition, ...], facts: Facts) -> Iterator[Gate]:
    """Yield what each condition says on these facts."""
    for condition in conditions:
        answer = evaluate_gate(condition, facts)
        result = answer if isinstance(answer, bool) else None
        reason = answer.reason if isinstance(answer, Undecided) else ""
        said = (
            condition.otherwise.render(facts)
            if condition.otherwise is not None and result is not True
            else ""
        )
        words = "" if isinstance(said, Undecided) else str(said)
        yield Gate(condition.text, condition.span, result, gate_values(condition, facts), reason, words)


def gate_values(condition: Condition, facts: Facts) -> dict[str, Value]:
    """Return what the gate's expressions named, with the values they saw."""
    if condition.expression is not None:
        return dict(condition.expression.values(facts))
    found: dict[str, Value] = {}
    for member in condition.members:
        found.update(gate_values(member, facts))
    return found
