"""Sets fields of items, one update an item, and reads every one of them back.

Decides which of the asked values differ from what the item holds. It refuses stages (those move forward only,
by `deal.move`) and knows nothing of what a field means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine import (
    Action,
    Commands,
    Effect,
    Facts,
    FieldChange,
    Item,
    Param,
    Params,
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    change_rows,
    changed_fields,
    hookimpl,
    is_same,
    read_fields_back,
    restore_fields,
    write_fields,
)


class SetFields(Action):
    """Заполняет поля элементов; поля, в которых уже стоит нужное, не трогает.

    Sets fields of items that the rule sees. Fields that already hold the value are left out; the others are
    written with one update an item and read back, since the portal drops what it does not know in silence.
    """

    name: ClassVar[str] = "field.set"
    title: ClassVar[Said] = Said("Записать поля", "Set fields")
    parameters: ClassVar[Mapping[str, Param]] = {}
    open_parameters: ClassVar[bool] = True
    example: ClassVar[str] = '- field.set: {act.signed: true, act.signed_at: "${now}"}'
    kinds: ClassVar[tuple[str, ...]] = ("field",)

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say each field that changes. Undecided where a value or the item itself is, or for a stage."""
        changes: list[FieldChange] = []
        kept: list[FieldChange] = []
        for path, value in params.items():
            if path.startswith("@"):
                continue
            change = self._change(path, value, params, facts)
            if isinstance(change, Undecided):
                return change
            (kept if is_same(change.before, change.after) else changes).append(change)
        if not changes:
            said = Said("Все поля уже заполнены так, как нужно.", "Every field already holds its value.")
            return Effect(params, nothing_to_do=said, kept=tuple(kept))
        details = {"changes": change_rows(changes)}
        return Effect(params, tuple(changes), changes[0].item, details, kept=tuple(kept))

    def commands(self, effect: Effect) -> Commands:
        """Update each item once."""
        return (yield from write_fields(self.map, changed_fields(effect, "after")))

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read every item back; what the portal dropped or altered is returned with the likely cause."""
        return (yield from read_fields_back(self.map, changed_fields(effect, "after")))

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Write the former values back over our own; impossible where one was not known or was a file."""
        return restore_fields(self.map, effect)

    def _change(self, path: str, value: object, params: Params, facts: Facts) -> FieldChange | Undecided:
        root, _, name = path.rpartition(".")
        item = params.get(f"@{root}")
        if not isinstance(item, Item):
            return item if isinstance(item, Undecided) else Undecided(root or path)
        if isinstance(value, Undecided):
            return value
        if isinstance(value, Mapping):
            return Undecided(f"{path}: поле не принимает набор значений")
        spec = self.map.world.field(item.entity, name)
        stages = self.map.world.stages(item.entity)
        if spec is not None and stages and set(spec.type.options) == set(stages):
            return Undecided(f"{path}: стадию меняет только deal.move")
        before = facts.field(item, name)
        if item.is_planned and isinstance(before, Undecided):
            before = None  # an item about to be created holds what its creation said, and nothing else
        return FieldChange(item, name, before, value)  # type: ignore[arg-type]


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `field.set`."""
    return [SetFields(setup)]
