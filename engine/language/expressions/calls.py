"""Calls: which name is a function, what it takes, and the closure that calls it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, cast

from engine.language.expressions.aggregates import AGGREGATES, aggregate, over_arguments, over_list
from engine.language.expressions.context import Context
from engine.language.expressions.functions import EMPTY_IS_FALSE, EMPTY_STAYS, FUNCTIONS, Function
from engine.language.expressions.loops import Visit, compile_loop, visit_list_comprehension
from engine.language.expressions.nodes import Node, Run, Scope, charge, constant, unknown
from engine.language.expressions.operators import refusal
from engine.language.expressions.special import SPECIAL_COUNTS, special
from engine.language.expressions.typerules import as_text_kind, joined
from engine.language.expressions.vocabulary import FUNCTION_NAMES
from engine.language.faults import suggest
from engine.language.known_names import fold
from engine.language.reading import Reading
from engine.language.types import NUMBER, Type
from engine.language.values import Money, Undecided, Value

_CLASSES: Final[Mapping[str, type]] = {
    "text": str, "number": Decimal, "money": Money, "date": date, "time": datetime, "list": tuple,
}  # fmt: skip
_NO_READING: Final = cast("Reading", None)


def visit_call(ctx: Context, tree: ast.Call, visit: Visit, truth: Visit) -> Node:
    """Return the node of a call of a function of the language."""
    start, end = ctx.source.span(tree)
    name = _function_name(ctx, tree)
    if name is None:
        return unknown(start, end)
    # Keyword arguments never get here: their `=` is a slip for `==` to the scanner.
    starred = next((one for one in tree.args if isinstance(one, ast.Starred)), None)
    if starred is not None or tree.keywords:
        return ctx.fault("R216", starred or tree, function=name)
    if name in AGGREGATES and len(tree.args) == 1:
        return _over_one(ctx, name, tree, visit, truth)
    arguments = [_argument(ctx, one, visit, truth) for one in tree.args]
    if name in AGGREGATES and not (name in ("min", "max") and len(arguments) > 1):
        return _miscounted(ctx, tree, name, "1")
    if name in AGGREGATES:
        return _over_many(ctx, name, arguments, start, end)
    if name in SPECIAL_COUNTS:
        least, most = SPECIAL_COUNTS[name]
        if not least <= len(arguments) <= most:
            return _miscounted(ctx, tree, name, str(most) if least == most else f"{least}–{most}")
        return special(ctx, name, arguments, start, end)
    return _plain(ctx, name, FUNCTIONS[name], tree, arguments)


def _function_name(ctx: Context, tree: ast.Call) -> str | None:
    if isinstance(tree.func, ast.Name):
        name = fold(tree.func.id)
        if name in FUNCTION_NAMES:
            return name
        ctx.fault(
            "R223",
            tree.func,
            name=name,
            known=", ".join(sorted(FUNCTION_NAMES)),
            **suggest(name, FUNCTION_NAMES),
        )
        return None
    found = ctx.source.slice(tree.func)[:60]
    values = {"found": found}
    if isinstance(tree.func, ast.Attribute):
        name = {"startswith": "starts", "endswith": "ends"}.get(tree.func.attr, tree.func.attr)
        if name in FUNCTION_NAMES:
            values["suggestion"] = f"{name}({ctx.source.slice(tree.func.value)[:60]})"
    ctx.fault("R215", tree.func, **values)
    return None


def _argument(ctx: Context, tree: ast.expr, visit: Visit, truth: Visit) -> Node:
    """A generator is a list to every function that is not over lists itself."""
    if isinstance(tree, ast.GeneratorExp):
        return visit_list_comprehension(ctx, tree, visit, truth)
    return visit(ctx, tree)


def _miscounted(ctx: Context, tree: ast.Call, name: str, expected: str) -> Node:
    return ctx.fault("R236", tree, function=name, expected=expected, found=str(len(tree.args)))


def _over_one(ctx: Context, name: str, tree: ast.Call, visit: Visit, truth: Visit) -> Node:
    start, end = ctx.source.span(tree)
    argument = tree.args[0]
    if isinstance(argument, ast.GeneratorExp | ast.ListComp):
        loop = compile_loop(ctx, argument, visit, truth)
        node = aggregate(ctx, name, loop, start, end)
    else:
        inner = visit(ctx, argument)
        if name == "len" and inner.type.kind in ("text", "choice", "any"):
            return Node(NUMBER, _length(ctx, inner), start, end)
        if inner.type.kind not in ("list", "any"):
            expected = "list, text" if name == "len" else "list"
            return ctx.fault(
                "R235", inner, function=name, number="1", expected=expected, found=str(inner.type)
            )
        loop = over_list(ctx, inner)
        node = aggregate(ctx, name, loop, start, end)
    if name in ("sorted", "min", "max"):
        node.origins = loop.origins
    return node


def _length(_ctx: Context, node: Node) -> Run:
    inner = node.run

    def run(r: Reading, s: Scope) -> Value:
        value = inner(r, s)
        if value is None:
            return Decimal(0)
        return Decimal(len(value)) if isinstance(value, str | tuple) else refusal(value, "")

    return run


def _over_many(ctx: Context, name: str, arguments: list[Node], start: int, end: int) -> Node:
    type_: Type = arguments[0].type
    for argument in arguments[1:]:
        both = joined(type_, argument.type)
        if both is None:
            return ctx.fault("R238", argument, left=str(type_), right=str(argument.type))
        type_ = both
    return aggregate(ctx, name, over_arguments(ctx, arguments, type_), start, end)


def _plain(ctx: Context, name: str, function: Function, tree: ast.Call, arguments: list[Node]) -> Node:
    start, end = ctx.source.span(tree)
    most = len(function.takes)
    if not most - function.optional <= len(arguments) <= most:
        expected = f"{most - function.optional}–{most}" if function.optional else str(most)
        return _miscounted(ctx, tree, name, expected)
    for number, (argument, kinds) in enumerate(zip(arguments, function.takes, strict=False), 1):
        found = as_text_kind(argument.type.kind)
        if found not in (*kinds, "any") and "any" not in kinds:
            return ctx.fault(
                "R235",
                argument,
                function=name,
                number=str(number),
                expected=", ".join(kinds),
                found=str(argument.type),
            )
    type_ = function.result or arguments[0].type
    if "list" in (type_.kind, *(argument.type.kind for argument in arguments)):
        ctx.use_scope()
    run = _caller(name, function, arguments, is_counted="list" in (type_.kind, *function.takes[0]))
    if function.is_constant and all(argument.constant for argument in arguments):
        value = run(_NO_READING, [])
        if isinstance(value, Undecided):
            return ctx.fault("R248", tree, found=ctx.source.slice(tree)[:60], problem=value.reason)
        return constant(value, type_, start, end)
    return Node(type_, run, start, end)


def _caller(name: str, function: Function, arguments: list[Node], *, is_counted: bool) -> Run:
    """Return the closure: only decided arguments of the right classes reach the function."""
    empties: Mapping[str, Value] = {EMPTY_STAYS: None, EMPTY_IS_FALSE: False}
    when_empty = empties.get(function.empty, Undecided(f"empty: {name}"))
    parts = [
        (argument.run, None if "any" in kinds else tuple(_CLASSES[kind] for kind in kinds))
        for argument, kinds in zip(arguments, function.takes, strict=False)
    ]
    body = function.run

    def run(r: Reading, s: Scope) -> Value:
        values: list[Value] = []
        for inner, classes in parts:
            value = inner(r, s)
            if value is None:
                return when_empty
            if classes is not None and value.__class__ not in classes:
                return refusal(value, name)
            values.append(value)
        try:
            answer = body(r, *values)
        except (ArithmeticError, ValueError, TypeError) as problem:
            return Undecided(f"{name}: {problem}"[:200])
        if is_counted:
            charge(s, sum(len(one) for one in (*values, answer) if isinstance(one, tuple)))
        return answer

    return run
