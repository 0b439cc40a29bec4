"""Where a character of a YAML scalar's text stands in its raw writing: quotes, escapes, folded and block lines.

Exact for single lines; for folded lines the white space that YAML drops is skipped, which is close enough for a
caret. Knows neither files nor diagnostics.
"""

from __future__ import annotations

_ESCAPES = {"x": 4, "u": 6, "U": 10}


def align(raw: str, style: str, text: str, start: int, end: int) -> tuple[int, int]:
    """Return the offsets in `raw` of the characters `start` to `end` of `text`; an end is past its last character."""
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    if not style and raw.startswith(text):
        return start, max(start, end)
    if style in ("'", '"') and raw[1 : 1 + len(text)] == text and len(raw) == len(text) + 2:
        return start + 1, max(start, end) + 1
    spots = _spots(raw, style, text, max(start, end))
    first = spots[start] if start < len(spots) else len(raw)
    last = spots[end - 1] + _width(raw, style, spots[end - 1]) if 0 < end <= len(spots) else first
    return first, max(first, last)


def _spots(raw: str, style: str, text: str, count: int) -> list[int]:
    """Return where each of the first `count` + 1 characters of `text` stands in `raw`."""
    at = _content_start(raw, style)
    spots: list[int] = []
    for character in text[: count + 1]:
        at = _find(raw, style, character, at)
        spots.append(min(at, len(raw)))
        at += _width(raw, style, at)
    return spots


def _content_start(raw: str, style: str) -> int:
    if style in ("'", '"'):
        return 1
    if style in ("|", ">"):
        return raw.find("\n") + 1
    return 0


def _find(raw: str, style: str, character: str, at: int) -> int:
    """Return the next place at or after `at` that can be `character`; white space may be any run of it."""
    if character.isspace():
        return at
    while at < len(raw) and raw[at] != character:
        if style == '"' and raw[at] == "\\" and raw[at + 1 : at + 2] not in ("\r", "\n"):
            return at
        at += 1
    return at


def _width(raw: str, style: str, at: int) -> int:
    """Return how many raw characters the one written at `at` takes."""
    if at >= len(raw):
        return 0
    if style == '"' and raw[at] == "\\":
        return _ESCAPES.get(raw[at + 1 : at + 2], 2)
    if style == "'" and raw[at : at + 2] == "''":
        return 2
    return 1


def quote(text: str) -> str:
    """Return `text` in the YAML quotes that change nothing of it, for mends that a person copies."""
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'
