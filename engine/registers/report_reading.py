"""A report read from the register and the journal: for the command, the console and the weekly post alike."""

from __future__ import annotations

from datetime import date

from engine.registers.ladder import read_ladders
from engine.registers.query import EVERYTHING, Query, Viewer
from engine.registers.registers import Registers
from engine.registers.reports import CLIENT, COLUMNS, KINDS, Report, make_report
from engine.runtime.store import Store


def read_report(
    registers: Registers, store: Store, name: str, today: date, *, by: str = CLIENT, where: str = "",
    viewer: Viewer = EVERYTHING,
) -> Report:  # fmt: skip
    """Return the report of that name as `viewer` may see it, of acts that meet `where` as well.

    Raises KeyError for a report that does not exist, WrongQuery for a wrong `where`, UnknownName where the map lacks
    what the report is about.
    """
    kind = KINDS[name]
    both = f"({kind.where}) and ({where})" if where.strip() else kind.where
    page, rows = registers.iterate(Query("acts", where=both, columns=COLUMNS, viewer=viewer))
    found = list(rows)
    ladders = read_ladders(store, [row.item for row in found])
    return make_report(kind, found, ladders, by, today, page.undecided.count)
