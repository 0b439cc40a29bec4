"""An edition: all rules in force at a moment, ready to decide. Swapped in whole, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from engine.action import Action
from engine.decision.derivation import Derivations, steps_of
from engine.decision.index import Index, trigger_key
from engine.language.reading import Calendar
from engine.language.rules import Rule, RuleSet
from engine.language.types import World


@dataclass(frozen=True)
class Edition:
    """The checked rules with all that deciding needs. `hash` is `sha256:…` over the files it was read from."""

    hash: str
    rule_sets: tuple[RuleSet, ...]
    actions: Mapping[str, Action]
    world: World
    derivations: Derivations
    calendar: Calendar
    index: Index = field(repr=False)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule in file order."""
        return tuple(rule for rule_set in self.rule_sets for rule in rule_set.rules)

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """Every rule by its id."""
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, str], frozenset[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for rule in self.rules:
            for trigger in rule.triggers:
                found.setdefault(trigger_key(trigger, rule), set()).add(rule.id)
        return {key: frozenset(ids) for key, ids in found.items()}

    def rules_under(self, keys: Iterable[tuple[str, str]]) -> list[Rule]:
        """Return the rules with a trigger under one of the stirred keys, in file order."""
        woken = frozenset[str]().union(*(self._by_key.get(key, frozenset()) for key in keys))
        return [rule for rule in self.rules if rule.id in woken] if woken else []

    def needs(self, entity: str) -> frozenset[str]:
        """Return the dotted paths that rules woken by `entity` (all rules for an empty name) may read.

        Derived fields are replaced by what they derive from, so that a reader knows what to ask the portal for.
        """
        found: set[str] = set()
        for rule in self.rules:
            if not entity or any(trigger.entity == entity for trigger in rule.triggers):
                found.update(rule.needs)
        return frozenset(self._underived(found))

    def _underived(self, paths: Iterable[str]) -> set[str]:
        done: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path in done:
                continue
            done.add(path)
            for position, (entity, name) in enumerate(steps_of(self.world, path)):
                prefix = ".".join(path.split(".")[: position + 1])
                needs = self.derivations.needs(entity, name)
                waiting.extend(prefix + need[len(entity) :] for need in needs)
        return done


def build_edition(
    rule_sets: tuple[RuleSet, ...],
    actions: Mapping[str, Action],
    world: World,
    derivations: Derivations,
    calendar: Calendar,
    sources: Mapping[str, bytes],
) -> Edition:
    """Return the edition of `rule_sets`; its hash follows from the names and bytes of `sources` alone."""
    digest = sha256()
    for name in sorted(sources):
        digest.update(f"{name}\0{len(sources[name])}\0".encode())
        digest.update(sources[name])
    index = Index(rule for rule_set in rule_sets for rule in rule_set.rules)
    return Edition(f"sha256:{digest.hexdigest()}", rule_sets, actions, world, derivations, calendar, index)
