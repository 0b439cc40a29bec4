"""Functions whose meaning hangs on their arguments' text or openness: matches, money, first, known.

`matches` runs on RE2, whose time is linear in the text whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from engine.language.expressions.arithmetic import MAX_TEXT
from engine.language.expressions.context import Context
from engine.language.expressions.nodes import Node, Scope, constant
from engine.language.expressions.operators import is_empty, refusal
from engine.language.expressions.typerules import joined
from engine.language.reading import Reading
from engine.language.types import MONEY, YES_NO, Type
from engine.language.values import Mixed, Money, Pending, Undecided, Value

MAX_PATTERN: Final = 200
MAX_FIRST: Final = 10
_CURRENCY = re.compile(r"[A-Z]{3}")
SPECIAL_COUNTS: Final[Mapping[str, tuple[int, int]]] = {
    "matches": (2, 2),
    "money": (2, 2),
    "first": (1, MAX_FIRST),
    "known": (1, 1),
}


def special(ctx: Context, name: str, arguments: list[Node], start: int, end: int) -> Node:
    """Return the node of a call of one of the special functions; the number of arguments is already right."""
    return _BUILDERS[name](ctx, arguments, start, end)


def _quoted(ctx: Context, name: str, argument: Node) -> str | None:
    """Return the text of an argument that must stand quoted in the expression itself."""
    if argument.constant and isinstance(argument.constant[0], str) and argument.literals:
        return argument.constant[0]
    ctx.fault("R243", argument, function=name, found=ctx.written(argument))
    return None


def _matches(ctx: Context, arguments: list[Node], start: int, end: int) -> Node:
    subject, pattern = arguments
    if subject.type.kind not in ("text", "choice", "any"):
        ctx.fault("R235", subject, function="matches", number="1", expected="text", found=str(subject.type))
    text = _quoted(ctx, "matches", pattern)
    if text is None:
        return Node(YES_NO, subject.run, start, end)
    test = _compiled(ctx, text, pattern)
    inner = subject.run

    def run(r: Reading, s: Scope) -> Value:
        value = inner(r, s)
        if value is None:
            return False
        if not isinstance(value, str):
            return refusal(value, "")
        try:
            return test(value[:MAX_TEXT])
        except ValueError:
            return Undecided("matches: broken characters")

    return Node(YES_NO, run, start, end)


def _compiled(ctx: Context, text: str, pattern: Node) -> Callable[[str], bool]:
    """Compile a pattern; it must fit the whole text, since `contains` looks inside already."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    if len(text) > MAX_PATTERN:
        ctx.fault("R242", pattern, found=text[:60], problem=f"> {MAX_PATTERN}")
        return lambda _value: False
    try:
        compiled = re2.compile(text, options)
    except (re2.error, ValueError) as problem:
        said = problem.args[0] if problem.args else problem
        shown = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        ctx.fault("R242", pattern, found=text[:60], problem=shown)
        return lambda _value: False
    return lambda value: compiled.fullmatch(value) is not None


def _money(ctx: Context, arguments: list[Node], start: int, end: int) -> Node:
    number, currency = arguments
    if number.type.kind not in ("number", "any"):
        ctx.fault("R235", number, function="money", number="1", expected="number", found=str(number.type))
    code = _quoted(ctx, "money", currency)
    if code is None:
        return Node(MONEY, number.run, start, end)
    if not _CURRENCY.fullmatch(code):
        mend = code.strip().upper()
        mend = mend if _CURRENCY.fullmatch(mend) else "RUB"
        ctx.fault("R244", currency, found=code, suggestion=mend)
        return Node(MONEY, number.run, start, end)
    if number.constant and isinstance(number.constant[0], Decimal):
        return constant(Money(number.constant[0], code), MONEY, start, end)
    inner = number.run

    def run(r: Reading, s: Scope) -> Value:
        value = inner(r, s)
        if isinstance(value, Decimal):
            return Money(value, code)
        return None if value is None else refusal(value, Decimal(0))

    return Node(MONEY, run, start, end)


def _first(ctx: Context, arguments: list[Node], start: int, end: int) -> Node:
    """The first argument that has something; undecided ones are passed over, and open if all are."""
    found: Type = arguments[0].type
    for argument in arguments[1:]:
        both = joined(found, argument.type)
        if both is None:
            return ctx.fault("R238", argument, left=str(found), right=str(argument.type))
        found = both
    origins = tuple(dict.fromkeys(origin for argument in arguments for origin in argument.origins))
    single = len(arguments) == 1 and found.kind == "list"
    element = found.of if single and found.of else found
    runs = [argument.run for argument in arguments]

    def run(r: Reading, s: Scope) -> Value:
        still_open: Value = None
        for inner in runs:
            value = inner(r, s)
            for one in value if single and isinstance(value, tuple) else (value,):
                if isinstance(one, Undecided):
                    still_open = one
                elif not is_empty(one):
                    return one
        return still_open

    return Node(element, run, start, end, origins=origins)


def _known(_ctx: Context, arguments: list[Node], start: int, end: int) -> Node:
    inner = arguments[0].run
    return Node(YES_NO, lambda r, s: not isinstance(inner(r, s), Undecided | Pending | Mixed), start, end)


_BUILDERS: Mapping[str, Callable[[Context, list[Node], int, int], Node]] = {
    "matches": _matches,
    "money": _money,
    "first": _first,
    "known": _known,
}
