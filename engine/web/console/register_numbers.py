"""The figures above a register: how many rows each saved filter has, and the cards with their sums.

Decides how old they may be. Rows are read anew for every page; to count eight filters costs more than the page itself
in a large register, so a count is kept while no event came, no run began and no row changed, for half a minute at most
(what is overdue moves with the clock, and rows may follow an event that was known before). Where counting
takes long and nothing is kept, the page comes without and asks for it afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.registers.query import Query
from engine.web.console.desk import Desk

T = TypeVar("T")

# The cards above the acts: saved filters that mean money or risk.
CARDS: Mapping[str, tuple[str, ...]] = {
    "acts": ("unsigned", "overdue", "signed_unpaid", "paid_unsigned"),
    "contracts": ("in_force", "expiring", "expired", "unsigned"),
}
_OLDEST = 30.0
_LAST = "SELECT (SELECT max(n) FROM event) AS event, (SELECT max(n) FROM run) AS run"
_QUICK = 0.05
_MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Card:
    """One saved filter's rows: their number, and the sum of their amounts in words of `told`."""

    preset: str
    total: int
    sums: str


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    seen: tuple[object, ...]
    found: object


class Numbers:
    """Counts for pages, each as its viewer may see the rows. Several threads may ask at once."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk, self._clock = desk, clock
        self._changes, self._seen = 0, tuple[object, ...]()
        self._kept: dict[tuple[object, ...], _Kept] = {}
        self._took: dict[str, float] = {}

    def refresh(self) -> None:
        """Bring the rows up to date; what was counted before a change is counted anew."""
        if self._desk.counter.refresh():
            self._changes += 1
        # The engine itself, or another process of it, may have been the one that wrote the rows.
        last = self._desk.status.store.row(_LAST)
        self._seen = (self._changes, *((last["event"], last["run"]) if last is not None else ()))

    def at_hand(self, query: Query) -> dict[str, int] | None:
        """Return the counts of the presets, None where a page had better ask for them afterwards."""
        if self._fresh(self._key("counts", query)) is None and self._took.get(query.register, 0.0) > _QUICK:
            return None
        return self.counts(query)

    def counts(self, query: Query) -> dict[str, int]:
        """Return how many rows meet each preset."""

        def count() -> dict[str, int]:
            begun = self._clock()
            found = self._desk.counter.office.registers.counts(query)
            self._took[query.register] = self._clock() - begun
            return found

        return self._keep(self._key("counts", query), count)

    def cards(self, query: Query, told: Callable[[Query], tuple[int, str]]) -> list[Card]:
        """Return the cards of the register; `told` gives a filter's total and its sums."""
        register = self._desk.counter.office.registers.register(query.register)
        names = [one for one in CARDS.get(query.register, ()) if register.preset(one)]

        def make() -> list[Card]:
            return [Card(one, *told(replace(query, preset=one, size=1))) for one in names]

        return self._keep(self._key("cards", query), make)

    def _key(self, what: str, query: Query) -> tuple[object, ...]:
        viewer = query.viewer
        return what, query.register, viewer.name, viewer.owners()

    def _fresh(self, key: tuple[object, ...]) -> _Kept | None:
        kept = self._kept.get(key)
        is_fresh = kept is not None and kept.seen == self._seen and self._clock() - kept.at < _OLDEST
        return kept if is_fresh else None

    def _keep(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        kept = self._fresh(key)
        if kept is not None:
            return kept.found  # type: ignore[return-value]  # what `make` of the same key gave
        seen = self._seen
        found = make()
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[key] = _Kept(self._clock(), seen, found)
        return found
