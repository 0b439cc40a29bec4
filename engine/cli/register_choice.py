"""A selection of a register at the command line: its options, and the items that it finds.

Decides how a selection is named and that whoever looks through `--as` sees what that person sees; what a filter means
is the register's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from engine.cli.asking import is_running, open_state
from engine.cli.mistakes import Mistake
from engine.cli.selection_words import refuse, said, tell

if TYPE_CHECKING:
    from engine.cli.opening import Opening
    from engine.language.values import Item
    from engine.registers.query import Doubts, Query, Viewer
    from engine.registers.registers import Registers
    from engine.runtime.store import Store
    from engine.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options of a selection say."""

    where: str = ""
    preset: str = ""
    search: str = ""
    sort: str = ""
    person: str = ""


def choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command the options of a selection, and a `choice` as an argument."""

    @click.option("--where", metavar="EXPR", default="", help="Only items that meet this condition.")
    @click.option("--preset", metavar="NAME", default="", help="A saved filter: overdue, unsigned.")
    @click.option("--search", metavar="TEXT", default="", help="Only items with this text in a column.")
    @click.option(
        "--sort", metavar="PATH", default="", help="In the order of this column; -amount: largest first."
    )
    @click.option(
        "--as", "person", metavar="USER", default="", help="Only what this user of the portal may see."
    )
    @functools.wraps(function)
    def run(*args: Any, where: str, preset: str, search: str, sort: str, person: str, **rest: Any) -> Any:
        return function(*args, choice=Choice(where, preset, search, sort, person), **rest)

    return run


@dataclass(frozen=True)
class Selection:
    """An open register with the question asked of it. `store` takes requests beside a running engine."""

    workshop: Workshop
    store: Store
    registers: Registers
    query: Query

    @property
    def now(self) -> datetime:
        """The present in the company's zone."""
        return datetime.now(self.workshop.settings.zone)


@contextmanager
def open_selection(opening: Opening, register: str, choice: Choice) -> Iterator[Selection]:
    """Yield the selection. Raises Mistake where the state, the register or the person is none."""
    from engine.registers.opening import open_registers
    from engine.registers.query import Query

    workshop = opening.workshop(is_quiet=True)
    zone = workshop.settings.zone
    with open_state(opening, asks=True) as store:
        office = open_registers(workshop, store, lambda: datetime.now(zone))
        if not is_running(opening, store):
            office.refresh()
        if not office.registers.is_ready:
            raise refuse(opening, "not_ready")
        viewer = find_viewer(opening, workshop, store, choice.person)
        query = Query(register, choice.where, choice.preset, choice.search, viewer, choice.sort)
        yield Selection(workshop, store, office.registers, query)


def find_items(opening: Opening, selection: Selection) -> list[Item]:
    """Return the items that meet the selection, in its order; say how many nobody can judge. Raises Mistake."""
    from engine.language.values import Item

    with reported(opening):
        page = selection.registers.select(selection.query)
        ids = selection.registers.ids(selection.query)
        entity = selection.registers.register(selection.query.register).entity
    tell_doubts(opening, page.undecided)
    if not ids:
        tell(opening, "nothing")
    return [Item(entity, one) for one in ids]


def tell_doubts(opening: Opening, doubts: Doubts) -> None:
    """Say how many rows the filter could not decide, and for which missing facts."""
    if doubts.count:
        why = ", ".join(sorted(doubts.reasons, key=lambda one: -doubts.reasons[one])[:3])
        tell(opening, "doubtful", count=str(doubts.count), why=why)


@contextmanager
def reported(opening: Opening) -> Iterator[None]:
    """Turn a wrong question into diagnostics on stderr and exit 1, an unknown name into a mistake."""
    from engine.registers.query import UnknownName, WrongQuery

    try:
        yield
    except WrongQuery as wrong:
        opening.report(wrong.diagnostics, wrong.source)
        raise SystemExit(1) from wrong
    except UnknownName as unknown:
        raise Mistake("state", 1, what=said(opening, unknown.said)) from unknown


def find_viewer(opening: Opening, workshop: Workshop, store: Store, person: str) -> Viewer:
    """Return who looks: everything for the command line itself, the rights of `--as USER` otherwise."""
    from engine.registers.query import EVERYTHING

    if not person:
        return EVERYTHING
    from engine.registers.viewers import NONE, viewer_of

    viewer = viewer_of(store, workshop.settings.roles, person)
    if viewer.role == NONE:
        tell(opening, "no_role", name=viewer.user)
    return viewer
