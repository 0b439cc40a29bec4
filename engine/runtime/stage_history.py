"""Stages that an item passed between two readings, from the portal's stage history.

Decides which rows of the history are news. A webhook says that an item changed, the item says where it stands: an
item moved twice meanwhile would show its last stage only. The history has no names of people and times in whole
seconds, and may lack rows; what cannot be told apart counts as seen, so that nothing happens twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from engine.action import Command
from engine.language.types import EntitySpec
from engine.language.values import Item, Undecided, Value
from engine.portal.codec import as_id
from engine.portal.map import REFUSED, PortalMap

_STAGE_KEY, _PIPELINE_KEY = "stageId", "categoryId"
_DEAL, _INVOICE, _FIRST_SMART = 2, 31, 128
# The item and its history are written one after the other, perhaps on either side of a second's end.
_SKEW = timedelta(seconds=1)
_NOT_KEPT = REFUSED | {"", "0", "ENTITY_TYPE_NOT_SUPPORTED", "INVALID_ARG_VALUE", "ERROR_METHOD_NOT_FOUND"}


@dataclass(frozen=True, slots=True)
class Move:
    """From `time` on the item stood so: its stage, and its pipeline where the map names it, by field."""

    time: datetime
    values: Mapping[str, Value]


def stage_field(spec: EntitySpec) -> str:
    """Return the name of the field that holds the entity's stage; empty where the portal keeps no history of it."""
    if spec.type_id is None or (spec.type_id not in (_DEAL, _INVOICE) and spec.type_id < _FIRST_SMART):
        return ""
    return _bound_to(spec, _STAGE_KEY)


def history_command(spec: EntitySpec, item: Item) -> Command:
    """Return the read of an item's last 50 stage changes, the newest first. A refusal is answered, it fails nothing."""
    params = {
        "entityTypeId": spec.type_id,
        "filter": {"OWNER_ID": as_id(item.id)},
        "order": {"ID": "DESC"},
        "select": ["ID", "STAGE_ID", "CATEGORY_ID", "CREATED_TIME"],
        "start": -1,
    }
    return Command("history", "crm.stagehistory.list", params, assume={"items": []}, tolerate=_NOT_KEPT)


def moves_in(result: object, portal: PortalMap, item: Item, zone: tzinfo) -> tuple[Move, ...]:
    """Return the moves of an answer to `history_command`, the oldest first; stages that the map lacks are left out."""
    rows = result.get("items") if isinstance(result, Mapping) else None
    found: list[tuple[int, Move]] = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping):
            continue
        try:
            number, time = int(str(row["ID"])), datetime.fromisoformat(str(row["CREATED_TIME"]))
        except (KeyError, ValueError):
            continue
        values = _values(portal, item, row)
        if values:
            found.append((number, Move(time.astimezone(zone), values)))
    return tuple(move for _, move in sorted(found, key=lambda one: one[0]))


def passed_since(
    moves: Sequence[Move], field: str, old: Value, new: Value, moved: datetime | None
) -> tuple[Move, ...]:
    """Return the moves from stage `old`, entered at `moved` by the portal's clock (None: unknown), up to `new`.

    The last one leads to `new`; the result is empty where the history does not tell how the item came there. Where
    the item stands as before, it is empty unless it surely went away and back.
    """
    rest = _up_to(moves[_seen(moves, field, old, moved) :], field, new)
    found: list[Move] = []
    stood = old
    for move in rest:
        if move.values[field] != stood:
            found.append(move)
            stood = move.values[field]
    return tuple(found) if stood == new else ()


def _seen(moves: Sequence[Move], field: str, old: Value, moved: datetime | None) -> int:
    """Return how many of the moves are no news."""
    same = [at for at, move in enumerate(moves) if move.values[field] == old]
    if moved is None:
        # No telling which visit of the stage was processed: the last one.
        return same[-1] + 1 if same else len(moves)
    for skew in (timedelta(0), _SKEW):
        near = [at for at in same if abs(moves[at].time - moved) <= skew]
        if near:
            return near[-1] + 1
    seen = sum(move.time <= moved for move in moves)
    # We moved it to `old` ourselves since: that move is the first of the later ones that leads there.
    ours = [at for at in same if at >= seen]
    return ours[0] + 1 if ours else seen


def _up_to(moves: Sequence[Move], field: str, new: Value) -> Sequence[Move]:
    """Leave out what came after the item was read: its history was read later."""
    last = max((at for at, move in enumerate(moves) if move.values[field] == new), default=-1)
    return moves[: last + 1]


def _values(portal: PortalMap, item: Item, row: Mapping[str, object]) -> dict[str, Value]:
    """Return the stage and the pipeline of a row by the map's names; nothing where the map lacks the stage."""
    spec = portal.world.entities[item.entity]
    stage, pipeline = _bound_to(spec, _STAGE_KEY), _bound_to(spec, _PIPELINE_KEY)
    raw = {"id": item.id, _STAGE_KEY: row.get("STAGE_ID"), _PIPELINE_KEY: row.get("CATEGORY_ID")}
    known = portal.decode(item.entity, raw)
    found = {name: known[name] for name in (stage, pipeline) if name and name in known}
    if isinstance(found.get(stage), Undecided) or found.get(stage) is None:
        return {}
    return {name: value for name, value in found.items() if not isinstance(value, Undecided)}


def _bound_to(spec: EntitySpec, key: str) -> str:
    return next((field.name for field in spec.fields.values() if field.binding.get("field") == key), "")
