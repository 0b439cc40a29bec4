"""An event: what the portal, a timer, a person or a plugin said happened. Frozen data and what it stirs.

`stirs` turns an event into the keys by which rules are woken; it is the only place that says what "changed",
"filled" and "cleared" mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from engine.decision.facts import Facts
from engine.language.expressions.operators import is_empty
from engine.language.values import Item, Money, Undecided, Value

CREATED, UPDATED, DELETED = "created", "updated", "deleted"
ENGINE = "engine"
# A rule applied to an item in its state already; `detail` is the rule (`backfill.py`).
BACKFILL = "backfill"


@dataclass(frozen=True)
class Event:
    """One event. `name` is `ENTITY.created|updated|deleted`, `timer`, `command`, `backfill` or a plugin's own.

    `before` maps changed fields to their old values (for `updated`); new values are facts. `by` is who (`user/5`,
    `engine`), empty for a person unknown. `detail` names the timer, command or rule. `depth` counts follow-ups.
    """

    name: str
    id: str
    time: datetime
    item: Item | None = None
    before: Mapping[str, Value] = field(default_factory=dict)
    by: str = ""
    detail: str = ""
    depth: int = 0
    cause: str = ""

    @property
    def is_by_person(self) -> bool:
        """True unless the engine itself wrote it."""
        return self.by != ENGINE

    @property
    def verb(self) -> str:
        """`created`, `updated`, `deleted`; the whole name for other events."""
        entity, _, verb = self.name.rpartition(".")
        return verb if self.item is not None and entity == self.item.entity else self.name


class Stir(NamedTuple):
    """One thing an event stirs: the trigger kind, the entity and field, and the values before and after."""

    kind: str
    entity: str = ""
    field: str = ""
    before: Value = None
    after: Value = None
    name: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What the index looks up: (`changed`, `act.signed`), (`command`, `remind`), …"""
        subject = f"{self.entity}.{self.field}" if self.field else self.entity
        return (self.kind, self.name or subject)


def stirs(event: Event, facts: Facts) -> Iterator[Stir]:
    """Yield what `event` stirs, in a fixed order.

    An item that appears stirs its fields too, from empty to what they hold: a deal created in the stage that a rule
    waits for is no different from one moved there. A "no" and a zero it is born with are no news.
    """
    item, verb = event.item, event.verb
    if item is None or verb not in (CREATED, UPDATED, DELETED):
        yield Stir("received" if "." in event.name else event.name, name=event.detail or event.name)
        return
    if verb != UPDATED:
        yield Stir(verb, item.entity)
        if verb == DELETED:
            return
    changed = event.before if verb == UPDATED else dict.fromkeys(facts.items.get(item, {}))
    for name, before in sorted(changed.items()):
        after = facts.field(item, name)
        # The portal sends an emptied text as "" and one that never was as null: both are empty.
        was_empty, is_now_empty = is_empty(before), is_empty(after)
        if (was_empty and is_now_empty) or (after == before and type(after) is type(before)):
            continue
        if verb == CREATED and _is_blank(after):
            continue
        yield Stir("changed", item.entity, name, before, after)
        if was_empty and not isinstance(after, Undecided):
            yield Stir("filled", item.entity, name, before, after)
        elif is_now_empty:
            yield Stir("cleared", item.entity, name, before, after)


def _is_blank(value: Value) -> bool:
    return (
        value is False
        or (isinstance(value, Money) and value.amount == 0)
        or (isinstance(value, Decimal) and value == 0)
    )
