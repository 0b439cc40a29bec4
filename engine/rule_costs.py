"""What an event costs the portal, rule by rule, before there is an event: reads, writes, requests.

Decides from made-up facts, one value of the right type in every field, as if every gate were open. What an action does
with other facts may cost more or less; an action that cannot say what it would do with these is named, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.costs import plan_cost
from engine.decision.edition import Edition
from engine.decision.event import UPDATED, Event
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.decision.plan import PLANNED, Step, plan_rule
from engine.language.rules import Rule
from engine.language.types import EntitySpec, FieldSpec, Type, World
from engine.language.values import Duration, File, Item, Money, Row, Value
from engine.portal.needs import Need, need_of
from engine.portal.packing import LARGEST_BATCH

_COMPANY = 4
_TOLD_BY_THE_PORTAL = frozenset({"changed", "filled", "cleared", "created"})


@dataclass(frozen=True, slots=True)
class RuleCost:
    """One rule's event: `requests` where nobody else is there, `share` of requests among many.

    `unsure` are the actions whose part is not in it.
    """

    rule: str
    triggers: tuple[str, ...]
    reads: int
    writes: int
    requests: int
    unsure: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """How many requests it takes where batches are full."""
        return (self.reads + self.writes) / LARGEST_BATCH


def rule_costs(edition: Edition, now: datetime) -> list[RuleCost]:
    """Return the cost of an event of each rule in force, in file order. `now` is aware."""
    return [_cost(edition, rule, now) for rule in edition.rules if not rule.is_disabled]


def _cost(edition: Edition, rule: Rule, now: datetime) -> RuleCost:
    entity = next((one.entity for one in rule.triggers if one.entity), "")
    reading = _reading(edition, rule, entity) if entity else _Reading()
    # An act that stands already is not issued again, one that is missing cannot be signed: what does more counts.
    plans = [_planned(edition, rule, entity, now, is_full=is_full) for is_full in (True, False)]
    steps = max(plans, key=lambda plan: sum(step.status == PLANNED for step in plan))
    reads, writes, requests = reading.reads, 0, reading.waves
    unsure = [step.call.action for step in steps if step.status != PLANNED]
    for step in steps:
        try:
            cost = plan_cost((step,), edition.actions)
        except Exception:  # noqa: BLE001 - a plugin that stumbles over made-up facts is named, no more
            unsure.append(step.call.action)
            continue
        reads, writes, requests = reads + cost.reads, writes + cost.writes, requests + cost.requests
    kinds = tuple(
        dict.fromkeys(" ".join(filter(None, (one.kind, one.entity or one.name))) for one in rule.triggers)
    )
    return RuleCost(rule.id, kinds, reads, writes, requests, tuple(dict.fromkeys(unsure)))


def _planned(edition: Edition, rule: Rule, entity: str, now: datetime, *, is_full: bool) -> list[Step]:
    """Return the rule's steps on made-up facts; all of them unplanned where a plugin fails on these.

    Lists hold one item with `is_full`, else none.
    """
    item = Item(entity, "1")
    items = dict(_items(edition.world, now, is_full=is_full))
    facts = Facts(edition.world, edition.derivations, edition.calendar, now, items, {})
    if entity in edition.world.entities:
        facts = seen_from(facts, item)
    event = Event(f"{entity}.{UPDATED}", "estimate", now, item if entity else None)
    try:
        return plan_rule(edition, event, rule, facts, {})
    except Exception:  # noqa: BLE001 - as above
        return [Step(0, rule, call, "") for call in rule.actions]


def _items(world: World, now: datetime, *, is_full: bool) -> Iterator[tuple[Item, Mapping[str, Value]]]:
    for name, spec in world.entities.items():
        fields = {key: _sample(one.type, now, key) for key, one in spec.fields.items() if not one.is_derived}
        if not is_full:
            fields |= {key: () for key, one in spec.fields.items() if "by" in one.binding}
        if spec.type_id is None:  # who works here can be told something
            fields |= {key: True for key, one in spec.fields.items() if one.type.kind == "yes/no"}
        yield Item(name, "1"), fields | ({"id": "1"} if "id" in spec.fields else {})


def _sample(kind: Type, now: datetime, name: str = "") -> Value:
    if kind.kind == "item":
        return Item(kind.entity, "1")
    if kind.kind == "list":
        return (_sample(kind.of, now),) if kind.of is not None else ()
    if kind.kind == "row":
        return Row(tuple((name, _sample(inner, now)) for name, inner in kind.fields))
    if kind.kind == "choice":
        return kind.options[0] if kind.options else ""
    plain: Mapping[str, Value] = {
        "number": Decimal(1),
        "money": Money(Decimal(1), "RUB"),
        "date": now.date(),
        "time": now,
        "duration": Duration(1, "days"),
        "yes/no": False,
        "file": File("sample.pdf", size=1, kind="pdf", sha256="0" * 64),
    }
    return plain.get(kind.kind, "sample@example.com" if "mail" in name else "1")


@dataclass(slots=True)
class _Reading:
    """The reads of an item with all that hangs on it, each tie holding one item, and the requests one after another."""

    reads: int = 0
    waves: int = 0
    done: set[tuple[str, ...]] = field(default_factory=set)

    def wave(self, world: World, wanted: Sequence[_Wanted]) -> list[_Wanted]:
        """Count what is read at once; return what is known to be wanted then."""
        before, people, further = self.reads, False, list[_Wanted]()
        for one in wanted:
            spec = world.entities.get(one.name[0])
            if spec is None:
                continue
            if one.name not in self.done:
                self.done.add(one.name)
                people = people or spec.type_id is None
                self.reads += 0 if spec.type_id is None else 1 + _papers(spec)
            parts = [(*one.name, part) for part in sorted(one.need.lists | one.need.lines)]
            self.reads += len(set(parts) - self.done)
            self.done.update(parts)
            further += self._behind(spec, one)
        self.reads += people
        self.waves += self.reads > before
        return further

    def _behind(self, spec: EntitySpec, one: _Wanted) -> Iterator[_Wanted]:
        for name, need in one.need.links.items():
            known: FieldSpec | None = spec.fields.get(name)
            kind = known.type.of if known is not None and known.type.of is not None else known and known.type
            if not kind:
                continue
            # Up again to where we came from is the same item; two fields of a company are two companies.
            above = next((up for up in (one.name, *one.above) if up[0] == kind.entity), None)
            target = above or (kind.entity, name)
            if name in one.need.lists:
                self.done.add(target)  # a list's rows come whole
            yield _Wanted(target, need, (one.name, *one.above))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An item by its entity and the field that holds it, what is needed of it, and what leads there."""

    name: tuple[str, ...]
    need: Need
    above: tuple[tuple[str, ...], ...] = ()


def _reading(edition: Edition, rule: Rule, entity: str) -> _Reading:
    """Return the reading of an event of `entity`: what all its rules may ask for is read together."""
    world = edition.world
    needs = edition.needs(entity) | {f"{name}.*" for name in (entity, "deal") if name in world.entities}
    reading = _Reading()
    wanted = [_Wanted((entity,), need_of(world, entity, needs))]
    while wanted:
        wanted = reading.wave(world, wanted)
    if any(one.kind in _TOLD_BY_THE_PORTAL for one in rule.triggers):
        # The portal's post says only that something changed: the item's own row is looked at before all the rest.
        reading.reads, reading.waves = reading.reads + 1, reading.waves + 1
    return reading


def _papers(spec: EntitySpec) -> int:
    """Return how many reads a company's requisites, bank details and namesakes take."""
    if spec.type_id != _COMPANY:
        return 0
    bindings = [one.binding for one in spec.fields.values()]
    return sum(any(word in one for one in bindings) for word in ("requisite", "bank", "unique"))
