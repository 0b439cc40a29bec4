"""Reading back what was written: the portal drops unknown fields in silence, so only a read proves a write.

Decides which fields of an item differ from what was meant, and the likely cause in both languages. Shared by
every action that writes fields. It neither repeats nor mends: that is for the engine and for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.action import Discrepancy, Verification
from engine.effects import Said
from engine.language.values import File, Item, Money, Row, Undecided, Value

if TYPE_CHECKING:
    from engine.portal.map import PortalMap


def is_same(before: Value, after: Value) -> bool:
    """True where `after` is surely what the field holds already; a value nobody knows is never the same."""
    if isinstance(before, Undecided) or isinstance(after, Undecided):
        return False
    if isinstance(before, File) and isinstance(after, File):
        if before.sha256 and after.sha256:
            return before.sha256 == after.sha256
        return before.source is not None and before.source == after.source
    if isinstance(before, Money) and isinstance(after, Money):
        return before.amount == after.amount and (before.currency == after.currency or not before.amount)
    return type(before) is type(after) and before == after


def read_back(portal: PortalMap, item: Item, meant: Mapping[str, Value]) -> Verification:
    """Yield one read of `item`; return a discrepancy for each field of `meant` that differs.

    Product rows (`lines`) are compared by their number: the portal renumbers and reformats the rest.
    """
    fields = {name: value for name, value in meant.items() if name != "lines"}
    commands = [portal.read(f"read_{item.entity}_{item.id}", item)]
    if "lines" in meant:
        commands.append(portal.lines(f"lines_{item.entity}_{item.id}", item))
    answers = yield commands
    row = _item_of(answers[0].result)
    found = portal.decode(item.entity, row)
    wrong: list[Discrepancy] = []
    for name, value in fields.items():
        if not portal.same(item.entity, name, value, found.get(name)):
            spec = portal.world.field(item.entity, name)
            code = spec.binding.get("field", name) if spec else name
            cause = _cause(code, found.get(name), is_known=code in row)
            wrong.append(Discrepancy(str(item), name, str(value), str(found.get(name)), cause))
    if "lines" in meant:
        wrong.extend(_lines_differ(item, meant["lines"], answers[1].result))
    return tuple(wrong)


def _item_of(result: object) -> Mapping[str, object]:
    inner = result.get("item") if isinstance(result, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _cause(code: str, found: Value, *, is_known: bool) -> Said:
    if not is_known:
        return Said(
            f"На портале у этого элемента нет поля {code}: проверьте код в карте портала.",
            f"The portal has no field {code} on this item: check its code in the portal map.",
        )
    if found is None:
        return Said(
            f"Портал не принял значение поля {code}: другой тип поля или нет права его менять.",
            f"The portal did not take the value of {code}: another type, or no right to change it.",
        )
    return Said(
        f"Поле {code} держит другое значение: нет права его менять, другой тип поля, либо его переписал робот"
        " или человек.",
        f"The field {code} holds another value: no right to change it, another type, or a robot or a person"
        " rewrote it.",
    )


def _lines_differ(item: Item, meant: Value, result: object) -> list[Discrepancy]:
    rows = result.get("productRows") if isinstance(result, Mapping) else None
    count = len(rows) if isinstance(rows, list) else 0
    asked = len([row for row in meant if isinstance(row, Row)]) if isinstance(meant, tuple) else 0
    if count == asked:
        return []
    cause = Said(
        "Портал не сохранил строки работ: у смарт-процесса не включена связь с товарами.",
        "The portal did not keep the lines: the smart process is not linked with products.",
    )
    return [Discrepancy(str(item), "lines", str(asked), str(count), cause)]
