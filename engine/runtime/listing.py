"""All items of an entity, or those changed since, page by page in the order of their ids: the commands and answers.

Decides what a page asks for. Times here are the portal's own: our clock and the portal's need not agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.action import Command
from engine.language.values import Item, Value
from engine.portal.map import REFUSED, PortalMap
from engine.runtime.snapshot import MOVED, moved_at, own_fields
from engine.runtime.stage_history import stage_field

PAGE = 50
Row = Mapping[str, object]


def page_command(
    portal: PortalMap, entity: str, condition: Mapping[str, object], *, only_ids: bool = False
) -> Command:
    """Return the read of at most 50 rows that meet `condition`, by id, with all that snapshots keep."""
    params = {
        "entityTypeId": portal.world.entities[entity].type_id,
        "select": ["id"] if only_ids else _keys(portal, entity),
        "filter": condition,
        "order": {"id": "ASC"},
        # PROTOCOL §1: -1 spares the portal the count of all rows.
        "start": -1,
        "useOriginalUfNames": "N",
    }
    return Command("page", "crm.item.list", params, assume={"items": []})


def time_command() -> Command:
    """Return the question for the portal's clock; it travels with the first page."""
    return Command("time", "server.time", {}, tolerate=REFUSED)


def rows_of(result: object) -> list[Row]:
    """Return the rows of a page."""
    rows = result.get("items") if isinstance(result, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def time_of(row: Row, key: str) -> datetime | None:
    """Return a time of the portal's own (`updatedTime`, `createdTime`), None where the row has none."""
    return read_time(row.get(key))


def is_older(row: Row, begun: str) -> bool:
    """True where the item was there before its entity's first reading began, at `begun` by the portal's clock."""
    born, first = time_of(row, "createdTime"), read_time(begun)
    return born is not None and first is not None and born < first


def read_time(raw: object) -> datetime | None:
    """Return the aware time that the portal wrote; None for anything else."""
    try:
        found = datetime.fromisoformat(str(raw or ""))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def snapshot_in(portal: PortalMap, item: Item, row: Row) -> dict[str, Value]:
    """Return what a snapshot keeps of a row. Phones and addresses that it lacks are not known, rather than none."""
    fields = own_fields(portal.world, item.entity, portal.decode(item.entity, row))
    if "fm" not in row:
        specs = portal.world.entities[item.entity].fields
        fields = {name: value for name, value in fields.items() if "contact" not in specs[name].binding}
    return {**fields, MOVED: moved_at(row)}


def _keys(portal: PortalMap, entity: str) -> list[str]:
    spec = portal.world.entities[entity]
    codes = {field.binding["field"] for field in spec.fields.values() if "field" in field.binding}
    codes |= {"id", "currencyId", "createdTime", "updatedTime"}
    if any("contact" in field.binding for field in spec.fields.values()):
        codes.add("fm")
    if stage_field(spec):
        codes.add("movedTime")
    return sorted(codes)
