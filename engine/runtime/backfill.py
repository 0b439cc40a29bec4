"""A new rule over items that are in its state already: which they are, what it would do, and the events for it.

The plan is made by whoever asks, from the portal, reading only; the engine then gets an event `backfill` for each
item and decides anew in the item's lane, since people go on working between plan and act. An item's event has one id
for one rule, so that what an earlier backfill has done for it is not done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.decision.backfill import in_state
from engine.decision.deadlines import deadlines_of, due_time, origin_of
from engine.decision.edition import Edition
from engine.decision.event import BACKFILL, Event
from engine.decision.explain import RuleVerdict, explain_woken
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.decision.forms import Json
from engine.decision.plan import Decision, decide
from engine.decision.sight import evaluate_gate
from engine.language.expression import Expression
from engine.language.rules import Rule, Trigger
from engine.language.values import Item, Undecided, Value
from engine.portal.gateway import BACKGROUND, Gateway
from engine.portal.map import PortalMap
from engine.portal.reader import Reader
from engine.runtime.inbox import Pending
from engine.runtime.intents import DONE, Intents
from engine.runtime.listing import PAGE, page_command, rows_of
from engine.runtime.occasions import whole_needs
from engine.runtime.run import Carrier
from engine.runtime.store import Store
from engine.runtime.timer_table import ARMED, Timer


@dataclass(frozen=True)
class Candidate:
    """An item in the rule's state: what was decided, on which facts, and why. `is_read` False: its row said enough."""

    item: Item
    facts: Facts
    decision: Decision
    verdict: RuleVerdict | None
    is_read: bool = True

    @property
    def is_open(self) -> bool:
        """True where the rule would fire."""
        return bool(self.decision.fired)

    @property
    def once(self) -> list[str]:
        """The keys of what it would do once only."""
        return [key for step in self.decision.plan if step.changes and isinstance(key := step.key, str)]


class Survey:
    """Finds the items of a rule on the portal and plans for them; reads only."""

    def __init__(
        self,
        gateway: Gateway,
        portal: PortalMap,
        reader: Reader,
        edition: Edition,
        rule: Rule,
        now: datetime,
        where: Expression | None = None,
    ) -> None:
        self._gateway, self._portal, self._reader = gateway.metered(BACKGROUND), portal, reader
        self._edition, self._rule, self._now, self._where = edition, rule, now, where

    def candidates(self) -> Iterator[Candidate]:
        """Yield the items in the rule's state that meet `where`, by entity and id. Raises PortalError.

        An item whose own row surely shuts a condition is not read further.
        """
        known = self._portal.world.entities
        named = dict.fromkeys(trigger.entity for trigger in self._rule.triggers if trigger.entity)
        entities = [name for name in named if known[name].type_id is not None]
        for entity in entities:
            needs = whole_needs(self._edition, entity) | (self._where.needs if self._where else frozenset())
            for item, fields in self._listed(entity):
                found = self._plan(item, {item: fields}, is_read=False)
                if found is not None and (found.is_open or found.decision.undecided):
                    case = self._reader.read_case(item, needs)
                    found = self._plan(item, case, is_read=True) if item in case else None
                if found is not None:
                    yield found

    def _plan(
        self, item: Item, items: Mapping[Item, Mapping[str, Value]], *, is_read: bool
    ) -> Candidate | None:
        """Return what the rule says of the item by these facts; None where it is surely not meant."""
        edition = self._edition
        bare = Facts(edition.world, edition.derivations, edition.calendar, self._now, items, {})
        facts = seen_from(bare, item)
        if in_state(self._rule, item, facts) is False:
            return None
        event = event_of(edition, self._rule, item, facts)
        asked = self._where.evaluate(facts) if self._where is not None else True
        if asked is False:
            return None
        if is_read and isinstance(asked, Undecided):
            decision = Decision(event, (), ((self._rule, asked.reason),), (), ())
        elif not is_read:
            # Steps are planned on the whole case only.
            shut = any(evaluate_gate(gate, facts) is False for gate in self._rule.conditions)
            open_rule = () if shut else ((self._rule, "not read"),)
            decision = Decision(event, (), open_rule, (), ())
        else:
            decision = decide(edition, event, facts)
        verdicts = explain_woken(edition, decision, facts)
        return Candidate(item, facts, decision, next(iter(verdicts), None), is_read)

    def _listed(self, entity: str) -> Iterator[tuple[Item, Mapping[str, Value]]]:
        """Yield the entity's items with their own fields, page by page."""
        narrow, last = self._narrowed(entity), 0
        while True:
            command = page_command(self._portal, entity, {**narrow, ">id": last})
            page = rows_of(self._gateway.send([command])[0].result)
            for row in page:
                yield Item(entity, str(row["id"])), self._portal.decode(entity, row)
            if len(page) < PAGE:
                return
            last = int(str(page[-1]["id"]))

    def _narrowed(self, entity: str) -> dict[str, object]:
        """Return a filter that leaves out no item of the rule: the stage or choice that its only trigger asks for."""
        mine = [trigger for trigger in self._rule.triggers if trigger.entity == entity]
        if len(mine) != 1 or mine[0].kind != "changed" or not mine[0].after:
            return {}
        return self._filter(mine[0], entity)

    def _filter(self, trigger: Trigger, entity: str) -> dict[str, object]:
        spec = self._portal.world.field(entity, trigger.field)
        code = spec.codes.get(str(trigger.after[0])) if spec is not None else None
        if spec is None or code is None or "field" not in spec.binding:
            return {}
        return {f"={spec.binding['field']}": code}


