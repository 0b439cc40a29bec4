"""What the engine knows of a lane without asking the portal: the facts at hand, the rest from snapshots.

Decides nothing. A snapshot holds an item's own fields as last processed; lists of children are not among them, so
what hangs on those stays undecided unless the facts hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.language.values import Item, Value
from engine.runtime.snapshot import load_snapshot
from engine.runtime.store import Store


class LaneView:
    """`facts`, with the snapshots in `store` standing in for items that they lack. Good for one transaction."""

    def __init__(self, store: Store, facts: Facts) -> None:
        self.facts = facts
        self._store = store
        self._added: dict[Item, Mapping[str, Value]] = {}
        self._seen: dict[Item, Facts] = {}

    def seen_by(self, item: Item) -> Facts:
        """Return the facts as a rule woken by `item` sees them: the item, its deal, and all that is at hand."""
        if item not in self._seen:
            self._seen[item] = self._view(item)
        return self._seen[item]

    def _view(self, item: Item) -> Facts:
        deal = self._known(item).get("deal")
        if isinstance(deal, Item):
            self._known(deal)
        items = {**self._added, **self.facts.items}
        return seen_from(replace(self.facts, items=items, _derived={}), item)

    def _known(self, item: Item) -> Mapping[str, Value]:
        if item in self.facts.items:
            return self.facts.items[item]
        if item not in self._added:
            self._added[item] = {**(load_snapshot(self._store, item) or {}), "id": item.id}
        return self._added[item]
