"""From an inbox row to an event with its facts: read the item, compare it with its snapshot, say what changed.

Decides what a doorbell of the portal means. An echo of our own write, a doubled or a late webhook finds no
difference and means nothing; an item never seen was created, whatever the webhook called it; one that the portal
no longer has was deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

from engine.action import Answer, Command
from engine.decision.edition import Edition
from engine.decision.event import CREATED, DELETED, UPDATED, Event
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.language.values import Item, Undecided, Value
from engine.portal.errors import PortalError
from engine.portal.reader import Case, Reader
from engine.runtime.inbox import Pending, put_event
from engine.runtime.listing import is_older
from engine.runtime.snapshot import MOVED, Seen, compare, load_seen, load_snapshot, moved_at, own_fields
from engine.runtime.stage_history import Move, history_command, moves_in, passed_since, stage_field
from engine.runtime.store import Connection, Store
from engine.workshop import Workshop

_EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Occasion:
    """What a row means. `event` is None where there is nothing to decide, and `outcome` says why.

    `snapshot` holds the item's own fields to be stored with the outcome; `is_gone` where it is to be forgotten.
    `passed` are further events that the reading found (stages gone through since the snapshot), each with the item's
    fields as they stood then; `present` are the fields that have gone on since `event`, as they are now.
    """

    event: Event | None
    facts: Facts | None
    outcome: str = ""
    snapshot: Mapping[str, Value] | None = None
    is_gone: bool = False
    passed: tuple[tuple[Event, Mapping[str, Value]], ...] = ()
    present: Mapping[str, Value] = field(default_factory=dict)


class Occasions:
    """Reads through `reader` and compares with the snapshots of `store`."""

    def __init__(self, store: Store, reader: Reader, workshop: Workshop) -> None:
        self._store, self._reader, self._workshop = store, reader, workshop

    def read(self, row: Pending, edition: Edition, *, is_last_try: bool = False) -> Occasion:
        """Return what the row means by now. Raises PortalError where the item could not be read.

        A part of it that may yet be read is worth waiting for too, unless this `is_last_try`: what stays unread is
        undecided, and the change would be lost for the rules that ask for it.
        """
        item = row.event.item
        if item is None or item.entity not in edition.world.entities:
            return self._brought(row, edition, is_last_try=is_last_try)
        if row.event.verb == DELETED:
            return self._deleted(row.event, edition)
        if row.is_delivery:
            return self._delivered(row, item, edition, is_last_try=is_last_try)
        return self._told(row, item, edition, is_last_try=is_last_try)

    def again(self, event: Event, row: Pending, edition: Edition) -> Occasion:
        """Return an event decided before as it would be met now: its own before, the present facts."""
        item = event.item
        if item is None or item.entity not in edition.world.entities:
            return self._brought(replace(row, event=event), edition, is_last_try=True)
        return self._told(replace(row, event=event), item, edition, is_last_try=True)

    def fresh(self, event: Event, decided: Facts, edition: Edition) -> Facts | None:
        """Return the facts of an event read anew, seen under the names it was decided on; None where it is gone."""
        item = event.item
        assert item is not None
        case = self._read_case(item, whole_needs(edition, item.entity), is_last_try=True)
        if item not in case:
            return None
        items = {**decided.items, **case}
        return replace(self.facts(event, items, {}), roots=decided.roots)

    def queue_passed(self, connection: Connection, occasion: Occasion, row: Pending, now: datetime) -> None:
        """Put the further events of a reading into the inbox, in the transaction that keeps the reading."""
        for event, present in occasion.passed:
            put_event(
                self._store,
                connection,
                event,
                row.roots,
                now,
                origin="portal",
                late=row.is_late,
                present=present,
            )

    def _delivered(self, row: Pending, item: Item, edition: Edition, *, is_last_try: bool) -> Occasion:
        """A doorbell: the item's own row tells whether anything changed; only then is the rest read."""
        case = self._read_case(item, frozenset(), is_last_try=is_last_try)
        seen = self._compare(row, case, item, edition)
        history = self._history(seen, case, item, edition)
        wakes = (
            seen.event is not None and seen.facts is not None and edition.index.wakes(seen.event, seen.facts)
        )
        if seen.is_gone or (history is None and not wakes):
            return seen
        if seen.event is None:
            # It stands as before but was moved: away and back, or by us. Seldom more than an echo of ours.
            case = self._read_case(item, frozenset(), history, is_last_try=is_last_try)
            seen = self._compare(row, case, item, edition)
            if seen.event is None:
                return seen
        # The second reading is the one decided on: somebody may have gone on changing since the first.
        needs = whole_needs(edition, item.entity)
        return self._compare(
            row, self._read_case(item, needs, history, is_last_try=is_last_try), item, edition
        )

    def _history(self, seen: Occasion, case: Case, item: Item, edition: Edition) -> Command | None:
        """Return the read of the item's stages where it may have passed some that a rule waits for."""
        spec = edition.world.entities[item.entity]
        stage = stage_field(spec)
        if not stage or item not in case or stage not in (seen.snapshot or {}):
            return None
        known = load_seen(self._store, item)
        if known is None and seen.event is None:
            return None
        if known is not None:
            is_back = known.moved is not None and moved_at(case.row) not in (None, known.moved)
            if not is_back and (seen.event is None or stage not in seen.event.before):
                return None
        # Would a rule hear of a stage, whichever it was?
        any_stage = {item: {**case[item], stage: Undecided(f"{item.entity}.{stage}")}}
        event = Event(f"{item.entity}.{UPDATED}", "", _EVER, item, {stage: None})
        is_heard = edition.index.wakes(event, self.facts(event, any_stage, {}))
        return history_command(spec, item) if is_heard else None

    def _is_older(self, item: Item, case: Case) -> bool:
        """True where an item never seen was there before the first reading: hidden from us then, and no news now."""
        state = self._store.row("SELECT begun FROM sweep WHERE entity = ?", (item.entity,))
        return is_older(case.row, state["begun"] if state is not None else "")

    def _compare(self, row: Pending, case: Case, item: Item, edition: Edition) -> Occasion:
        fields = case.get(item)
        if fields is None:
            return self._deleted(row.event, edition)
        fresh = own_fields(edition.world, item.entity, fields)
        known = load_seen(self._store, item)
        difference = compare(known.fields if known is not None else None, fresh)
        kept: dict[str, Value] = {**fresh, MOVED: moved_at(case.row)}
        if known is None and self._is_older(item, case):
            return Occasion(None, None, "no_change", kept)
        passed = self._passed(row, case, item, known, edition)
        if not difference and not passed:
            return Occasion(None, None, "no_change", kept)
        verb = CREATED if difference.is_new else UPDATED
        event = replace(row.event, name=f"{item.entity}.{verb}", before=difference.before)
        if len(passed) > 1:
            return self._in_order(event, row, case, item, passed, known, kept)
        stage = stage_field(edition.world.entities[item.entity])
        event = replace(event, by=_writer(case.row, "movedBy" if stage in event.before else "updatedBy"))
        return Occasion(event, self.facts(event, case, row.roots), snapshot=kept)

    def _passed(
        self, row: Pending, case: Case, item: Item, known: Seen | None, edition: Edition
    ) -> tuple[Move, ...]:
        """Return the stages gone through since the snapshot, where they were read; of a new item since its making."""
        zone, stage = row.event.time.tzinfo, stage_field(edition.world.entities[item.entity])
        if not isinstance(case.beside, Answer) or case.beside.error or zone is None:
            return ()
        moves = moves_in(case.beside.result, self._workshop.setup.map, item, zone)
        new = case[item].get(stage)
        if known is None:
            first = moves[:1]
            return first and first + passed_since(moves, stage, first[0].values[stage], new, first[0].time)
        return passed_since(moves, stage, known.fields.get(stage), new, known.moved)

    def _in_order(
        self, event: Event, row: Pending, case: Case, item: Item, passed: Sequence[Move], known: Seen | None,
        kept: Mapping[str, Value],
    ) -> Occasion:  # fmt: skip
        """Return the first of several stages as what is decided now, the others as events to come."""
        first, stood = passed[0], {**(known.fields if known is not None else {})}
        before = {} if known is None else {name: stood[name] for name in first.values if name in stood}
        event = replace(event, before={**event.before, **before}, time=first.time, by="")
        later: list[tuple[Event, Mapping[str, Value]]] = []
        for number, (last, move) in enumerate(pairwise(passed), start=2):
            old = {name: value for name, value in last.values.items() if move.values.get(name) != value}
            by = _writer(case.row, "movedBy") if move is passed[-1] else ""
            told = Event(f"{item.entity}.{UPDATED}", f"{row.event.id}.{number}", move.time, item, old, by)
            later.append((told, move.values))
        seen, present = _as_it_stood(case, item, first.values)
        facts = self.facts(event, seen, row.roots)
        return Occasion(event, facts, snapshot=kept, passed=tuple(later), present=present)

    def _told(self, row: Pending, item: Item, edition: Edition, *, is_last_try: bool) -> Occasion:
        """An event that says itself what changed: a follow-up, a timer, a command, a plugin's."""
        needs = whole_needs(edition, item.entity).union(*_heard(edition, row.event.name))
        case = self._read_case(item, needs, is_last_try=is_last_try)
        if item not in case:
            return self._deleted(row.event, edition)
        seen, present = _as_it_stood(case, item, row.present)
        return Occasion(row.event, self.facts(row.event, seen, row.roots), present=present)

    def _brought(self, row: Pending, edition: Edition, *, is_last_try: bool) -> Occasion:
        """An event of a plugin without an item of its own: the items that it brings are read as they are now."""
        needs = needs_of_roots(edition, row.event.name, row.roots)
        case = self._reader.read_many(needs) if needs else Case()
        passing = [failure.error for failure in case.failures if failure.error.retry != "never"]
        if passing and not is_last_try:
            raise passing[0]
        return Occasion(row.event, self.facts(row.event, case, row.roots))

    def _read_case(
        self, item: Item, needs: frozenset[str], beside: Command | None = None, *, is_last_try: bool
    ) -> Case:
        case = self._reader.read_case(item, needs, beside)
        errors = [failure.error for failure in case.failures]
        errors += [case.beside] if isinstance(case.beside, PortalError) else []
        passing = [error for error in errors if error.retry != "never"]
        if passing and not is_last_try:
            raise passing[0]
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
            items.update(self._read_case(deal, whole_needs(edition, deal.entity), is_last_try=True))
        items[item] = {**known, "id": item.id}
        gone = replace(event, name=f"{item.entity}.{DELETED}", before={})
        return Occasion(gone, self.facts(gone, items, {}), is_gone=True)


