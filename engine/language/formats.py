"""How a value reads in Russian text: the formats of `${… | money}` and the plain form of every type.

Pure: the zone comes from the caller. Sums in words need `num2words`, which is imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from engine.language.expressions.arithmetic import MAX_TEXT
from engine.language.expressions.operators import mismatch, open_question
from engine.language.reading import Reading
from engine.language.values import Duration, File, Item, Mixed, Money, Path, Pending, Undecided, Value

NBSP: Final = "\u00a0"
_MONTHS: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip
_SIGNS: Mapping[str, str] = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "BYN": "Br"}
_UNITS: Mapping[str, tuple[str, str, str]] = {
    "minutes": ("минута", "минуты", "минут"),
    "hours": ("час", "часа", "часов"),
    "days": ("день", "дня", "дней"),
    "workdays": ("рабочий день", "рабочих дня", "рабочих дней"),
}
_MAX_WORDS = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the kinds of type it takes, and how it writes a value of them in the company's zone."""

    kinds: frozenset[str]
    write: Callable[[Value, tzinfo], str | Undecided]


def grouped(number: Decimal, places: int | None = None) -> str:
    """Return `48 500,5` with non-breaking spaces; rounded half up to `places` where given."""
    if not number.is_finite():
        raise ValueError(str(number))
    exact = number if places is None else number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{exact:,f}"
    return text.replace(",", NBSP).replace(".", ",")


def money_text(money: Money) -> str:
    """Return `48 500,00 ₽`; kopecks rounded half up, an unknown currency by its code."""
    amount = grouped(money.amount, 2)
    sign = _SIGNS.get(money.currency, money.currency)
    return f"{amount}{NBSP}{sign}" if sign else amount


def date_text(day: date) -> str:
    """Return `14.03.2026`."""
    return f"{day.day:02}.{day.month:02}.{day.year:04}"


def long_date(day: date) -> str:
    """Return `14 марта 2026 г.` with a non-breaking space before «г.»."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}{NBSP}г."


def duration_text(duration: Duration) -> str:
    """Return `5 рабочих дней` in the number's own plural."""
    return f"{duration.amount} {plural(duration.amount, *_UNITS[duration.unit])}"


def plural(count: int, one: str, few: str, many: str) -> str:
    """Return the Russian form for `count`: 1 день, 2 дня, 5 дней, 11 дней."""
    tens, ones = abs(count) % 100, abs(count) % 10
    if 10 < tens < 20 or ones == 0 or ones > 4:
        return many
    return one if ones == 1 else few


def _words(value: Value, _zone: tzinfo) -> str | Undecided:
    """Write a sum or a whole number in Russian words."""
    from num2words import num2words

    amount = value.amount if isinstance(value, Money) else value
    if not isinstance(amount, Decimal) or abs(amount) >= _MAX_WORDS:
        return Undecided(f"no words for: {value}"[:200])
    if not isinstance(value, Money):
        whole = amount == amount.to_integral_value()
        return str(num2words(int(amount) if whole else amount, lang="ru"))
    # An int would be taken for kopecks (1001 → «десять рублей, одна копейка»); a Decimal is roubles.
    exact = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    currency = value.currency or "RUB"
    try:
        return str(num2words(exact, lang="ru", to="currency", currency=currency, separator="", cents=False))
    except NotImplementedError:
        return Undecided(f"no words for currency: {currency}")


def _local(value: Value, zone: tzinfo) -> date:
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, date):
        return value
    raise TypeError(str(value))


def _clock(value: Value, zone: tzinfo) -> str:
    return f"{_local(value, zone):%H:%M}"


def _number(value: Value, _zone: tzinfo) -> str | Undecided:
    amount = value.amount if isinstance(value, Money) else value
    return grouped(amount) if isinstance(amount, Decimal) else mismatch(value, None)


