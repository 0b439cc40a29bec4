"""The plain functions of the language: what each takes, gives and does. The table is the documentation's
source.

Arguments arrive decided and of the declared type; what a function cannot answer is undecided. Functions over
lists are in `aggregates.py`, those that need their argument's text or type (`matches`, `first`, …) in
`special.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, Inexact, localcontext

from engine.language.expressions.arithmetic import EXACT, MAX_TEXT, floor
from engine.language.formats import joined_text, plain_text
from engine.language.literals import read_date
from engine.language.reading import Reading
from engine.language.types import DATE, DURATION, NUMBER, TEXT, YES_NO, Type, list_of
from engine.language.values import Duration, Money, Undecided, Value

MAX_NUMBERS = 1000
MAX_DURATION: Mapping[str, int] = {
    "minutes": 10_000_000,
    "hours": 1_000_000,
    "days": 100_000,
    "workdays": 10_000,
}

EMPTY_STAYS = "empty"
EMPTY_IS_FALSE = "false"
EMPTY_IS_OPEN = "undecided"


@dataclass(frozen=True, slots=True)
class Function:
    """One function: the kinds each argument may have, its result, and what an empty first argument gives.

    `result` None means the type of the first argument. `optional` of the last arguments may be left out.
    """

    takes: tuple[tuple[str, ...], ...]
    result: Type | None
    run: Callable[..., Value]
    doc: str
    empty: str = EMPTY_STAYS
    optional: int = 0
    is_constant: bool = False


def _whole(number: Decimal) -> int | None:
    return int(number) if number == number.to_integral_value() and abs(number) < 10**9 else None


def _duration(unit: str) -> Callable[[Reading, Decimal], Value]:
    def run(_reading: Reading, amount: Decimal) -> Value:
        count = _whole(amount)
        if count is None or abs(count) > MAX_DURATION[unit]:
            return Undecided(f"no duration: {amount} {unit}")
        return Duration(count, unit)

    return run


def _date(reading: Reading, value: str | datetime | date) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(reading.now.tzinfo).date()
    if isinstance(value, date):
        return value
    return read_date(value.strip()) or Undecided(f"no date: {value[:40]}")


def _number(_reading: Reading, value: str) -> Value:
    bare = "".join(value.split()).replace(",", ".")
    if len(bare) > 28 or not bare.lstrip("-").replace(".", "", 1).isdecimal() or not bare.isascii():
        return Undecided(f"no number: {value[:40]}")
    return Decimal(bare)


def _split(_reading: Reading, value: str, separator: str) -> Value:
    if not separator:
        return Undecided("split: empty separator")
    parts = [part.strip() for part in value.split(separator)]
    kept = tuple(part for part in parts if part)
    return kept if len(kept) <= MAX_NUMBERS else Undecided("split: too many parts")


def _join(reading: Reading, members: tuple[Value, ...], separator: str) -> Value:
    texts = [text for member in members if (text := plain_text(member, reading)) != ""]
    parts = [piece for text in texts for piece in (separator, text)][1:]
    return joined_text(parts)


def _numbers(_reading: Reading, first: Decimal, last: Decimal) -> Value:
    start, end = _whole(first), _whole(last)
    if start is None or end is None or end - start >= MAX_NUMBERS:
        return Undecided(f"no list of numbers: {first} to {last}")
    return tuple(Decimal(n) for n in range(start, end + 1))


def _rounded(amount: Decimal, places: Decimal) -> Decimal | Undecided:
    digits = _whole(places)
    if digits is None or not 0 <= digits <= 20:
        return Undecided(f"no places to round to: {places}")
    with localcontext(EXACT) as context:
        context.traps[Inexact] = False
        return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _round(_reading: Reading, value: Decimal | Money, places: Decimal = Decimal(0)) -> Value:
    amount = _rounded(value.amount if isinstance(value, Money) else value, places)
    if isinstance(amount, Undecided):
        return amount
    return Money(amount, value.currency) if isinstance(value, Money) else amount


def _abs(_reading: Reading, value: Decimal | Money) -> Value:
    return Money(value.amount.copy_abs(), value.currency) if isinstance(value, Money) else value.copy_abs()


def _floor(_reading: Reading, value: Decimal | Money) -> Value:
    return Money(floor(value.amount), value.currency) if isinstance(value, Money) else floor(value)


def _text(reading: Reading, value: Value) -> Value:
    return plain_text(value, reading)


def _day(reading: Reading, value: date | datetime) -> date:
    return value.astimezone(reading.now.tzinfo).date() if isinstance(value, datetime) else value


def _workdays_between(reading: Reading, first: date, last: date) -> Value:
    return Decimal(reading.calendar.workdays_between(_day(reading, first), _day(reading, last)))


def _is_workday(reading: Reading, day: date) -> Value:
    return reading.calendar.is_workday(_day(reading, day))


def _cased(change: Callable[[str], str]) -> Callable[[Reading, str], Value]:
    return lambda _reading, value: change(value[:MAX_TEXT])


_T, _N, _NM, _D = ("text",), ("number",), ("number", "money"), ("date", "time")
FUNCTIONS: Mapping[str, Function] = {
    "minutes": Function((_N,), DURATION, _duration("minutes"), "n minutes", EMPTY_IS_OPEN, is_constant=True),
    "hours": Function((_N,), DURATION, _duration("hours"), "n hours", EMPTY_IS_OPEN, is_constant=True),
    "days": Function((_N,), DURATION, _duration("days"), "n calendar days", EMPTY_IS_OPEN, is_constant=True),
    "workdays": Function(
        (_N,), DURATION, _duration("workdays"), "n working days", EMPTY_IS_OPEN, is_constant=True
    ),
    "date": Function(
        (("text", "time", "date"),),
        DATE,
        _date,
        "the day of a time, or of a text YYYY-MM-DD",
        is_constant=True,
    ),
    "number": Function(
        (_T,), NUMBER, _number, "the number that a text writes; comma or point, spaces dropped"
    ),
    "lower": Function((_T,), TEXT, _cased(str.lower), "in small letters", is_constant=True),
    "upper": Function((_T,), TEXT, _cased(str.upper), "in capital letters", is_constant=True),
    "strip": Function((_T,), TEXT, _cased(str.strip), "without spaces at both ends", is_constant=True),
    "starts": Function((_T, _T), YES_NO, lambda _r, a, b: a.startswith(b), "begins with", EMPTY_IS_FALSE),
    "ends": Function((_T, _T), YES_NO, lambda _r, a, b: a.endswith(b), "ends with", EMPTY_IS_FALSE),
    "contains": Function(
        (_T, _T), YES_NO, lambda _r, a, b: b in a, "has the second text inside", EMPTY_IS_FALSE
    ),
    "split": Function(
        (_T, _T), list_of(TEXT), _split, "the parts between separators, trimmed, empty ones dropped"
    ),
    "join": Function(
        (("list",), _T), TEXT, _join, "members as text with a separator between, empty ones dropped"
    ),
    "numbers": Function((_N, _N), list_of(NUMBER), _numbers, "whole numbers from a to b, both included"),
    "round": Function((_NM, _N), None, _round, "half up to n places (0)", EMPTY_STAYS, optional=1),
    "abs": Function((_NM,), None, _abs, "without its sign"),
    "floor": Function((_NM,), None, _floor, "the whole number at or below"),
    "text": Function((("any",),), TEXT, _text, "as it reads in text"),
    "workdays_between": Function(
        (_D, _D), NUMBER, _workdays_between, "working days after a up to and with b"
    ),
    "is_workday": Function((_D,), YES_NO, _is_workday, "is a working day of the company's calendar"),
}
