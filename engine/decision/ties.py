"""Which items of an event file belong together without saying so.

An act beside a deal is that deal's, and so is an act in a deal's list of acts, unless the act names another deal.
Ties never overrule a field that the file gives, and make nothing known but links.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.language.types import World
from engine.language.values import Item, Value


def tie(items: dict[Item, dict[str, Value]], roots: dict[str, Value], world: World) -> None:
    """Add the links that follow from how the facts lie: side by side, and parent over child.

    What an item has under another entity's own name (`act.deal`: an item or empty) becomes a root where none is given.
    """
    for item, known in list(items.items()):
        _tie_children(item, known, items, world)
    for root in list(roots.values()):
        if isinstance(root, Item):
            _tie_beside(root, items, roots, world)


def _tie_children(
    parent: Item, known: Mapping[str, Value], items: dict[Item, dict[str, Value]], world: World
) -> None:
    """Link the members of a list that the map fills by a field of theirs (`acts: {by: deal}`) to their parent."""
    for name, spec in world.entities[parent.entity].fields.items():
        by, listed = spec.binding.get("by"), known.get(name)
        if not by or not isinstance(listed, tuple):
            continue
        for child in listed:
            if isinstance(child, Item):
                items.setdefault(child, {}).setdefault(by, parent)


def _tie_beside(
    root: Item, items: dict[Item, dict[str, Value]], roots: dict[str, Value], world: World
) -> None:
    for name, spec in world.entities[root.entity].fields.items():
        if spec.type.kind != "item" or spec.type.entity != name:
            continue
        known = items.get(root, {})
        if name in roots:
            # Empty is known too: an act beside `"deal": null` belongs to none.
            items.setdefault(root, {}).setdefault(name, roots[name])
        elif name in known:
            roots[name] = known[name]