def whole_needs(edition: Edition, entity: str) -> frozenset[str]:
    """Return what is read for an event of `entity`: all that hangs on the item and on its deal.

    Rules name what their expressions read, an action what it needs does not; files are looked into by need only.
    """
    tied = {f"{name}.*" for name in (entity, "deal") if name in edition.world.entities}
    return edition.needs(entity) | tied


def needs_of_roots(edition: Edition, name: str, roots: Mapping[str, Value]) -> dict[Item, frozenset[str]]:
    """Return the items among `roots` of a plugin's event, each with what the rules that hear of it may read.

    Of a single item all that hangs on it, since an action's needs are not named; of a list's members what is named.
    """
    heard = _heard(edition, name)
    found: dict[Item, frozenset[str]] = {}
    for root, value in roots.items():
        named = {path[len(root) :] for needs in heard for path in needs if path.startswith(f"{root}.")}
        for item in value if isinstance(value, tuple) else (value,):
            if (
                heard
                and isinstance(item, Item)
                and item.entity in edition.world.entities
                and not item.is_planned
            ):
                paths = named if isinstance(value, tuple) else {*named, ".*"}
                needs = frozenset(item.entity + path for path in paths)
                found[item] = found.get(item, frozenset()) | needs
    return found


def _heard(edition: Edition, name: str) -> list[frozenset[str]]:
    """Return what the rules that wait for a plugin's event may read, one by one."""
    return [
        rule.needs
        for rule in edition.rules
        if any(one.kind == "received" and one.name == name for one in rule.triggers)
    ]


def _as_it_stood(
    case: Mapping[Item, Mapping[str, Value]], item: Item, then: Mapping[str, Value]
) -> tuple[dict[Item, Mapping[str, Value]], dict[str, Value]]:
    """Return the case with the item's fields as they stood `then`, and those that have gone on as they are now."""
    present = {name: case[item].get(name) for name, value in then.items() if case[item].get(name) != value}
    return {**case, item: {**case[item], **then}}, present


def _writer(row: Mapping[str, object], key: str) -> str:
    """Return who the row says did it: `user/5`; empty where it does not say."""
    user = str(row.get(key) or "")
    return f"user/{user}" if user.isdigit() and user != "0" else ""
