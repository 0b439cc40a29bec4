"""What there is to ask for: the map's entities with the states added, which fields are stored, the registers.

Decides which columns and presets a register has where the settings say nothing, and which fields follow from today's
date and so are computed when asked. Pure: map and settings in, shape out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.decision.derivation import Derivations, compile_derivations, steps_of
from engine.effects import Said
from engine.language.diagnostics import Span
from engine.language.expression import Names, compile_expression
from engine.language.types import EntitySpec, FieldSpec, Type, World, item
from engine.registers.states import ADDED, STANDING, STATE, Derived

_TODAY = re.compile(r"\b(?:today|now)\b")


@dataclass(frozen=True)
class Shape:
    """The world that registers see. `stored` are the fields of each entity that have a column, in their order.

    `derived` are those of them that follow from others; `titles` the English titles of what registers add.
    """

    world: World
    derivations: Derivations
    stored: Mapping[str, tuple[FieldSpec, ...]]
    titles: Mapping[tuple[str, str], Said]
    _expanded: dict[tuple[str, frozenset[str], bool], frozenset[str]] = field(
        default_factory=dict, repr=False
    )

    def derived(self, entity: str) -> tuple[FieldSpec, ...]:
        """Return the stored fields of an entity that follow from others."""
        return tuple(one for one in self.stored[entity] if one.is_derived)

    def is_stored(self, entity: str, name: str) -> bool:
        """True where the field has a column."""
        return any(one.name == name for one in self.stored.get(entity, ()))

    def title(self, entity: str, name: str) -> Said:
        """Return what people call a field."""
        spec = self.world.field(entity, name)
        said = (spec.title or name) if spec else name
        return self.titles.get((entity, name)) or Said(said, said)

    def names(self, entity: str) -> Names:
        """Return what a filter over items of `entity` may name: the item, its fields and what it is tied to."""
        fields = self.world.entities[entity].fields
        return Names(self.world, {**{one.name: one.type for one in fields.values()}, entity: item(entity)})

    def absolute(self, entity: str, path: str) -> str:
        """Return a path as seen from the entity's own name: `deal.title` of an act is `act.deal.title`."""
        return path if path.split(".", maxsplit=1)[0] == entity else f"{entity}.{path}"

    def expanded(self, entity: str, paths: frozenset[str], *, wholly: bool = False) -> frozenset[str]:
        """Return the stored facts behind `paths`: derived fields without a column (`wholly`: all) by their needs."""
        known = self._expanded.get((entity, paths, wholly))
        if known is not None:
            return known
        done: set[str] = set()
        waiting = [self.absolute(entity, path) for path in paths]
        while waiting:
            path = waiting.pop()
            if path in done:
                continue
            done.add(path)
            parts = path.split(".")
            for position, (owner, name) in enumerate(steps_of(self.world, path)):
                if (owner, name) in self.derivations and (wholly or not self.is_stored(owner, name)):
                    prefix = ".".join(parts[: position + 1])
                    waiting.extend(
                        prefix + need[len(owner) :] for need in self.derivations.needs(owner, name)
                    )
        self._expanded[entity, paths, wholly] = frozenset(done)
        return frozenset(done)


def make_shape(world: World) -> Shape:
    """Return the shape of a map; states whose fields it lacks are left out."""
    titles: dict[tuple[str, str], Said] = {}
    entities = dict(world.entities)
    # What is added builds on what was added before it, of other entities as well; the state comes last.
    for is_last in (False, False, True):
        for entity in (name for name in ADDED if name in entities):
            wanted = tuple(one for one in ADDED[entity] if is_last or one.name not in (STATE, STANDING))
            entities[entity] = _with(wanted, World(entities, world.pipelines), entity, titles)
    whole = World(entities, world.pipelines)
    derivations, _ = compile_derivations(whole)
    volatile = _volatile(whole, derivations)
    stored = {
        name: tuple(
            one
            for one in spec.fields.values()
            if one.name != "id" and not _is_list(one) and (name, one.name) not in volatile
        )
        for name, spec in entities.items()
    }
    return Shape(whole, derivations, stored, titles)


def _is_list(spec: FieldSpec) -> bool:
    """True for what is no column: lists of children and product rows, which have reads of their own."""
    return "by" in spec.binding or (not spec.binding and not spec.is_derived)


def _with(
    wanted: tuple[Derived, ...], world: World, entity: str, titles: dict[tuple[str, str], Said]
) -> EntitySpec:
    """Return the entity with those of the `wanted` fields that its map can answer and does not have."""
    spec = world.entities[entity]
    for one in wanted:
        if one.name in spec.fields:
            continue
        grown = World({**world.entities, entity: spec}, world.pipelines)
        text = next((text for text in one.texts if _compiles(grown, entity, text, one.type)), None)
        if text is not None:
            added = FieldSpec(one.name, one.type, one.title.ru, derive=text)
            spec = replace(spec, fields={**spec.fields, one.name: added})
            titles[entity, one.name] = one.title
    return spec


def _compiles(world: World, entity: str, text: str, expected: Type) -> bool:
    names = Names(world, {entity: item(entity)})
    found, _ = compile_expression(text, lambda _start, _end: Span(""), names, expected)
    return found is not None


def _volatile(world: World, derivations: Derivations) -> frozenset[tuple[str, str]]:
    """Return the derived fields that today's date changes, directly or through others."""
    direct: set[tuple[str, str]] = set()
    for name, spec in world.entities.items():
        for one in spec.fields.values():
            texts = (
                [one.derive]
                if isinstance(one.derive, str)
                else [t for pair in one.derive or () for t in pair]
            )
            if any(text and _TODAY.search(text) for text in texts):
                direct.add((name, one.name))
    return frozenset(direct) | derivations.following(direct)
