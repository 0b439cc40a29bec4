"""A rule asked for by name over a selection (`command: remind`): the plan first, then an event for each item.

Decides what the rules would do for each item as it is now, and how many would do nothing and why. Doing it is the
engine's: it is asked in the way of `engine run`, and decides each item anew in its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.decision.plan import Decision, decide
from engine.effects import Said
from engine.language.values import Item, Value
from engine.portal.reader import Reader
from engine.registers.reasons import why_nothing
from engine.runtime.commands import COMMAND
from engine.runtime.intents import DONE, Intents
from engine.runtime.occasions import whole_needs
from engine.runtime.store import Store

_ITEMS_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Case:
    """What the command would do for one item. `why_not` says why nothing, None where something would be done."""

    item: Item
    title: str
    decision: Decision
    facts: Facts
    why_not: Said | None


@dataclass(frozen=True)
class Commanding:
    """Plans the command `name` for items, by `edition`, on what `reader` finds; `store` knows what was done."""

    edition: Edition
    reader: Reader
    store: Store
    name: str

    def entities(self) -> frozenset[str]:
        """Return the kinds of item that rules in force take under this command; none where no rule answers to it."""
        return frozenset(
            trigger.entity
            for rule in self.edition.rules
            if not rule.is_disabled
            for trigger in rule.triggers
            if trigger.kind == COMMAND and trigger.name == self.name and trigger.entity
        )

    def known(self) -> list[str]:
        """Return the names that rules in force answer to, for items of any kind."""
        triggers = (one for rule in self.edition.rules if not rule.is_disabled for one in rule.triggers)
        return sorted({one.name for one in triggers if one.kind == COMMAND})

    def plan(self, items: Iterable[Item], now: datetime) -> list[Case]:
        """Return what would be done for each item, in their order. Reads only. Raises PortalError."""
        chosen = list(dict.fromkeys(items))
        found: list[Case] = []
        for start in range(0, len(chosen), _ITEMS_AT_ONCE):
            some = chosen[start : start + _ITEMS_AT_ONCE]
            case = self.reader.read_many({item: whole_needs(self.edition, item.entity) for item in some})
            for failure in case.failures:
                if failure.error.retry == "later":
                    raise failure.error
            found += [self._case(item, case, now) for item in some]
        return found

    def _case(self, item: Item, items: Mapping[Item, Mapping[str, Value]], now: datetime) -> Case:
        edition = self.edition
        bare = Facts(edition.world, edition.derivations, edition.calendar, now, items, {})
        facts = seen_from(bare, item)
        event = Event(COMMAND, f"{COMMAND} {self.name} {item}", now, item, detail=self.name)
        if item not in items:
            gone = Said("на портале этого нет", "the portal has no such item")
            return Case(item, str(item), Decision(event, (), (), (), ()), facts, gone)
        decision = decide(edition, event, facts)
        why = None if self._does(decision) else self._why(decision, facts)
        return Case(item, str(facts.display(item)), decision, facts, why)

    def _does(self, decision: Decision) -> bool:
        """True where a step would change something that was not done under its key before."""
        intents = Intents(self.store)
        work = [step for step in decision.plan if step.changes]
        return any(not step.key or intents.find(str(step.key)).state != DONE for step in work)

    def _why(self, decision: Decision, facts: Facts) -> Said:
        if any(step.changes for step in decision.plan):
            return Said("уже сделано", "done already")
        return why_nothing(self.edition, decision, facts)
