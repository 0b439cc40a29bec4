"""The peers in the race: other engines asked the same, each held in the best shape that we found for it.

Installed by the extra `bench`. No peer has exact numbers or dates, so money and numbers go in as floats, dates as the
number of their day, made before the clock starts.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.bench.workload import Known
from engine.language.values import Money


def as_float(value: Known) -> str | bool | float:
    """Return a value as the peers take it."""
    if isinstance(value, Money):
        return float(value.amount)
    if isinstance(value, date):
        return float(value.toordinal())
    return float(value) if isinstance(value, Decimal) else value
