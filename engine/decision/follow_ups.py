"""The events that a plan's own changes raise: one for each item, in the order of the first change.

The same function serves simulation and the live run, so both wake the same rules by the same events.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.decision.edition import Edition
from engine.decision.event import CREATED, ENGINE, UPDATED, Event
from engine.decision.facts import Facts
from engine.effects import Change, FieldChange, ItemChange, StageChange
from engine.language.values import Item, Value

MAX_DEPTH = 10


def follow_ups(edition: Edition, event: Event, changes: Iterable[Change], after: Facts) -> list[Event]:
    """Return the events that `changes` raise and that at least one rule waits for.

    `after` are the facts once the changes are done. Each event's time is its cause's: a plan takes no time.
    """
    created: set[Item] = set()
    before: dict[Item, dict[str, Value]] = {}
    for change in changes:
        if isinstance(change, ItemChange):
            created.add(change.item)
            before.setdefault(change.item, {})
        elif isinstance(change, FieldChange | StageChange):
            before.setdefault(change.item, {}).setdefault(change.field, change.before)
    raised: list[Event] = []
    for item, old in before.items():
        follow_up = Event(
            name=f"{item.entity}.{CREATED if item in created else UPDATED}",
            id=f"{event.id}+{item}",
            time=event.time,
            item=item,
            before={} if item in created else old,
            by=ENGINE,
            depth=event.depth + 1,
            cause=event.id,
        )
        if edition.index.wakes(follow_up, seen_from(after, item)):
            raised.append(follow_up)
    return raised


def seen_from(facts: Facts, item: Item) -> Facts:
    """Return the facts as rules woken by `item` see them: itself, and what it is tied to under entities' names."""
    roots: dict[str, Value] = {item.entity: item}
    for name, spec in facts.world.entities[item.entity].fields.items():
        if spec.type.kind == "item" and spec.type.entity == name:
            roots[name] = facts.field(item, name)
    kept = {name: value for name, value in facts.roots.items() if name not in facts.world.entities}
    return Facts(facts.world, facts.derivations, facts.calendar, facts.now, facts.items, {**kept, **roots})
