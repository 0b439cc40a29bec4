"""The operators of the language on values at run time: equality, order, arithmetic, three-valued logic.

Every function here takes any values and answers with a value; what has no answer is undecided, never an exception.
Which types an operator accepts is decided before, in `typerules.py`; facts from outside may still break that promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any, Final, cast

from engine.language.reading import Reading
from engine.language.values import Duration, File, Item, Mixed, Money, Pending, Undecided, Value

_TRAPS = [InvalidOperation, DivisionByZero, Overflow]
EXACT: Final = Context(prec=60, Emax=60, Emin=-60, traps=[*_TRAPS, Inexact])
"""Sums and products are exact or undecided: a kopeck lost to rounding would be nobody's decision."""
ROUGH: Final = Context(prec=28, Emax=60, Emin=-60, traps=_TRAPS)
"""Quotients have 28 significant digits; who wants kopecks says `round(…, 2)`."""

MAX_TEXT: Final = 100_000
_MINUTES: Mapping[str, int] = {"minutes": 1, "hours": 60, "days": 1440}
ZERO: Final = Decimal(0)


def is_empty(value: Value) -> bool:
    """True for empty: nothing, a text without characters, a list without members."""
    return value is None or value == "" or value == ()


def open_question(value: Value, text: str = "") -> Undecided | None:
    """Return why an operator cannot use `value`: it is undecided, or an earlier step has yet to give it."""
    if value.__class__ is Undecided:
        return value
    if isinstance(value, Pending | Mixed):
        return Undecided(f"not yet known: {value.ref if isinstance(value, Pending) else value}")
    return Undecided(f"empty: {text}") if value is None and text else None


def either_open(left: Value, right: Value, left_text: str = "", right_text: str = "") -> Undecided | None:
    """Return why an operator cannot use one of two values, None if it can use both."""
    problem = open_question(left, left_text)
    return problem if problem is not None else open_question(right, right_text)


def refusal(value: Value, wanted: Value) -> Undecided:
    """Return the answer where `value` cannot be used: its own open question, else that it is not like `wanted`."""
    problem = open_question(value)
    return mismatch(value, wanted) if problem is None else problem


def mismatch(left: Value, right: Value) -> Undecided:
    """Return the answer for two values that no operator joins: a fact had another type than the map says."""
    return Undecided(f"types do not fit: {type(left).__name__}, {type(right).__name__}")


def equal(left: Value, right: Value) -> bool | Undecided:
    """Return whether two values are equal. Two currencies are unequal; emptiness equals emptiness only."""
    problem = either_open(left, right)
    if problem is not None:
        return problem
    if left is None or right is None:
        return is_empty(left) and is_empty(right)
    if left.__class__ is right.__class__:
        return _equal_alike(left, right)
    if isinstance(left, Money) and left.__class__ is Money and right.__class__ is Decimal:
        return left.amount == ZERO if right == ZERO else mismatch(left, right)
    if right.__class__ is Money and left.__class__ is Decimal:
        return equal(right, left)
    return mismatch(left, right)


def _equal_alike(left: Value, right: Value) -> bool | Undecided:
    if isinstance(left, Money) and isinstance(right, Money):
        same = left.currency == right.currency or _is_any_zero(left) or _is_any_zero(right)
        return same and equal(left.amount, right.amount)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return order_answer(left, right, lambda sign: sign == 0)
    if isinstance(left, File) and isinstance(right, File):
        if left.sha256 is None or right.sha256 is None:
            return left == right or Undecided("not yet known: sha256")
        return left.sha256 == right.sha256
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return False
        return conjunction([equal(a, b) for a, b in zip(left, right, strict=True)])
    try:
        return left == right
    except (ArithmeticError, TypeError):
        return mismatch(left, right)


def _is_any_zero(money: Money) -> bool:
    return not money.currency and money.amount == ZERO


