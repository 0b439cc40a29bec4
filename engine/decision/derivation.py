"""Derived fields of the portal map: `deal.paid` is the sum over its live invoices.

Each follows from one expression or from cases in the regulation language, compiled once. Nothing here stores a
value; `Facts` asks and remembers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.language.diagnostics import NOWHERE, Diagnostic, Span
from engine.language.expression import Expression, Names, Reading, compile_expression
from engine.language.template import Template, compile_template
from engine.language.types import YES_NO, EntitySpec, FieldSpec, World, item
from engine.language.values import Item, Undecided, Value


class Scoped(Protocol):
    """Facts that can be seen under further names."""

    def with_roots(self, roots: Mapping[str, Value]) -> Reading:
        """Return the same facts with `roots` added."""


Case = tuple[Expression | None, Template | Expression]


@dataclass(frozen=True)
class Derivations:
    """Compiled derivations by (entity, field), name templates by entity, and who depends on what."""

    cases: Mapping[tuple[str, str], tuple[Case, ...]]
    names: Mapping[str, Template]
    dependents: Mapping[tuple[str, str], frozenset[tuple[str, str]]]

    def __contains__(self, key: object) -> bool:
        """True where (entity, field) is derived."""
        return key in self.cases

    def value(self, item: Item, name: str, reading: Reading) -> Value:
        """Return the derived value: the first case whose `when` holds; an undecided `when` decides nothing."""
        for when, result in self.cases[(item.entity, name)]:
            holds = True if when is None else when.evaluate(reading)
            if isinstance(holds, Undecided):
                return holds
            if holds is True:
                return result.render(reading) if isinstance(result, Template) else result.evaluate(reading)
        return None

    def name(self, item: Item, facts: Scoped) -> Value:
        """Return the item's name by the map's template; undecided where the map has none."""
        template = self.names.get(item.entity)
        if template is None:
            return Undecided(str(item))
        return template.render(facts.with_roots({item.entity: item}))

    def following(self, touched: set[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Return the derived fields that depend, directly or through others, on one of `touched`."""
        found: set[tuple[str, str]] = set()
        waiting = list(touched)
        while waiting:
            for dependent in self.dependents.get(waiting.pop(), frozenset()):
                if dependent not in found:
                    found.add(dependent)
                    waiting.append(dependent)
        return frozenset(found)

    def needs(self, entity: str, name: str) -> frozenset[str]:
        """Return the dotted paths (from the entity's own name) that this derived field reads."""
        found: set[str] = set()
        for when, result in self.cases.get((entity, name), ()):
            found.update(result.needs)
            found.update(when.needs if when else ())
        return frozenset(found)


def compile_derivations(world: World) -> tuple[Derivations, list[Diagnostic]]:
    """Compile every `derive` and `name` of the map. Diagnostics carry the place `map.ENTITY.FIELD` of config."""
    cases: dict[tuple[str, str], tuple[Case, ...]] = {}
    names: dict[str, Template] = {}
    found: list[Diagnostic] = []
    for entity in world.entities.values():
        scope = Names(world, {entity.name: item(entity.name)})
        for spec in entity.fields.values():
            if spec.derive is not None:
                cases[(entity.name, spec.name)] = _compile_field(entity, spec, scope, found)
        if entity.name_template:
            template, problems = compile_template(entity.name_template, _nowhere(entity, "name"), scope)
            found.extend(problems)
            if template is not None:
                names[entity.name] = template
    return Derivations(cases, names, _dependents(world, cases)), found


def _compile_field(
    entity: EntitySpec, spec: FieldSpec, scope: Names, found: list[Diagnostic]
) -> tuple[Case, ...]:
    place = _nowhere(entity, spec.name)
    if isinstance(spec.derive, str):
        whole, problems = compile_expression(spec.derive, place, scope, spec.type)
        found.extend(problems)
        return ((None, whole),) if whole is not None else ()
    compiled: list[Case] = []
    for when_text, value_text in spec.derive or ():
        when: Expression | None = None
        if when_text is not None:
            when, problems = compile_expression(when_text, place, scope, YES_NO)
            found.extend(problems)
        value, problems = compile_template(value_text, place, scope)
        found.extend(problems)
        if value is not None and (when_text is None or when is not None):
            compiled.append((when, value))
    return tuple(compiled)


class _nowhere:  # noqa: N801 — used as a function with two remembered words
    """Places of the map are named by their key path: config's own reader keeps no offsets this deep."""

    def __init__(self, entity: EntitySpec, name: str) -> None:
        self.span = Span(f"map.entities.{entity.name}.fields.{name}") if name else NOWHERE

    def __call__(self, start: int, end: int) -> Span:
        return Span(self.span.file, 1, start + 1, 1, end + 1)


def _dependents(
    world: World, cases: Mapping[tuple[str, str], tuple[Case, ...]]
) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """Turn "needs" around: (entity, field) → the derived fields that read it."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for derived, compiled in cases.items():
        for when, result in compiled:
            for path in (*result.needs, *(when.needs if when else ())):
                for step in steps_of(world, path):
                    found.setdefault(step, set()).add(derived)
    return {key: frozenset(members) for key, members in found.items()}


def steps_of(world: World, path: str) -> list[tuple[str, str]]:
    """Split a dotted path into (entity, field) steps: `deal.acts.signed` → (deal, acts), (act, signed)."""
    root, *names = path.split(".")
    entity = root
    steps: list[tuple[str, str]] = []
    for name in names:
        spec = world.field(entity, name)
        if spec is None:
            break
        steps.append((entity, name))
        member = spec.type.of or spec.type
        entity = member.entity
    return steps
