"""The list of the older CRM methods: masks in ``select``, unknown filter names ignored, ``ID`` always
there.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call
from engine.emulator.errors import old
from engine.emulator.methods.itemview import ItemView, wanted_names
from engine.emulator.multifields import old_multifields
from engine.emulator.php import items_of
from engine.emulator.selection import Page, cut, matches, parse_filter, read_start, rename, sort_rows
from engine.emulator.store import Record

_MULTI = {"PHONE", "EMAIL", "WEB", "IM"}


def list_old(call: Call, view: ItemView) -> Page:
    """One page of a kind's items under old names, all scalars strings."""
    raw = call.loose("filter")
    if raw is not None and raw != "" and not isinstance(raw, Mapping | list):
        raise old("Parameter 'filter' must be array.")

    def stored_name(name: str) -> str | None:
        if name.upper() in _MULTI and view.items.fields.stored("fm"):
            return name.upper()
        field = view.items.fields.old(name)
        return field.name if field else None

    def read(row: Mapping[str, object], name: str) -> object:
        if name in _MULTI:
            return [one["VALUE"] for one in old_multifields(row.get("fm")).get(name, [])]
        return view.read(row, name)

    group, zone = rename(parse_filter(raw), stored_name), call.portal.clock.zone
    rows = [row for row in view.items.rows() if matches(group, row, read, zone)]
    order = [
        (field.name, str(direction))
        for name, direction in items_of(call.loose("order"))
        if (field := view.items.fields.old(name)) is not None
    ]
    part, total, following = cut(
        sort_rows(rows, order or [("id", "ASC")], view.read), read_start(call.loose("start", 0))
    )
    return Page([_shown(call, view, row) for row in part], total, following)


def _shown(call: Call, view: ItemView, row: Mapping[str, object]) -> Record:
    wanted = {name.upper() for name in wanted_names(call.loose("select"))} or {"*"}
    only = {"id"}
    for field in view.items.fields.fields:
        mask = "UF_*" if field.custom else "*"
        if mask in wanted or field.upper in wanted:
            only.add(field.name)
    multi = {name: value for name, value in view.old_multi(row).items() if name in wanted}
    return view.old(row, only) | multi
