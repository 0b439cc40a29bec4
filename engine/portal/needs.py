"""Which reads a set of dotted paths asks for.

Decides, from `deal.acts.signed` and its like, which items, lists, product rows and file contents must be
looked at. Pure. A whole item is read where any field of it is needed, since the portal answers with all of
it anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.language.types import FILE_PARTS, FieldSpec, World
from engine.language.values import INSIDE_PARTS

EVERYTHING = "*"
_PATH = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")


@dataclass(slots=True)
class Need:
    """What is needed of one item, by its field names.

    Lists of children, product rows, files to read, those of them to look into page by page (`insides`), and the items
    behind fields with their own needs.
    """

    lists: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    insides: set[str] = field(default_factory=set)
    links: dict[str, Need] = field(default_factory=dict)

    def behind(self, name: str) -> Need:
        """Return what is needed of the item or items behind the field `name`."""
        return self.links.setdefault(name, Need())


def need_of(world: World, entity: str, paths: Iterable[str]) -> Need:
    """Return what is needed of an item of `entity` and, through its fields, of others.

    A path begins with `entity` itself or with an entity that the item is tied to (`deal`, for an act).
    Derived fields stand for what their expressions name; `deal.*` stands for all that hangs on the deal
    itself. Unknown names ask for nothing: `engine check` reports them.
    """
    root = Need()
    for path in paths:
        first, *rest = path.split(".")
        for route in _routes(world, entity, first):
            _walk(world, entity, [*route, *rest], root, frozenset())
            break
    return root


def _routes(world: World, entity: str, wanted: str) -> Iterator[list[str]]:
    """Yield the ways from an item to the entity `wanted`, the shortest first."""
    if wanted == entity:
        yield []
        return
    near = [(name, spec.type.entity) for name, spec in _links(world, entity)]
    yield from ([name] for name, target in near if target == wanted)
    for name, target in near:
        yield from ([name, further] for further, spec in _links(world, target) if spec.type.entity == wanted)


def _links(world: World, entity: str) -> Iterator[tuple[str, FieldSpec]]:
    known = world.entities.get(entity)
    for name, spec in known.fields.items() if known else ():
        if spec.type.kind == "item" and not spec.is_derived:
            yield name, spec


def _walk(world: World, entity: str, path: list[str], need: Need, seen: frozenset[tuple[str, str]]) -> None:
    for position, name in enumerate(path):
        if name == EVERYTHING:
            for other in world.entities[entity].fields:
                _walk(world, entity, [other], need, seen)
            return
        spec = world.field(entity, name)
        if spec is None or (spec.is_derived and (entity, name) in seen):
            return
        if spec.is_derived:
            for inner in _derived_paths(spec, entity):
                _walk(world, entity, inner, need, seen | {(entity, name)})
            return
        target = spec.type.of if spec.type.kind == "list" and spec.type.of else spec.type
        if target.kind == "row":
            need.lines.add(name)
        elif target.kind == "file" and any(part in FILE_PARTS for part in path[position + 1 : position + 2]):
            need.files.add(name)
            if path[position + 1] in INSIDE_PARTS:
                need.insides.add(name)
        if target.kind != "item":
            return
        if "by" in spec.binding:
            need.lists.add(name)
        need, entity = need.behind(name), target.entity


def _derived_paths(spec: FieldSpec, entity: str) -> Iterator[list[str]]:
    """Yield the paths of a derived field's own item. A comprehension's variable reaches whole items, see
    above.
    """
    cases = [(None, spec.derive)] if isinstance(spec.derive, str) else spec.derive or ()
    for text in (part for case in cases for part in case if part):
        for found in _PATH.findall(text):
            first, *rest = found.split(".")
            if first == entity:
                yield rest
