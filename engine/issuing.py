"""Issuing a numbered item (an act, an invoice): the number first, then the item and its lines in one batch.

Decides the order of the commands and how an earlier try is recognised on the portal. What the item says is
the action's to decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.action import Command, Commands, Ref
from engine.language.values import Item, Value

if TYPE_CHECKING:
    from engine.portal.map import PortalMap


def issue_item(portal: PortalMap, entity: str, pattern: str, fields: Mapping[str, Value]) -> Commands:
    """Take the next number of the entity's series, create the item with `fields` and its `lines`; return it.

    The series is the entity's, per own company and year of `date`; `pattern` is its format
    (`А-{year}/{n:03}`). The engine gives one step the same number however often it asks, so a repeated try
    burns none.
    """
    owner, day = fields.get("own_company"), fields.get("date")
    series = {
        "series": entity,
        "owner": owner.id if isinstance(owner, Item) else "",
        "year": getattr(day, "year", 0),
        "format": pattern,
    }
    answers = yield [Command("number", "engine.number.take", series, writes=True, assume="0")]
    plain = {name: value for name, value in fields.items() if name != "lines"}
    lines = fields.get("lines")
    rows = lines if isinstance(lines, tuple) else ()
    create = portal.create("create", entity, {"number": str(answers[0].result), **plain})
    keep = portal.set_lines("lines", Item(entity, "0"), rows, target=Ref("create", ("item", "id")))
    created = yield [create, keep]
    return portal.item_from(entity, created[0].result)


def find_issued(
    portal: PortalMap, entity: str, deal: Item, known: Sequence[Value], fields: Mapping[str, Value]
) -> Commands:
    """Look for a live item of the deal that holds `fields` and is not one of `known`; return it, or None.

    Such an item appeared after the plan was made: it is what an earlier try with an unknown outcome made.
    """
    answers = yield [portal.children("probe", entity, deal)]
    result = answers[0].result
    rows = result.get("items") if isinstance(result, Mapping) else None
    for row in rows if isinstance(rows, list) else ():
        item, held = Item(entity, str(row.get("id"))), portal.decode(entity, row)
        is_alike = all(portal.same(entity, name, value, held.get(name)) for name, value in fields.items())
        if item not in known and is_alike and held.get("cancelled") is not True:
            return item
    return None


def cancel_item(portal: PortalMap, item: Item) -> Commands:
    """Mark the item cancelled: its number stays taken, as a voided row, so that the numbering has no gap."""
    yield [portal.update("cancel", item, {"cancelled": True})]
    return item
