"""Which rules can fire: rules that an event cannot wake, or whose plain comparisons fail, cost nothing.

Two layers. An equality table picks, among the rules of one trigger key, those that ask for the value at hand of the
path that tells them apart best. What it leaves is decided by bitmaps: one bit a rule, one mask for each (path,
value) or threshold, thresholds found by bisection, every other distinct predicate evaluated once and its answer
shared. The outcome is exactly that of evaluating each rule alone (a property test holds the two together).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.decision.event import Event, Stir, stirs
from engine.decision.facts import Facts
from engine.language.expressions.operators import part
from engine.language.rules import Condition, Rule, Trigger
from engine.language.values import Mixed, Money, Pending, Undecided, Value

Read = Callable[[str], Value]
BEFORE, AFTER, PERSON = "@before", "@after", "@person"


def typed(value: Value) -> tuple[str, object]:
    """Return a key under which values meet only their own type: `True`, `1` and `"1"` stay apart."""
    if isinstance(value, Money):
        return ("money", (value.amount, value.currency))
    return (type(value).__name__, value)


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule under one of its triggers, its conditions sorted by what the index can do with them."""

    order: int
    rule: Rule
    equalities: tuple[tuple[str, tuple[Value, ...]], ...]
    thresholds: tuple[tuple[str, str, Value, Condition], ...]
    others: tuple[Condition, ...]


def entry_of(order: int, rule: Rule, trigger: Trigger) -> Entry:
    """Sort the gates of `rule` under `trigger` into equalities, thresholds and the rest."""
    equalities: list[tuple[str, tuple[Value, ...]]] = []
    thresholds: list[tuple[str, str, Value, Condition]] = []
    others: list[Condition] = []
    if trigger.before:
        equalities.append((BEFORE, trigger.before))
    if trigger.after:
        equalities.append((AFTER, trigger.after))
    if trigger.by_person:
        equalities.append((PERSON, (True,)))
    for condition in rule.conditions:
        plain = condition.expression.plain if condition.expression is not None else None
        values = (
            plain.value
            if plain is not None and isinstance(plain.value, tuple)
            else (plain.value if plain else None,)
        )
        if plain is None or any(_is_zero(value) for value in values):
            others.append(condition)
        elif plain.op in ("==", "in"):
            equalities.append((plain.path, values))
        else:
            thresholds.append((plain.path, plain.op, values[0], condition))
    return Entry(order, rule, tuple(equalities), tuple(thresholds), tuple(others))


