"""Sums of the money columns: exact, one for each currency; what is not known is counted, never taken for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from engine.language.values import Money, Undecided, Value


class Sums:
    """Running sums by column. `unknown` counts the rows of each column whose value nobody knows."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._sums: dict[str, dict[str, Decimal]] = {path: {} for path in paths}
        self.unknown: dict[str, int] = {}

    def add(self, path: str, value: Value) -> None:
        """Count one row's value in."""
        if isinstance(value, Money):
            held = self._sums[path]
            held[value.currency] = held.get(value.currency, Decimal(0)) + value.amount
        elif isinstance(value, Undecided):
            self.unknown[path] = self.unknown.get(path, 0) + 1

    def totals(self) -> dict[str, tuple[Money, ...]]:
        """Return the sums, the largest first; the zero without a currency only where there is no other."""
        found = {}
        for path, held in self._sums.items():
            sums = [Money(amount, code) for code, amount in held.items() if code or len(held) == 1]
            found[path] = tuple(sorted(sums, key=lambda one: -one.amount))
        return found
