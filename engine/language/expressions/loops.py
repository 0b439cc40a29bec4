"""Comprehensions: `x.y for x in list if …`, one `for` or two, with a budget of visited members."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from engine.language.expressions.aggregates import collect
from engine.language.expressions.context import Context, Variable
from engine.language.expressions.nodes import Loop, Node, Run, Scope, charge
from engine.language.expressions.operators import refusal
from engine.language.expressions.vocabulary import CONSTANT_NAMES, FUNCTION_NAMES
from engine.language.known_names import fold
from engine.language.reading import Reading
from engine.language.types import ANY, list_of
from engine.language.values import Undecided, Value

MAX_NESTED: Final = 2
Visit: TypeAlias = Callable[[Context, ast.expr], Node]
Comprehension: TypeAlias = ast.ListComp | ast.GeneratorExp


def visit_list_comprehension(ctx: Context, tree: Comprehension, visit: Visit, truth: Visit) -> Node:
    """Return the node of the list that a comprehension makes."""
    loop = compile_loop(ctx, tree, visit, truth)
    return Node(list_of(loop.element), collect(loop), loop.start, loop.end, origins=loop.origins)


def compile_loop(ctx: Context, tree: Comprehension, visit: Visit, truth: Visit) -> Loop:
    """Return the loop of a comprehension; its variables are in scope only inside."""
    outer = dict(ctx.variables)
    start, end = ctx.source.span(tree)
    if len(outer) + len(tree.generators) > MAX_NESTED:
        node = ctx.fault("R241", tree, limit=str(MAX_NESTED))
        return Loop(ANY, lambda r, s: iter([(True, node.run(r, s))]), (), start, end)
    levels = [_level(ctx, generator, visit, truth) for generator in tree.generators]
    element = visit(ctx, tree.elt)
    ctx.variables = outer
    return Loop(element.type, _visitor(levels, element.run), element.origins, start, end)


_Level: TypeAlias = tuple[Run, int, "Run | None"]


def _level(ctx: Context, generator: ast.comprehension, visit: Visit, truth: Visit) -> _Level:
    source = visit(ctx, generator.iter)
    if source.type.kind not in ("list", "any"):
        ctx.fault("R240", source, found=str(source.type))
    slot = ctx.take_slot()
    target = generator.target
    if not isinstance(target, ast.Name):
        ctx.fault("R212", target, found=ctx.source.slice(target)[:40])
        inside = [fold(one.id) for one in ast.walk(target) if isinstance(one, ast.Name)]
        ctx.variables = {**ctx.variables, **{name: Variable(slot, ANY, ()) for name in inside}}
        return source.run, slot, None
    name = fold(target.id)
    if name in ctx.variables or name in CONSTANT_NAMES or name in FUNCTION_NAMES or ctx.names.root(name):
        ctx.fault("R226", target, name=name)
    ctx.variables = {**ctx.variables, name: Variable(slot, source.type.of or ANY, source.origins)}
    tests = [truth(ctx, test).run for test in generator.ifs]
    return source.run, slot, _all_of(tests) if tests else None


def _all_of(tests: list[Run]) -> Run:
    if len(tests) == 1:
        return tests[0]

    def run(r: Reading, s: Scope) -> Value:
        still_open: Value = True
        for test in tests:
            answer = test(r, s)
            if answer is False:
                return False
            if answer is not True and still_open is True:
                still_open = answer
        return still_open

    return run


def _visitor(levels: list[_Level], element: Run) -> Callable[[Reading, Scope], Iterator[tuple[Value, Value]]]:
    """Return the walk over the levels: whether each member belongs (true or undecided), and its value."""

    def walk(r: Reading, s: Scope, depth: int, belongs: Value) -> Iterator[tuple[Value, Value]]:
        if depth == len(levels):
            yield belongs, element(r, s)
            return
        source, slot, test = levels[depth]
        members = source(r, s)
        if members is None:
            return
        if not isinstance(members, tuple):
            problem = refusal(members, ())
            yield problem, problem
            return
        for one in members:
            charge(s, 1)
            s[slot] = one
            answer = True if test is None else test(r, s)
            if answer is False:
                continue
            if answer is not True and not isinstance(answer, Undecided):
                answer = (
                    refusal(answer, True) if answer is not None else Undecided("empty: condition of a member")
                )
            yield from walk(r, s, depth + 1, answer if belongs is True else belongs)

    return lambda r, s: walk(r, s, 0, True)