def event_of(edition: Edition, rule: Rule, item: Item, facts: Facts) -> Event:
    """Return the event by which `rule` is applied to `item`.

    For a deadline that has run out it bears the id of the timer's own event: what that has done is not done again.
    """
    name = f"{BACKFILL} {rule.id} {item}"
    zone = facts.now.tzinfo
    for one in deadlines_of(edition).of.get(item.entity, ()) if zone is not None else ():
        since = facts.field(item, one.field)
        origin = None if isinstance(since, Undecided) else origin_of(since)
        at = due_time(since, one.delay, facts.calendar, zone) if origin is not None and zone else None
        if one.rule.id == rule.id and origin is not None and at is not None and at <= facts.now:
            name = Timer(one.key(item), rule.id, item, one.field, origin, at, ARMED, "").event_id
            break
    return Event(BACKFILL, name, facts.now, item, detail=rule.id)


def done_before(store: Store, candidate: Candidate) -> list[str]:
    """Return the keys of the candidate's plan under which the thing was done already."""
    intents = Intents(store)
    return [key for key in candidate.once if intents.find(key).state == DONE]


def params_of(edition: Edition, rule: Rule, chosen: Sequence[Candidate]) -> dict[str, Value]:
    """Return what the engine is asked for."""
    return {
        "rule": rule.id,
        "edition": edition.hash,
        "items": tuple(one.item for one in chosen),
        "ids": tuple(one.decision.event.id for one in chosen),
    }


@dataclass(frozen=True)
class Backfill:
    """Answers `backfill` requests: `rule`, `edition` (the hash planned by), `items` and the `ids` of their events."""

    carrier: Carrier

    def answer(self, row: Pending) -> Mapping[str, Json]:
        """Put an event for each item into the inbox, except where an equal one still waits; say how many."""
        edition = self.carrier.editions.current.edition
        rule, items, ids = row.roots["rule"], row.roots["items"], row.roots["ids"]
        if row.roots["edition"] != edition.hash or rule not in edition.by_id:
            return {"error": "the regulations have changed since the plan was made: make it again"}
        assert isinstance(items, tuple)
        assert isinstance(ids, tuple)
        out = self.carrier.carriage
        put = 0
        for item, name in zip(items, ids, strict=True):
            if isinstance(item, Item) and not self._is_waiting(out.store, str(name)):
                event = Event(BACKFILL, str(name), out.clock(), item, detail=str(rule))
                out.inbox.put(event, origin="person", late=True)
                put += 1
        return {"events": put, "waiting": len(items) - put}

    @staticmethod
    def _is_waiting(store: Store, name: str) -> bool:
        return store.row("SELECT 1 FROM event WHERE id = ? AND state <> 'done'", (name,)) is not None
