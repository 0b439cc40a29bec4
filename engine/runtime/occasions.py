"""From an inbox row to an event with its facts: read the item, compare it with its snapshot, say what changed.

Decides what a doorbell of the portal means. An echo of our own write, a doubled or a late webhook finds no
difference and means nothing; an item never seen was created, whatever the webhook called it; one that the portal
no longer has was deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.decision.edition import Edition
from engine.decision.event import CREATED, DELETED, UPDATED, Event
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.language.values import Item, Value
from engine.portal.reader import Reader
from engine.runtime.inbox import Pending
from engine.runtime.snapshot import compare, load_snapshot, own_fields
from engine.runtime.store import Store
from engine.workshop import Workshop


@dataclass(frozen=True)
class Occasion:
    """What a row means. `event` is None where there is nothing to decide, and `outcome` says why.

    `snapshot` holds the item's own fields to be stored with the outcome; `is_gone` where it is to be forgotten.
    """

    event: Event | None
    facts: Facts | None
    outcome: str = ""
    snapshot: Mapping[str, Value] | None = None
    is_gone: bool = False


class Occasions:
    """Reads through `reader` and compares with the snapshots of `store`."""

    def __init__(self, store: Store, reader: Reader, workshop: Workshop) -> None:
        self._store, self._reader, self._workshop = store, reader, workshop

    def read(self, row: Pending, edition: Edition) -> Occasion:
        """Return what the row means by now. Raises PortalError where the item could not be read."""
        item = row.event.item
        if item is None or item.entity not in edition.world.entities:
            return Occasion(row.event, self.facts(row.event, {}, row.roots))
        if row.event.verb == DELETED:
            return self._deleted(row.event, edition)
        case = self._reader.read_case(item, edition.needs(item.entity))
        fields = case.get(item)
        if fields is None:
            return self._deleted(row.event, edition)
        if not row.is_delivery:
            return Occasion(row.event, self.facts(row.event, case, row.roots))
        fresh = own_fields(edition.world, item.entity, fields)
        difference = compare(load_snapshot(self._store, item), fresh)
        if not difference:
            return Occasion(None, None, "no_change", fresh)
        verb = CREATED if difference.is_new else UPDATED
        event = replace(row.event, name=f"{item.entity}.{verb}", before=difference.before)
        return Occasion(event, self.facts(event, case, row.roots), snapshot=fresh)

    def facts(
        self, event: Event, items: Mapping[Item, Mapping[str, Value]], roots: Mapping[str, Value]
    ) -> Facts:
        """Return the facts as rules woken by the event's item see them."""
        shop = self._workshop
        facts = Facts(shop.settings.world, shop.derivations, shop.calendar, event.time, items, dict(roots))
        if event.item is None or event.item.entity not in shop.settings.world.entities:
            return facts
        return seen_from(facts, event.item)

    def _deleted(self, event: Event, edition: Edition) -> Occasion:
        """An item known so far is gone: rules see it as last processed, and its deal as it is now."""
        item = event.item
        assert item is not None
        known = load_snapshot(self._store, item)
        if known is None:
            return Occasion(None, None, "gone")
        items: dict[Item, Mapping[str, Value]] = {}
        deal = known.get("deal")
        if isinstance(deal, Item):
            items.update(self._reader.read_case(deal, edition.needs("")))
        items[item] = {**known, "id": item.id}
        gone = replace(event, name=f"{item.entity}.{DELETED}", before={})
        return Occasion(gone, self.facts(gone, items, {}), is_gone=True)
