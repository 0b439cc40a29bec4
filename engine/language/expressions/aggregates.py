"""Functions over lists and comprehensions: all, any, sum, min, max, len, sorted.

`all` and `any` are Kleene's over members whose belonging may itself be undecided; the others are undecided as
soon as a member or its belonging is. Empty members count for nothing in sums and are no smallest or largest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cmp_to_key

from engine.language.expressions.arithmetic import calculate
from engine.language.expressions.comparisons import unclear
from engine.language.expressions.context import Context
from engine.language.expressions.nodes import Loop, Node, Run, Scope, charge
from engine.language.expressions.operators import open_question, order, refusal
from engine.language.expressions.typerules import is_ordered
from engine.language.reading import Reading
from engine.language.types import NUMBER, YES_NO, Type, list_of
from engine.language.values import Money, Undecided, Value

AGGREGATES = frozenset({"all", "any", "sum", "min", "max", "len", "sorted"})


def over_list(ctx: Context, node: Node) -> Loop:
    """Return the loop over the members of a list as they are."""
    ctx.use_scope()
    run = node.run

    def visit(r: Reading, s: Scope) -> Iterator[tuple[Value, Value]]:
        members = run(r, s)
        if members is None:
            return
        if not isinstance(members, tuple):
            problem = refusal(members, ())
            yield problem, problem
            return
        charge(s, len(members))
        for one in members:
            yield True, one

    return Loop(node.type.of or Type("any"), visit, node.origins, node.start, node.end)


def over_arguments(_ctx: Context, nodes: list[Node], element: Type) -> Loop:
    """Return the loop over the arguments of `min(a, b)`."""
    runs = [node.run for node in nodes]

    def visit(r: Reading, s: Scope) -> Iterator[tuple[Value, Value]]:
        for run in runs:
            yield True, run(r, s)

    return Loop(element, visit, (), nodes[0].start, nodes[-1].end)


def collect(loop: Loop) -> Run:
    """Return the closure that makes a list of a loop; undecided where nobody knows which members belong."""

    def run(r: Reading, s: Scope) -> Value:
        members: list[Value] = []
        for belongs, value in loop.visit(r, s):
            if belongs is not True:
                return belongs
            members.append(value)
        return tuple(members)

    return run


def aggregate(ctx: Context, name: str, loop: Loop, start: int, end: int) -> Node:
    """Return the node of `name(loop)`; a member type that the function cannot take is noted."""
    kind = loop.element.kind
    wrong = (
        (name in ("all", "any") and kind not in ("yes/no", "any"))
        or (name == "sum" and kind not in ("number", "money", "any"))
        or (name in ("min", "max", "sorted") and not is_ordered(loop.element))
    )
    if wrong:
        expected = {"all": "yes/no", "any": "yes/no", "sum": "number, money"}.get(
            name, "number, money, date, time, text"
        )
        return ctx.fault_between(
            "R235",
            loop.start,
            loop.end,
            function=name,
            number="1",
            expected=expected,
            found=f"list of {loop.element}",
        )
    types: Mapping[str, Type] = {"all": YES_NO, "any": YES_NO, "len": NUMBER, "sorted": list_of(loop.element)}
    return Node(types.get(name, loop.element), _BUILDERS[name](loop), start, end)


def _quantifier(loop: Loop, *, decides: bool) -> Run:
    """`all` is decided by one false member that surely belongs, `any` by one true one."""
    visit, neutral = loop.visit, not decides

    def run(r: Reading, s: Scope) -> Value:
        still_open: Undecided | None = None
        for belongs, value in visit(r, s):
            if value is decides and belongs is True:
                return decides
            if value is not neutral and still_open is None:
                still_open = unclear(belongs if belongs is not True else value, "member")
        return neutral if still_open is None else still_open

    return run


def _sum(loop: Loop) -> Run:
    nothing: Value = Money(Decimal(0)) if loop.element.kind == "money" else Decimal(0)

    def run(r: Reading, s: Scope) -> Value:
        total: Value = None
        for belongs, value in loop.visit(r, s):
            if belongs is not True:
                return belongs
            if value is None:
                continue
            total = calculate("+", total, value, r) if total is not None else _summand(value)
            if isinstance(total, Undecided):
                return total
        return nothing if total is None else total

    return run


def _summand(value: Value) -> Value:
    return value if isinstance(value, Decimal | Money) else refusal(value, Decimal(0))


def _extreme(loop: Loop, wanted: int) -> Run:
    def run(r: Reading, s: Scope) -> Value:
        best: Value = None
        for belongs, value in loop.visit(r, s):
            if belongs is not True:
                return belongs
            if value is None:
                continue
            sign = order(value, value if best is None else best)
            if isinstance(sign, Undecided):
                return sign
            if best is None or sign == wanted:
                best = value
        return best

    return run


def _len(loop: Loop) -> Run:
    def run(r: Reading, s: Scope) -> Value:
        count = 0
        for belongs, _ in loop.visit(r, s):
            if belongs is not True:
                return belongs
            count += 1
        return Decimal(count)

    return run


class _OpenOrderError(Exception):
    """Two members have no order; ends the sort."""


def _sorted(loop: Loop) -> Run:
    members = collect(loop)

    def compare(a: Value, b: Value) -> int:
        sign = order(a, b)
        if isinstance(sign, Undecided):
            raise _OpenOrderError(sign.reason)
        return sign

    def run(r: Reading, s: Scope) -> Value:
        found = members(r, s)
        if not isinstance(found, tuple):
            return found
        # A sort of one member compares nothing, yet an undecided member must show.
        problem = next((p for one in found if (p := open_question(one, "member")) is not None), None)
        try:
            return tuple(sorted(found, key=cmp_to_key(compare))) if problem is None else problem
        except _OpenOrderError as reason:
            return Undecided(str(reason))

    return run


_BUILDERS: Mapping[str, Callable[[Loop], Run]] = {
    "all": lambda loop: _quantifier(loop, decides=False),
    "any": lambda loop: _quantifier(loop, decides=True),
    "sum": _sum,
    "min": lambda loop: _extreme(loop, -1),
    "max": lambda loop: _extreme(loop, 1),
    "len": _len,
    "sorted": _sorted,
}
