"""Values of the portal map as text in a database's column, and back.

Decides how each type is kept: as text that compares equal where the values do, days in the order of time. Empty is
NULL; what nobody knows is a text that begins with a mark no text of the portal can begin with. Knows no table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Final

from engine.language.types import Type
from engine.language.values import Item, Money, Undecided, Value
from engine.runtime.wire import dump, load

UNKNOWN: Final = "\x01"
# What a database refuses or our mark would be taken for: half a surrogate pair, NUL, the mark itself.
_REFUSED: Final = {0: None, 1: None, **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}

Decode = Callable[[str], Value]
Cell = str | None


def encode(kind: Type, value: Value) -> Cell:
    """Return the column's text of a value of that type; a value of another type is kept as unknown."""
    if value is None:
        return None
    if isinstance(value, Undecided):
        return UNKNOWN + value.reason.translate(_REFUSED)[:200]
    return _encoded(kind.kind, value)


def _encoded(kind: str, value: Value) -> str:
    if kind in ("text", "choice") and isinstance(value, str):
        return value.translate(_REFUSED)
    if kind == "yes/no" and isinstance(value, bool):
        return "1" if value else "0"
    if kind == "money" and isinstance(value, Money):
        return f"{value.amount:f} {value.currency}"
    if kind == "number" and isinstance(value, Decimal):
        return f"{value:f}"
    if kind == "time" and isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if kind == "date" and isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if kind == "item" and isinstance(value, Item):
        return value.id
    if kind in _PLAIN:
        return f"{UNKNOWN}types do not fit"
    return dump(value)


_PLAIN: Final = frozenset({"text", "choice", "yes/no", "money", "number", "time", "date", "item"})


@lru_cache(maxsize=256)
def decoder(kind: Type, zone: tzinfo) -> Decode | None:
    """Return how a column's text that is neither NULL nor unknown is read, None for as it is. Times are in `zone`."""
    if kind.kind in ("text", "choice"):
        return None
    if kind.kind == "item":
        entity = kind.entity
        return lambda text: Item(entity, text)
    if kind.kind == "time":
        return lambda text: datetime.fromisoformat(text).astimezone(zone)
    return _DECODERS.get(kind.kind, load)


def _money(text: str) -> Value:
    amount, _, currency = text.partition(" ")
    return Money(Decimal(amount), currency)


_DECODERS: Final[dict[str, Decode]] = {
    "yes/no": lambda text: text == "1",
    "money": _money,
    "number": Decimal,
    "date": date.fromisoformat,
}
