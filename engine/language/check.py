"""What rules say about each other: names taken twice, conflicts, dead rules, loops.

What one rule says by itself is found while it is read (`load.py`). Nothing here evaluates a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.action import Action
from engine.language.checking.circles import find_circles
from engine.language.checking.conflicts import find_conflicts
from engine.language.checking.digest import Summary, summarise
from engine.language.diagnostics import Diagnostic, Span, by_place
from engine.language.rules import RuleSet
from engine.language.source import undisturbed

T = TypeVar("T")


@dataclass(slots=True)
class CheckCache:
    """Summaries of rule sets seen before, by identity: `load_regulation` with a cache keeps unchanged sets."""

    entries: dict[int, tuple[RuleSet, tuple[Summary, ...]]] = field(default_factory=dict)


def check_regulation(
    rulesets: Sequence[RuleSet], actions: Mapping[str, Action], cache: CheckCache | None = None
) -> list[Diagnostic]:
    """Return what is wrong between the rules of an edition, sorted by place.

    Errors: a rule set's name or a rule's id taken twice, a certain loop. Warnings: possible conflicts, rules that can
    never fire, possible loops; of rules that wake on, demand and write the same, one is named for all.
    """
    with undisturbed():
        return sorted(_check(rulesets, actions, cache or CheckCache()), key=by_place)


def _check(rulesets: Sequence[RuleSet], actions: Mapping[str, Action], cache: CheckCache) -> list[Diagnostic]:
    kept: dict[int, tuple[RuleSet, tuple[Summary, ...]]] = {}
    summaries: list[Summary] = []
    for ruleset in rulesets:
        entry = cache.entries.get(id(ruleset))
        if entry is None or entry[0] is not ruleset:
            entry = (ruleset, tuple(summarise(rule, actions) for rule in ruleset.rules))
        kept[id(ruleset)] = entry
        summaries.extend(entry[1])
    cache.entries = kept
    kinds: dict[Hashable, Summary] = {}
    for summary in summaries:
        kinds.setdefault(summary.species, summary)
    distinct = list(kinds.values())
    return [
        *_find_twins(rulesets, lambda one: one.name, lambda one: one.span, "R171"),
        *_find_twins([one.rule for one in summaries], lambda rule: rule.id, lambda rule: rule.span, "R170"),
        *_find_dead(summaries),
        *find_conflicts(distinct),
        *find_circles(distinct),
    ]


def _find_twins(
    things: Iterable[T], name_of: Callable[[T], str], place_of: Callable[[T], Span], code: str
) -> list[Diagnostic]:
    seen: dict[str, T] = {}
    found: list[Diagnostic] = []
    for thing in things:
        name = name_of(thing)
        if name in seen:
            found.append(
                Diagnostic(code, place_of(thing), {"name": name}, related=((place_of(seen[name]), "first"),))
            )
        seen.setdefault(name, thing)
    return found


def _find_dead(summaries: Iterable[Summary]) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for summary in summaries:
        if summary.clash is not None:
            path, first, second = summary.clash
            values = {"rule": summary.rule.id, "field": path}
            found.append(Diagnostic("R173", second, values, "warning", ((first, "first"),)))
    return found
