"""The portal's raw delivery in the words of an event file: it says which item, never what.

Knows the names that the portal gives its events; reads no facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from engine.decision.event import CREATED, DELETED, UPDATED
from engine.decision.event_source import Tree
from engine.decision.given import Report
from engine.language.types import World

_NAME = re.compile(r"ONCRM(DEAL|COMPANY|DYNAMICITEM)(ADD|UPDATE|DELETE)(?:_[0-9]+)?", re.IGNORECASE)
_VERBS = {"ADD": CREATED, "UPDATE": UPDATED, "DELETE": DELETED}
_TYPE_IDS = {"DEAL": "2", "COMPANY": "4"}
_ID = re.compile(r"[0-9]{1,18}")
_SECONDS = re.compile(r"[0-9]{1,11}")
ADDED = ("facts", "before", "by")
"""What a person may add to a delivery in JSON."""


def is_delivery(raw: Mapping[str, object]) -> bool:
    """True where the tree has the shape of a delivery: the item stands under `data`."""
    return isinstance(raw.get("data"), dict)


def from_delivery(raw: Mapping[str, object], report: Report, world: World, zone: tzinfo) -> Tree | None:
    """Return the event file that a delivery stands for; None where it is none, and then it is said.

    The time is the portal's `ts` (seconds since 1970). The id is made of name, item and `ts`: the portal sends none.
    """
    name = str(raw.get("event", ""))
    found = _NAME.fullmatch(name)
    data = raw.get("data")
    fields = data.get("FIELDS") if isinstance(data, dict) else None
    identity = str(fields.get("ID", "")) if isinstance(fields, dict) else ""
    if found is None:
        report.say(("event",), "R302", event=name, known="ONCRM…ADD, ONCRM…UPDATE, ONCRM…DELETE")
        return None
    if not isinstance(fields, dict) or not _ID.fullmatch(identity):
        report.say(("data", "FIELDS"), "R306", key="data[FIELDS][ID]")
        return None
    type_id = _TYPE_IDS.get(found[1].upper(), str(fields.get("ENTITY_TYPE_ID", "")))
    entity = next((one.name for one in world.entities.values() if str(one.type_id or "-") == type_id), "")
    if not entity:
        report.say(("data", "FIELDS", "ENTITY_TYPE_ID"), "R303", entity=f"ENTITY_TYPE_ID {type_id}")
        return None
    stamp = str(raw.get("ts", ""))
    tree: Tree = {
        "event": f"{entity}.{_VERBS[found[2].upper()]}",
        "id": f"{name}-{identity}-{stamp}",
        "item": f"{entity}/{identity}",
    }
    if _SECONDS.fullmatch(stamp):
        tree["time"] = datetime.fromtimestamp(int(stamp), UTC).astimezone(zone).isoformat()
    return tree | {key: raw[key] for key in ADDED if key in raw}
