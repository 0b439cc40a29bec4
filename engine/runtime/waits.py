"""How long to wait before a try is repeated.

Decides the delay by what failed: the portal's own word where it gave one (a rested method, a full bucket), else the
next of the configured delays. The client has tried for half a minute by itself before anything comes here.
"""

from __future__ import annotations

from collections.abc import Sequence

DELAYS: Sequence[float] = (5.0, 15.0, 60.0, 180.0, 600.0, 1800.0)
_LONGEST = 3600.0


def delay_for(asked: float | None, next_delay: float) -> float:
    """Return the seconds to wait: what the portal asked for, up to an hour, and never less than our own delay."""
    return max(next_delay, min(asked or 0.0, _LONGEST))
