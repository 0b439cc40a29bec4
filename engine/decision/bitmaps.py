"""The rules of one trigger key, decided together: one bit a rule, one mask for each value a rule can ask for.

A mask holds the rules that a fact leaves alive, those that do not ask for it included; deciding is to AND them. Where a
value lies among the thresholds is found by bisection. Every other distinct predicate is evaluated once, and only while
a rule that asks it is alive. The outcome is exactly that of evaluating each rule alone (a property test holds the two
together). This module knows neither events nor the rules of other keys.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from engine.decision.sight import (
    AFTER,
    BEFORE,
    OPEN,
    PERSON,
    STIR,
    UNREAD,
    Key,
    Sight,
    measure,
    typed,
    why_open,
)
from engine.language.rules import Condition, Rule, Trigger
from engine.language.values import Money, Undecided, Value


class Woken(NamedTuple):
    """The woken rules whose gates are all open, and those that no gate shuts but some leave undecided, with why."""

    fired: list[Rule]
    undecided: list[tuple[Rule, str]]


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


class _Shared(NamedTuple):
    """A gate with its text and the rules that ask it."""

    text: str
    gate: Condition
    asking: int


class _Table(NamedTuple):
    """What the value at `path` leaves alive: `masks[type][value]`, `others` where no rule asks for the value."""

    parent: str
    name: str
    masks: Mapping[type, Mapping[Value, int]]
    others: int
    path: str
    asking: int
    rank: int


class _Limits(NamedTuple):
    """Rules that ask for order with bounds of one type at `path`: `masks` is what a value leaves alive, by cell.

    Cell 0 lies before the first bound, cell 1 on it, cell 2 between it and the second, and so on.
    """

    parent: str
    name: str
    path: str
    kind: type
    currency: str
    bounds: Sequence[Any]  # numbers, or amounts of one currency, or days: they order among themselves
    masks: Sequence[int]
    asking: int
    gates: Sequence[_Shared]


_NONE: Mapping[Value, int] = {}
# The rank of a gate among its like, the rules that ask it, and why it has no answer.
_Doubt = tuple[int, int, str]


class Group:
    """Rules of one trigger key, ready to be decided together. The order given is that of their answers."""

    def __init__(self, given: Sequence[Entry]) -> None:
        entries, self._untold = _told_last(given)
        self._rules = tuple(entry.rule for entry in entries)
        self._orders = tuple(entry.order for entry in entries)
        self._places = range(len(entries))
        self._all = (1 << len(entries)) - 1
        # A rule that stands here under two triggers answers twice.
        self.has_twins = len(set(self._orders)) < len(entries)
        self._tables = _tables(entries, self._all)
        self._limits = _limits(entries, self._all)
        self._others = _shared(
            (condition, position) for position, entry in enumerate(entries) for condition in entry.others
        )

    def decide(self, sight: Sight) -> Woken:
        """Return the rules that fire and those that stay undecided; closed ones are not mentioned."""
        alive, doubts, late = self._all, list[_Doubt](), list[_Table]()
        gates: Sequence[_Shared] = self._others
        for parent, tables in self._tables:
            fields = sight.fields(parent)
            for table in tables:
                _, name, masks, others, path, asking, rank = table
                value = fields.get(name, UNREAD)
                known = masks.get(value.__class__)
                if known is not None:
                    alive &= known.get(value, others)
                elif value is UNREAD:
                    late.append(table)
                elif value.__class__ in OPEN:
                    doubts.append((rank, asking, why_open(value, path)))
                else:
                    alive &= others
        for parent, name, path, kind, currency, bounds, masks_by_cell, asking, shared in self._limits:
            if alive & asking:
                value = sight.fields(parent).get(name, UNREAD)
                if value is UNREAD:
                    value = sight.ask(path, parent, name)
                cell = _cell(value, kind, currency, bounds)
                if cell is None:
                    gates = (*gates, *shared)
                else:
                    alive &= masks_by_cell[cell]
        return self._woken(self._asked(alive, late, gates, sight, doubts), doubts)

    def _asked(
        self, alive: int, late: list[_Table], gates: Sequence[_Shared], sight: Sight, doubts: list[_Doubt]
    ) -> int:
        """Return what is left alive by facts that must be looked for and by gates that must be evaluated."""
        for parent, name, masks, others, path, asking, rank in late:
            if alive & asking:
                value = sight.ask(path, parent, name)
                if value.__class__ in OPEN:
                    doubts.append((rank, asking, why_open(value, path)))
                else:
                    alive &= masks.get(value.__class__, _NONE).get(value, others)
        for rank, (text, gate, asking) in enumerate(gates, start=len(self._rules)):
            if alive & asking:
                answer = sight.answer(gate, text)
                if answer is not True:
                    if isinstance(answer, Undecided):
                        doubts.append((rank, asking, answer.reason))
                    else:
                        alive &= ~asking
        return alive

    def _woken(self, alive: int, doubts: list[_Doubt]) -> Woken:
        rules, undecided = self._rules, list[tuple[int, str]]()
        # The reason shown is that of the gate that comes first.
        for _, asking, reason in sorted(doubts):
            if doubtful := alive & asking:
                alive ^= doubtful
                undecided += [(position, reason) for position in _picked(doubtful, self._places)]
        if len(undecided) > 1:
            undecided.sort(key=lambda one: self._orders[one[0]])
        fired = _picked(alive, rules)
        if alive > self._untold and alive & self._untold:
            positions = sorted(_picked(alive, self._places), key=self._orders.__getitem__)
            fired = [rules[position] for position in positions]
        return Woken(fired, [(rules[position], reason) for position, reason in undecided])


def _told_last(given: Sequence[Entry]) -> tuple[list[Entry], int]:
    """Return the entries with those last that ask for a value of the most telling path; and the others' mask.

    Their values shut nearly all of them. Having the high bits, they leave numbers half as wide behind.
    """
    asked: dict[str, set[Key]] = {}
    for entry in given:
        for path, values in entry.equalities:
            asked.setdefault(path, set()).update(typed(value) for value in values)
    telling = max(asked, key=lambda path: (len(asked[path]), path), default="")
    told = [any(path == telling for path, _ in entry.equalities) for entry in given]
    entries = [
        entry
        for which in (False, True)
        for entry, is_told in zip(given, told, strict=True)
        if is_told is which
    ]
    return entries, (1 << told.count(False)) - 1


def _cell(value: Value, kind: type, currency: str, bounds: Sequence[Any]) -> int | None:
    """Return the cell that `value` lies in, None where it does not order with these bounds."""
    if value.__class__ is not kind:
        return None
    ordered: Any = value
    if isinstance(value, Money):
        if value.currency != currency:
            return None
        ordered = value.amount
    try:
        place = bisect_right(bounds, ordered)
        return 2 * place - (place > 0 and bounds[place - 1] == ordered)
    except (ArithmeticError, TypeError):  # NaN; a naive time among aware ones
        return None


_T = TypeVar("_T")


def _picked(mask: int, members: Sequence[_T]) -> list[_T]:
    """Return the members at the bits of `mask`, in order."""
    found: list[_T] = []
    # From the top, so that the number shrinks as it goes: thousands of rules are a wide number.
    while mask:
        position = mask.bit_length() - 1
        mask ^= 1 << position
        found.append(members[position])
    found.reverse()
    return found


def _mask(positions: Iterable[int], width: int) -> int:
    """Return the number with these bits; in one piece, as each OR would copy thousands of bits."""
    raw = bytearray(width // 8 + 1)
    for position in positions:
        raw[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(raw, "little")


def _tables(entries: Sequence[Entry], everyone: int) -> list[tuple[str, list[_Table]]]:
    """Return the equalities by the item they look at; what the stir itself holds comes first."""
    asked: dict[str, dict[Key, list[int]]] = {}
    asking: dict[str, list[int]] = {}
    for position, entry in enumerate(entries):
        for path, values in _merged(entry.equalities):
            table = asked.setdefault(path, {})
            asking.setdefault(path, []).append(position)
            for key in {typed(value) for value in values}:
                table.setdefault(key, []).append(position)
    found: dict[str, list[_Table]] = {STIR: []}
    for rank, (path, table) in enumerate(asked.items()):
        mask = _mask(asking[path], len(entries))
        others = everyone & ~mask
        masks: dict[type, dict[Value, int]] = {}
        for (kind, value), positions in table.items():
            masks.setdefault(kind, {})[value] = others | _mask(positions, len(entries))
        parent, name = _split(path)
        found.setdefault(parent, []).append(_Table(parent, name, masks, others, path, mask, rank))
    return [(parent, tables) for parent, tables in found.items() if tables]


def _split(path: str) -> tuple[str, str]:
    if path.startswith(STIR):
        return STIR, path
    parent, _, name = path.rpartition(".")
    return parent, name


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


class _Ask(NamedTuple):
    """One rule's `OP bound`, with the gate that says it."""

    position: int
    operator: str
    bound: Any
    gate: Condition