def _percent(value: Value, _zone: tzinfo) -> str | Undecided:
    if not isinstance(value, Decimal):
        return mismatch(value, None)
    hundredth = (value * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{grouped(plain_decimal(hundredth))}{NBSP}%"


def plain_decimal(number: Decimal) -> Decimal:
    """Return the number without needless zeros after the point."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def _money(value: Value, _zone: tzinfo) -> str | Undecided:
    return money_text(value) if isinstance(value, Money) else mismatch(value, None)


FORMATS: Mapping[str, Format] = {
    "money": Format(frozenset({"money"}), _money),
    "date": Format(frozenset({"date", "time"}), lambda v, z: date_text(_local(v, z))),
    "date_long": Format(frozenset({"date", "time"}), lambda v, z: long_date(_local(v, z))),
    "time": Format(frozenset({"time"}), _clock),
    "number": Format(frozenset({"number", "money"}), _number),
    "words": Format(frozenset({"money", "number"}), _words),
    "percent": Format(frozenset({"number"}), _percent),
}
SHOWN: Final = frozenset(
    {
        "text",
        "choice",
        "number",
        "money",
        "date",
        "time",
        "duration",
        "yes/no",
        "file",
        "item",
        "folder",
        "path",
    }
    | {"any", "empty"}
)
"""The kinds that have a plain form in text; of the rest (a list of rows) nobody could say how it reads."""


def format_value(name: str, value: Value, zone: tzinfo) -> Value:
    """Return `value` in the format `name`. Empty stays empty, undecided undecided.

    A pending value keeps the format and waits; a value the format does not fit is undecided.
    """
    if isinstance(value, Pending):
        return Pending(value.ref, value.shown, name)
    problem = open_question(value)
    if problem is not None or value is None:
        return problem
    try:
        return FORMATS[name].write(value, zone)
    except (TypeError, ValueError, ArithmeticError):
        return Undecided(f"no format {name} for: {value}"[:200])


def plain_text(value: Value, reading: Reading) -> str | Pending | Mixed | Undecided:
    """Return how `value` reads in a text: empty is "", money and dates in Russian, an item by its name."""
    if isinstance(value, str | Pending | Mixed | Undecided):
        return value
    if value is None:
        return ""
    if isinstance(value, Item):
        return reading.display(value)
    if isinstance(value, tuple):
        return _list_text([plain_text(member, reading) for member in value])
    zone = reading.now.tzinfo
    try:
        return _simple_text(value, zone) if zone else Undecided("no zone")
    except (TypeError, ValueError, ArithmeticError, KeyError):
        return Undecided(f"no text for: {value}"[:200])


def _simple_text(value: Value, zone: tzinfo) -> str | Undecided:
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Money):
        return money_text(value)
    if isinstance(value, datetime):
        return f"{date_text(_local(value, zone))} {_clock(value, zone)}"
    if isinstance(value, date):
        return date_text(value)
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, File):
        return value.name
    return str(value) if isinstance(value, Path) else Undecided(f"no text for: {type(value).__name__}")


def _list_text(members: list[str | Pending | Mixed | Undecided]) -> str | Mixed | Undecided:
    parts: list[str | Pending | Mixed | Undecided] = []
    for member in members:
        parts.extend([", ", member] if parts else [member])
    return joined_text(parts)


def joined_text(parts: list[str | Pending | Mixed | Undecided]) -> str | Mixed | Undecided:
    """Join parts of a text: one undecided part leaves all undecided, a pending one makes it mixed."""
    flat: list[str | Pending] = []
    for part in parts:
        if isinstance(part, Undecided):
            return part
        for piece in part.parts if isinstance(part, Mixed) else (part,):
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif piece != "":
                flat.append(piece)
    if sum(len(piece) for piece in flat if isinstance(piece, str)) > MAX_TEXT:
        return Undecided("text too long")
    if all(isinstance(piece, str) for piece in flat):
        return "".join(str(piece) for piece in flat)
    return Mixed(tuple(flat))
