"""Which runs a person may see: those of the items that their role shows them, judged as the registers judge rows.

Denied by default: a run of an item whose owner nobody knows is seen by those alone who see everything, a run of no item
(a report in the evening, a statement of the bank) by the office.
Owners are taken from the items as last processed, so no page asks the portal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask import abort

from engine.language.values import Item, Value
from engine.runtime.accounts import INTEGRATOR, OFFICE
from engine.runtime.journal import RunLine
from engine.runtime.run_list import Wanted
from engine.runtime.snapshot import load_snapshot
from engine.runtime.store import Store
from engine.runtime.wire import item_of
from engine.web.console.desk import Desk, who

# As the registers judge: an item is its owner's, and its deal's owner's.
_OWNER, _ABOVE = "manager", "deal"
# How many runs one page of the list looks through for those that its reader may see.
_MOST_LOOKED_AT = 2000


@dataclass
class Sight:
    """The eyes of one request. `owners` are the users whose items are seen, None for all; `store` knows the items;
    `is_office` is true for those who see runs of no item.
    """

    store: Store
    owners: frozenset[str] | None
    is_office: bool = False
    _known: dict[str, bool] = field(default_factory=dict)

    @property
    def is_blind(self) -> bool:
        """True for a person whose role shows nothing."""
        return self.owners is not None and not self.owners

    def sees(self, item: str) -> bool:
        """True where runs of the item (`deal/118`, empty for none) may be seen."""
        if self.owners is None:
            return True
        if not item:
            return self.is_office
        if item not in self._known:
            self._known[item] = self._is_owned(item_of(item))
        return self._known[item]

    def _is_owned(self, item: Item | None) -> bool:
        fields = self._fields(item)
        held = [fields.get(_OWNER), self._fields(fields.get(_ABOVE)).get(_OWNER)]
        return any(isinstance(one, Item) and one.id in (self.owners or ()) for one in held)

    def _fields(self, item: Value) -> Mapping[str, Value]:
        return load_snapshot(self.store, item) or {} if isinstance(item, Item) else {}


def sight_of(desk: Desk) -> Sight:
    """Return the eyes of whoever asks: everything for an integrator, else what their role of the settings shows."""
    account = who()
    viewer = desk.counter.viewer(account.portal_user, sees_all=account.role == INTEGRATOR)
    return Sight(desk.status.store, viewer.owners(), account.may(OFFICE))


def seen_runs(desk: Desk, wanted: Wanted, *, has_steps: bool = False) -> tuple[list[RunLine], int]:
    """Return a page of runs that the reader may see, and the number below which older ones begin, 0 for no more.

    A page looks through so many runs and no more; where the reader's own are rarer than that, it is short.
    """
    sight, journal = sight_of(desk), desk.status.journal
    if sight.is_blind and not sight.is_office:
        return [], 0
    found: list[RunLine] = []
    before, looked_at, step = wanted.before, 0, wanted.limit if sight.owners is None else 4 * wanted.limit
    while looked_at < _MOST_LOOKED_AT:
        lines = journal.list_runs(replace(wanted, before=before, limit=step), has_steps=has_steps)
        looked_at += len(lines)
        for line in lines:
            if sight.sees(line.item):
                found.append(line)
            if len(found) == wanted.limit:
                return found, line.n
        if len(lines) < step:
            return found, 0
        before = lines[-1].n
    return found, before


def require_run(desk: Desk, number: int) -> None:
    """Answer 404 where there is no such run for the reader: whether it exists is not told either."""
    row = desk.status.store.row("SELECT item FROM run WHERE n = ?", (number,))
    if row is None or not sight_of(desk).sees(str(row["item"])):
        abort(404)
