"""From the text of an expression to Python's syntax tree with character offsets.

This module decides whether a text is an expression at all. What its parts may be is the compiler's question.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.language.expressions.nodes import Node
from engine.language.expressions.scan import MAX_LENGTH, Token, masked, scan, shape_of
from engine.language.faults import Fault

MAX_TREE: Final = 60
MAX_SHAPES: Final = 2000

# Where children can be; of every other class all fields are looked at.
_CHILDREN: Final[Mapping[type, tuple[str, ...]]] = {
    ast.Name: (),
    ast.Constant: (),
    ast.Attribute: ("value",),
    ast.Compare: ("left", "comparators"),
    ast.BoolOp: ("values",),
    ast.BinOp: ("left", "right"),
    ast.UnaryOp: ("operand",),
    ast.Call: ("func", "args", "keywords"),
    ast.List: ("elts",),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What texts that differ in nothing but their literals share: the tree, and the offsets of its parts.

    `paths` are what the parts that are dotted names outside loops compiled to, filled by the compiler.
    """

    tree: ast.expr
    spans: Mapping[ast.expr, tuple[int, int]]
    paths: dict[ast.expr, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A text that Python's parser read. Literals are taken from `text`: the tree may be another text's."""

    text: str
    shape: Shape

    @property
    def tree(self) -> ast.expr:
        """The whole expression."""
        return self.shape.tree

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return the character offsets of `node`."""
        return self.shape.spans[node]

    def slice(self, node: ast.expr) -> str:
        """Return the text of `node` as the author wrote it, on one line."""
        start, end = self.shape.spans[node]
        return " ".join(self.text[start:end].split())


def parse(text: str, seen: dict[str, Shape]) -> tuple[Source | None, Fault | None]:
    """Return the parsed text, or the fault that makes it none. Bounded in time and stack for any text.

    `seen` keeps the shapes of sound texts (at most `MAX_SHAPES`): a text of a known shape is not parsed again.
    """
    if len(text) > MAX_LENGTH:
        return None, scan(text)[1]
    key = shape_of(text)
    shape = seen.get(key)
    if shape is None:
        shape, fault = _parse(text)
        if shape is None:
            return None, fault
        if len(seen) >= MAX_SHAPES:
            seen.clear()
        seen[key] = shape
    return Source(text, shape), None


def _parse(text: str) -> tuple[Shape | None, Fault | None]:
    tokens, fault = scan(text)
    if fault:
        return None, fault
    try:
        plain = masked(tokens)
        tree = ast.parse(f"({plain})", mode="eval").body
    except SyntaxError as problem:
        return None, _misread(text, tokens, problem.offset)
    except (ValueError, RecursionError, MemoryError):
        return None, Fault("R203", 0, len(text))
    place = _Placer(plain, len(text))
    spans, depth = _spans(tree, place)
    fault = _too_deep(tree, place) if depth > MAX_TREE - 3 else None
    return (Shape(tree, spans), None) if fault is None else (None, fault)


def _misread(text: str, tokens: tuple[Token, ...], offset: int | None) -> Fault:
    last = tokens[-1]
    if not last.is_value:
        return Fault("R214", last.start, last.end, {"found": last.text})
    at = min(max((offset or 1) - 2, 0), len(text) - 1)
    for token in tokens:
        if token.start <= at < token.end or token.start > at:
            return Fault("R203", token.start, token.end, {"found": token.text})
    return Fault("R203", last.start, last.end, {"found": last.text})


class _Placer:
    """From the positions of Python's parser, which counts UTF-8 bytes and our one added bracket, to characters."""

    def __init__(self, plain: str, length: int) -> None:
        self.offsets = None if plain.isascii() else _offsets(plain)
        self.last = length if self.offsets is None else len(self.offsets) - 1

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return the character offsets of `node`."""
        start, end = node.col_offset - 1, (node.end_col_offset or node.col_offset) - 1
        start, end = max(start, 0), min(end, self.last)
        return (start, end) if self.offsets is None else (self.offsets[start], self.offsets[end])


def _offsets(text: str) -> list[int]:
    """Map each UTF-8 byte offset of `text` to its character offset."""
    found: list[int] = []
    for position, character in enumerate(text):
        if character.isascii():
            found.append(position)
        else:
            found.extend([position] * len(character.encode("utf-8", "surrogatepass")))
    found.append(len(text))
    return found


def _spans(tree: ast.expr, place: _Placer) -> tuple[dict[ast.expr, tuple[int, int]], int]:
    """Return the offsets of every part and the number of levels, leaves without parts of their own left out."""
    spans: dict[ast.expr, tuple[int, int]] = {}
    level: list[ast.AST] = [tree]
    depth = 0
    while level:
        depth += 1
        below: list[ast.AST] = []
        for node in level:
            if isinstance(node, ast.expr):
                spans[node] = place.span(node)
            for name in _CHILDREN.get(node.__class__, node._fields):
                child = getattr(node, name)
                if isinstance(child, list):
                    below.extend(one for one in child if isinstance(one, ast.AST))
                elif isinstance(child, ast.AST):
                    below.append(child)
        level = below
    return spans, depth


def _too_deep(tree: ast.expr, place: _Placer) -> Fault | None:
    """Find the first node below the depth that the compiler may recurse into."""
    level: list[ast.AST] = [tree]
    for _ in range(MAX_TREE):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return None
    guilty = next((node for node in level if isinstance(node, ast.expr)), tree)
    return Fault("R202", *place.span(guilty), {"what": "levels", "limit": str(MAX_TREE)})
