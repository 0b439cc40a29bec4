"""The shape of a checked regulation: rule sets, rules, triggers, conditions, action calls.

Frozen data, each part with its place. Nothing here reads YAML (`load.py`), evaluates (`expression.py`) or acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from engine.language.diagnostics import NOWHERE, Span
from engine.language.expression import Expression
from engine.language.template import Template
from engine.language.values import Duration, Value

TRIGGER_KINDS = (
    "changed",
    "filled",
    "cleared",
    "created",
    "deleted",
    "deadline",
    "every",
    "command",
    "received",
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What wakes a rule. Which attributes are set depends on `kind`.

    changed/filled/cleared: `entity`, `field` (changed also `before`, `after`: a 1-tuple of the value asked for or
    an empty tuple for "any"; `by_person`). created/deleted: `entity`. deadline: `entity`, `field` (since), `delay`,
    negative where it counts back (`before:`). every: `name` (cron text), `entity` (for_each, may be empty).
    command/received: `name`; `entity` as declared.
    """

    kind: str
    span: Span
    entity: str = ""
    field: str = ""
    before: tuple[Value, ...] = ()
    after: tuple[Value, ...] = ()
    by_person: bool = False
    delay: Duration | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One gate: a single expression (`kind` = `expression`) or a group (`all`, `any`, `none`) of conditions.

    `otherwise` is the regulation's own words for a gate that stays shut ("сделка ждёт оплаты: …"), used in verdicts.
    """

    kind: str
    span: Span
    expression: Expression | None = None
    members: tuple[Condition, ...] = ()
    otherwise: Template | None = None

    @property
    def text(self) -> str:
        """The gate as the regulation writes it."""
        if self.expression is not None:
            return self.expression.text
        return f"{self.kind}: [" + ", ".join(member.text for member in self.members) + "]"


ParamTree: TypeAlias = "Template | Mapping[str, ParamTree] | tuple[ParamTree, ...]"


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One entry of `actions:`. `params` holds templates in the shape the regulation gave them."""

    action: str
    span: Span
    params: Mapping[str, ParamTree]
    param_spans: Mapping[str, Span]
    result: str = ""
    when: Expression | None = None
    key: Template | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """The dates of an edition, both inclusive; `None` is open."""

    first: date | None = None
    last: date | None = None

    def within(self, outer: InForce) -> InForce:
        """Return the days that lie in both."""
        firsts = [day for day in (self.first, outer.first) if day is not None]
        lasts = [day for day in (self.last, outer.last) if day is not None]
        return InForce(max(firsts, default=None), min(lasts, default=None))

    def covers(self, day: date) -> bool:
        """True where `day` lies inside."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `id` is `RULESET/ID`. `conditions` start with the rule set's scope where it has one."""

    id: str
    title: str
    span: Span
    triggers: tuple[Trigger, ...]
    conditions: tuple[Condition, ...]
    actions: tuple[ActionCall, ...]
    in_force: InForce = InForce()
    is_disabled: bool = False
    clause: str = ""
    roots: frozenset[str] = frozenset()

    @property
    def needs(self) -> frozenset[str]:
        """Dotted paths (`deal.acts.signed`) that deciding and planning this rule may read."""
        return needs_of(self)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One regulation file; `span` is the place of its name."""

    name: str
    title: str
    file: str
    rules: tuple[Rule, ...]
    in_force: InForce = InForce()
    span: Span = NOWHERE


def needs_of(rule: Rule) -> frozenset[str]:
    """Gather the paths of every expression and template of `rule`."""
    found: set[str] = set()

    def gate(condition: Condition) -> None:
        if condition.expression is not None:
            found.update(condition.expression.needs)
        if condition.otherwise is not None:
            found.update(condition.otherwise.needs)
        for member in condition.members:
            gate(member)

    def tree(node: ParamTree) -> None:
        if isinstance(node, Template):
            found.update(node.needs)
        elif isinstance(node, Mapping):
            for member in node.values():
                tree(member)
        else:
            for member in node:
                tree(member)

    for condition in rule.conditions:
        gate(condition)
    for call in rule.actions:
        for node in call.params.values():
            tree(node)
        found.update(call.when.needs if call.when else ())
        found.update(call.key.needs if call.key else ())
    for trigger in rule.triggers:
        if trigger.field:
            found.add(f"{trigger.entity}.{trigger.field}")
    return frozenset(found)
