"""What a rule sees: the names that every one of its triggers reaches.

An item is seen under its entity's name, and with it the items of those of its fields that are named after their
entity (`act` → `act.deal`, `act.contract`). Knows the map and the declared plugin events, no expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from engine.language.rules import Trigger
from engine.language.typenames import parse_type
from engine.language.types import ANY, Type, World, item

Roots = Mapping[str, Type]


def find_reach(trigger: Trigger, world: World, received: Mapping[str, Mapping[str, str]]) -> Roots:
    """Return the names that `trigger` gives a rule, with their types."""
    if trigger.kind == "received":
        declared = received.get(trigger.name, {})
        return {name: parse_type(kind, world) or ANY for name, kind in declared.items()}
    if not trigger.entity:
        return {}
    roots = {trigger.entity: item(trigger.entity)}
    spec = world.entities.get(trigger.entity)
    for name, tied in spec.fields.items() if spec else ():
        if name in world.entities and tied.type.kind == "item" and tied.type.entity == name:
            roots.setdefault(name, item(name))
    return roots


@dataclass(slots=True)
class Scope:
    """The names of one rule: `roots` are reached by all triggers, `partial` by some, with one that does not.

    `later` are results (`as:`) of actions further down; a name moves to `roots` once it is made.
    """

    roots: dict[str, Type]
    partial: Mapping[str, Trigger] = field(default_factory=dict)
    later: set[str] = field(default_factory=set)


def find_scope(triggers: Sequence[Trigger], reaches: Sequence[Roots]) -> Scope:
    """Return what all of `triggers` reach; `reaches` are theirs, in order. No trigger reaches nothing."""
    if not triggers:
        return Scope({})
    shared = reduce(lambda left, right: left & right, (set(reach) for reach in reaches))
    roots = {name: kind for name, kind in reaches[0].items() if name in shared}
    partial: dict[str, Trigger] = {}
    for reach in reaches:
        for name in set(reach) - shared:
            blind = next(one for one, other in zip(triggers, reaches, strict=True) if name not in other)
            partial.setdefault(name, blind)
    return Scope(roots, partial)
