"""What is asked of a register and what it answers: frozen shapes, no behaviour beyond their own meaning.

Decides how a question to a register and its answer look. It knows no database, no portal and no printout; `Registers`
in `registers.py` answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from engine.effects import Said
from engine.language.diagnostics import Diagnostic
from engine.language.types import Type
from engine.language.values import Item, Money, Value


def in_language(said: Said, language: str) -> str:
    """Return a sentence or heading in the language of a person: `ru`, else English."""
    return said.ru if language == "ru" else said.en


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the dotted `path` from the register's item (`number`, `deal.title`, `state`), its title and type.

    `is_summed` where the register shows the column's sum.
    """

    path: str
    title: Said
    type: Type
    is_summed: bool = False


@dataclass(frozen=True, slots=True)
class Preset:
    """A saved filter by name: `overdue`, «Просрочены»; `where` is an expression of the regulation language."""

    name: str
    title: Said
    where: str


@dataclass(frozen=True, slots=True)
class Register:
    """A register as the map and the settings define it. `columns` are those shown where a question names none.

    `search` are the paths of text that a search looks into; `own` the paths of users to whom an item belongs; `where`
    is what every item of the register meets (empty: all items of the entity).
    """

    name: str
    entity: str
    title: Said
    columns: tuple[Column, ...]
    presets: tuple[Preset, ...]
    search: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    where: str = ""

    def preset(self, name: str) -> Preset | None:
        """Return the preset of that name."""
        return next((one for one in self.presets if one.name == name), None)


class Viewer(Protocol):
    """A person who looks: which items of a register that person may see. Judged for every list, export, print, mail.

    `owners` returns the user ids whose items are seen, None for no limit by owner. `items` returns the ids of the
    items that may be seen at all, None for no limit by item. Both empty: nothing is seen.
    """

    @property
    def name(self) -> str:
        """How the journal calls the viewer: `user/7`, empty for the integrator at the command line."""

    def owners(self) -> frozenset[str] | None:
        """Return the users whose items are seen; None where owners do not matter."""

    def items(self, entity: str) -> frozenset[str] | None:
        """Return the ids of the items of `entity` that are seen; None where that is not how it is judged."""


@dataclass(frozen=True, slots=True)
class Everything:
    """The integrator at the command line, who can read the state's file anyway: sees all."""

    name: str = ""

    def owners(self) -> frozenset[str] | None:
        """Say that owners do not matter."""
        return None

    def items(self, entity: str) -> frozenset[str] | None:  # noqa: ARG002 — the protocol's own
        """Say that no item is hidden."""
        return None


EVERYTHING = Everything()


@dataclass(frozen=True, slots=True)
class Query:
    """A question: which rows, for whom, in what order, which of them.

    `where` and the preset's condition must both hold; `search` is looked for in all text columns, case aside. `sort`
    is a path, `-path` for the largest first; empty: the newest date first. `columns` are paths; none: the register's.
    `items` limits the answer to these ids (a selection ticked by a person). `page` counts from 1.
    """

    register: str
    where: str = ""
    preset: str = ""
    search: str = ""
    viewer: Viewer = EVERYTHING
    sort: str = ""
    columns: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    page: int = 1
    size: int = 50

    def on_page(self, page: int) -> Query:
        """Return the same question about another page."""
        return replace(self, page=page)


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row: the item, its cells in the order of the columns (undecided where unknown), its state.

    `states` are all states that hold (`unsigned` and `overdue` do together), the most telling first.
    """

    item: Item
    cells: tuple[Value, ...]
    states: tuple[str, ...]

    @property
    def state(self) -> str:
        """The most telling state; empty where none is decided."""
        return self.states[0] if self.states else ""


@dataclass(frozen=True, slots=True)
class Doubts:
    """How many rows the filter could not decide, and how many for which missing fact (`deal.paid`)."""

    count: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. `total` rows meet the question, `rows` are those of its page.

    `sums` hold, for each summed column's path, one sum a currency, over all `total` rows; `unsummed` how many rows had
    no known value there. `undecided` rows may meet the filter or not: nobody knows. Rows that the viewer may not see
    are counted nowhere.
    """

    rows: tuple[RegisterRow, ...]
    total: int
    sums: Mapping[str, tuple[Money, ...]]
    undecided: Doubts
    columns: tuple[Column, ...]
    unsummed: Mapping[str, int] = field(default_factory=dict)


class WrongQuery(ValueError):  # noqa: N818 — it names what was asked, not a fault of ours
    """A question that cannot be answered: what is wrong with it, with places, for the person who asked.

    `source` is the text that the places point into, by the file's name that the diagnostics carry.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], source: Mapping[str, bytes]) -> None:
        super().__init__(", ".join(f"{one.span}: {one.code}" for one in diagnostics))
        self.diagnostics = tuple(diagnostics)
        self.source = dict(source)


_KINDS = {
    "register": Said("нет такого реестра", "there is no such register"),
    "preset": Said("нет такого отбора", "there is no such saved filter"),
    "column": Said("нет такой колонки", "there is no such column"),
}


class UnknownName(ValueError):  # noqa: N818 — as above
    """A register, preset or column that does not exist. `near` is the nearest that does, `said` says it to people."""

    def __init__(self, kind: str, name: str, near: str = "") -> None:
        words = _KINDS[kind]
        self.said = Said(
            f"{words.ru}: {name}" + (f"; возможно: {near}" if near else ""),
            f"{words.en}: {name}" + (f"; perhaps {near} was meant" if near else ""),
        )
        super().__init__(self.said.en)
        self.kind, self.name, self.near = kind, name, near
