"""What a run was given when it was carried out, put in place of what was only planned: numbers, and the items made.

Decides which number stands for which `⟨next⟩`: that of the item itself; in a text that of the item named before it
(«акт ⟨next⟩»). Where that is not certain the text stays as it was planned. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.language.types import World
from engine.language.values import Item, Pending
from engine.runtime.runs import StoredStep

NEXT = Pending("").shown


@dataclass(frozen=True, slots=True)
class GivenThen:
    """`items` are the real items by their planned names (`act/new-1`), `numbers` what an item was numbered with."""

    items: Mapping[str, str]
    numbers: Mapping[str, str]

    def number_for(self, entity: str) -> str:
        """Return the number of the one item of `entity` that was made, empty where none or several were."""
        found = {number for item, number in self.numbers.items() if item.partition("/")[0] == entity}
        return next(iter(found)) if len(found) == 1 else ""


def given_then(steps: Sequence[StoredStep]) -> GivenThen:
    """Return what the steps of a run made."""
    items = {
        one.planned_id: str(one.result) for one in steps if one.planned_id and isinstance(one.result, Item)
    }
    numbers = {
        str(written.item): number
        for one in steps
        for written in one.written
        if written.created and isinstance(number := written.after.get("number"), str) and number
    }
    return GivenThen(items, numbers)


def put_in(effect: Mapping[str, object], given: GivenThen, world: World) -> dict[str, object]:
    """Return an effect of CONTRACT's form with what was given in place of what was planned."""
    item = str(effect.get("item") or "")
    real = given.items.get(item, item)
    own = given.numbers.get(real, "") or given.number_for(real.partition("/")[0])
    found = {key: _filled(value, own, given, world) for key, value in effect.items()}
    return {**found, "item": real} if item else found


def _filled(value: object, own: str, given: GivenThen, world: World) -> object:
    if isinstance(value, str):
        value = given.items.get(value, value)
        if NEXT not in value:
            return value
        return value.replace(NEXT, own) if own else _told(value, given, world)
    if isinstance(value, Mapping):
        return {key: _filled(one, own, given, world) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, own, given, world) for one in value]
    return value


def _told(text: str, given: GivenThen, world: World) -> str:
    """Return a text in which each `⟨next⟩` that stands behind the name of a kind of item has become its number."""
    for entity, spec in world.entities.items():
        number = given.number_for(entity)
        if number:
            # The title's stem, so that «акту» and «счетов» are found too; ё is written as е as often as not.
            short = spec.title.split()[0][:4].rstrip("ьй").casefold()
            stem = "".join("[её]" if letter in "её" else re.escape(letter) for letter in short)
            text = re.sub(rf"(?i)(\b{stem}\w{{0,4}}\s+(?:№\s*)?){re.escape(NEXT)}", rf"\g<1>{number}", text)
    made = set(given.numbers.values())
    return text.replace(NEXT, next(iter(made))) if len(made) == 1 else text