def _is_zero(value: Value) -> bool:
    """Zero meets the zero of every currency, which no table of typed keys can tell: such a gate is evaluated."""
    return isinstance(value, Decimal | Money) and not (value.amount if isinstance(value, Money) else value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A woken rule whose gates are all open (`reason` empty), or that stays undecided for `reason`."""

    order: int
    rule: Rule
    reason: str = ""


class Group:
    """Rules of one trigger key, decided together by bitmaps."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self._values: dict[str, dict[tuple[str, object], int]] = {}
        self._asking: dict[str, int] = {}
        self._thresholds: dict[tuple[str, str, str], _Thresholds] = {}
        self._others: dict[str, tuple[Condition, int]] = {}
        for position, entry in enumerate(self.entries):
            self._add(1 << position, entry)
        for thresholds in self._thresholds.values():
            thresholds.seal()

    def _add(self, bit: int, entry: Entry) -> None:
        for path, values in _merged(entry.equalities):
            table = self._values.setdefault(path, {})
            self._asking[path] = self._asking.get(path, 0) | bit
            for key in {typed(value) for value in values}:
                table[key] = table.get(key, 0) | bit
        for path, operator, bound, condition in entry.thresholds:
            family = (path, operator, _family(bound))
            self._thresholds.setdefault(family, _Thresholds(operator)).add(bound, bit, condition)
        for condition in entry.others:
            _share(self._others, condition, bit)

    def decide(self, read: Read, evaluate: Callable[[Condition], Value]) -> Iterator[Verdict]:
        """Yield the rules that fire and those that stay undecided; closed ones are not mentioned."""
        alive = (1 << len(self.entries)) - 1
        doubts: list[tuple[int, str]] = []
        for path, asking in self._asking.items():
            value = read(path)
            if isinstance(value, Undecided | Pending | Mixed):
                doubts.append((asking, _reason(value, path)))
            else:
                alive &= ~asking | self._values[path].get(typed(value), 0)
        evaluated = list(self._others.values())
        for (path, _, family), thresholds in self._thresholds.items():
            value = read(path)
            if _family(value) == family:
                alive &= ~thresholds.asking | thresholds.passed(value)
            else:
                evaluated.extend(thresholds.gates.values())
        for condition, mask in evaluated:
            if not alive & mask:
                continue
            answer = evaluate(condition)
            if isinstance(answer, Undecided):
                doubts.append((mask, answer.reason))
            elif answer is not True:
                alive &= ~mask
        yield from self._verdicts(alive, doubts)

    def _verdicts(self, alive: int, doubts: list[tuple[int, str]]) -> Iterator[Verdict]:
        while alive:
            bit = alive & -alive
            alive ^= bit
            entry = self.entries[bit.bit_length() - 1]
            reason = next((why for mask, why in doubts if mask & bit), "")
            yield Verdict(entry.order, entry.rule, reason)


class _Thresholds:
    """Rules that ask `path OP bound` for one path, operator and type: which pass is found by bisection."""

    def __init__(self, operator: str) -> None:
        self.operator = operator
        self.asking = 0
        self.gates: dict[str, tuple[Condition, int]] = {}
        # Bounds of one family: numbers, or amounts of one currency, or days. They order among themselves.
        self._pairs: list[tuple[Any, int]] = []
        self._bounds: list[Any] = []
        self._masks: list[int] = []

    def add(self, bound: Value, bit: int, condition: Condition) -> None:
        self.asking |= bit
        _share(self.gates, condition, bit)
        self._pairs.append((_measure(bound), bit))

    def seal(self) -> None:
        """Sort the bounds; `_masks[i]` holds the rules among the first `i` bounds (or from `i` on, for < and <=)."""
        self._pairs.sort(key=lambda pair: pair[0])
        self._bounds = [bound for bound, _ in self._pairs]
        self._masks = [0]
        pairs = self._pairs if self.operator in (">", ">=") else list(reversed(self._pairs))
        for _, bit in pairs:
            self._masks.append(self._masks[-1] | bit)

    def passed(self, value: Value) -> int:
        measure = _measure(value)
        bounds = self._bounds
        if self.operator == ">":
            return self._masks[bisect_left(bounds, measure)]
        if self.operator == ">=":
            return self._masks[bisect_right(bounds, measure)]
        if self.operator == "<":
            return self._masks[len(bounds) - bisect_right(bounds, measure)]
        return self._masks[len(bounds) - bisect_left(bounds, measure)]


def _share(gates: dict[str, tuple[Condition, int]], condition: Condition, bit: int) -> None:
    known, mask = gates.get(condition.text, (condition, 0))
    gates[condition.text] = (known, mask | bit)


def _measure(value: Value) -> Any:
    return value.amount if isinstance(value, Money) else value


def _family(value: Value) -> str:
    """Name the values that `<` can order together: one currency, one type; the empty currency stands alone."""
    return f"money {value.currency}" if isinstance(value, Money) else type(value).__name__


def _reason(value: Value, path: str) -> str:
    return value.reason if isinstance(value, Undecided) else path


def _merged(pairs: Iterable[tuple[str, tuple[Value, ...]]]) -> list[tuple[str, list[Value]]]:
    """Join several demands on one path (`a == 1` and `a in [1, 2]`) into the values that meet them all."""
    found: dict[str, list[Value]] = {}
    for path, values in pairs:
        if path in found:
            allowed = {typed(value) for value in values}
            found[path] = [value for value in found[path] if typed(value) in allowed]
        else:
            found[path] = list(values)
    return list(found.items())


class Bucket:
    """All rules of one trigger key: an equality table on the path that tells them apart, and the rest."""

    SMALL = 8

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.path = _telling_path(entries) if len(entries) > self.SMALL else ""
        self.rest: Group | None = None
        self.table: dict[tuple[str, object], Group] = {}
        rest: list[Entry] = []
        told: dict[tuple[str, object], list[Entry]] = {}
        for entry in entries:
            values = next((asked for path, asked in _merged(entry.equalities) if path == self.path), None)
            # A rule whose demands contradict each other has no value to stand under; undecided, it is still shown.
            if not values:
                rest.append(entry)
            for key in {typed(value) for value in values or ()}:
                told.setdefault(key, []).append(entry)
        self.rest = Group(rest) if rest else None
        self.table = {key: Group(members) for key, members in told.items()}

    def groups(self, read: Read) -> Iterator[Group]:
        """Yield the groups that the facts at hand can open; all of them where the telling path is undecided."""
        if self.rest is not None:
            yield self.rest
        if self.path:
            value = read(self.path)
            if isinstance(value, Undecided | Pending | Mixed):
                yield from self.table.values()
            elif (group := self.table.get(typed(value))) is not None:
                yield group


def _telling_path(entries: Sequence[Entry]) -> str:
    """Choose the path with the most distinct values asked for; empty where none has two."""
    asked: dict[str, set[tuple[str, object]]] = {}
    for entry in entries:
        for path, values in entry.equalities:
            asked.setdefault(path, set()).update(typed(value) for value in values)
    best = max(asked, key=lambda path: (len(asked[path]), path), default="")
    return best if best and len(asked[best]) > 1 else ""


class Index:
    """The rules of an edition by what wakes them."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        entries: dict[tuple[str, str], list[Entry]] = {}
        self._afters: dict[tuple[str, str], set[tuple[str, object]] | None] = {}
        for order, rule in enumerate(rules):
            if rule.is_disabled:
                continue
            for trigger in rule.triggers:
                key = trigger_key(trigger, rule)
                entries.setdefault(key, []).append(entry_of(order, rule, trigger))
                self._await(key, trigger)
        self._entries: Mapping[tuple[str, str], Sequence[Entry]] = entries
        self._buckets: dict[tuple[str, str], Bucket] = {}

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
        return (
            wanted is None
            or isinstance(stir.after, Undecided | Pending | Mixed)
            or typed(stir.after) in wanted
        )

    def decide(self, event: Event, facts: Facts) -> list[Verdict]:
        """Return the rules that fire and those undecided, in file order, each once."""
        found: dict[int, Verdict] = {}
        answers: dict[str, Value] = {}
        values: dict[str, Value] = {}
        for stir in stirs(event, facts):
            bucket = self._bucket(stir.key)
            if bucket is None:
                continue
            read = _reader(stir, event, facts, values)
            for group in bucket.groups(read):
                for verdict in group.decide(read, lambda gate: _shared(gate, facts, answers)):
                    known = found.get(verdict.order)
                    # Several triggers may wake one rule: one open way is enough.
                    if known is None or (known.reason and not verdict.reason):
                        found[verdict.order] = verdict
        return [found[order] for order in sorted(found)]

    def _bucket(self, key: tuple[str, str]) -> Bucket | None:
        # Built when first asked: an edition of thousands of rules is in force at once and pays as events come.
        bucket = self._buckets.get(key)
        if bucket is None and key in self._entries:
            bucket = self._buckets[key] = Bucket(self._entries[key])
        return bucket


def trigger_key(trigger: Trigger, rule: Rule) -> tuple[str, str]:
    """Return the key of `Stir.key` that wakes this trigger. A timer or schedule is named by its rule."""
    if trigger.kind in ("deadline", "every"):
        return ("timer", rule.id)
    if trigger.name:
        return (trigger.kind, trigger.name)
    return (trigger.kind, f"{trigger.entity}.{trigger.field}" if trigger.field else trigger.entity)


def _reader(stir: Stir, event: Event, facts: Facts, values: dict[str, Value]) -> Read:
    """Return a look-up of dotted paths; what the stir itself holds stands under `@` names."""
    own: dict[str, Value] = {BEFORE: stir.before, AFTER: stir.after, PERSON: event.is_by_person}

    def read(path: str) -> Value:
        if path in own:
            return own[path]
        if path not in values:
            values[path] = follow(path, facts)
        return values[path]

    return read


def follow(path: str, facts: Facts) -> Value:
    """Return the value at a dotted path of items: a property of empty is empty."""
    root, *names = path.split(".")
    value = facts.root(root)
    for name in names:
        value = part(facts, value, name, path)
    return value


def _shared(gate: Condition, facts: Facts, answers: dict[str, Value]) -> Value:
    if gate.text not in answers:
        answers[gate.text] = evaluate_gate(gate, facts)
    return answers[gate.text]


def evaluate_gate(gate: Condition, facts: Facts) -> Value:
    """Return True, False or undecided for a condition or a group, by Kleene's tables."""
    if gate.expression is not None:
        return gate.expression.evaluate(facts)
    answers = [evaluate_gate(member, facts) for member in gate.members]
    doubt = next((answer for answer in answers if isinstance(answer, Undecided)), None)
    if gate.kind == "all":
        return False if any(answer is False for answer in answers) else (True if doubt is None else doubt)
    holds = True if any(answer is True for answer in answers) else doubt
    if gate.kind == "any":
        return False if holds is None else holds
    return True if holds is None else (holds if isinstance(holds, Undecided) else False)
