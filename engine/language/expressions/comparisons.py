"""Comparisons, membership and three-valued logic: static checks and closures.

The caret stands under the operand that does not fit. Conjuncts that an index of rules can use leave a `Hint`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from engine.language.expressions.context import Context
from engine.language.expressions.nodes import Hint, Node, Run, Scope, charge
from engine.language.expressions.operators import (
    either_open,
    equal,
    is_empty,
    member,
    mismatch,
    open_question,
    order,
    part,
)
from engine.language.expressions.typerules import comparable, is_ordered
from engine.language.literals import unknown_option
from engine.language.reading import Reading
from engine.language.types import ANY, TEXT, YES_NO, Type
from engine.language.values import Item, Money, Undecided, Value

_TESTS: Mapping[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}
_MIRRORED: Mapping[str, str] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_INDEXED: Final = frozenset({"text", "choice", "number", "yes/no"})
_EMPTY_IS_NONE: Final = frozenset({"number", "money", "date", "time", "yes/no", "file", "item"})


def compare(ctx: Context, op: str, left: Node, right: Node) -> Node:
    """Return the node of `left op right`; faults are noted at the operand that does not fit."""
    start, end = left.start, right.end
    if op in ("in", "not in"):
        _check_membership(ctx, left, right)
        node = Node(YES_NO, _membership(ctx, left, right), start, end, hints=_membership_hint(left, right))
        return node if op == "in" else negate(ctx, node)
    if _fits(ctx, op, left, right) and op in _TESTS:
        _check_order(ctx, op, left, right)
    if op in _TESTS:
        run = _ordering(ctx, left, right, _TESTS[op])
        return Node(YES_NO, run, start, end, hints=_threshold_hint(op, left, right))
    node = Node(YES_NO, _equality(left, right), start, end, hints=_equality_hint(left, right))
    return node if op == "==" else negate(ctx, node)


def _fits(ctx: Context, op: str, left: Node, right: Node) -> bool:
    """Check that the two can be compared, and that quoted names are options of the choice they meet."""
    kinds = (left.type.kind, right.type.kind)
    if kinds in (("number", "money"), ("money", "number")):
        return not _number_meets_money(ctx, left if kinds[0] == "number" else right)
    for chooser, quoted in ((left, right), (right, left)):
        if chooser.type.kind == "choice" and quoted.literals:
            return _are_options(ctx, chooser.type, quoted)
    if comparable(left.type, right.type):
        return True
    values = {"operator": op, "left": str(left.type), "right": str(right.type)}
    guilty = right
    if set(kinds) == {"date", "time"}:
        guilty = left if kinds[0] == "time" else right
        values["suggestion"] = f"{ctx.written(guilty)}.date"
    ctx.fault("R230", guilty, **values)
    return False


def _number_meets_money(ctx: Context, number: Node) -> bool:
    """Note a number that stands against money, unless it is nought, which is nought in any currency."""
    if number.constant == (Decimal(0),):
        return False
    written = ctx.written(number)
    ctx.fault("R239", number, found=written, suggestion=f'money({written}, "RUB")')
    return True


def money_mend(ctx: Context, left: Node, right: Node) -> bool:
    """Note a number added to money; False where that is not what `left` and `right` are."""
    kinds = (left.type.kind, right.type.kind)
    if kinds not in (("number", "money"), ("money", "number")):
        return False
    number = left if kinds[0] == "number" else right
    written = ctx.written(number)
    ctx.fault("R239", number, found=written, suggestion=f'money({written}, "RUB")')
    return True


def _are_options(ctx: Context, chooser: Type, quoted: Node) -> bool:
    sound = True
    for start, end, name in quoted.literals:
        if name and name not in chooser.options:
            ctx.fault_between("R232", start, end, **unknown_option(name, chooser.options))
            sound = False
    return sound


def check_options(ctx: Context, chooser: Type, quoted: Node) -> bool:
    """Note every quoted text of `quoted` that is no option of `chooser`; return whether there was none."""
    return _are_options(ctx, chooser, quoted)


def _check_order(ctx: Context, op: str, left: Node, right: Node) -> None:
    for operand in (left, right):
        if not is_ordered(operand.type) and not (operand.type.kind == "choice" and operand.literals):
            ctx.fault("R231", operand, operator=op, type=str(operand.type))
            return


def _equality(left: Node, right: Node) -> Run:
    if left.constant and not right.constant:
        left, right = right, left
    if right.constant and right.constant[0].__class__ in (str, bool):
        return _literal_equality(left, right.constant[0])
    first, second = left.run, right.run
    return lambda r, s: equal(first(r, s), second(r, s))


def _literal_equality(node: Node, literal: Value) -> Run:
    """The commonest condition of all, `deal.stage == "x"`: two look-ups and one comparison."""
    kind, first = literal.__class__, node.run
    if node.hop is None:

        def run(r: Reading, s: Scope) -> Value:
            value = first(r, s)
            return value == literal if value.__class__ is kind else equal(value, literal)

        return run
    root, name = node.hop
    text = node.path

    def short(r: Reading, _s: Scope) -> Value:
        item = r.root(root)
        value = r.field(item, name) if item.__class__ is Item else part(r, item, name, text)
        return value == literal if value.__class__ is kind else equal(value, literal)

    return short


def _ordering(ctx: Context, left: Node, right: Node, test: Callable[[int], bool]) -> Run:
    first, second = left.run, right.run
    left_text, right_text = ctx.written(left), ctx.written(right)

    def run(r: Reading, s: Scope) -> Value:
        a, b = first(r, s), second(r, s)
        if isinstance(a, Money) and isinstance(b, Money) and a.currency == b.currency:
            a, b = a.amount, b.amount
        if a.__class__ is Decimal and b.__class__ is Decimal and a.is_finite() and b.is_finite():
            return test((a > b) - (a < b))
        problem = either_open(a, b, left_text, right_text)
        if problem is not None:
            return problem
        sign = order(a, b)
        return sign if isinstance(sign, Undecided) else test(sign)

    return run


def _check_membership(ctx: Context, left: Node, right: Node) -> None:
    kind = right.type.kind
    if kind == "list":
        inner = Node(right.type.of or ANY, right.run, right.start, right.end, literals=right.literals)
        if inner.type.kind == "number" and left.type.kind == "money":
            ctx.fault("R239", right, found=ctx.written(right), suggestion='money(…, "RUB")')
        else:
            _fits(ctx, "in", left, inner)
    elif kind in ("text", "choice"):
        if left.type.kind not in ("text", "choice", "any"):
            ctx.fault("R230", left, operator="in", left=str(left.type), right=str(right.type))
    elif kind != "any":
        ctx.fault("R237", right, type=str(right.type), suggestion=f"[{ctx.written(right)}]")


def _membership(ctx: Context, left: Node, right: Node) -> Run:
    first, second = left.run, right.run
    if right.constant and isinstance(right.constant[0], tuple):
        members = right.constant[0]
        texts = frozenset(members) if all(isinstance(one, str) and one for one in members) else None

        def quick(r: Reading, s: Scope) -> Value:
            value = first(r, s)
            return value in texts if texts is not None and value.__class__ is str else member(value, members)

        return quick
    ctx.use_scope()

    def run(r: Reading, s: Scope) -> Value:
        value, container = first(r, s), second(r, s)
        if isinstance(container, tuple):
            charge(s, len(container))
            return member(value, container)
        problem = either_open(value, container)
        if problem is not None:
            return problem
        if container is None or value is None:
            return False
        return (
            value in container
            if isinstance(container, str) and isinstance(value, str)
            else mismatch(value, container)
        )

    return run


def negate(ctx: Context, node: Node, start: int | None = None) -> Node:
    """Return the node of `not node`; undecided stays undecided."""
    inner, text = node.run, ctx.written(node)

    def run(r: Reading, s: Scope) -> Value:
        value = inner(r, s)
        if value is True or value is False:
            return not value
        return unclear(value, text)

    hints = (Hint(node.fact, "==", False),) if node.fact and node.type.kind == "yes/no" else ()
    # An empty fact is neither yes nor no, so `not fact` says more than its hint.
    return Node(
        YES_NO, run, node.start if start is None else start, node.end, hints=hints, is_joined=bool(hints)
    )


def unclear(value: Value, text: str) -> Undecided:
    """Return why `value` is no answer to a yes/no question."""
    problem = open_question(value, text)
    return Undecided(f"neither yes nor no: {text}") if problem is None else problem


def truth_hints(node: Node) -> tuple[Hint, ...]:
    """Return the hints of a conjunct; a bare yes/no fact is one itself."""
    if node.fact and node.type.kind == "yes/no":
        return (Hint(node.fact, "==", True),)
    return node.hints


def combine(ctx: Context, members: Sequence[Node], *, is_and: bool) -> Node:
    """Return the node of `a and b and …` (or `or`): one decides, else an undecided one leaves it open."""
    parts = [(node.run, ctx.written(node)) for node in members]
    decides = not is_and

    def run(r: Reading, s: Scope) -> Value:
        still_open: Undecided | None = None
        for inner, text in parts:
            value = inner(r, s)
            if value is decides:
                return decides
            if value is not is_and and still_open is None:
                still_open = unclear(value, text)
        return is_and if still_open is None else still_open

    hints = tuple(hint for node in members for hint in truth_hints(node)) if is_and else ()
    return Node(YES_NO, run, members[0].start, members[-1].end, hints=hints, is_joined=True)


def _equality_hint(left: Node, right: Node) -> tuple[Hint, ...]:
    if left.constant:
        left, right = right, left
    if not left.fact or not right.constant:
        return ()
    value, kind = right.constant[0], left.type.kind
    # An empty text is empty too, and an index could not know both keys; the expression itself decides those.
    if (value is None and kind in _EMPTY_IS_NONE) or (kind in _INDEXED and not is_empty(value)):
        return (Hint(left.fact, "==", value),)
    return ()


def _membership_hint(left: Node, right: Node) -> tuple[Hint, ...]:
    values = right.constant[0] if right.constant else None
    if not left.fact or left.type.kind not in _INDEXED or not isinstance(values, tuple):
        return ()
    return () if any(is_empty(value) for value in values) else (Hint(left.fact, "in", values),)


def _threshold_hint(op: str, left: Node, right: Node) -> tuple[Hint, ...]:
    if left.constant:
        left, right, op = right, left, _MIRRORED[op]
    if not left.fact or not right.constant:
        return ()
    value = right.constant[0]
    kinds = {"number": Decimal, "money": Money}
    fits = value.__class__ is kinds.get(left.type.kind) or (
        left.type.kind in ("date", "time") and value is not None
    )
    return (Hint(left.fact, op, value),) if fits else ()


def literal_type(node: Node) -> Type:
    """Return the type of a node as a choice sees it: quoted texts are the choice of themselves."""
    if node.literals and node.type == TEXT:
        return Type("choice", options=tuple(dict.fromkeys(name for _, _, name in node.literals)))
    return node.type
