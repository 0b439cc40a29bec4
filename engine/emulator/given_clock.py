"""A clock asked for by words: ``real``, or the time at which a virtual one starts.

Decides what such words may be, and that a portal kept in a file never goes back behind a time it has shown.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.emulator.clock import Clock, iso
from engine.emulator.portal import last_time

REAL = "real"


class ClockTextError(ValueError):
    """Text that is neither ``real`` nor an ISO time."""


class ClockGoesBackError(ValueError):
    """The clock would show a time before one that the portal has shown; its text is that later time."""


def read_clock(text: str, zone: str, state: Path | None) -> Clock:
    """A clock in `zone`: the real one, or one that starts at an ISO time (without an offset: in that zone).

    Raises `ClockTextError`, or `ClockGoesBackError` where the portal in `state` has shown a later time;
    `sqlite3.DatabaseError` if that file is something else.
    """
    clock = Clock(zone, None if text == REAL else _moment(text, zone))
    shown = last_time(state)
    if shown is not None and shown > clock.now():
        raise ClockGoesBackError(iso(shown.astimezone(ZoneInfo(zone))))
    return clock


def _moment(text: str, zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ClockTextError(text) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