def order(left: Value, right: Value) -> int | Undecided:
    """Return -1, 0 or 1 as `left` is less than, equal to or greater than `right`; undecided where nothing says."""
    problem = either_open(left, right, "value", "value")
    if problem is not None:
        return problem
    if isinstance(left, Money) or isinstance(right, Money):
        return _money_order(left, right)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return _duration_order(left, right)
    if left.__class__ is not right.__class__ or left.__class__ is bool:
        return mismatch(left, right)
    return _sign(left, right)


def _sign(left: Any, right: Any) -> int | Undecided:
    """Compare two values of one class; NaN and naive times among aware ones have no order."""
    try:
        return int(left > right) - int(left < right)
    except (ArithmeticError, TypeError):
        return mismatch(left, right)


def order_answer(left: Value, right: Value, test: Callable[[int], bool]) -> bool | Undecided:
    """Return `test` of the order of two values."""
    sign = order(left, right)
    return sign if isinstance(sign, Undecided) else test(sign)


def _money_order(left: Value, right: Value) -> int | Undecided:
    first = Money(left) if left.__class__ is Decimal else left
    second = Money(right) if right.__class__ is Decimal else right
    if not isinstance(first, Money) or not isinstance(second, Money):
        return mismatch(left, right)
    if first.currency != second.currency and not _is_any_zero(first) and not _is_any_zero(second):
        return two_currencies(first, second)
    return order(first.amount, second.amount)


def two_currencies(left: Money, right: Money) -> Undecided:
    """Return the answer where two currencies meet: rates are nobody's fact here."""
    return Undecided(f"two currencies: {left.currency or '?'}, {right.currency or '?'}")


def _duration_order(left: Duration, right: Duration) -> int | Undecided:
    if left.unit == right.unit:
        return (left.amount > right.amount) - (left.amount < right.amount)
    if left.unit not in _MINUTES or right.unit not in _MINUTES:
        return Undecided(f"no order: {left}, {right}")
    a, b = left.amount * _MINUTES[left.unit], right.amount * _MINUTES[right.unit]
    return (a > b) - (a < b)


def conjunction(answers: list[bool | Undecided]) -> bool | Undecided:
    """Return Kleene's `and`: one false decides; else one undecided leaves it open."""
    still_open = next((answer for answer in answers if answer.__class__ is Undecided), True)
    return False if any(answer is False for answer in answers) else still_open


def member(value: Value, members: tuple[Value, ...]) -> bool | Undecided:
    """Return whether `value` equals a member: one that does decides; else one undecided leaves it open."""
    if value.__class__ is Undecided:
        return value
    still_open: bool | Undecided = False
    for candidate in members:
        answer = equal(value, candidate)
        if answer is True:
            return True
        if answer is not False:
            still_open = answer
    return still_open


def calculate(op: str, left: Value, right: Value, reading: Reading) -> Value:
    """Return `left op right`, or undecided: a missing value, two currencies, zero below, a date out of range."""
    problem = either_open(left, right)
    if problem is not None:
        return problem
    rule = _RULES.get((op, left.__class__, right.__class__))
    if rule is None:
        return mismatch(left, right)
    try:
        return rule(left, right, reading)
    except DivisionByZero:
        return Undecided("division by zero")
    except InvalidOperation:
        return Undecided("division by zero" if op in "//%" and not _amount(right) else "number out of range")
    except (ArithmeticError, ValueError, TypeError):
        return Undecided(f"out of range: {left} {op} {right}"[:200])


def _amount(value: Value) -> Value:
    return value.amount if isinstance(value, Money) else value


Rule = Callable[..., Value]


def _joined(a: str, b: str, reading: Reading) -> Value:
    return a + b if len(a) + len(b) <= MAX_TEXT else Undecided("text too long")


def _floor(a: Decimal, b: Decimal, reading: Reading) -> Decimal:
    whole = EXACT.divide_int(a, b)
    has_rest = EXACT.remainder(a, b) != ZERO
    return whole - 1 if has_rest and (a < ZERO) != (b < ZERO) else whole


