"""Which rules can fire: rules that an event cannot wake, or whose plain comparisons fail, cost nothing.

The rules stand by the key of what wakes them; the rules of one key are decided together (`bitmaps.py`). The outcome is
exactly that of evaluating each rule alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.decision.bitmaps import Entry, Group, Woken, entry_of
from engine.decision.event import Event, Stir, stirs
from engine.decision.facts import Facts
from engine.decision.sight import OPEN, Key, Sight, evaluate_gate, typed
from engine.language.rules import Rule, Trigger

__all__ = ["Index", "Woken", "evaluate_gate", "trigger_key", "typed"]

# A mask is as wide as its group, and a value that one rule asks for costs a mask: groups are bounded, at 2 KB a value.
GROUP_SIZE = 16_384


class Index:
    """The rules of an edition by what wakes them."""

    def __init__(self, rules: Iterable[Rule], group_size: int = GROUP_SIZE) -> None:
        self._group_size = group_size
        entries: dict[tuple[str, str], list[Entry]] = {}
        self._afters: dict[tuple[str, str], set[Key] | None] = {}
        self._orders: dict[str, int] = {}
        for order, rule in enumerate(rules):
            self._orders[rule.id] = order
            if rule.is_disabled:
                continue
            for trigger in rule.triggers:
                key = trigger_key(trigger, rule)
                entries.setdefault(key, []).append(entry_of(order, rule, trigger))
                self._await(key, trigger)
        self._entries: Mapping[tuple[str, str], Sequence[Entry]] = entries
        self._groups: dict[tuple[str, str], list[Group]] = {}

    def wakes(self, event: Event, facts: Facts) -> bool:
        """Return True where at least one rule has a trigger that `event` stirs, its new value included."""
        return any(self._is_awaited(stir) for stir in stirs(event, facts))

    def _await(self, key: tuple[str, str], trigger: Trigger) -> None:
        """Remember which new values the triggers under `key` ask for; None where one of them takes any."""
        if not trigger.after:
            self._afters[key] = None
        elif (known := self._afters.setdefault(key, set())) is not None:
            known.update(typed(value) for value in trigger.after)

    def _is_awaited(self, stir: Stir) -> bool:
        if stir.key not in self._afters:
            return False
        wanted = self._afters[stir.key]
        return wanted is None or stir.after.__class__ in OPEN or typed(stir.after) in wanted

    def decide(self, event: Event, facts: Facts) -> Woken:
        """Return the rules that fire and those undecided, both in file order; no rule is in both, or twice."""
        sight = Sight(event, facts)
        found: list[Woken] = []
        has_twins = False
        for stir in stirs(event, facts):
            sight.turn_to(stir)
            for group in self._groups_of(stir.key):
                found.append(group.decide(sight))
                has_twins |= group.has_twins
        return found[0] if len(found) == 1 and not has_twins else self._each_once(found)

    def _each_once(self, found: Iterable[Woken]) -> Woken:
        """Join what several triggers woke: one open way is enough."""
        fired = {rule.id: rule for woken in found for rule in woken.fired}
        undecided: dict[str, tuple[Rule, str]] = {}
        for rule, why in (one for woken in found for one in woken.undecided):
            if rule.id not in fired:
                undecided.setdefault(rule.id, (rule, why))
        place = self._orders.__getitem__
        return Woken(
            [fired[name] for name in sorted(fired, key=place)],
            [undecided[name] for name in sorted(undecided, key=place)],
        )

    def _groups_of(self, key: tuple[str, str]) -> list[Group]:
        # Built when first asked: an edition of thousands of rules is in force at once and pays as events come.
        groups = self._groups.get(key)
        if groups is None:
            entries = self._entries.get(key, ())
            size = self._group_size
            groups = [Group(entries[start : start + size]) for start in range(0, len(entries), size)]
            if entries:
                self._groups[key] = groups
        return groups


def trigger_key(trigger: Trigger, rule: Rule) -> tuple[str, str]:
    """Return the key of `Stir.key` that wakes this trigger. A timer or schedule is named by its rule."""
    if trigger.kind in ("deadline", "every"):
        return ("timer", rule.id)
    if trigger.name:
        return (trigger.kind, trigger.name)
    return (trigger.kind, f"{trigger.entity}.{trigger.field}" if trigger.field else trigger.entity)
