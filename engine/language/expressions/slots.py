"""Where the `${…}` of a template begin and end, and which format ends them. Characters only."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from engine.language.faults import Fault

# A sign that counts, or a whole quoted text (to the end where it is never closed).
_SIGN = re.compile(r"""[(\[{}\])|]|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?""", re.DOTALL)
_FORMAT = re.compile(r"\s*([^\W\d]\w*)\s*")


class Text(NamedTuple):
    """Fixed text that starts at offset `at`; `$${` has become `${`."""

    text: str
    at: int


class Slot(NamedTuple):
    """One `${…}` from `start` on: expression and offset, format and offset (empty: none)."""

    text: str
    at: int
    start: int
    format: str = ""
    format_at: int = 0


Piece: TypeAlias = Text | Slot


def split_template(text: str) -> tuple[tuple[Piece, ...], Fault | None]:
    """Return the pieces of a template, or the fault of the first `${` that does not end. One pass."""
    pieces: list[Piece] = []
    written: list[str] = []
    at = start = 0
    while (found := text.find("${", at)) >= 0:
        if found > 0 and text[found - 1] == "$":
            written.append(text[at : found - 1] + "${")
            at = found + 2
            continue
        written.append(text[at:found])
        if "".join(written):
            pieces.append(Text("".join(written), start))
        end, bar = _end(text, found + 2)
        if end < 0:
            return (), Fault("R250", found, min(len(text), found + 2))
        slot, fault = _slot(text, found, end, bar)
        if slot is None:
            return (), fault
        pieces.append(slot)
        written, at, start = [], end + 1, end + 1
    written.append(text[at:])
    if "".join(written) or not pieces:
        pieces.append(Text("".join(written), start))
    return tuple(pieces), None


def _end(text: str, at: int) -> tuple[int, int]:
    """Return where the `}` of a slot stands and its last bar outside brackets and quotes (-1: none)."""
    depth, bar = 0, -1
    for match in _SIGN.finditer(text, at):
        sign, position = match.group(), match.start()
        if sign in "([{":
            depth += 1
        elif sign == "}" and depth <= 0:
            return position, bar
        elif sign in ")]}":
            depth -= 1
        elif sign == "|" and depth <= 0 and "||" not in text[position - 1 : position + 2]:
            bar = position
    return -1, -1


def _slot(text: str, start: int, end: int, bar: int) -> tuple[Slot | None, Fault | None]:
    at = start + 2
    inner = text[at : bar if bar >= 0 else end]
    if not inner.strip():
        return None, Fault("R251", start, end + 1)
    if bar < 0:
        return Slot(inner, at, start), None
    name = _FORMAT.fullmatch(text, bar + 1, end)
    if name is None:
        return None, Fault("R252", bar, end, {"name": text[bar + 1 : end].strip()[:40], "known": ""})
    return Slot(inner, at, start, name[1], name.start(1)), None
