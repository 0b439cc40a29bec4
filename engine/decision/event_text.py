"""An event and its facts become an event file again: the way back of `event_file.py`.

Each item stands in full where it is met first, from the roots down, and by its id after that. What nobody knew is
left out and stays undecided when the file is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.decision.event import BACKFILL, Event
from engine.decision.facts import Facts
from engine.decision.forms import Json, value_json
from engine.language.values import Item, Undecided, Value


def event_form(event: Event, facts: Facts) -> dict[str, Json]:
    """Return the event file of `event` as JSON; `simulate` makes the same plan of it."""
    told: set[Item] = set()
    form: dict[str, Json] = {"event": event.name, "id": event.id, "time": event.time.isoformat()}
    if event.item is not None:
        form["item"] = str(event.item)
    if event.by:
        form["by"] = event.by
    if event.detail:
        form[event.name if event.name in ("timer", BACKFILL) else "command"] = event.detail
    if event.before:
        before = {name: value for name, value in event.before.items() if not isinstance(value, Undecided)}
        form["before"] = {name: _short(value) for name, value in before.items()}
    roots = {name: value for name, value in facts.roots.items() if not isinstance(value, Undecided)}
    if event.item is not None:
        # The item that woke the rules first: where copies could differ, the top one is read as true.
        roots = {event.item.entity: event.item, **{n: v for n, v in roots.items() if n != event.item.entity}}
    form["facts"] = {name: _told(value, facts, told) for name, value in roots.items()}
    return form


def _told(value: Value, facts: Facts, told: set[Item]) -> Json:
    if isinstance(value, Item):
        known: Mapping[str, Value] = facts.items.get(value, {})
        if value in told or not known:
            return {"id": value.id}
        told.add(value)
        form: dict[str, Json] = {"id": value.id}
        for name, inner in known.items():
            if name != "id" and not isinstance(inner, Undecided):
                form[name] = _told(inner, facts, told)
        return form
    if isinstance(value, tuple):
        return [_told(member, facts, told) for member in value]
    return value_json(value)


def _short(value: Value) -> Json:
    if isinstance(value, Item):
        return {"id": value.id}
    if isinstance(value, tuple):
        return [_short(member) for member in value]
    return value_json(value)
