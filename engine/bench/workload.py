"""One set of rules and events for every engine: what the peers and we are asked, in no engine's language.

Pure: the same count gives the same rules and cases. Each engine writes the rules in its own way; `fires` decides one
rule alone, in plain Python, and is the oracle that every engine's answer is held against.

The rules are a company's, of six kinds: half ask for a name or a number that few share, beside sums and dates;
half go by bands of sums, by dates and choices alone. Four kinds are woken by the same event, a deal that moved to one
stage. Some rules ask for a fact that nobody knows: they never fire, and are undecided where their other gates are open.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from engine.language.values import Money

FEW, ONE_PERCENT = "few", "1 %"
CASES = 10
KINDS = 6
SHARING = 3
SET = 100
UNKNOWN = 25

Known: TypeAlias = "str | bool | Decimal | Money | date"


@dataclass(frozen=True, slots=True)
class Other:
    """The right side of a gate that compares two facts."""

    path: str


@dataclass(frozen=True, slots=True)
class Gate:
    """`path op value`, `op` one of `==`, `in`, `<`, `<=`, `>`, `>=`. A fact that is not known opens no gate."""

    path: str
    op: str
    value: Known | tuple[Known, ...] | Other


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule with `id` `SET/NAME`: fires where `field` changed (to `after`, if any) and every gate is open."""

    id: str
    field: str
    after: Known | None
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """An event of regime `regime`: `field` changed, and the facts as they are now, by dotted path."""

    regime: str
    field: str
    facts: Mapping[str, Known]


# Bands of sums lie within RANGE above LARGE; each sum in the middle lies in 4.5 % of them.
LARGE, RANGE = 1_000_000, 9_000_000
BAND = RANGE // 22
START = date(2026, 1, 1)
PLANS = ("30 %, 70 %", "50 %, 50 %", "100 %")
# A rule set's scope: what all its rules ask first.
SCOPE = (
    Gate("deal.pipeline", "==", "customisation"),
    Gate("deal.contract.kind", "==", "client"),
    Gate("deal.contract.cancelled", "==", False),
)
UNPAID = Gate("deal.paid", "<", Other("deal.amount"))


def rules(count: int) -> tuple[Asked, ...]:
    """Return `count` rules, all kinds in turn."""
    return tuple(_rule(n, count) for n in range(count))


def _rule(n: int, count: int) -> Asked:
    kind, turn = n % KINDS, n // KINDS
    name = turn // SHARING
    low = LARGE + RANGE * n // count
    field, after, gates = (
        ("deal.stage", "documents_sent", (
            *SCOPE, Gate("deal.title", "==", f"Проект {name}"), Gate("deal.amount", ">=", _sum(turn + 1)), UNPAID)),
        ("deal.stage", "in_work", (
            *SCOPE, Gate("deal.title", "==", f"Проект {name}"), Gate("deal.amount", ">", _sum(1)))),
        ("deal.stage", "documents_sent", (
            *SCOPE, Gate("deal.stage_plan", "in", PLANS[turn % 2 :]), UNPAID,
            Gate("deal.contract.valid_to", ">=", START + timedelta(days=turn % 90)),
            Gate("deal.amount", ">=", _sum(low)), Gate("deal.amount", "<", _sum(low + BAND)))),
        ("deal.stage", "documents_sent", (
            *SCOPE, Gate("deal.stages_planned", ">=", Decimal(turn % 3 + 1)), UNPAID,
            Gate("deal.contract.valid_from", "<", START - timedelta(days=turn % 60)),
            Gate("deal.invoiced", ">=", _sum(low)), Gate("deal.invoiced", "<", _sum(low + BAND)))),
        ("deal.stage", "documents_sent", (
            *SCOPE, Gate("deal.unsigned_acts", "<=", Decimal(turn % 3 + 1)), UNPAID,
            Gate("deal.contract.date", "<=", START - timedelta(days=turn % 75)),
            Gate("deal.amount", ">", _sum(low)), Gate("deal.amount", "<=", _sum(low + BAND)))),
        ("act.cancelled", True, (
            Gate("act.number", "==", f"А-2026/{name}"), Gate("act.signed", "==", False),
            Gate("act.date", "<", START + timedelta(days=turn % 700)))),
    )[kind]  # fmt: skip
    if turn % UNKNOWN == UNKNOWN - 1:
        gates = (*gates, Gate("deal.contract.signed_by_them", "==", True))
    return Asked(f"set-{n // SET:04}/rule-{n}", field, after, gates)


def _sum(amount: Decimal | int) -> Money:
    return Money(Decimal(amount), "RUB")


def cases(count: int, regime: str) -> tuple[Case, ...]:
    """Return `CASES` different events for `count` rules: of each a few fire, or about 1 % of all."""
    names = max(1, count // (KINDS * SHARING))
    if regime == FEW:
        return tuple(
            _deal(FEW, f"Проект {names * number // CASES}", LARGE - number - 1, 40) for number in range(CASES)
        )
    middle = LARGE + RANGE // 2
    return tuple(
        _deal(ONE_PERCENT, "Прочее", middle + RANGE // 50 * number, 40 + number) for number in range(CASES)
    )


def _deal(regime: str, title: str, amount: int, day: int) -> Case:
    facts: dict[str, Known] = {
        "deal.title": title, "deal.stage": "documents_sent", "deal.pipeline": "customisation",
        "deal.amount": _sum(amount), "deal.invoiced": _sum(amount), "deal.paid": _sum(0),
        "deal.stage_plan": PLANS[1], "deal.stages_planned": Decimal(2), "deal.unsigned_acts": Decimal(2),
        "deal.contract.kind": "client", "deal.contract.cancelled": False,
        "deal.contract.date": START - timedelta(days=90 - day),
        "deal.contract.valid_from": START - timedelta(days=90 - day),
        "deal.contract.valid_to": START + timedelta(days=day),
    }  # fmt: skip
    return Case(regime, "deal.stage", facts)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def fires(rule: Asked, case: Case) -> bool:
    """Decide one rule alone: the oracle."""
    if rule.field != case.field or (rule.after is not None and case.facts[case.field] != rule.after):
        return False
    return all(is_open(gate, case.facts) is True for gate in rule.gates)


def is_undecided(rule: Asked, case: Case) -> bool:
    """Return True where the rule is woken, no gate is shut, and one asks for what nobody knows."""
    if rule.field != case.field or (rule.after is not None and case.facts[case.field] != rule.after):
        return False
    answers = [is_open(gate, case.facts) for gate in rule.gates]
    return None in answers and False not in answers


def is_open(gate: Gate, facts: Mapping[str, Known]) -> bool | None:
    """Return whether the gate is open, None where a fact is not known."""
    left = facts.get(gate.path)
    right = facts.get(gate.value.path) if isinstance(gate.value, Other) else gate.value
    if left is None or right is None:
        return None
    if gate.op == "in":
        return isinstance(right, tuple) and left in right
    return _COMPARE[gate.op](_measure(left), _measure(right))


def _measure(value: object) -> object:
    return value.amount if isinstance(value, Money) else value
