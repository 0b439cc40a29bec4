"""What an event was that woke no rule: it has no run, and yet somebody may ask why nothing happened.

Decides what is kept of it: what changed, from what to what. `why.py` reads it.
"""

from __future__ import annotations

from engine.decision.event import CREATED, Event
from engine.decision.facts import Facts
from engine.language.values import Undecided, Value
from engine.runtime.store import Connection
from engine.runtime.wire import dump


def note_event(connection: Connection, n: int, event: Event, facts: Facts, edition: str) -> None:
    """Write down what row `n` turned out to mean: its name, what changed and what that holds since, the edition."""
    connection.execute(
        "UPDATE event SET name = ?, by = ?, before = ?, present = ?, edition = ? WHERE n = ?",
        (event.name, event.by, dump(event.before), dump(_after(event, facts)), edition, n),
    )


def _after(event: Event, facts: Facts) -> dict[str, Value]:
    item = event.item
    if item is None:
        return {}
    names = facts.items.get(item, {}) if event.verb == CREATED else event.before
    found = {name: facts.field(item, name) for name in names}
    return {name: value for name, value in found.items() if not isinstance(value, Undecided)}
