"""Which deadlines an edition holds, when each runs out, and which gates may keep one from being armed.

Decides what "five working days after it was sent" means and whether a closed gate is worth trusting: only one that
hangs on nothing but the item, its deal and that deal's other items, since every change of those is an event that
asks again. A gate that reads the clock, a contract or a client is asked when the deadline runs out. It stores
nothing and knows no present.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from engine.decision.edition import Edition
from engine.decision.facts import Facts
from engine.decision.sight import evaluate_gate
from engine.language.reading import Calendar
from engine.language.rules import Condition, Rule
from engine.language.values import Duration, Item, Value

# A delay counted from a date, not a time, runs out in the morning: nobody is reminded at midnight.
MORNING = time(9)
_DEAL = "deal"
_CLOCK = re.compile(r"\b(?:now|today)\b")


@dataclass(frozen=True)
class Deadline:
    """One `deadline:` trigger of a rule in force. `number` counts the rule's deadlines of one entity from 1.

    `gates` are the conditions that may hold it back before it runs out.
    """

    rule: Rule
    entity: str
    field: str
    delay: Duration
    number: int
    gates: tuple[Condition, ...]

    @property
    def name(self) -> str:
        """What it is called across editions: `acts/remind act`, the second one `acts/remind act 2`."""
        return f"{self.rule.id} {self.entity}{self._suffix}"

    @property
    def form(self) -> str:
        """The text that changes where its timers have to be reckoned anew."""
        gates = " and ".join(condition.text for condition in self.rule.conditions)
        return f"{self.entity}.{self.field} {self.delay} where {gates}"

    @property
    def _suffix(self) -> str:
        return f" {self.number}" if self.number > 1 else ""

    def key(self, item: Item) -> str:
        """Return the key of the timer of `item`: `acts/remind act/43`."""
        return f"{self.rule.id} {item}{self._suffix}"

    def is_held(self, facts: Facts) -> bool:
        """True where a gate is surely closed now; an undecided one holds nothing back."""
        return any(evaluate_gate(gate, facts) is False for gate in self.gates)


@dataclass(frozen=True)
class Deadlines:
    """All deadlines of an edition: by entity, and by `Deadline.name`."""

    of: Mapping[str, Sequence[Deadline]]
    named: Mapping[str, Deadline]

    def find(self, key: str, item: Item) -> Deadline | None:
        """Return the deadline whose timer of `item` has that key."""
        return next((one for one in self.of.get(item.entity, ()) if one.key(item) == key), None)


def deadlines_of(edition: Edition) -> Deadlines:
    """Return the deadlines of the rules in force, disabled ones left out."""
    found: dict[str, list[Deadline]] = {}
    for rule in edition.rules:
        if not rule.is_disabled:
            for deadline in _of_rule(edition, rule):
                found.setdefault(deadline.entity, []).append(deadline)
    return Deadlines(found, {one.name: one for members in found.values() for one in members})


def _of_rule(edition: Edition, rule: Rule) -> Iterator[Deadline]:
    counts: dict[str, int] = {}
    for trigger in rule.triggers:
        if trigger.kind == "deadline" and trigger.delay is not None:
            entity = trigger.entity
            counts[entity] = counts.get(entity, 0) + 1
            gates = tuple(gate for gate in rule.conditions if _is_trusted(edition, entity, gate))
            yield Deadline(rule, entity, trigger.field, trigger.delay, counts[entity], gates)


def _is_trusted(edition: Edition, entity: str, gate: Condition) -> bool:
    if gate.expression is None:
        return all(_is_trusted(edition, entity, member) for member in gate.members)
    if _CLOCK.search(gate.expression.text):
        return False
    return all(_is_followed(edition, entity, path) for path in gate.expression.needs)


def _is_followed(edition: Edition, entity: str, path: str) -> bool:
    root, *names = path.split(".")
    return root in (entity, _DEAL) and (not names or _follows(edition, root, names, frozenset()))


def _follows(edition: Edition, entity: str, names: Sequence[str], above: frozenset[tuple[str, str]]) -> bool:
    """True where whatever changes the value at `names` is an event of the item, its deal or the deal's items."""
    spec = edition.world.field(entity, names[0])
    if spec is None:
        return False
    member = (spec.type.of or spec.type).entity
    if spec.is_derived:
        here = (entity, spec.name)
        texts = (
            [spec.derive] if isinstance(spec.derive, str) else [t for case in spec.derive or () for t in case]
        )
        if here in above or (member and len(names) > 1) or any(_CLOCK.search(text or "") for text in texts):
            return False
        needs = [need.split(".")[1:] for need in edition.derivations.needs(entity, spec.name)]
        return all(not need or _follows(edition, entity, need, above | {here}) for need in needs)
    is_tie = spec.name == _DEAL and member == _DEAL
    is_child = entity == _DEAL and spec.binding.get("by") == _DEAL
    if is_tie or is_child:
        return len(names) == 1 or _follows(edition, member, names[1:], above)
    is_own = spec.name == "id" or "field" in spec.binding or "always" in spec.binding
    return is_own and (len(names) == 1 or not member)


def due_time(since: Value, delay: Duration, calendar: Calendar, zone: tzinfo) -> datetime | None:
    """Return when `delay` after `since` runs out, in `zone`; None where `since` is no moment or that never comes.

    Minutes and hours are counted on the clock, days and working days on the calendar at the same time of day. A
    time that the change of clocks leaves out is an hour later, one that comes twice is the first.
    """
    try:
        return _due(since, delay, calendar, zone)
    except (OverflowError, ValueError):  # beyond the last year that dates know
        return None


def _due(since: Value, delay: Duration, calendar: Calendar, zone: tzinfo) -> datetime | None:
    if isinstance(since, datetime):
        start = since.astimezone(zone)
    elif isinstance(since, date):
        start = datetime.combine(since, MORNING, zone)
    else:
        return None
    if delay.unit in ("minutes", "hours"):
        minutes = delay.amount * (60 if delay.unit == "hours" else 1)
        return datetime.fromtimestamp(start.timestamp() + minutes * 60, zone)
    if delay.unit == "workdays":
        day = calendar.add_workdays(start.date(), delay.amount)
    else:
        day = start.date() + timedelta(days=delay.amount)
    wanted = datetime.combine(day, start.time().replace(fold=0), zone)
    return datetime.fromtimestamp(wanted.timestamp(), zone)


def origin_of(since: Value) -> date | datetime | None:
    """Return what tells one origin from another: the day, or the second in UTC; None where `since` is no moment.

    The portal keeps seconds and answers in its own zone: what we wrote and what we read back is one origin.
    """
    if isinstance(since, datetime):
        return since.astimezone(UTC).replace(microsecond=0)
    return since if isinstance(since, date) else None
