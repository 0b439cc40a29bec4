"""The order of rows: numbers by size, days by time, texts as Russian readers expect; what is empty or unknown last."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.language.values import Item, Money, Undecided, Value

_NUMBERS = re.compile(r"(\d+)")


def sort_ids(keys: Sequence[tuple[Value, str]], *, is_falling: bool) -> list[str]:
    """Return the ids by their keys; those without a key last, whichever way the order goes.

    Equal keys stand by id, so that two pages never show one row twice.
    """
    known = [(key, id_) for key, id_ in keys if key is not None and not isinstance(key, Undecided)]
    rest = [id_ for key, id_ in keys if key is None or isinstance(key, Undecided)]
    if known:
        rank = _rank_of(known[0][0])
        known.sort(key=lambda one: (rank(one[0]), _number(one[1])), reverse=is_falling)
    return [*(id_ for _, id_ in known), *sorted(rest, key=_number, reverse=is_falling)]


def _number(id_: str) -> tuple[int, str]:
    return (int(id_), "") if id_.isascii() and id_.isdigit() else (0, id_)


def _rank_of(first: Value) -> Callable[[Value], Any]:
    """Return what one column's values are compared by: its values are of one type."""
    if isinstance(first, Money):
        return lambda value: (value.currency, value.amount) if isinstance(value, Money) else ("", Decimal(0))
    if isinstance(first, bool | Decimal | date | datetime):
        return lambda value: value
    if isinstance(first, Item):
        return lambda value: _number(value.id) if isinstance(value, Item) else (0, "")
    return lambda value: text_key(str(value))


def text_key(text: str) -> tuple[str, tuple[int, ...], str]:
    """Return the key of a text: case aside, ё with е, numbers inside by their size: «Акт 9» before «Акт 10»."""
    folded = text.casefold().replace("ё", "е")
    if not any(character.isdigit() for character in folded):
        return (folded, (), text)
    parts = _NUMBERS.split(folded)
    numbers = tuple(int(part) for part in parts[1::2] if len(part) <= 18 and part.isascii())
    return ("0".join(parts[::2]), numbers, text)
