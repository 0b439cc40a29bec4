"""A stage as the pages show it: name, colour, place in its funnel."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.emulator.calling import to_int
from engine.emulator.stages import stage_entity
from engine.emulator.store import Store

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_PLAIN = "#8FA3B3"


@dataclass(frozen=True)
class StageRow:
    """A stage; `semantics` is P in progress, S success, F failure; `colour` is ``#RRGGBB``."""

    code: str
    name: str
    semantics: str
    colour: str


def stage_rows(store: Store, entity_type: int, category: int) -> list[StageRow]:
    """The stages of a funnel in their order; a colour that is none gives way to a plain one."""
    entity = stage_entity(entity_type, category)
    rows = [row for row in store.rows("status") if row["ENTITY_ID"] == entity]
    rows.sort(key=lambda row: to_int(row.get("SORT")))
    return [
        StageRow(
            str(row["STATUS_ID"]),
            str(row["NAME"]),
            str(row.get("SEMANTICS") or "P"),
            str(row["COLOR"]) if _COLOUR.fullmatch(str(row.get("COLOR"))) else _PLAIN,
        )
        for row in rows
    ]
