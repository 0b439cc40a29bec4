"""Arithmetic of the language: numbers, money, dates, times and durations, exact or undecided.

`calculate` takes any values and never raises; a table says which classes each operator joins. It knows the
calendar through the `Reading` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Final

from engine.language.expressions.operators import (
    MINUTES,
    ZERO,
    either_open,
    is_any_zero,
    mismatch,
    open_question,
    two_currencies,
)
from engine.language.reading import Reading
from engine.language.values import Duration, Money, Undecided, Value

_TRAPS = [InvalidOperation, DivisionByZero, Overflow]
EXACT: Final = Context(prec=60, Emax=60, Emin=-60, traps=[*_TRAPS, Inexact])
"""Sums and products are exact or undecided: a kopeck lost to rounding would be nobody's decision."""
ROUGH: Final = Context(prec=28, Emax=60, Emin=-60, traps=_TRAPS)
"""Quotients have 28 significant digits; who wants kopecks says `round(…, 2)`."""

MAX_TEXT: Final = 100_000


def calculate(op: str, left: Value, right: Value, reading: Reading) -> Value:
    """Return `left op right`, or undecided: a value missing, two currencies, nought below."""
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


def _joined(a: str, b: str, _reading: Reading) -> Value:
    return a + b if len(a) + len(b) <= MAX_TEXT else Undecided("text too long")


def _floor(a: Decimal, b: Decimal, _reading: Reading) -> Decimal:
    whole = EXACT.divide_int(a, b)
    has_rest = EXACT.remainder(a, b) != ZERO
    return whole - 1 if has_rest and (a < ZERO) != (b < ZERO) else whole


def _modulo(a: Decimal, b: Decimal, _reading: Reading) -> Decimal:
    rest = EXACT.remainder(a, b)
    return EXACT.add(rest, b) if rest != ZERO and (rest < ZERO) != (b < ZERO) else rest


def _money_sum(a: Money, b: Money, _reading: Reading) -> Value:
    if a.currency != b.currency and not is_any_zero(a) and not is_any_zero(b):
        return two_currencies(a, b)
    return Money(EXACT.add(a.amount, b.amount), a.currency or b.currency)


def _money_ratio(a: Money, b: Money, _reading: Reading) -> Value:
    if a.currency != b.currency and not is_any_zero(a):
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
    """Days keep the clock of the company's zone, hours are sixty real minutes: clocks change."""
    local = moment.astimezone(reading.now.tzinfo)
    if by.unit in ("days", "workdays"):
        return datetime.combine(_as_date(_date_moved(local.date(), by, reading)), local.timetz())
    return (moment.astimezone(UTC) + timedelta(minutes=by.amount * MINUTES[by.unit])).astimezone(local.tzinfo)


def _as_date(value: Value) -> date:
    if isinstance(value, date):
        return value
    raise ValueError(str(value))


def _durations(a: Duration, b: Duration, _reading: Reading) -> Value:
    if a.unit == b.unit:
        return Duration(a.amount + b.amount, a.unit)
    if a.unit in MINUTES and b.unit in MINUTES:
        return Duration(a.amount * MINUTES[a.unit] + b.amount * MINUTES[b.unit], "minutes")
    return Undecided(f"no sum: {a}, {b}")


def _duration_times(duration: Duration, by: Decimal, _reading: Reading) -> Value:
    amount = duration.amount * by
    if amount != amount.to_integral_value() or abs(amount) > 10**9:
        return Undecided(f"no whole {duration.unit}: {amount}")
    return Duration(int(amount), duration.unit)


def _times_between(a: datetime, b: datetime, _reading: Reading) -> Value:
    return Duration((a.astimezone(UTC) - b.astimezone(UTC)) // timedelta(minutes=1), "minutes")


_RULES: Mapping[tuple[str, type, type], Rule] = {
    ("+", Decimal, Decimal): lambda a, b, _r: EXACT.add(a, b),
    ("-", Decimal, Decimal): lambda a, b, _r: EXACT.subtract(a, b),
    ("*", Decimal, Decimal): lambda a, b, _r: EXACT.multiply(a, b),
    ("/", Decimal, Decimal): lambda a, b, _r: ROUGH.divide(a, b),
    ("//", Decimal, Decimal): _floor,
    ("%", Decimal, Decimal): _modulo,
    ("+", Money, Money): _money_sum,
    ("-", Money, Money): lambda a, b, r: _money_sum(a, Money(b.amount.copy_negate(), b.currency), r),
    ("*", Money, Decimal): lambda a, b, _r: Money(EXACT.multiply(a.amount, b), a.currency),
    ("*", Decimal, Money): lambda a, b, _r: Money(EXACT.multiply(a, b.amount), b.currency),
    ("/", Money, Decimal): lambda a, b, _r: Money(ROUGH.divide(a.amount, b), a.currency),
    ("/", Money, Money): _money_ratio,
    ("+", str, str): _joined,
    ("+", date, Duration): _date_moved,
    ("-", date, Duration): lambda a, b, r: _date_moved(a, _negative(b), r),
    ("+", Duration, date): lambda a, b, r: _date_moved(b, a, r),
    ("-", date, date): lambda a, b, _r: Duration((a - b).days, "days"),
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
