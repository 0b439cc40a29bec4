"""Ensures that an item of any mapped entity exists and holds given fields: found by a match, else created.

Whether it exists only the portal knows, so the plan always shows the item; the run looks first. Two items
that match are a person's to sort out: this module never chooses between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine import (
    Action,
    Command,
    Commands,
    Effect,
    Facts,
    Item,
    ItemChange,
    Mixed,
    Param,
    Params,
    Pending,
    PluginError,
    Row,
    Setup,
    Undecided,
    Value,
    Verification,
    hookimpl,
    is_same,
    read_back,
    row_fields,
)


class EnsureItem(Action):
    """Находит элемент по полям `match` или создаёт его, и заполняет поля `set`.

    Finds the one item whose fields equal `match`, or creates it, then sets `set` where it differs. An item
    that already is so is left alone.
    """

    name: ClassVar[str] = "item.ensure"
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
            "match": Row(tuple(match.items())),
            "set": Row(tuple(fields.items())),
        }
        return Effect(params, (ItemChange(item, {**match, **fields}),), item, details)

    def commands(self, effect: Effect) -> Commands:
        """Look for the item; update what differs, or create it. More than one match ends the run."""
        match, fields = row_fields(effect, "match"), row_fields(effect, "set")
        entity = str(effect.params["entity"])
        answers = yield [self._find(entity, match)]
        result = answers[0].result
        rows = result.get("items") if isinstance(result, Mapping) else None
        found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        if len(found) > 1:
            raise PluginError("item", self.name, f"условию match отвечает больше одного элемента {entity}")
        if not found:
            created = yield [self.map.create("create", entity, {**match, **fields})]
            return self.map.item_from(entity, created[0].result)
        item, held = Item(entity, str(found[0].get("id"))), self.map.decode(entity, found[0])
        wanted = {name: value for name, value in fields.items() if not is_same(held.get(name), value)}
        if wanted:
            yield [self.map.update("update", item, wanted)]
        return item

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the item back and compare every field."""
        if not isinstance(result, Item):
            return ()
        return (
            yield from read_back(
                self.map, result, {**row_fields(effect, "match"), **row_fields(effect, "set")}
            )
        )

    def _cannot_hold(self, entity: str, name: str, value: Value) -> Undecided | None:
        if isinstance(value, Pending | Mixed) or (isinstance(value, Item) and value.is_planned):
            return None
        try:
            self.map.encode(entity, name, value)
        except ValueError as problem:
            return Undecided(f"item.ensure: {problem}")
        return None

    def _find(self, entity: str, match: Mapping[str, Value]) -> Command:
        wanted: dict[str, object] = {}
        for name, value in match.items():
            key, code = self.map.encode(entity, name, value)
            # The filter of crm.item.list takes custom yes/no fields as 1/0 only, although it answers Y/N.
            wanted[f"={key}"] = {"Y": 1, "N": 0}.get(code, code) if isinstance(code, str) else code
        spec = self.map.world.entities[entity]
        params = {"entityTypeId": spec.type_id, "filter": wanted, "order": {"id": "ASC"}, "start": -1}
        return Command("find", "crm.item.list", params, assume={"items": []})


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `item.ensure`."""
    return [EnsureItem(setup)]
