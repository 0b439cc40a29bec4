"""A moment as people give it to `--since` and `--until`: `2d` ago, a day, a time.

Decides what each form means; it knows no journal.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from engine.cli.mistakes import Mistake

_AGO = re.compile(r"([0-9]{1,6})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def read_moment(text: str, now: datetime, zone: tzinfo, option: str) -> datetime:
    """Return the moment of `2d`, `36h`, `30m` (ago), `2026-03-14` (its first second) or an ISO time.

    A time without a zone is the company's. Raises Mistake for anything else.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise Mistake("bad_moment", name=option, what=text) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)
