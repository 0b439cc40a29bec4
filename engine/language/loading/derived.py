"""Derived fields of the map: do their expressions compile to the declared type, and does none follow from itself.

Compiles for the checks alone; whoever computes values (`engine.decision`) compiles again from the `FieldSpec`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.language.diagnostics import Diagnostic
from engine.language.expression import Names, compile_expression
from engine.language.source import ListNode, MapNode, ScalarNode
from engine.language.template import compile_template
from engine.language.types import YES_NO, Type, World, item

FieldName = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DerivedField:
    """A derived field with the map node that declares it."""

    entity: str
    name: str
    type: Type
    node: MapNode


def check_derived(fields: Sequence[DerivedField], world: World) -> list[Diagnostic]:
    """Return what is wrong with the derived fields, each finding at its place in the map."""
    found: list[Diagnostic] = []
    needs: dict[FieldName, set[FieldName]] = {}
    for one in fields:
        names = Names(world, {one.entity: item(one.entity)})
        paths: set[str] = set()
        derive = one.node.get("derive")
        if isinstance(derive, ScalarNode) and derive.text.strip():
            expression, said = compile_expression(derive.text, derive.place, names, one.type)
            found.extend(said)
            paths.update(expression.needs if expression else ())
        elif isinstance(derive, ListNode):
            for case in derive.members:
                paths.update(_check_case(case, names, one.type, found) if isinstance(case, MapNode) else ())
        needs[one.entity, one.name] = {link for path in paths for link in _links(path, world)}
    found.extend(_find_circles(fields, needs))
    return found


def _check_case(case: MapNode, names: Names, kind: Type, found: list[Diagnostic]) -> set[str]:
    paths: set[str] = set()
    when, value = case.get("when"), case.get("value")
    if isinstance(when, ScalarNode):
        expression, said = compile_expression(when.text, when.place, names, YES_NO)
        found.extend(said)
        paths.update(expression.needs if expression else ())
    if isinstance(value, ScalarNode):
        template, said = compile_template(value.text, value.place, names, kind)
        found.extend(said)
        paths.update(template.needs if template else ())
    return paths


def _links(path: str, world: World) -> set[FieldName]:
    """Return the fields that a dotted path passes: `deal.invoices.paid` is deal.invoices and invoice.paid."""
    entity, *rest = path.split(".")
    links: set[FieldName] = set()
    for name in rest:
        spec = world.field(entity, name)
        if spec is None:
            break
        links.add((entity, name))
        entity = (spec.type.of or spec.type).entity
    return links


def _find_circles(
    fields: Sequence[DerivedField], needs: Mapping[FieldName, set[FieldName]]
) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    told: set[FieldName] = set()
    for one in fields:
        start = (one.entity, one.name)
        trail = [] if start in told else _trail_back(start, needs)
        if trail:
            told.update(trail)
            key = one.node.entries.get("derive")
            shown = " → ".join(".".join(name) for name in [*trail, start])
            found.append(Diagnostic("R196", (key[0] if key else one.node).span, {"circle": shown}))
    return found


def _trail_back(start: FieldName, needs: Mapping[FieldName, set[FieldName]]) -> list[FieldName]:
    """Return the fields on a way from `start` back to it, `start` first; empty where there is none."""
    came: dict[FieldName, FieldName] = {}
    open_fields = [start]
    while open_fields:
        current = open_fields.pop(0)
        for following in sorted(needs.get(current, ())):
            if following == start:
                trail = [current]
                while trail[-1] != start:
                    trail.append(came[trail[-1]])
                return trail[::-1]
            if following in needs and following not in came:
                came[following] = current
                open_fields.append(following)
    return []
