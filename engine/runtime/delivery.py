"""What the portal's post says: a form body read into a delivery.

Decides which item a delivery names and which bodies are none. It stores nothing and reads no item: a delivery says
which item changed, never what.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import parse_qsl

from engine.decision.event import CREATED, DELETED, UPDATED
from engine.language.types import World
from engine.language.values import Item

_MOST_FIELDS = 200
_NAME = re.compile(
    r"ONCRM(DEAL|COMPANY|DYNAMICITEM)(ADD|UPDATE|DELETE|MOVETOCATEGORY)(?:_(\d{1,9}))?", re.IGNORECASE
)
# A deal that goes to another pipeline is told by that event alone, and to applications only.
_VERBS = {"ADD": CREATED, "UPDATE": UPDATED, "DELETE": DELETED, "MOVETOCATEGORY": UPDATED}
_TYPES = {"DEAL": 2, "COMPANY": 4}
_ID = re.compile(r"[1-9][0-9]{0,17}")


class BrokenBody(Exception):  # noqa: N818 — it names what came, not a fault of ours
    """The body is no delivery of the portal; the message says why."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the portal's post says. `item` is None for an event or an entity that the portal map does not know."""

    event: str
    item: Item | None
    verb: str
    time: datetime | None
    handler: str
    token: str
    member: str = ""


def read_delivery(body: bytes, world: World, zone: tzinfo) -> Delivery:
    """Return the delivery in a form body. Raises BrokenBody; unknown events are no fault."""
    form = read_form(body)
    name = form.get("event", "")
    if not re.fullmatch(r"[A-Za-z0-9_]{1,100}", name):
        raise BrokenBody("no event name")
    item, verb = item_in(
        name, form.get("data[FIELDS][ID]", ""), form.get("data[FIELDS][ENTITY_TYPE_ID]", ""), world
    )
    return Delivery(
        event=name.upper(),
        item=item,
        verb=verb,
        time=_read_time(form.get("ts", ""), zone),
        handler=form.get("event_handler_id", "")[:40],
        token=form.get("auth[application_token]", ""),
        member=form.get("auth[member_id]", "")[:200],
    )


def read_form(body: bytes) -> dict[str, str]:
    """Return a form body as flat names (`auth[member_id]`) and values. Raises BrokenBody."""
    try:
        # Nearly every name has brackets, the same whether written so or as escapes: most of the reading goes there.
        text = body.decode("utf-8").replace("%5B", "[").replace("%5D", "]")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise BrokenBody(f"not a form: {type(error).__name__}") from None
    return dict(pairs)


def item_in(name: str, id_: str, type_id: str, world: World) -> tuple[Item | None, str]:
    """Return the item and the verb of an event; no item for an event or an entity that the map does not know.

    `type_id` is the entity type of smart processes, which a name with a suffix says itself. Raises BrokenBody.
    """
    found = _NAME.fullmatch(name)
    if not found:
        return None, ""
    kind, verb, suffix = found.group(1).upper(), found.group(2).upper(), found.group(3)
    given = suffix or type_id
    if not _ID.fullmatch(id_) or (kind not in _TYPES and not _ID.fullmatch(given)):
        raise BrokenBody("no item id")
    number = _TYPES.get(kind) or int(given)
    entity = next((spec.name for spec in world.entities.values() if spec.type_id == number), "")
    return (Item(entity, id_) if entity else None), _VERBS[verb]


def _read_time(text: str, zone: tzinfo) -> datetime | None:
    """`ts` is in Unix seconds. It is the portal's word: one that is no time is left out."""
    if not re.fullmatch(r"[0-9]{9,11}", text):
        return None
    return datetime.fromtimestamp(int(text), UTC).astimezone(zone)