def _modulo(a: Decimal, b: Decimal, reading: Reading) -> Decimal:
    rest = EXACT.remainder(a, b)
    return EXACT.add(rest, b) if rest != ZERO and (rest < ZERO) != (b < ZERO) else rest


def _money_sum(a: Money, b: Money, reading: Reading) -> Value:
    if a.currency != b.currency and not _is_any_zero(a) and not _is_any_zero(b):
        return two_currencies(a, b)
    return Money(EXACT.add(a.amount, b.amount), a.currency or b.currency)


def _money_ratio(a: Money, b: Money, reading: Reading) -> Value:
    if a.currency != b.currency and not _is_any_zero(a):
        return two_currencies(a, b)
    return ROUGH.divide(a.amount, b.amount)


def _negative(duration: Duration) -> Duration:
    return Duration(-duration.amount, duration.unit)


def _date_moved(day: date, by: Duration, reading: Reading) -> Value:
    if by.unit == "days":
        return day + timedelta(days=by.amount)
    if by.unit == "workdays":
        return reading.calendar.add_workdays(day, by.amount)
    return Undecided(f"a date has no hours: {day} + {by}")


def _time_moved(moment: datetime, by: Duration, reading: Reading) -> Value:
    """Days keep the clock of the company's zone, hours are sixty real minutes; they differ when clocks change."""
    local = moment.astimezone(reading.now.tzinfo)
    if by.unit in ("days", "workdays"):
        return datetime.combine(_as_date(_date_moved(local.date(), by, reading)), local.timetz())
    return (moment.astimezone(UTC) + timedelta(minutes=by.amount * _MINUTES[by.unit])).astimezone(
        local.tzinfo
    )


def _as_date(value: Value) -> date:
    if isinstance(value, date):
        return value
    raise ValueError(str(value))


def _durations(a: Duration, b: Duration, reading: Reading) -> Value:
    if a.unit == b.unit:
        return Duration(a.amount + b.amount, a.unit)
    if a.unit in _MINUTES and b.unit in _MINUTES:
        return Duration(a.amount * _MINUTES[a.unit] + b.amount * _MINUTES[b.unit], "minutes")
    return Undecided(f"no sum: {a}, {b}")


def _duration_times(duration: Duration, by: Decimal, reading: Reading) -> Value:
    amount = duration.amount * by
    if amount != amount.to_integral_value() or abs(amount) > 10**9:
        return Undecided(f"no whole {duration.unit}: {amount}")
    return Duration(int(amount), duration.unit)


