"""The static scope of an expression: which first names it may use and which fields hang on each type."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from engine.language.expressions.parse import Shape
from engine.language.expressions.typerules import PROPERTY_TYPES
from engine.language.types import FILE_PARTS, Type, World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression may name: the portal map, and the roots (`act`, an earlier result) with their types.

    `memo` keeps what texts compiled to under these names, since a regulation says the same thing in many
    rules; `shapes` keeps what they parsed to, shared by texts that differ in literals alone.
    """

    world: World
    roots: Mapping[str, Type]
    memo: dict[tuple[str, Type | None], object] = field(default_factory=dict, compare=False, repr=False)
    shapes: dict[str, Shape] = field(default_factory=dict, compare=False, repr=False)

    def root(self, name: str) -> tuple[str, Type] | None:
        """Return a root's own spelling and type, None if there is none."""
        return lookup(self.roots, name)

    def parts(self, type_: Type) -> Mapping[str, Type]:
        """Return everything that may stand after a dot behind a value of this type."""
        if type_.kind == "item":
            spec = self.world.entities.get(type_.entity)
            return {name: one.type for name, one in spec.fields.items()} if spec else {}
        if type_.kind == "row":
            return dict(type_.fields)
        return FILE_PARTS if type_.kind == "file" else PROPERTY_TYPES.get(type_.kind, {})

    def part(self, type_: Type, name: str) -> tuple[str, Type] | None:
        """Return the spelling and type of one part, None if there is none."""
        if type_.kind == "item":
            spec = self.world.entities.get(type_.entity)
            found = lookup(spec.fields, name) if spec else None
            return (found[0], found[1].type) if found else None
        return lookup(self.parts(type_), name)


def fold(name: str) -> str:
    """Return the form in which names are compared: the one Python's parser gives its identifiers."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def lookup(known: Mapping[str, T], name: str) -> tuple[str, T] | None:
    """Find `name` among names that may be folded differently; return the spelling kept and its value."""
    if name in known:
        return name, known[name]
    for candidate, value in known.items():
        if not candidate.isascii() and fold(candidate) == name:
            return candidate, value
    return None
