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
from engine.portal.reader import Case, Reader
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
        self._is_last_try = False

    def read(self, row: Pending, edition: Edition, *, is_last_try: bool = False) -> Occasion:
        """Return what the row means by now. Raises PortalError where the item could not be read.

        A part of it that may yet be read is worth waiting for too, unless this `is_last_try`: what stays unread is
        undecided, and the change would be lost for the rules that ask for it.
        """
        self._is_last_try = is_last_try
        item = row.event.item
        if item is None or item.entity not in edition.world.entities:
            return Occasion(row.event, self.facts(row.event, {}, row.roots))
        if row.event.verb == DELETED:
            return self._deleted(row.event, edition)
        return self._delivered(row, item, edition) if row.is_delivery else self._told(row, item, edition)

    def _delivered(self, row: Pending, item: Item, edition: Edition) -> Occasion:
        """A doorbell: the item's own row tells whether anything changed; only then is the rest read."""
        seen = self._compare(row, self._read_case(item, frozenset()), item, edition)
        if seen.event is None or seen.facts is None or not edition.index.wakes(seen.event, seen.facts):
            return seen
        # The second reading is the one decided on: somebody may have gone on changing since the first.
        return self._compare(row, self._read_case(item, whole_needs(edition, item.entity)), item, edition)

    def _compare(
        self, row: Pending, case: Mapping[Item, Mapping[str, Value]], item: Item, edition: Edition
    ) -> Occasion:
        fields = case.get(item)
        if fields is None:
            return self._deleted(row.event, edition)
        fresh = own_fields(edition.world, item.entity, fields)
        difference = compare(load_snapshot(self._store, item), fresh)
        if not difference:
            return Occasion(None, None, "no_change", fresh)
        verb = CREATED if difference.is_new else UPDATED
        event = replace(row.event, name=f"{item.entity}.{verb}", before=difference.before)
        return Occasion(event, self.facts(event, case, row.roots), snapshot=fresh)

    def _told(self, row: Pending, item: Item, edition: Edition) -> Occasion:
        """An event that says itself what changed: a follow-up, a timer, a command, a plugin's."""
        case = self._read_case(item, whole_needs(edition, item.entity))
        if item not in case:
            return self._deleted(row.event, edition)
        return Occasion(row.event, self.facts(row.event, case, row.roots))

    def _read_case(self, item: Item, needs: frozenset[str]) -> Case:
        case = self._reader.read_case(item, needs)
        passing = [failure for failure in case.failures if failure.error.retry != "never"]
        if passing and not self._is_last_try:
            raise passing[0].error
        return case

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
            items.update(self._read_case(deal, whole_needs(edition, deal.entity)))
        items[item] = {**known, "id": item.id}
        gone = replace(event, name=f"{item.entity}.{DELETED}", before={})
        return Occasion(gone, self.facts(gone, items, {}), is_gone=True)


def whole_needs(edition: Edition, entity: str) -> frozenset[str]:
    """Return what is read for an event of `entity`: all that hangs on the item and on its deal.

    Rules name what their expressions read, an action what it needs does not; files are looked into by need only.
    """
    tied = {f"{name}.*" for name in (entity, "deal") if name in edition.world.entities}
    return edition.needs(entity) | tied
