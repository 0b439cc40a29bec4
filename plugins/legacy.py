"""Takes documents of former years into a register, without waking a rule.

Decides that an item which already stands there is completed and never corrected: what a person has written wins over an
old list. It chooses between no two items, files nothing on the drive and tells nobody.
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
    Param,
    Params,
    Row,
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    ensure_item,
    hookimpl,
    read_back,
    remove_made_item,
    row_fields,
)


class TakeIn(Action):
    """Заносит старый документ в реестр: находит запись по полям `match` или создаёт её, пустые поля заполняет.

    One item whose fields equal `match` is there after the call, created where there was none; of `set` it has what was
    empty. No rule is woken by that: neither a notice nor a letter goes out for a document of former years.
    """

    name: ClassVar[str] = "legacy.take_in"
    title: ClassVar[Said] = Said("Принять старый документ", "Take an old paper in")
    parameters: ClassVar[Mapping[str, Param]] = {
        "entity": Param("text", "The entity by its name in the portal map: `act`."),
        "match": Param("any", "Fields by which the item is known, all of them with a value."),
        "set": Param(
            "any", "Fields to fill where they are empty; an item may be named by its id.", required=False
        ),
    }
    example: ClassVar[str] = (
        '- legacy.take_in: {entity: act, match: {number: "А-17"}, set: {signed: true}}\n  as: taken'
    )
    kinds: ClassVar[tuple[str, ...]] = ("item",)
    result: ClassVar[str] = "item"

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the item with all its fields. Undecided where a value is, or a name is not mapped."""
        entity = params.get("entity")
        if not isinstance(entity, str) or entity not in self.map.world.entities:
            return (
                entity
                if isinstance(entity, Undecided)
                else Undecided(f"legacy.take_in: нет сущности {entity}")
            )
        match, fields = (
            self._fields(entity, params.get("match")),
            self._fields(entity, params.get("set") or {}),
        )
        for found in (match, fields):
            if isinstance(found, Undecided):
                return found
        assert isinstance(match, dict)
        assert isinstance(fields, dict)
        if not match or None in match.values():
            return Undecided("legacy.take_in: все поля match должны быть заполнены")
        fields = {name: value for name, value in fields.items() if value is not None and name not in match}
        item = facts.new(entity)
        details: dict[str, Value] = {
            "item": item,
            "at": facts.now,
            "match": Row(tuple(match.items())),
            "set": Row(tuple(fields.items())),
        }
        return Effect(params, (ItemChange(item, {**match, **fields}),), item, details, is_quiet=True)

    def commands(self, effect: Effect) -> Commands:
        """Look for the item; fill what is empty, or create it. More than one match ends the run."""
        return (yield from ensure_item(self.map, self.name, effect, lambda held, _: _is_blank(held)))

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the item back and compare the fields by which it is known."""
        if not isinstance(result, Item):
            return ()
        return (yield from read_back(self.map, result, row_fields(effect, "match")))

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Delete the item into the portal's bin if this step made it; one that was there before is left."""
        if not isinstance(result, Item):
            return None
        return remove_made_item(self.map, effect, result, "был и до переноса: удалять его нельзя")

    def _fields(self, entity: str, given: object) -> dict[str, Value] | Undecided:
        if not isinstance(given, Mapping):
            return Undecided("legacy.take_in: нужны поля элемента, например {number: А-17}")
        found: dict[str, Value] = {}
        for name, value in given.items():
            spec = self.map.world.field(entity, name)
            if isinstance(value, Undecided):
                return value
            if spec is None or not spec.is_writable:
                return Undecided(f"legacy.take_in: поле {entity}.{name} не записывается")
            meant = _meant(spec.type.kind, spec.type.entity, value)
            try:
                if meant is not None:
                    self.map.encode(entity, name, meant)
            except ValueError as problem:
                return Undecided(f"legacy.take_in: {problem}")
            found[str(name)] = meant
        return found


def _meant(kind: str, entity: str, value: Value) -> Value:
    """Return the value to write: an id becomes the item it names, an empty text nothing."""
    if kind == "item" and isinstance(value, str):
        return Item(entity, value) if value.isdecimal() else None
    return None if value == "" else value


def _is_blank(value: Value) -> bool:
    """True for what nobody has filled: a yes/no field and a sum are born as no and zero."""
    return value is None or value is False or getattr(value, "amount", None) == 0


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `legacy.take_in`."""
    return [TakeIn(setup)]


@hookimpl
def reglament_events() -> Mapping[str, Mapping[str, str]]:
    """Declare `legacy.document`: a document of former years is to be taken into a register.

    `register` is acts or contracts; what is unknown is empty; `deal_id` is the id of its deal.
    """
    return {
        "legacy.document": {
            "register": "text",
            "number": "text",
            "issued": "date",
            "client": "company",
            "total": "money",
            "deal_id": "text",
            "file": "file",
            "is_signed": "yes/no",
        }
    }
