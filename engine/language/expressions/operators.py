"""The operators of the language on values at run time: equality, order, membership, parts of a value.

Every function here takes any values and answers with a value; what has no answer is undecided, never an
exception. Which types an operator accepts is decided before, in `typerules.py`; facts from outside may still
break the promise of the portal map. Arithmetic is in `arithmetic.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from engine.language.reading import Reading
from engine.language.values import Duration, File, Item, Mixed, Money, Pending, Undecided, Value

MINUTES: Mapping[str, int] = {"minutes": 1, "hours": 60, "days": 1440}
ZERO: Final = Decimal(0)


def is_empty(value: Value) -> bool:
    """True for empty: nothing, a text without characters, a list without members."""
    return value is None or value == "" or (isinstance(value, tuple) and not value)


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
    """Return why `value` cannot be used: its own open question, else that it is not like `wanted`."""
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
    if isinstance(left, Money) and isinstance(right, Decimal):
        return equal(left.amount, right) if right.is_zero() else mismatch(left, right)
    if isinstance(right, Money) and isinstance(left, Decimal):
        return equal(right, left)
    return mismatch(left, right)


def _equal_alike(left: Value, right: Value) -> bool | Undecided:
    if isinstance(left, Money) and isinstance(right, Money):
        same = left.currency == right.currency or is_any_zero(left) or is_any_zero(right)
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


def is_any_zero(money: Money) -> bool:
    """True for the zero that has no currency: a sum over nothing, the literal 0."""
    return not money.currency and money.amount.is_zero()


def order(left: Value, right: Value) -> int | Undecided:
    """Return -1, 0 or 1 as `left` is less, equal or greater; undecided where nothing says."""
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
    if first.currency != second.currency and not is_any_zero(first) and not is_any_zero(second):
        return two_currencies(first, second)
    return order(first.amount, second.amount)


def two_currencies(left: Money, right: Money) -> Undecided:
    """Return the answer where two currencies meet: rates are nobody's fact here."""
    return Undecided(f"two currencies: {left.currency or '?'}, {right.currency or '?'}")


def _duration_order(left: Duration, right: Duration) -> int | Undecided:
    if left.unit == right.unit:
        return (left.amount > right.amount) - (left.amount < right.amount)
    if left.unit not in MINUTES or right.unit not in MINUTES:
        return Undecided(f"no order: {left}, {right}")
    a, b = left.amount * MINUTES[left.unit], right.amount * MINUTES[right.unit]
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


Rule = Callable[..., Value]


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
    known = value.part(name)
    if known is None:
        return Undecided(text)
    return Decimal(known) if isinstance(known, int) and not isinstance(known, bool) else known


def _property(reading: Reading, value: Value, name: str) -> Value:
    rule = PROPERTIES.get((value.__class__, name))
    try:
        return rule(value, reading) if rule else Undecided(name)
    except (ArithmeticError, ValueError):
        return Undecided(name)


def _local(moment: datetime, reading: Reading) -> datetime:
    return moment.astimezone(reading.now.tzinfo)


def _duration_days(value: Duration, _reading: Reading) -> Value:
    if value.unit == "workdays":
        return Undecided(f"workdays are not days: {value}")
    minutes = value.amount * MINUTES[value.unit]
    return Decimal(abs(minutes) // 1440 * (1 if minutes >= 0 else -1))


PROPERTIES: Mapping[tuple[type, str], Rule] = {
    (date, "year"): lambda v, _r: Decimal(v.year),
    (date, "month"): lambda v, _r: Decimal(v.month),
    (date, "day"): lambda v, _r: Decimal(v.day),
    (date, "weekday"): lambda v, _r: Decimal(v.isoweekday()),
    (datetime, "date"): lambda v, r: _local(v, r).date(),
    (datetime, "year"): lambda v, r: Decimal(_local(v, r).year),
    (datetime, "month"): lambda v, r: Decimal(_local(v, r).month),
    (datetime, "day"): lambda v, r: Decimal(_local(v, r).day),
    (datetime, "weekday"): lambda v, r: Decimal(_local(v, r).isoweekday()),
    (datetime, "hour"): lambda v, r: Decimal(_local(v, r).hour),
    (Money, "amount"): lambda v, _r: v.amount,
    (Money, "currency"): lambda v, _r: v.currency or None,
    (Duration, "days"): _duration_days,
}