def _times_between(a: datetime, b: datetime, reading: Reading) -> Value:
    return Duration((a.astimezone(UTC) - b.astimezone(UTC)) // timedelta(minutes=1), "minutes")


_RULES: Mapping[tuple[str, type, type], Rule] = {
    ("+", Decimal, Decimal): lambda a, b, r: EXACT.add(a, b),
    ("-", Decimal, Decimal): lambda a, b, r: EXACT.subtract(a, b),
    ("*", Decimal, Decimal): lambda a, b, r: EXACT.multiply(a, b),
    ("/", Decimal, Decimal): lambda a, b, r: ROUGH.divide(a, b),
    ("//", Decimal, Decimal): _floor,
    ("%", Decimal, Decimal): _modulo,
    ("+", Money, Money): _money_sum,
    ("-", Money, Money): lambda a, b, r: _money_sum(a, Money(b.amount.copy_negate(), b.currency), r),
    ("*", Money, Decimal): lambda a, b, r: Money(EXACT.multiply(a.amount, b), a.currency),
    ("*", Decimal, Money): lambda a, b, r: Money(EXACT.multiply(a, b.amount), b.currency),
    ("/", Money, Decimal): lambda a, b, r: Money(ROUGH.divide(a.amount, b), a.currency),
    ("/", Money, Money): _money_ratio,
    ("+", str, str): _joined,
    ("+", date, Duration): _date_moved,
    ("-", date, Duration): lambda a, b, r: _date_moved(a, _negative(b), r),
    ("+", Duration, date): lambda a, b, r: _date_moved(b, a, r),
    ("-", date, date): lambda a, b, r: Duration((a - b).days, "days"),
    ("+", datetime, Duration): _time_moved,
    ("-", datetime, Duration): lambda a, b, r: _time_moved(a, _negative(b), r),
    ("+", Duration, datetime): lambda a, b, r: _time_moved(b, a, r),
    ("-", datetime, datetime): _times_between,
    ("+", Duration, Duration): _durations,
    ("-", Duration, Duration): lambda a, b, r: _durations(a, _negative(b), r),
    ("*", Duration, Decimal): _duration_times,
    ("*", Decimal, Duration): lambda a, b, r: _duration_times(b, a, r),
}


def negative(value: Value) -> Value:
    """Return `-value` of a number, money or duration."""
    problem = open_question(value)
    if problem is not None:
        return problem
    if isinstance(value, Money):
        return Money(value.amount.copy_negate(), value.currency)
    if isinstance(value, Duration):
        return _negative(value)
    return value.copy_negate() if isinstance(value, Decimal) else mismatch(value, None)


def floor(value: Decimal) -> Decimal:
    """Return the whole number at or below `value`."""
    return value.to_integral_value(ROUND_FLOOR)


def part(reading: Reading, value: Value, name: str, text: str) -> Value:
    """Return the part called `name` of a value: an item's field, a file's part, a listed property.

    A part of empty is empty; a part that the value does not know is undecided, with `text` as the reason.
    """
    kind = value.__class__
    if value is None or kind is Undecided:
        return value
    if kind is Item:
        return reading.field(cast("Item", value), name)
    if not isinstance(value, File):
        if isinstance(value, Pending | Mixed):
            return open_question(value)
        getter = getattr(value, "get", None) if kind.__name__ == "Row" else None
        found = getter(name) if getter else _property(reading, value, name)
        return Undecided(text) if found.__class__ is Undecided else found
    known = {"name": value.name, "size": value.size, "kind": value.kind, "sha256": value.sha256}.get(name)
    if known is None:
        return Undecided(text)
    return Decimal(known) if isinstance(known, int) else known


def _property(reading: Reading, value: Value, name: str) -> Value:
    rule = PROPERTIES.get((value.__class__, name))
    try:
        return rule(value, reading) if rule else Undecided(name)
    except (ArithmeticError, ValueError):
        return Undecided(name)


def _local(moment: datetime, reading: Reading) -> datetime:
    return moment.astimezone(reading.now.tzinfo)


def _duration_days(value: Duration, reading: Reading) -> Value:
    if value.unit == "workdays":
        return Undecided(f"workdays are not days: {value}")
    minutes = value.amount * _MINUTES[value.unit]
    return Decimal(abs(minutes) // 1440 * (1 if minutes >= 0 else -1))


PROPERTIES: Mapping[tuple[type, str], Rule] = {
    (date, "year"): lambda v, r: Decimal(v.year),
    (date, "month"): lambda v, r: Decimal(v.month),
    (date, "day"): lambda v, r: Decimal(v.day),
    (date, "weekday"): lambda v, r: Decimal(v.isoweekday()),
    (datetime, "date"): lambda v, r: _local(v, r).date(),
    (datetime, "year"): lambda v, r: Decimal(_local(v, r).year),
    (datetime, "month"): lambda v, r: Decimal(_local(v, r).month),
    (datetime, "day"): lambda v, r: Decimal(_local(v, r).day),
    (datetime, "weekday"): lambda v, r: Decimal(_local(v, r).isoweekday()),
    (datetime, "hour"): lambda v, r: Decimal(_local(v, r).hour),
    (Money, "amount"): lambda v, r: v.amount,
    (Money, "currency"): lambda v, r: v.currency or None,
    (Duration, "days"): _duration_days,
}
