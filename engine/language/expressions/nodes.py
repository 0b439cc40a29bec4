"""What the compiler knows of a part of an expression: its type, its closure, and the paths it reads.

Data only; `compile.py` fills it in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from engine.language.reading import Reading
from engine.language.types import ANY, Type
from engine.language.values import Undecided, Value

BUDGET: Final = 10_000

Scope: TypeAlias = "list[Value | int]"
"""One evaluation's own memory: first the list members it may still visit, then its loop variables."""

Run: TypeAlias = Callable[[Reading, Scope], Value]


class ExhaustedError(Exception):
    """An evaluation visited more list members than it may; never leaves `Expression.evaluate`."""


EXHAUSTED: Final = Undecided(f"too many list members: more than {BUDGET}")


def charge(scope: Scope, count: int) -> None:
    """Take `count` visited members off the budget. Raises ExhaustedError when it is used up."""
    left = scope[0] - count  # type: ignore[operator]
    scope[0] = left
    if left < 0:
        raise ExhaustedError


@dataclass(frozen=True, slots=True)
class Hint:
    """A conjunct that an index of rules can use; `op` is `==`, `in`, `<`, `<=`, `>` or `>=`."""

    path: str
    op: str
    value: Value


@dataclass(slots=True)
class Node:
    """A compiled part between two character offsets.

    `path` is its dotted name where it is one (`act.scan.kind`), `fact` the same where no computed property
    ends it, `origins` the dotted facts that its fields hang on (a loop variable over `deal.acts` has
    `deal.acts`). `constant` is a 1-tuple where the value is known already; `literals` are the quoted texts it
    may come to; `is_joined` tells an `and`/`or`, which says more than its hints. `owner` gives the item whose
    field it is; `hop` is root and field where the node is no more than `deal.stage`.
    """

    type: Type
    run: Run
    start: int
    end: int
    path: str = ""
    fact: str = ""
    origins: tuple[str, ...] = ()
    constant: tuple[Value, ...] = ()
    literals: tuple[tuple[int, int, str], ...] = ()
    hints: tuple[Hint, ...] = ()
    is_joined: bool = False
    owner: Run | None = None
    hop: tuple[str, str] | None = None


@dataclass(slots=True)
class Loop:
    """A comprehension or a list as the functions over lists see it.

    `visit` yields, member by member, whether it belongs to the list (true or undecided) and its value.
    """

    element: Type
    visit: Callable[[Reading, Scope], Iterator[tuple[Value, Value]]]
    origins: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Used:
    """What one expression reads: facts it needs, and its dotted paths outside comprehensions."""

    needs: set[str] = field(default_factory=set)
    shown: list[tuple[int, str, Run]] = field(default_factory=list)
    scope_size: int = 0


def constant(value: Value, type_: Type, start: int, end: int) -> Node:
    """Return the node of a value known at compile time."""
    return Node(type_, lambda _r, _s: value, start, end, constant=(value,))


def unknown(start: int, end: int) -> Node:
    """Return the node of a part with a fault: it fits everywhere, so that a fault is told once."""
    return Node(ANY, lambda _r, _s: Undecided("fault"), start, end)
