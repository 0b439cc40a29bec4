"""Why a file is no statement, in words for the person who chose it. Nothing of a refused file is taken over."""

from __future__ import annotations

from engine.effects import Said


class StatementRefused(Exception):  # noqa: N818 — it names what became of the file
    """The whole file is refused. `line` is counted from 1, 0 for the file as a whole; `said` holds the mend too."""

    def __init__(self, line: int, ru: str, en: str) -> None:
        super().__init__(en)
        self.line = line
        self.said = Said(ru, en)

    def text(self, name: str, language: str) -> str:
        """Return `file:line: why and what to do`."""
        place = f"{name}:{self.line}" if self.line else name
        return f"{place}: {self.said.ru if language == 'ru' else self.said.en}"
