"""Lists of rows that have no field registry: directories, requisites, activities, Drive objects.

Decides filtering, ordering, selecting and paging for them the way the older methods do: unknown filter names
are ignored, ``ID`` is always there, ``*`` is everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from engine.emulator.calling import Call
from engine.emulator.php import items_of, listing
from engine.emulator.selection import Page, cut, matches, parse_filter, read_start, rename, sort_rows
from engine.emulator.store import Record


def comparable_value(value: object) -> object:
    """A stored value in the terms of a filter: numbers, moments, text."""
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, int | float):
        return Decimal(str(value))
    if (
        isinstance(value, str)
        and len(value) >= len("2026-01-01T00:00")
        and value[4:5] == "-"
        and value[10:11] == "T"
    ):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, list):
        return [comparable_value(one) for one in value]
    return value


def with_masks(raw: object) -> dict[str, object]:
    """A filter where a text between ``%`` under a bare name means "contains", as Drive and lists read it."""
    found: dict[str, object] = {}
    for name, value in items_of(raw):
        is_mask = isinstance(value, str) and len(value) > 2 and value[0] == value[-1] == "%"
        if is_mask and name[:1].isalpha():
            found[f"%{name}"] = str(value)[1:-1]
        else:
            found[name] = value
    return found


def read_plain(row: Mapping[str, object], name: str) -> object:
    """A row's value under a filter name."""
    return comparable_value(row.get(name))


def choose(
    call: Call, rows: Sequence[Record], *, raw_filter: object = None, raw_order: object = None
) -> list[Record]:
    """The rows a call asks for, ordered; names match in any case."""
    known = {name.upper(): name for row in rows for name in row}
    group = rename(
        parse_filter(call.loose("filter") if raw_filter is None else raw_filter),
        lambda name: known.get(name.upper()),
    )
    zone = call.portal.clock.zone
    found = [row for row in rows if matches(group, row, read_plain, zone)]
    order = [
        (known[name.upper()], str(direction))
        for name, direction in items_of(call.loose("order") if raw_order is None else raw_order)
        if name.upper() in known
    ]
    return [dict(row) for row in sort_rows(found, order, read_plain)]


def page(call: Call, rows: Sequence[Record]) -> Page:
    """One page of chosen rows, each with the selected members."""
    part, total, following = cut(rows, read_start(call.loose("start", 0)))
    return Page([selected(call, row) for row in part], total, following)


def selected(call: Call, row: Record) -> Record:
    """A row's members named in ``select``; all of them where it is absent or holds ``*``."""
    wanted = {str(name).upper() for name in listing(call.loose("select"))}
    if not wanted or "*" in wanted:
        return row
    return {name: value for name, value in row.items() if name.upper() in wanted or name.upper() == "ID"}


def stringify(row: Mapping[str, object]) -> Record:
    """Scalars as strings, as the older methods print them; empties and structures stay."""
    return {
        name: str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in row.items()
    }
