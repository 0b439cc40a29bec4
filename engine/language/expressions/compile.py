"""From Python's syntax tree to closures: the whitelist of the language.

A node class that is not in `_VISITORS` does not exist in the language. Every part gets its type while it is
compiled, so that what comes out needs no check but that facts keep the types that the portal map promises.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, cast

from engine.language.expressions.arithmetic import calculate, negative
from engine.language.expressions.calls import visit_call
from engine.language.expressions.comparisons import (
    check_options,
    combine,
    compare,
    literal_type,
    money_mend,
    negate,
    unclear,
)
from engine.language.expressions.context import Context
from engine.language.expressions.loops import visit_list_comprehension
from engine.language.expressions.nodes import Node, Scope, constant, unknown
from engine.language.expressions.operators import part
from engine.language.expressions.scan import unquoted
from engine.language.expressions.typerules import assignable, joined, result_of
from engine.language.expressions.vocabulary import CONSTANT_NAMES, FOREIGN_CONSTANTS, FUNCTION_NAMES
from engine.language.faults import suggest
from engine.language.known_names import fold
from engine.language.reading import Reading
from engine.language.types import ANY, DATE, NOTHING, NUMBER, TEXT, TIME, YES_NO, Type, choice, list_of
from engine.language.values import Item, Value

_OPERATORS: Final[Mapping[type, str]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


def visit(ctx: Context, tree: ast.expr) -> Node:
    """Compile one part and note what it reads."""
    return ctx.record(visit_part(ctx, tree))


def visit_part(ctx: Context, tree: ast.expr) -> Node:
    """Compile one part without noting its path: a longer path may go on from it."""
    known = ctx.source.shape.paths.get(tree)
    if known is not None:
        return known
    visitor = _VISITORS.get(tree.__class__)
    if isinstance(tree, ast.GeneratorExp):
        written = ctx.source.slice(tree).removeprefix("(").removesuffix(")")
        return ctx.fault("R247", tree, suggestion=f"[{written}]"[:80])
    if visitor is None:
        values = {"found": ctx.source.slice(tree)[:40]}
        if isinstance(tree, ast.Tuple) and tree.elts:
            values["suggestion"] = f"[{', '.join(ctx.source.slice(one) for one in tree.elts)}]"[:60]
        return ctx.fault("R212", tree, **values)
    return visitor(ctx, tree)


def visit_truth(ctx: Context, tree: ast.expr) -> Node:
    """Compile a part that has to answer yes or no."""
    node = visit(ctx, tree)
    if node.type.kind not in ("yes/no", "any"):
        return ctx.fault("R234", node, found=str(node.type), suggestion=f"{ctx.written(node)} != empty")
    return node


def _constant(ctx: Context, tree: ast.Constant) -> Node:
    start, end = ctx.source.span(tree)
    written = ctx.source.text[start:end]
    if written[0].isdigit():
        return constant(Decimal(written), NUMBER, start, end)
    if written[0] not in "\"'":
        return ctx.fault("R212", tree, found=ctx.source.slice(tree)[:40])
    text = unquoted(written)
    node = constant(text, TEXT, start, end)
    node.literals = ((start, end, text),)
    return node


def _name(ctx: Context, tree: ast.Name) -> Node:
    start, end = ctx.source.span(tree)
    name = fold(tree.id)
    variable = ctx.variables.get(name)
    if variable is not None:
        slot = variable.slot
        return Node(variable.type, lambda _, s: cast("Value", s[slot]), start, end, origins=variable.origins)
    if name in CONSTANT_NAMES:
        return _named_constant(name, start, end)
    found = ctx.names.root(name)
    if found is None:
        return _unknown_name(ctx, tree, name)
    root, type_ = found
    node = Node(type_, lambda r, _s: r.root(root), start, end, path=root, fact=root, origins=(root,))
    return _keep(ctx, tree, node)


def _keep(ctx: Context, tree: ast.expr, node: Node) -> Node:
    """Share a dotted name with the texts of the same shape; it holds no literal and, outside loops, no variable."""
    if node.path and not ctx.variables:
        ctx.source.shape.paths[tree] = node
    return node


def _named_constant(name: str, start: int, end: int) -> Node:
    if name == "now":
        return Node(TIME, lambda r, _s: r.now, start, end)
    if name == "today":
        return Node(DATE, lambda r, _s: r.today, start, end)
    if name == "empty":
        return constant(None, NOTHING, start, end)
    return constant(name == "true", YES_NO, start, end)


def _unknown_name(ctx: Context, tree: ast.Name, name: str) -> Node:
    if name in FOREIGN_CONSTANTS:
        return ctx.fault("R209", tree, found=name, suggestion=FOREIGN_CONSTANTS[name])
    if name in FUNCTION_NAMES:
        return ctx.fault("R225", tree, name=name, suggestion=f"{name}(…)")
    known = (*ctx.variables, *ctx.names.roots)
    values = {"name": name, "known": ", ".join(sorted(known))}
    return ctx.fault("R220", tree, **values, **suggest(name, (*known, *CONSTANT_NAMES)))


def _attribute(ctx: Context, tree: ast.Attribute) -> Node:
    inner = tree.value
    base = (visit_part if isinstance(inner, ast.Attribute | ast.Name) else visit)(ctx, inner)
    start, end = ctx.source.span(tree)
    # As written, not `tree.attr`: a word of Python's after a dot is masked in the tree.
    name = fold(ctx.source.text[start:end].rpartition(".")[2].strip())
    if base.type.kind == ANY.kind:
        return _part(base, name, ANY, start, end)
    found = ctx.names.part(base.type, name)
    if found is not None:
        return _keep(ctx, tree, _part(base, found[0], found[1], start, end))
    ctx.record(base)
    return _unknown_part(ctx, base, name, end)


def _unknown_part(ctx: Context, base: Node, name: str, end: int) -> Node:
    start = end - len(name) if ctx.source.text[end - len(name) : end] == name else base.end + 1
    written = ctx.written(base)
    if base.type.kind == "list":
        mend = f"[one.{name} for one in {written}]"
        return ctx.fault_between(
            "R224", start, end, found=f"{written}.{name}", type=str(base.type), suggestion=mend
        )
    known = tuple(ctx.names.parts(base.type))
    values = {"name": name, "type": str(base.type), "known": ", ".join(known)}
    code = "R221" if base.type.kind in ("item", "row") else "R222"
    return ctx.fault_between(code, start, end, **values, **suggest(name, known))


def _part(base: Node, name: str, type_: Type, start: int, end: int) -> Node:
    """Return the node of `base.name`; a computed property (`date.year`) is no fact of its own."""
    is_fact = base.type.kind in ("item", "row", "file", "any")
    path = f"{base.path}.{name}" if base.path else ""
    node = Node(type_, _reader(base, name, path or name), start, end, path=path)
    node.fact = f"{base.fact}.{name}" if base.fact and is_fact else ""
    node.origins = tuple(f"{origin}.{name}" for origin in base.origins) if is_fact else base.origins
    if base.type.kind == "item":
        node.owner = base.run
        if base.path and "." not in base.path:
            node.hop = (base.path, name)
    return node


def _reader(base: Node, name: str, text: str) -> Callable[[Reading, Scope], Value]:
    inner = base.run
    if base.path and "." not in base.path:
        root = base.path

        def direct(r: Reading, _s: Scope) -> Value:
            item = r.root(root)
            return r.field(item, name) if item.__class__ is Item else part(r, item, name, text)

        return direct

    def run(r: Reading, s: Scope) -> Value:
        item = inner(r, s)
        return r.field(item, name) if item.__class__ is Item else part(r, item, name, text)

    return run


def _compare(ctx: Context, tree: ast.Compare) -> Node:
    operands = [visit(ctx, one) for one in (tree.left, *tree.comparators)]
    pairs = [
        compare(ctx, _OPERATORS[op.__class__], left, right) if op.__class__ in _OPERATORS else unknown(0, 0)
        for op, left, right in zip(tree.ops, operands, operands[1:], strict=False)
    ]
    return pairs[0] if len(pairs) == 1 else combine(ctx, pairs, is_and=True)


def _both(ctx: Context, tree: ast.BoolOp) -> Node:
    return combine(ctx, [visit_truth(ctx, one) for one in tree.values], is_and=isinstance(tree.op, ast.And))


def _unary(ctx: Context, tree: ast.UnaryOp) -> Node:
    start, end = ctx.source.span(tree)
    if isinstance(tree.op, ast.Not):
        return negate(ctx, visit_truth(ctx, tree.operand), start)
    node = visit(ctx, tree.operand)
    sign = "-" if isinstance(tree.op, ast.USub) else "+"
    if node.type.kind not in ("number", "money", "duration", "any"):
        return ctx.fault("R233", node, operator=sign, left="", right=str(node.type))
    if sign == "+":
        return Node(node.type, node.run, start, end, constant=node.constant)
    if node.constant:
        return constant(negative(node.constant[0]), node.type, start, end)
    inner = node.run
    return Node(node.type, lambda r, s: negative(inner(r, s)), start, end)


def _arithmetic(ctx: Context, tree: ast.BinOp) -> Node:
    op = _OPERATORS.get(tree.op.__class__)
    left, right = visit(ctx, tree.left), visit(ctx, tree.right)
    if op is None:
        return ctx.fault("R212", tree, found=ctx.source.slice(tree)[:40])
    start, end = ctx.source.span(tree)
    type_ = result_of(op, left.type, right.type)
    if type_ is None:
        if op in ("+", "-") and money_mend(ctx, left, right):
            return unknown(start, end)
        return ctx.fault("R233", right, operator=op, left=str(left.type), right=str(right.type))
    first, second = left.run, right.run
    return Node(type_, lambda r, s: calculate(op, first(r, s), second(r, s), r), start, end)


def _either(ctx: Context, tree: ast.IfExp) -> Node:
    test = visit_truth(ctx, tree.test)
    yes, no = visit(ctx, tree.body), visit(ctx, tree.orelse)
    start, end = ctx.source.span(tree)
    literals = yes.literals + no.literals if yes.literals and no.literals else ()
    sides = (yes.type, no.type) if literals else (literal_type(yes), literal_type(no))
    type_ = joined(*sides)
    if type_ is None:
        return ctx.fault("R238", no, left=str(yes.type), right=str(no.type))
    condition, first, second, text = test.run, yes.run, no.run, ctx.written(test)

    def run(r: Reading, s: Scope) -> Value:
        answer = condition(r, s)
        if answer is True:
            return first(r, s)
        return second(r, s) if answer is False else unclear(answer, text)

    origins = tuple(dict.fromkeys((*yes.origins, *no.origins)))
    return Node(type_, run, start, end, origins=origins, literals=literals)


def _list(ctx: Context, tree: ast.List) -> Node:
    members = [visit(ctx, one) for one in tree.elts]
    start, end = ctx.source.span(tree)
    type_: Type = members[0].type if members else ANY
    for one in members[1:]:
        both = joined(type_, one.type)
        if both is None:
            return ctx.fault("R238", one, left=str(type_), right=str(one.type))
        type_ = both
    literals = tuple(literal for one in members for literal in one.literals)
    known = tuple(one.constant[0] for one in members if one.constant)
    origins = tuple(dict.fromkeys(origin for one in members for origin in one.origins))
    node = Node(list_of(type_), lambda _r, _s: known, start, end, literals=literals, origins=origins)
    if len(known) == len(members):
        node.constant = (known,)
    else:
        runs = [one.run for one in members]
        node.run = lambda r, s: tuple(run(r, s) for run in runs)
    return node


_VISITORS: Final[Mapping[type, Callable[..., Node]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Compare: _compare,
    ast.BoolOp: _both,
    ast.UnaryOp: _unary,
    ast.BinOp: _arithmetic,
    ast.IfExp: _either,
    ast.List: _list,
    ast.Call: lambda ctx, tree: visit_call(ctx, tree, visit, visit_truth),
    ast.ListComp: lambda ctx, tree: visit_list_comprehension(ctx, tree, visit, visit_truth),
}


def check_result(ctx: Context, node: Node, expected: Type) -> bool:
    """Note where the whole expression is not of the type that its place asks for; return whether it is."""
    if expected.kind == "choice" and node.literals:
        return check_options(ctx, expected, node)
    if node.type.kind == "choice" and expected.kind == "choice":
        missing = [name for name in node.type.options if name not in expected.options]
        guilty = [one for one in node.literals if one[2] in missing]
        if guilty:
            return check_options(ctx, expected, Node(choice(), node.run, 0, 0, literals=tuple(guilty)))
    if expected.kind == YES_NO.kind and node.type.kind not in ("yes/no", "any"):
        ctx.fault("R234", node, found=str(node.type), suggestion=f"{ctx.written(node)} != empty")
        return False
    if expected.kind == "money" and node.constant == (Decimal(0),):
        return True
    if not assignable(node.type, expected):
        ctx.fault("R245", node, expected=str(expected), found=str(node.type))
        return False
    return True
