"""The text of a config changed in places: everything that is not changed stays to the letter, comments included.

Decides where a new entry goes, how one is commented out and how a text is quoted. It knows YAML's shapes and nothing
of what the entries mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.source import ListNode, MapNode, Node, ScalarNode

_PLAIN = re.compile(r"[^\W\d_][\w ./-]*[\w.]|\w", re.UNICODE)
# Readers other than ours would not take these for texts.
_OTHER_TYPES = re.compile(r"(?i)(?:y|n|yes|no|on|off|true|false|null|~)")


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from `start` to `end` become `text`.

    One that `joins` is an entry behind others in braces: its comma falls away where none of them stayed before it.
    """

    start: int
    end: int
    text: str
    joins: bool = False


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return `text` with the edits made; those at one place in the order given. Edits must not overlap."""
    parts: list[str] = []
    at = 0
    line_break = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=lambda one: one.start):
        parts.append(text[at : edit.start])
        added = edit.text.replace("\r", "").replace("\n", line_break)
        if edit.joins and "".join(parts).rstrip()[-1:] in (",", "{"):
            added = added.removeprefix(", ")
        parts.append(added)
        at = max(at, edit.end)
    return "".join([*parts, text[at:]])


def quoted(text: str) -> str:
    """Return `text` as a YAML scalar, bare where that is safe everywhere."""
    if text.isascii() and text.isdigit():
        return text
    if _PLAIN.fullmatch(text) and not _OTHER_TYPES.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def replaced(node: ScalarNode, text: str) -> Edit:
    """Return the edit that gives a scalar another text."""
    return Edit(node.start, node.end, quoted(text))


def appended(holder: MapNode, lines: Sequence[str], *, after: str | None = None) -> Edit:
    """Return the edit that puts an entry into a map: after the entry `after`, at the end where that is None, at the
    start where it is empty. `lines` are indented from the map's own level; in a map in braces there is one line.
    """
    entries = list(holder.entries.values())
    if holder.is_flow or not entries:
        return _into_braces(holder, lines)
    key, value = holder.entries[after] if after else entries[-1]
    first = entries[0][0]
    indent = " " * (first.start - _line_start(first, first.start))
    body = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
    if after == "":
        start = _line_start(first, first.start)
        return Edit(start, start, body)
    end = key.source.line_end(max(key.end, content_end(value)))
    return Edit(end, end, "\n" + body.removesuffix("\n"))


def _into_braces(holder: MapNode, lines: Sequence[str]) -> Edit:
    text = ", ".join(line.strip() for line in lines)
    if not holder.entries:
        return Edit(holder.start, holder.end, "{" + text + "}")
    end = content_end(list(holder.entries.values())[-1][1])
    return Edit(end, end, f", {text}", joins=True)


def removed(holder: MapNode, name: str, reason: str) -> Edit:
    """Return the edit that comments an entry out, `reason` before it; from a map in braces it is taken away."""
    key, value = holder.entries[name]
    text = key.source.text
    if holder.is_flow:
        names = list(holder.entries)
        place = names.index(name)
        if place + 1 < len(names):
            return Edit(key.start, holder.entries[names[place + 1]][0].start, "")
        start = content_end(holder.entries[names[place - 1]][1]) if place else key.start
        return Edit(start, content_end(value), "")
    start = _line_start(key, key.start)
    end = key.source.line_end(content_end(value))
    indent = " " * (key.start - start)
    lines = text[start:end].split("\n")
    shown = [f"{indent}# {line[len(indent) :]}" if line.strip() else line for line in lines]
    return Edit(start, end, "\n".join([f"{indent}# {reason}:", *shown]))


def content_end(node: Node) -> int:
    """Return where a node's own text ends, without the comments and blank lines that follow a block."""
    if isinstance(node, ScalarNode):
        raw = node.source.text[node.start : node.end]
        return node.start + len(raw.rstrip()) if node.style in ("|", ">") else node.end
    if node.is_flow:
        return node.end
    if isinstance(node, ListNode):
        return content_end(node.members[-1]) if node.members else node.end
    return content_end(list(node.entries.values())[-1][1]) if node.entries else node.end


def _line_start(node: ScalarNode, offset: int) -> int:
    return node.source.text.rfind("\n", 0, offset) + 1
