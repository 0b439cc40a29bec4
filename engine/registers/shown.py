"""Cells as people read them: money, days, choices in words; what nobody knows is «?».

Decides how a value of a register looks in a list and in a file, in both languages; knows no file format.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from engine.language.formats import date_text, money_text
from engine.language.values import File, Item, Money, Undecided, Value
from engine.registers.query import Column
from engine.registers.states import STATE, STATE_WORDS

UNKNOWN: Final = "?"
_YES_NO: Final = {"ru": ("да", "нет"), "en": ("yes", "no")}
_CHOICES: Final = {
    "client": ("с клиентом", "client"),
    "supplier": ("с поставщиком", "supplier"),
    "scan": ("скан", "scan"),
    "paper": ("бумага", "paper"),
    "edo": ("ЭДО", "edo"),
    "none": ("нет", "none"),
    "part": ("частично", "part"),
    "full": ("полностью", "full"),
    "over": ("переплата", "over"),
}


def word_of(entity: str, column: Column, text: str, language: str) -> str:
    """Return a choice in words: a state, a stage's own name stays as the map calls it."""
    if column.path.rpartition(".")[2] == STATE and column.path.count(".") == 0:
        said = STATE_WORDS.get(entity, {}).get(text)
        return (said.ru if language == "ru" else said.en) if said is not None else text
    pair = _CHOICES.get(text)
    return pair[0 if language == "ru" else 1] if pair is not None else text


def cell_text(entity: str, column: Column, value: Value, language: str) -> str:
    """Return a cell as text; empty for empty."""
    if value is None:
        return ""
    if isinstance(value, Undecided):
        # A property of an empty tie is empty to a reader as well.
        return "" if value.reason.startswith("empty") else UNKNOWN
    if isinstance(value, bool):
        return _YES_NO["ru" if language == "ru" else "en"][0 if value else 1]
    if isinstance(value, Money):
        return money_text(value)
    if isinstance(value, datetime | date):
        return date_text(value.date() if isinstance(value, datetime) else value)
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", "," if language == "ru" else ".")
    if isinstance(value, str):
        return word_of(entity, column, value, language) if column.type.kind == "choice" else value
    if isinstance(value, Item):
        return value.id
    if isinstance(value, File):
        return value.name or ("есть" if language == "ru" else "yes")
    if isinstance(value, tuple):
        return ", ".join(cell_text(entity, column, one, language) for one in value)
    return str(value)
