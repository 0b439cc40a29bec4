"""Reading back what was written: the portal drops unknown fields in silence, so only a read proves a write.

Decides which fields of an item differ from what was meant. Shared by every action that writes fields; the likely
cause is `causes.py`'s to say. It neither repeats nor mends: that is for the engine and for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.action import Answer, Command, Discrepancy, Verification
from engine.causes import Told, cause_of
from engine.effects import Said
from engine.language.values import File, Item, Money, Row, Undecided, Value
from engine.portal.map import REFUSED

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
    """Yield one read of `item`; return a discrepancy for each field of `meant` that differs, with its likely cause.

    Where something differs, one more request asks the portal what it knows of the fields and who we are. Product
    rows (`lines`) are compared by name, quantity and price: the portal renumbers and reformats the rest.
    """
    commands = [_read(portal, item, meant)]
    if "lines" in meant:
        commands.append(portal.lines(f"lines_{item.entity}_{item.id}", item))
    answers = yield commands
    row = item_row(answers[0])
    found = portal.decode(item.entity, row)
    differing = [
        name
        for name, value in meant.items()
        if name != "lines" and not portal.same(item.entity, name, value, found.get(name))
    ]
    told = Told(row)
    if differing and portal.world.entities[item.entity].type_id is not None:
        asked = [portal.describe(f"fields_{item.entity}_{item.id}", item.entity), _ask_who(item)]
        told = told.with_answers((yield asked))
    wrong = [
        Discrepancy(
            str(item),
            name,
            str(meant[name]),
            str(found.get(name)),
            cause_of(portal, item, name, meant[name], found, told),
        )
        for name in differing
    ]
    if "lines" in meant:
        wrong.extend(_lines_differ(portal, item, meant["lines"], answers[1].result))
    return tuple(wrong)


def _read(portal: PortalMap, item: Item, meant: Mapping[str, Value]) -> Command:
    """Return the read of the item; an estimate takes it that the portal holds what was meant."""
    command = portal.read(f"read_{item.entity}_{item.id}", item)
    try:
        written = portal.update(
            "written", item, {name: value for name, value in meant.items() if name != "lines"}
        )
    except ValueError:
        return command
    fields = written.params["fields"]
    return (
        replace(command, assume={"item": {"id": item.id, **fields}}) if isinstance(fields, dict) else command
    )


def item_row(answer: Answer) -> Mapping[str, object]:
    """Return the portal's row in the answer of a read, add or update of one item; empty for anything else."""
    inner = answer.result.get("item") if isinstance(answer.result, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _ask_who(item: Item) -> Command:
    return Command(f"who_{item.entity}_{item.id}", "profile", {}, assume={"ID": "0"}, tolerate=REFUSED)


def _lines_differ(portal: PortalMap, item: Item, meant: Value, result: object) -> list[Discrepancy]:
    asked = [row for row in meant if isinstance(row, Row)] if isinstance(meant, tuple) else []
    rows = [row for row in portal.decode_lines(result, "") if isinstance(row, Row)]
    if len(rows) == len(asked):
        pairs = enumerate(zip(asked, rows, strict=True), start=1)
        return [_line_differs(item, at, *pair) for at, pair in pairs if _terms(pair[0]) != _terms(pair[1])]
    cause = Said(
        "Портал не сохранил строки работ: у смарт-процесса не включена связь с товарами.",
        "The portal did not keep the lines: the smart process is not linked with products.",
    )
    if rows:
        cause = Said(
            "На портале другое число строк работ: их изменил человек или робот.",
            "The portal holds another number of lines: a person or a robot changed them.",
        )
    return [Discrepancy(str(item), "lines", str(len(asked)), str(len(rows)), cause)]


def _line_differs(item: Item, number: int, meant: Row, found: Row) -> Discrepancy:
    cause = Said(
        f"Строка {number} на портале другая: её изменил человек или робот, либо портал пересчитал цену.",
        f"Line {number} differs: a person or a robot changed it, or the portal reckoned the price anew.",
    )
    there, here = ("; ".join(str(one) for one in _terms(row)) for row in (found, meant))
    return Discrepancy(str(item), "lines", here, there, cause)


def _terms(line: Row) -> tuple[Value, Value, Value]:
    """Return a line's name, quantity and price as the portal keeps them: trimmed, and without a currency."""
    name, quantity, price = (line.get(part) for part in ("name", "quantity", "price"))
    text = " ".join(name.split()) if isinstance(name, str) else name
    amount = price.amount.quantize(Decimal("0.01")) if isinstance(price, Money) else price
    return text, quantity, amount
