"""How values read on a Russian sheet: sums, dates, words, and text that a font can print.

Decides no content: a value goes in, its text comes out. A value that is still pending has no text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from engine.documents.reading import OpenError
from engine.language.values import Duration, Mixed, Money, Pending, Row, Undecided, Value

KOPECK = Decimal("0.01")
NBSP = "\u00a0"
Printed: TypeAlias = "str | list[Printed] | dict[str, Printed]"
# One, two to four, five and more: «1 рабочий день», «2 рабочих дня», «5 рабочих дней».
UNITS: Mapping[str, tuple[str, str, str]] = {
    "minutes": ("минута", "минуты", "минут"),
    "hours": ("час", "часа", "часов"),
    "days": ("календарный день", "календарных дня", "календарных дней"),
    "workdays": ("рабочий день", "рабочих дня", "рабочих дней"),
}


def file_name(text: str) -> str:
    """Return the text as a part of a file's name: what no disk takes becomes a hyphen."""
    return re.sub(r'[\\/:*?"<>|]', "-", clean(text)).strip(" .")


def clean(text: str) -> str:
    """Drop what no font prints or what turns text around: control and direction characters, pictographs.

    PDF/A refuses a character without a glyph, and an emoji in a deal's title must not cost anyone the act.
    """
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category == "Cc":
            kept.append(" ")
        elif category[0] == "C" or "\ufe00" <= char <= "\ufe0f" or (category == "So" and char not in "№°©®™"):
            continue
        else:
            kept.append(char)
    return re.sub(r"[ \t]+", " ", "".join(kept)).strip()


def plain(number: Decimal) -> str:
    """Return a number without trailing zeros, with a decimal comma."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


def text_of(value: Value) -> str:
    """Return a value's text. Raises OpenError for one that is not known yet."""
    if isinstance(value, Pending | Mixed | Undecided):
        raise OpenError(f"значение ещё не известно: {value}")
    if isinstance(value, Money | Decimal):
        from babel.numbers import format_decimal

        exact = value.amount.quantize(KOPECK, ROUND_HALF_UP) if isinstance(value, Money) else value
        pattern = "#,##0.00" if isinstance(value, Money) else "#,##0.######"
        return str(format_decimal(exact, pattern, locale="ru"))
    if isinstance(value, date):
        return short_date(value)
    if isinstance(value, Duration):
        return duration_text(value)
    return "" if value is None else clean(str(value))


def short_date(day: Value) -> str:
    """Return `14.03.2026`, an empty text for what is no date."""
    return f"{day:%d.%m.%Y}" if isinstance(day, date) else ""


def long_date(day: Value) -> str:
    """Return «14 марта 2026 г.», an empty text for what is no date."""
    from babel.dates import format_date

    if not isinstance(day, date):
        return ""
    only_day = day.date() if isinstance(day, datetime) else day
    return str(format_date(only_day, "d MMMM y 'г.'", locale="ru"))


def duration_text(term: Duration) -> str:
    """Return «5 рабочих дней»."""
    one, few, many = UNITS[term.unit]
    tens, ones = term.amount % 100, term.amount % 10
    word = many if 11 <= tens <= 14 else one if ones == 1 else few if 2 <= ones <= 4 else many
    return f"{term.amount}{NBSP}{word}"


def in_words(sum_: Money) -> str:
    """Return «Двадцать один рубль 05 копеек»; the figures where num2words has no such currency."""
    from num2words import num2words

    exact = sum_.amount.quantize(KOPECK, ROUND_HALF_UP)
    try:
        # Always a Decimal: num2words reads the integer 1001 as kopecks, «десять рублей, одна копейка».
        words = num2words(
            exact, lang="ru", to="currency", currency=sum_.currency or "RUB", separator="", cents=False
        )
    except NotImplementedError:
        return f"{text_of(sum_)} {sum_.currency}"
    return str(words[:1].upper() + words[1:])


def currency_text(sum_: Money) -> str:
    """Return «руб.», else the currency's code."""
    return "руб." if sum_.currency in ("", "RUB") else sum_.currency


def printed_row(row: Value) -> dict[str, Printed]:
    """Return a row's texts by name; what is not known in a line is blank."""
    values = row.values if isinstance(row, Row) else ()
    return {name: "" if isinstance(value, Undecided) else text_of(value) for name, value in values}
