"""Lines of a rule in its regulation, with the ones that an event passed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ENTRY = re.compile(r"\s*- ")
_KEY = re.compile(r"(\s*(?:- )?)([\w./-]+)(:)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line: its number, its parts by colour (`key`, `note`, ``), and whether the event passed it (None: unsaid)."""

    number: int
    parts: tuple[tuple[str, str], ...]
    passed: bool | None = None


def rule_source(at: str, marks: Mapping[str, bool], sources: Mapping[str, str]) -> tuple[SourceLine, ...]:
    """Return the lines of the rule that stands at `at` (`regulations/acts.yaml:12:5`); none where its file is gone.

    `marks` says of places whether the event passed them; a place marks all lines up to the next entry.
    """
    name, line = _place(at)
    text = sources.get(name)
    if text is None or not line:
        return ()
    lines = text.splitlines()
    first = line - 1
    while first > 0 and not lines[first].lstrip().startswith("- "):
        first -= 1
    indent = len(lines[first]) - len(lines[first].lstrip())
    end = first + 1
    while end < len(lines) and not _ends(lines[end], indent):
        end += 1
    while end > first + 1 and _is_pause(lines[end - 1]):
        end -= 1
    passed = {
        number: is_so for place, is_so in marks.items() for found, number in [_place(place)] if found == name
    }
    shown, mark, depth = [], None, 0
    for number in range(first + 1, end + 1):
        line_text = lines[number - 1]
        own = len(line_text) - len(line_text.lstrip())
        if number in passed:
            mark, depth = passed[number], own
        elif line_text.strip() and own <= depth:
            mark = None
        shown.append(SourceLine(number, _coloured(line_text[indent:]), mark if line_text.strip() else None))
    return tuple(shown)


def text_source(text: str) -> tuple[SourceLine, ...]:
    """Return a whole text, line by line."""
    return tuple(
        SourceLine(number, _coloured(line)) for number, line in enumerate(text.splitlines(), start=1)
    )


def _place(at: str) -> tuple[str, int]:
    name, _, rest = at.rpartition(":")
    name, _, line = name.rpartition(":")
    return name.rpartition("/")[2], int(line) if line.isdigit() and rest else 0


def _ends(line: str, indent: int) -> bool:
    own = len(line) - len(line.lstrip())
    return (
        bool(line.strip())
        and own <= indent
        and (own < indent or bool(_ENTRY.match(line)) or not _is_pause(line))
    )


def _is_pause(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _coloured(line: str) -> tuple[tuple[str, str], ...]:
    if line.lstrip().startswith("#"):
        return (("note", line),)
    found = _KEY.fullmatch(line)
    if found is None:
        return (("", line),)
    head, key, colon, rest = found.groups()
    text, hash_sign, note = rest.partition("   #")
    parts = [("", head), ("key", key + colon), ("", text)]
    return (*parts, ("note", hash_sign + note)) if hash_sign else tuple(parts)
