"""From a scalar's text to a value of the type that its place asks for: `48500.00 RUB`, `2026-03-01`, `5
workdays`.

Text stays text unless a type says otherwise. Used for constants in parameters, for `from`/`to` of triggers
and for event files; knows no YAML and no JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from engine.language.faults import Fault, suggest
from engine.language.types import Type
from engine.language.values import Duration, Item, Money, Value

_NUMBER = re.compile(r"-?[0-9]{1,28}(?:\.[0-9]{1,28})?")
_MONEY = re.compile(r"(-?[0-9]{1,28}(?:\.[0-9]{1,28})?) ([A-Z]{3})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DURATION = re.compile(r"(-?[0-9]{1,6}) (minute|hour|day|workday)s?")
_ITEM = re.compile(r"(?:([^\W\d]\w*)/)?([A-Za-z0-9][\w.-]{0,63})")
_RUSSIAN_DATE = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_YES_NO = {"true": True, "false": False}
_YES_NO_WORDS = {
    "yes": "true", "no": "false", "да": "true", "нет": "false", "on": "true", "off": "false", "1": "true",
    "0": "false", "y": "true", "n": "false",
}  # fmt: skip


def parse_literal(text: str, type_: Type) -> Value | Fault:
    """Return the value of type `type_` that `text` writes; nothing but spaces is empty for every type but
    text.

    A text that writes no such value gives a `Fault` (R260, or R232 for no option of a choice) over the whole
    text.
    """
    if type_.kind in ("text", "any", "path"):
        return text
    written = text.strip()
    if not written:
        return None
    if type_.kind == "choice":
        return written if written in type_.options else _no_option(text, written, type_)
    reader = _READERS.get(type_.kind)
    value = reader(written, type_) if reader else None
    return _unread(text, written, type_) if value is None else value


def unknown_option(name: str, options: tuple[str, ...]) -> dict[str, str]:
    """Return the values that R232 says about a name that is none of `options`."""
    return {"found": name, "known": ", ".join(options), **suggest(name, options)}


def _no_option(text: str, written: str, type_: Type) -> Fault:
    return Fault("R232", 0, len(text), unknown_option(written, type_.options))


def _unread(text: str, written: str, type_: Type) -> Fault:
    values = {"found": written[:80], "type": str(type_)}
    mend = _mend(written, type_.kind)
    return Fault("R260", 0, len(text), {**values, "suggestion": mend} if mend else values)


def _mend(written: str, kind: str) -> str:
    """Guess what the author of a text meant, empty where nothing suggests itself."""
    if kind == "yes/no":
        return _YES_NO_WORDS.get(written.casefold(), written.lower() if written.lower() in _YES_NO else "")
    russian = _RUSSIAN_DATE.fullmatch(written)
    if kind == "date" and russian:
        return f"{russian[3]}-{russian[2]}-{russian[1]}"
    digits = re.sub(r"[\s_]", "", written).replace(",", ".")
    if kind == "number" and _NUMBER.fullmatch(digits):
        return digits
    if kind == "money":
        bare = re.sub(r"(?:₽|руб\.?|р\.)$", "", digits)
        return f"{bare} RUB" if _NUMBER.fullmatch(bare) else ""
    return ""


def _read_number(text: str, _type: Type) -> Value:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _read_money(text: str, _type: Type) -> Value:
    found = _MONEY.fullmatch(text)
    if found:
        return Money(Decimal(found[1]), found[2])
    return Money(Decimal(text)) if _NUMBER.fullmatch(text) and Decimal(text) == 0 else None


def read_date(text: str) -> date | None:
    """Return the date that `2026-03-14` writes, None for anything else."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _read_time(text: str, _type: Type) -> Value:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and "T" in text else None


def _read_duration(text: str, _type: Type) -> Value:
    found = _DURATION.fullmatch(text)
    return Duration(int(found[1]), found[2] + "s") if found else None


def _read_item(text: str, type_: Type) -> Value:
    found = _ITEM.fullmatch(text)
    if not found or (found[1] and type_.entity and found[1] != type_.entity):
        return None
    entity = type_.entity or found[1]
    return Item(entity, found[2]) if entity else None


_READERS: Mapping[str, Callable[[str, Type], Value]] = {
    "yes/no": lambda text, _type: _YES_NO.get(text),
    "number": _read_number,
    "money": _read_money,
    "date": lambda text, _type: read_date(text),
    "time": _read_time,
    "duration": _read_duration,
    "item": _read_item,
}