def _limits(entries: Sequence[Entry], everyone: int) -> list[_Limits]:
    """Return the thresholds by path and by what they compare: one currency, one type."""
    families: dict[tuple[str, type, str], list[_Ask]] = {}
    for position, entry in enumerate(entries):
        for path, operator, bound, gate in entry.thresholds:
            currency = bound.currency if isinstance(bound, Money) else ""
            family = families.setdefault((path, bound.__class__, currency), [])
            family.append(_Ask(position, operator, measure(bound), gate))
    found = [_swept(*family, asks, everyone) for family, asks in families.items()]
    # Those with most bounds shut most rules: what only they asked further need not be looked at.
    return sorted(found, key=lambda limits: -len(limits.bounds))


def _swept(path: str, kind: type, currency: str, asks: list[_Ask], everyone: int) -> _Limits:
    """Sort the bounds of one family and sweep the cells: each opens some rules and shuts others for good."""
    width = everyone.bit_length()
    bounds = sorted({ask.bound for ask in asks})
    on = {bound: 2 * place + 1 for place, bound in enumerate(bounds)}
    opening: dict[int, int] = {}
    shutting: dict[int, int] = {}
    for position, operator, bound, _ in asks:
        # Of two bounds to one side the tighter counts.
        if operator in (">", ">="):
            opening[position] = max(on[bound] + (operator == ">"), opening.get(position, 0))
        else:
            shutting[position] = min(
                on[bound] + (operator == "<="), shutting.get(position, 2 * len(bounds) + 1)
            )
    asking = _mask((ask.position for ask in asks), width)
    opened, unshut = everyone & ~_mask(opening, width), everyone
    opens, shuts = _by_cell(opening), _by_cell(shutting)
    masks = [opened]
    for cell in range(1, 2 * len(bounds) + 1):
        if cell in opens or cell in shuts:
            # What shuts at this cell or before it never opens later.
            opened |= _mask(opens.get(cell, ()), width)
            unshut &= ~_mask(shuts.get(cell, ()), width)
            masks.append(opened & unshut)
        else:
            masks.append(masks[-1])
    gates = _shared((ask.gate, ask.position) for ask in asks)
    return _Limits(*_split(path), path, kind, currency, bounds, masks, asking, gates)


def _by_cell(cells: Mapping[int, int]) -> dict[int, list[int]]:
    """Turn position → cell around."""
    found: dict[int, list[int]] = {}
    for position, cell in cells.items():
        found.setdefault(cell, []).append(position)
    return found


def _shared(pairs: Iterable[tuple[Condition, int]]) -> list[_Shared]:
    """Return each distinct gate once, with the rules that ask it."""
    gates: dict[str, Condition] = {}
    asking: dict[str, int] = {}
    for condition, position in pairs:
        text = condition.text
        gates.setdefault(text, condition)
        asking[text] = asking.get(text, 0) | 1 << position
    return [_Shared(text, gate, asking[text]) for text, gate in gates.items()]
