"""A search for plain words in the texts of items and of what they are tied to.

Decides what "contains" means to a person who types: case aside, ё and е alike. Each client and each deal is looked into
once, however many items they have. What nobody has read may hold the words: such an item is undecided, not left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.language.values import Undecided, Value
from engine.registers.cells import UNKNOWN
from engine.registers.shape import Shape
from engine.registers.tables import Rows


class Search:
    """One search over rows that were read; `paths` are `number` or `client.short_name`."""

    def __init__(
        self, shape: Shape, entity: str, paths: Sequence[str], words: str, rows: Mapping[str, Rows]
    ) -> None:
        self._wanted = fold(words.strip())
        self._rows, self._entity = rows, entity
        self._own: list[int] = []
        self._ties: dict[str, tuple[int, str, list[int]]] = {}
        self._known: dict[tuple[str, str], Value] = {}
        own = rows[entity].at
        for path in paths:
            tie, _, name = path.rpartition(".")
            target = shape.world.entities[entity].fields[tie].type.entity if tie else entity
            if name not in rows[target].at:
                continue
            place = rows[target].at[name][0]
            if not tie:
                self._own.append(place)
            elif tie in own:
                self._ties.setdefault(tie, (own[tie][0], target, []))[2].append(place)

    def answer(self, id_: str) -> Value:
        """Return whether the item of that id has the words: yes, no or undecided."""
        row = self._rows[self._entity].by_id[id_]
        answer = self._look(row, self._own)
        for place, target, places in self._ties.values():
            if answer is True:
                return True
            tied = row[place]
            if tied is None:
                continue
            found = self._behind(target, tied, places)
            if found is not False:
                answer = found
        return answer

    def _behind(self, target: str, id_: str, places: Sequence[int]) -> Value:
        key = (target, id_)
        if key not in self._known:
            row = self._rows[target].by_id.get(id_)
            self._known[key] = Undecided(target) if row is None else self._look(row, places)
        return self._known[key]

    def _look(self, row: Sequence[str | None], places: Sequence[int]) -> Value:
        doubt: Value = False
        for place in places:
            cell = row[place]
            if cell is None:
                continue
            if cell[:1] == UNKNOWN:
                doubt = Undecided(cell[1:] or "text")
            elif self._wanted in fold(cell):
                return True
        return doubt


def fold(text: str) -> str:
    """Return the text as it is compared in a search."""
    return text.casefold().replace("ё", "е")
