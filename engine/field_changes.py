"""Field changes as plain values: what `details` keep for the commands, the read-back and the undo.

`Effect.changes` are for people; `details` are what the engine resolves (pending numbers, planned items)
before the commands are asked for. This module only converts between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from engine.effects import Effect, FieldChange
from engine.language.values import Item, Row, Value
from engine.readback import read_back

if TYPE_CHECKING:
    from engine.action import Commands, Discrepancy, Verification
    from engine.portal.map import PortalMap


def change_rows(changes: Iterable[FieldChange]) -> tuple[Row, ...]:
    """Return the changes as rows of item, field, before and after, for `details["changes"]`."""
    return tuple(
        Row((("item", one.item), ("field", one.field), ("before", one.before), ("after", one.after)))
        for one in changes
    )


def changed_fields(effect: Effect, part: Literal["before", "after"]) -> dict[Item, dict[str, Value]]:
    """Return the fields of `details["changes"]` by item, with the values of before or after."""
    found: dict[Item, dict[str, Value]] = {}
    rows = effect.details.get("changes")
    for row in rows if isinstance(rows, tuple) else ():
        if isinstance(row, Row):
            item, name = row.get("item"), row.get("field")
            if isinstance(item, Item) and isinstance(name, str):
                found.setdefault(item, {})[name] = row.get(part)
    return found


def row_fields(effect: Effect, name: str) -> dict[str, Value]:
    """Return the named values of the row `details[name]`, empty where there is none."""
    row = effect.details.get(name)
    return dict(row.values) if isinstance(row, Row) else {}


def write_fields(portal: PortalMap, meant: Mapping[Item, Mapping[str, Value]]) -> Commands:
    """Yield one update an item, all together; return the first item."""
    yield [portal.update(f"set_{at}", item, fields) for at, (item, fields) in enumerate(meant.items())]
    return next(iter(meant), None)


def read_fields_back(portal: PortalMap, meant: Mapping[Item, Mapping[str, Value]]) -> Verification:
    """Read every item back, one after another; return all discrepancies."""
    wrong: list[Discrepancy] = []
    for item, fields in meant.items():
        wrong.extend((yield from read_back(portal, item, fields)))
    return tuple(wrong)
