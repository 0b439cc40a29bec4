"""Ensures that an item of any mapped entity exists and holds given fields: found by a match, else created.

Whether it exists only the portal knows, so the plan always shows the item; the run looks first. Two items
that match are a person's to sort out: this module never chooses between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

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
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    hookimpl,
    is_same,
    read_back,
    remember_command,
    row_fields,
)

GONE: Final = frozenset({"NOT_FOUND"})


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
            made = self.map.item_from(entity, created[0].result)
            yield [remember_command("made", f"made {made}", str(effect.details["at"]))]
            return made
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

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Delete the item into the portal's bin if this step made it and it still says what it said then.

        One that was there before is left: which values it held, nobody wrote down.
        """
        return self._delete(effect, result) if isinstance(result, Item) else None

    def _delete(self, effect: Effect, item: Item) -> Commands:
        answers = yield [
            Command("made", "engine.recall", {"key": f"made {item}"}),
            self.map.read("standing", item, tolerate=GONE),
        ]
        if answers[1].error:
            return item
        if answers[0].result != str(effect.details.get("at")):
            return Undecided(f"{item} был и до этого шага: прежние значения полей не записаны")
        row = answers[1].result.get("item") if isinstance(answers[1].result, Mapping) else None
        held = self.map.decode(item.entity, row) if isinstance(row, Mapping) else {}
        meant = {**row_fields(effect, "match"), **row_fields(effect, "set")}
        changed = [
            name
            for name, value in meant.items()
            if not self.map.same(item.entity, name, value, held.get(name))
        ]
        if changed:
            return Undecided(f"{item} с тех пор изменили: {', '.join(changed)}")
        yield [self.map.delete("delete", item)]
        return item

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
