"""YAML's quiet traps: conditions that YAML reads happily as something else.

A comma splits a call in a `[…]` list, a colon with a space makes a map, a ` #` cuts the rest off as a comment.
Each has a code of its own with the mend; the traps that break YAML's syntax are in `syntax.py`.
"""

from __future__ import annotations

from engine.language.diagnostics import Diagnostic
from engine.language.loading.scalars import quote
from engine.language.source import ListNode, MapNode, ScalarNode

_PAIRS = {")": "(", "]": "[", "}": "{"}


def find_cut(node: ScalarNode) -> Diagnostic | None:
    """Return the diagnostic for a plain text that ends inside a quote or bracket because ` #` began a comment."""
    # Most texts end their line: looked at first, since every condition of every rule comes by here.
    if node.style or node.source.text[node.end : node.end + 1] not in (" ", "\t"):
        return None
    line_end = node.source.line_end(node.end)
    rest = node.source.text[node.end : line_end]
    if not rest.lstrip(" \t").startswith("#") or not is_open(node.text):
        return None
    start = node.end + rest.index("#")
    written = node.source.text[node.start : line_end].rstrip()
    return Diagnostic("R184", node.source.span(start, line_end), {"text": written, "quoted": quote(written)})


def find_split(node: ListNode) -> Diagnostic | None:
    """Return the diagnostic for a `[…]` list of conditions in which a comma inside a call or list ended a member."""
    if not node.is_flow:
        return None
    for member in node.members:
        if isinstance(member, ScalarNode) and not member.style and is_open(member.text):
            whole = _rejoin(node, member)
            return Diagnostic(
                "R182",
                node.source.span(member.start, member.start + len(whole)),
                {"text": whole, "quoted": quote(whole)},
            )
    return None


def find_map(node: MapNode) -> Diagnostic | None:
    """Return the diagnostic for a condition that became a map since it holds a colon with a space."""
    for key, value in node.entries.values():
        if not key.style and (is_open(key.text) or " " in key.text.strip()):
            line_end = node.source.line_end(key.start)
            end = min(line_end, max(key.end, value.end if isinstance(value, ScalarNode) else key.end))
            written = node.source.text[key.start : end].rstrip()
            return Diagnostic(
                "R183",
                node.source.span(key.start, key.start + len(written)),
                {"text": written, "quoted": quote(written)},
            )
    return None


def is_open(text: str) -> bool:
    """True where a quote or a bracket of the expression `text` is not closed."""
    quote, opened = "", []
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            opened.append(character)
        elif character in _PAIRS and (not opened or opened.pop() != _PAIRS[character]):
            return False
    return bool(quote or opened)


def _rejoin(node: ListNode, member: ScalarNode) -> str:
    """Return the expression that was split, up to the member that closes it or the end of the line."""
    text = node.source.text
    for other in node.members[node.members.index(member) + 1 :]:
        candidate = text[member.start : other.end]
        if not is_open(candidate):
            return candidate
    return text[member.start : min(node.end, node.source.line_end(member.start))]
