"""Places in a JSON text: where the value at a path of keys and positions stands.

Only asked when something is wrong, so it scans the text anew each time and keeps nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.diagnostics import Span

_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Places:
    """One JSON file's text."""

    file: str
    text: str

    def at(self, line: int, column: int) -> Span:
        """Return the place of one character."""
        return Span(self.file, line, column, line, column + 1)

    def span(self, path: Sequence[str | int]) -> Span:
        """Return the place of the value at `path`, or of the nearest enclosing value that exists."""
        try:
            start, end = self._find(path)
        except (ValueError, IndexError, RecursionError):
            start, end = 0, 0
        line = self.text.count("\n", 0, start) + 1
        column = start - (self.text.rfind("\n", 0, start) + 1) + 1
        first_line = self.text[start:end].split("\n")[0]
        return Span(self.file, line, column, line, column + max(len(first_line), 1))

    def _find(self, path: Sequence[str | int]) -> tuple[int, int]:
        decoder = json.JSONDecoder()
        start = self._skip(0)
        end = decoder.raw_decode(self.text, start)[1]
        for step in path:
            inner = self._member(decoder, start, step)
            if inner is None:
                break
            start, end = inner
        return start, end

    def _member(self, decoder: json.JSONDecoder, start: int, step: str | int) -> tuple[int, int] | None:
        is_map = self.text[start] == "{"
        if self.text[start] not in "{[" or is_map != isinstance(step, str):
            return None
        at, position = self._skip(start + 1), 0
        while self.text[at] not in "}]":
            key: object = position
            if is_map:
                key, at = decoder.raw_decode(self.text, at)
                at = self._skip(self._skip(at) + 1)
            end = decoder.raw_decode(self.text, at)[1]
            if key == step:
                return at, end
            at = self._skip(end)
            if self.text[at] == ",":
                at = self._skip(at + 1)
            position += 1
        return None

    def _skip(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in _BLANK:
            at += 1
        return at
