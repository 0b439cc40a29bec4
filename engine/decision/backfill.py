"""A rule applied to an item that is in its state already: the event `backfill`, which one rule alone answers.

Decides what "in its state" means for each trigger, from the facts as they are: an item that a trigger would have left
so. Where it came from (`from:`) and who changed it (`by: person`) nobody can tell by now and is not asked. What
leaves nothing behind (`deleted`, `command`, `received`) is nobody's state.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.decision.bitmaps import Woken
from engine.decision.deadlines import due_time
from engine.decision.edition import Edition
from engine.decision.event import BACKFILL, Event
from engine.decision.facts import Facts
from engine.decision.sight import evaluate_gate, typed
from engine.language.expressions.operators import is_empty
from engine.language.rules import Rule, Trigger
from engine.language.values import Item, Mixed, Pending, Undecided, Value


def wakes(edition: Edition, event: Event, facts: Facts) -> bool:
    """True where `event` may wake a rule; a backfill wakes the rule that it names."""
    if event.name == BACKFILL:
        return event.detail in edition.by_id
    return edition.index.wakes(event, facts)


def decide_alone(edition: Edition, event: Event, facts: Facts) -> Woken:
    """Return what the rule that a backfill names says of its item; every other rule sleeps."""
    rule = edition.by_id.get(event.detail)
    if rule is None or rule.is_disabled or event.item is None:
        return Woken([], [])
    answers = [in_state(rule, event.item, facts), *(evaluate_gate(gate, facts) for gate in rule.conditions)]
    if any(answer is False for answer in answers):
        return Woken([], [])
    doubt = next((answer for answer in answers if answer is not True), None)
    if doubt is None:
        return Woken([rule], [])
    return Woken([], [(rule, doubt.reason if isinstance(doubt, Undecided) else str(doubt))])


def in_state(rule: Rule, item: Item, facts: Facts) -> Value:
    """Return True where a trigger of the rule has come to pass for `item`, False where none has, else undecided."""
    answers = list(_answers(rule, item, facts))
    if any(answer is True for answer in answers):
        return True
    return next((answer for answer in answers if isinstance(answer, Undecided)), False)


def is_reachable(rule: Rule) -> bool:
    """True where the rule has a trigger that leaves a state behind."""
    return any(trigger.entity and trigger.kind in _KINDS for trigger in rule.triggers)


_KINDS = frozenset({"changed", "filled", "cleared", "created", "deadline", "every"})


def _answers(rule: Rule, item: Item, facts: Facts) -> Iterator[Value]:
    for trigger in rule.triggers:
        if trigger.entity == item.entity and trigger.kind in _KINDS:
            yield _has_come(trigger, item, facts)


def _has_come(trigger: Trigger, item: Item, facts: Facts) -> Value:
    if trigger.kind in ("created", "every"):
        return True
    value = facts.field(item, trigger.field)
    if isinstance(value, Undecided):
        return value
    if isinstance(value, Pending | Mixed):
        return Undecided(f"{item.entity}.{trigger.field}")
    if trigger.kind == "deadline" and trigger.delay is not None:
        zone = facts.now.tzinfo
        at = due_time(value, trigger.delay, facts.calendar, zone) if zone is not None else None
        return at is not None and at <= facts.now
    if trigger.kind == "cleared":
        return is_empty(value)
    if trigger.kind == "filled":
        return not is_empty(value)
    return not trigger.after or typed(value) in {typed(after) for after in trigger.after}
