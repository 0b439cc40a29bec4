"""What a person asks a regulation for by name (`command: remind`): an event for each item named.

Decides whether any rule answers to the name and whether the items are of the kind that it wants. What is done is the
rules' affair.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.forms import Json
from engine.language.values import Item
from engine.runtime.inbox import Pending
from engine.runtime.run import Carrier

COMMAND = "command"


@dataclass(frozen=True)
class Commands:
    """Answers `command` requests: `name`, and `items` as `act/43`, or `43` where the rules want one kind of item."""

    carrier: Carrier

    def answer(self, row: Pending) -> Mapping[str, Json]:
        """Put an event for each item into the inbox, one without an item where none is wanted; say how many."""
        edition = self.carrier.editions.current.edition
        name, texts = str(row.roots["name"]), row.roots.get("items") or ()
        assert isinstance(texts, tuple)
        wanted = _wanted(edition).get(name)
        if wanted is None:
            return {"error": _unknown(name, edition)}
        try:
            items = [read_item(str(text), wanted, edition) for text in texts]
        except ValueError as error:
            return {"error": str(error)}
        if not items and "" not in wanted:
            return {"error": f"{name}: name at least one item: {' | '.join(sorted(wanted))}/ID"}
        out = self.carrier.carriage
        told: list[Item | None] = [*items] or [None]
        for number, item in enumerate(told, start=1):
            event = Event(COMMAND, f"{COMMAND} {row.n}.{number}", out.clock(), item, detail=name)
            out.inbox.put(event, origin="person")
        return {"events": len(told)}


def read_item(text: str, wanted: frozenset[str], edition: Edition) -> Item:
    """Return the item that a person named. Raises ValueError, in words, for one that no rule of the command wants."""
    entity, slash, number = text.partition("/")
    kinds = sorted(wanted - {""})
    if not slash and len(kinds) == 1:
        entity, number = kinds[0], text
    if entity not in kinds or entity not in edition.world.entities or not number.isdigit():
        raise ValueError(f"{text}: no item of this command; it is for {' | '.join(kinds) or 'no items'}")
    return Item(entity, number)


def _wanted(edition: Edition) -> dict[str, frozenset[str]]:
    """Return the commands of the rules in force with the entities that they are for ('' for none)."""
    found: dict[str, set[str]] = {}
    for name, entity in _triggers(edition):
        found.setdefault(name, set()).add(entity)
    return {name: frozenset(entities) for name, entities in found.items()}


def _triggers(edition: Edition) -> Iterator[tuple[str, str]]:
    for rule in edition.rules:
        for trigger in rule.triggers:
            if trigger.kind == COMMAND and not rule.is_disabled:
                yield trigger.name, trigger.entity


def _unknown(name: str, edition: Edition) -> str:
    known = sorted(_wanted(edition))
    near = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(near or known) or "there are none"
    return f"no rule answers to the command {name}; {'perhaps' if near else 'known'}: {listed}"
