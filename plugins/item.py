"""Ensures that an item of any mapped entity exists and holds given fields: found by a match, else created.

Whether it exists only the portal knows, so the plan always shows the item; the run looks first. Two items
that match are a person's to sort out: this module never chooses between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine import (
    Action,
    Commands,
    Effect,
    Facts,
    Item,
    ItemChange,
    Mixed,
    Param,
    Params,
    Pending,
    Row,
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    ensure_item,
    hookimpl,
    is_same,
    read_back,
    remove_made_item,
    row_fields,
)


class EnsureItem(Action):
    """Находит элемент по полям `match` или создаёт его, и заполняет поля `set`.

    Finds the one item whose fields equal `match`, or creates it, then sets `set` where it differs. An item
    that already is so is left alone.
    """

    name: ClassVar[str] = "item.ensure"
    title: ClassVar[Said] = Said("Завести запись", "Make the item")
    parameters: ClassVar[Mapping[str, Param]] = {
        "entity": Param("text", "The entity by its name in the portal map: `contract`."),
        "match": Param("any", "Fields by which the item is known; at least one of them is not empty."),
        "set": Param("any", "Fields it must hold besides.", required=False),
    }
    example: ClassVar[str] = (
        '- item.ensure: {entity: contract, match: {number: "Д-17"}, set: {title: Договор}}\n  as: agreement'
    )
    kinds: ClassVar[tuple[str, ...]] = ("item",)
    result: ClassVar[str] = "item"

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the item with all its fields. Undecided where a value is, or a name is not mapped."""
        entity, match, fields = params.get("entity"), params.get("match"), params.get("set") or {}
        if not isinstance(entity, str) or entity not in self.map.world.entities:
            return (
                entity if isinstance(entity, Undecided) else Undecided(f"item.ensure: нет сущности {entity}")
            )
        if not isinstance(match, Mapping) or not isinstance(fields, Mapping) or not match:
            return Undecided("item.ensure: match — это поля элемента, например {number: Д-17}")
        if all(value is None for value in match.values()):
            return Undecided("item.ensure: все поля match пусты")
        for name, value in (*match.items(), *fields.items()):
            spec = self.map.world.field(entity, name)
            if isinstance(value, Undecided):
                return value
            if spec is None or not spec.is_writable:
                return Undecided(f"item.ensure: поле {entity}.{name} не записывается")
            problem = self._cannot_hold(entity, name, value)
            if problem is not None:
                return problem
        item = facts.new(entity)
        details: dict[str, Value] = {
            "item": item,
            "at": facts.now,
            "match": Row(tuple(match.items())),
            "set": Row(tuple(fields.items())),
        }
        return Effect(params, (ItemChange(item, {**match, **fields}),), item, details)

    def commands(self, effect: Effect) -> Commands:
        """Look for the item; update what differs, or create it. More than one match ends the run."""
        return (
            yield from ensure_item(self.map, self.name, effect, lambda held, meant: not is_same(held, meant))
        )

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the item back and compare every field."""
        if not isinstance(result, Item):
            return ()
        return (
            yield from read_back(
                self.map, result, {**row_fields(effect, "match"), **row_fields(effect, "set")}
            )
        )

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Delete the item into the portal's bin if this step made it and it still says what it said then.

        One that was there before is left: which values it held, nobody wrote down.
        """
        if not isinstance(result, Item):
            return None
        return remove_made_item(
            self.map, effect, result, "был и до этого шага: прежние значения полей не записаны"
        )

    def _cannot_hold(self, entity: str, name: str, value: Value) -> Undecided | None:
        if isinstance(value, Pending | Mixed) or (isinstance(value, Item) and value.is_planned):
            return None
        try:
            self.map.encode(entity, name, value)
        except ValueError as problem:
            return Undecided(f"item.ensure: {problem}")
        return None


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `item.ensure`."""
    return [EnsureItem(setup)]
