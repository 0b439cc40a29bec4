"""What a step changed on the portal, confirmed by reading it back.

Decides which of an effect's changes are facts now. Only those move the snapshot on and raise follow-up events; a
write that the portal dropped, or that a person overwrote meanwhile, stays a difference for the next delivery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from engine.action import Verification
from engine.decision.facts import Facts
from engine.effects import Change, Effect, FieldChange, ItemChange, StageChange
from engine.language.values import Item, Row, Undecided, Value
from engine.portal.map import NOT_FOUND, PortalMap
from engine.runtime.snapshot import load_snapshot, moved_at, own_fields
from engine.runtime.stage_history import stage_field
from engine.runtime.store import Store


@dataclass(frozen=True)
class Written:
    """Confirmed values of one item: `before` and `after` hold the same fields; `created` items had nothing.

    `moved` is the portal's time of its last stage change where the stage is among them: that change was ours. What
    `is_quiet` raises no follow-up event.
    """

    item: Item
    after: Mapping[str, Value]
    before: Mapping[str, Value] = field(default_factory=dict)
    created: bool = False
    moved: datetime | None = None
    is_quiet: bool = False

    @property
    def changes(self) -> list[Change]:
        """Return it as changes again: what the facts and the follow-up events are made of."""
        if self.created:
            return [ItemChange(self.item, self.after)]
        return [
            FieldChange(self.item, name, self.before.get(name), value) for name, value in self.after.items()
        ]


def to_rows(written: Iterable[Written]) -> tuple[Value, ...]:
    """Return it as a value, for the journal."""
    return tuple(
        Row(
            (
                ("item", one.item),
                ("after", Row(tuple(one.after.items()))),
                ("before", Row(tuple(one.before.items()))),
                ("created", one.created),
                *([("quiet", True)] if one.is_quiet else []),
            )
        )
        for one in written
    )


def from_rows(value: Value) -> list[Written]:
    """Return what `to_rows` wrote."""
    found: list[Written] = []
    for row in value if isinstance(value, tuple) else ():
        if isinstance(row, Row):
            item, after, before = row.get("item"), row.get("after"), row.get("before")
            if isinstance(item, Item) and isinstance(after, Row) and isinstance(before, Row):
                created = row.get("created") is True
                quiet = row.get("quiet") is True
                found.append(Written(item, dict(after.values), dict(before.values), created, is_quiet=quiet))
    return found


def real_changes(effect: Effect, result: Value) -> list[FieldChange | StageChange | ItemChange]:
    """Return the changes of items, a planned item replaced by the one that `result` names."""
    found: list[FieldChange | StageChange | ItemChange] = []
    for change in effect.changes:
        if not isinstance(change, FieldChange | StageChange | ItemChange):
            continue
        item = change.item
        if item.is_planned:
            if not (isinstance(result, Item) and result.entity == item.entity and not result.is_planned):
                continue
            item = result
        if isinstance(change, ItemChange):
            found.append(ItemChange(item, change.fields))
        else:
            found.append(type(change)(item, change.field, change.before, change.after))
    return found


class ReadItems:
    """Reads items side by side with an action's own `verify`, so that both travel in one request."""

    def __init__(self, portal: PortalMap, items: Sequence[Item]) -> None:
        self._portal = portal
        self._items = [
            item for item in items
            if item.entity in portal.world.entities and portal.world.entities[item.entity].type_id is not None
        ]  # fmt: skip
        self.fields: dict[Item, dict[str, Value]] = {}
        self.moved: dict[Item, datetime | None] = {}

    def generator(self) -> Verification:
        """Yield the reads; afterwards `fields` hold what the portal says. Nothing differs by itself."""
        if self._items:
            answers = yield [
                self._portal.read(f"back_{at}", item, tolerate=NOT_FOUND)
                for at, item in enumerate(self._items)
            ]
            for item, answer in zip(self._items, answers, strict=True):
                row = answer.result.get("item") if isinstance(answer.result, Mapping) else None
                if isinstance(row, Mapping):
                    self.fields[item] = self._portal.decode(item.entity, row)
                    self.moved[item] = moved_at(row)
        return ()


def confirm(
    changes: Sequence[FieldChange | StageChange | ItemChange],
    found: Mapping[Item, Mapping[str, Value]],
    portal: PortalMap,
    store: Store,
    moved: Mapping[Item, datetime | None] = MappingProxyType({}),
) -> list[Written]:
    """Return what the portal holds of what was meant, merged by item in the order of the first change.

    `moved` are the times of the items' last stage changes, as read with `found`.
    """
    merged: dict[Item, Written] = {}
    for change in changes:
        held = found.get(change.item)
        if held is None:
            continue
        known = load_snapshot(store, change.item)
        if isinstance(change, ItemChange) and known is None:
            # What the row does not carry (product rows) is taken as meant: the read-back has looked at it.
            whole = {
                **change.fields,
                **own_fields(portal.world, change.item.entity, held),
                "id": change.item.id,
            }
            merged[change.item] = Written(change.item, whole, {}, created=True)
            continue
        meant = change.fields if isinstance(change, ItemChange) else {change.field: change.after}
        before = {} if isinstance(change, ItemChange) else {change.field: change.before}
        one = merged.get(change.item, Written(change.item, {}))
        if one.created:
            continue
        after, old = dict(one.after), dict(one.before)
        for name, value in meant.items():
            if name in held and portal.same(change.item.entity, name, value, held[name]):
                after[name] = held[name]
                old.setdefault(name, _before(before.get(name, Undecided(name)), known, name))
        if after:
            merged[change.item] = Written(change.item, after, old)
    return [
        replace(one, moved=moved.get(one.item))
        if stage_field(portal.world.entities[one.item.entity]) in one.after
        else one
        for one in merged.values()
    ]


def _before(said: Value, known: Mapping[str, Value] | None, name: str) -> Value:
    """What was last processed wins over what the action believed; unknown to both stays undecided."""
    return known[name] if known is not None and name in known else said


def facts_after(facts: Facts, written: Iterable[Written]) -> Facts:
    """Return the facts once the confirmed writes are known."""
    changes = [change for one in written for change in one.changes]
    return facts.after(changes) if changes else facts
