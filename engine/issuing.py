"""Issuing a numbered item (an act, an invoice): the number first, then the item and its lines in one batch.

Decides the order of the commands, how an earlier try is recognised on the portal, and when an item may still be
cancelled. What the item says is the action's to decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import TYPE_CHECKING

from engine.action import Command, Commands, Ref
from engine.drive import Asking
from engine.language.values import Item, Undecided, Value
from engine.portal.map import NOT_FOUND
from engine.readback import item_row, read_back

if TYPE_CHECKING:
    from engine.portal.map import PortalMap

PAGE = 50


def issue_item(portal: PortalMap, entity: str, pattern: str, fields: Mapping[str, Value]) -> Commands:
    """Take the next number of the entity's series, create the item with `fields` and its `lines`; return it.

    The series is the entity's, per own company and year of `date`; `pattern` is its format
    (`А-{year}/{n:03}`). The engine gives one step the same number however often it asks, so a repeated try
    burns none.
    """
    answers = yield [_take_number(entity, pattern, fields)]
    plain = {name: value for name, value in fields.items() if name != "lines"}
    create = portal.create("create", entity, {"number": str(answers[0].result), **plain})
    keep = portal.set_lines("lines", Item(entity, "0"), _lines(fields), target=Ref("create", ("item", "id")))
    created = yield [create, keep]
    return portal.item_from(entity, created[0].result)


def find_issued(
    portal: PortalMap,
    entity: str,
    pattern: str,
    fields: Mapping[str, Value],
    deal: Item,
    known: Sequence[Value],
    alike: Sequence[str],
) -> Commands:
    """Look for what an earlier try of the same step made: the deal's item that bears the step's own number.

    Returns it, its lines completed where the try broke off before them; None where it is surely not there. An item
    that the plan did not know (`known`), with the same `alike` fields and a number that no series of ours gives, may
    be a person's, or ours whose number the portal dropped: undecided.
    """
    answers = yield [_take_number(entity, pattern, fields)]
    number = str(answers[0].result)
    rows = yield from _children(portal, entity, deal)
    items = {Item(entity, str(row.get("id"))): portal.decode(entity, row) for row in rows}
    ours = [item for item, held in items.items() if portal.same(entity, "number", number, held.get("number"))]
    if len(ours) > 1:
        return Undecided(
            f"номер {number} на портале сразу у {', '.join(map(str, ours))}: какой наш, решит человек"
        )
    if ours:
        yield from _complete_lines(portal, ours[0], _lines(fields))
        return ours[0]
    for item, held in items.items():
        is_alike = all(portal.same(entity, name, fields.get(name), held.get(name)) for name in alike)
        is_new = item not in known and held.get("cancelled") is not True
        if is_new and is_alike and not _fits(pattern, held.get("number")):
            return Undecided(
                f"на портале есть похожий {item} без нашего номера: наш он ({number}) или чужой, решит человек"
            )
    return None


def cancel_item(portal: PortalMap, item: Item, meant: Mapping[str, Value]) -> Commands:
    """Mark the item cancelled: its number stays taken, as a voided row, so that the numbering has no gap.

    Undecided, and nothing is written, where the item no longer says what `meant` says: somebody has worked with it
    since. One that is cancelled or gone already is left alone.
    """
    answers = yield [portal.read("standing", item, tolerate=NOT_FOUND)]
    held = portal.decode(item.entity, item_row(answers[0]))
    if answers[0].error or held.get("cancelled") is True:
        return item
    changed = [
        name
        for name, value in meant.items()
        if name not in ("lines", "cancelled") and not portal.same(item.entity, name, value, held.get(name))
    ]
    if changed:
        return Undecided(f"{item} с тех пор изменили: {', '.join(changed)}")
    yield [portal.update("cancel", item, {"cancelled": True})]
    left = yield from read_back(portal, item, {"cancelled": True})
    return Undecided(f"{item} не отменён: {left[0].cause.ru}") if left else item


def _take_number(entity: str, pattern: str, fields: Mapping[str, Value]) -> Command:
    owner, day = fields.get("own_company"), fields.get("date")
    series = {
        "series": entity,
        "owner": owner.id if isinstance(owner, Item) else "",
        "year": getattr(day, "year", 0),
        "format": pattern,
    }
    return Command("number", "engine.number.take", series, writes=True, assume="0")


def _fits(pattern: str, number: Value) -> bool:
    parts = [re.escape(text) + (r"\d+" if name else "") for text, name, _, _ in Formatter().parse(pattern)]
    return isinstance(number, str) and re.fullmatch("".join(parts), number.strip()) is not None


def _lines(fields: Mapping[str, Value]) -> tuple[Value, ...]:
    lines = fields.get("lines")
    return lines if isinstance(lines, tuple) else ()


def _children(portal: PortalMap, entity: str, deal: Item) -> Asking[list[Mapping[str, object]]]:
    """Return every row of the entity under the deal, page after page by id."""
    rows: list[Mapping[str, object]] = []
    while True:
        after = str(rows[-1].get("id")) if rows else ""
        answers = yield [portal.children(f"probe_{len(rows)}", entity, deal, after=after)]
        result = answers[0].result
        page = result.get("items") if isinstance(result, Mapping) else None
        found = [row for row in page if isinstance(row, Mapping)] if isinstance(page, list) else []
        rows.extend(found)
        if len(found) < PAGE:
            return rows


def _complete_lines(portal: PortalMap, item: Item, lines: tuple[Value, ...]) -> Asking[None]:
    """The item and its lines are two commands of one batch: the portal may have done the first alone."""
    if not lines:
        return
    answers = yield [portal.lines("lines_held", item)]
    if not portal.decode_lines(answers[0].result, ""):
        yield [portal.set_lines("lines_again", item, lines)]
