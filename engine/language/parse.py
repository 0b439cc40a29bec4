"""From the text of an expression to Python's syntax tree with character offsets.

This module decides whether a text is an expression at all. What its parts may be is the compiler's question.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from engine.language.faults import Fault
from engine.language.scan import Token, masked, scan

MAX_TREE = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A text that Python's parser read: its tree, and its tokens by where they start and end."""

    text: str
    tree: ast.expr
    starts: dict[int, Token]
    ends: dict[int, Token]
    offsets: tuple[int, ...] | None

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return the character offsets of `node`. Python counts UTF-8 bytes, and our one added bracket."""
        last = len(self.text if self.offsets is None else self.offsets) - (self.offsets is not None)
        start, end = max(node.col_offset - 1, 0), min((node.end_col_offset or node.col_offset) - 1, last)
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end]

    def slice(self, node: ast.expr) -> str:
        """Return the text of `node` as the author wrote it, on one line."""
        start, end = self.span(node)
        return " ".join(self.text[start:end].split())


def parse(text: str) -> tuple[Source | None, Fault | None]:
    """Return the parsed text, or the fault that makes it none. Bounded in time and stack for any text."""
    tokens, fault = scan(text)
    if fault:
        return None, fault
    try:
        plain = masked(text, tokens)
        tree = ast.parse(f"({plain})", mode="eval").body
    except SyntaxError as problem:
        return None, _misread(text, tokens, problem.offset)
    except (ValueError, RecursionError, MemoryError):
        return None, Fault("R203", 0, len(text))
    source = Source(
        text,
        tree,
        {token.start: token for token in tokens},
        {token.end: token for token in tokens},
        None if plain.isascii() else _offsets(plain),
    )
    return (None, deep) if (deep := _too_deep(source)) else (source, None)


def _misread(text: str, tokens: tuple[Token, ...], offset: int | None) -> Fault:
    last = tokens[-1]
    if not last.is_value:
        return Fault("R214", last.start, last.end, {"found": last.text})
    at = min(max((offset or 1) - 2, 0), len(text) - 1)
    for token in tokens:
        if token.start <= at < token.end or token.start > at:
            return Fault("R203", token.start, token.end, {"found": token.text})
    return Fault("R203", last.start, last.end, {"found": last.text})


def _offsets(text: str) -> tuple[int, ...]:
    """Map each UTF-8 byte offset of `text` to its character offset."""
    found: list[int] = []
    for position, character in enumerate(text):
        found.extend([position] * len(character.encode("utf-8", "surrogatepass")))
    found.append(len(text))
    return tuple(found)


def _too_deep(source: Source) -> Fault | None:
    """Find the first node below the depth that the compiler may recurse into."""
    level: list[ast.AST] = [source.tree]
    for _ in range(MAX_TREE):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return None
    guilty = next((node for node in level if isinstance(node, ast.expr)), source.tree)
    return Fault("R202", *source.span(guilty), {"what": "levels", "limit": str(MAX_TREE)})
