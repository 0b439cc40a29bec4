"""What is written in names and cells of former years: numbers, dates, sums, ИНН, yes and no.

Decides what counts as such a value and nothing else. What cannot be read for sure is no value: nothing is guessed
from a year, from a neighbour or from the time of a file.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

_TITLE: Final = {
    "acts": re.compile(
        r"\bакт(?:\s+(?:выполненных|сдачи|оказанных)[^№\d]*)?\s*(?:№|N[oо]?\.?)?\s*", re.IGNORECASE
    ),
    "contracts": re.compile(
        r"\b(?:договор|контракт)(?:\s+[а-яё]+(?=\s*№))?\s*(?:№|N[oо]?\.?)?\s*", re.IGNORECASE
    ),
}
# One sign parts a day's numbers, and no further number follows: `17_05-03-2024` is number 17 of 5 March.
_DATE: Final = re.compile(
    r"(?<!\d)(?:(\d{1,2})([._\-])(\d{1,2})\2(\d{4}|\d{2})|(\d{4})-(\d{2})-(\d{2}))(?![\d]|[._\-]\d)"
)
_INN: Final = re.compile(r"(?<!\d)(\d{12}|\d{10})(?!\d)")
_YEAR: Final = re.compile(r"(?:19|20)\d{2}")
_SIGNED: Final = re.compile(r"(?<![а-яё])подпис(?:ан|анный|ано|анная)(?![а-яё])", re.IGNORECASE)
_UNSIGNED: Final = re.compile(r"(?<![а-яё])не\s*подпис", re.IGNORECASE)
_QUOTES: Final = str.maketrans("", "", "«»„“”‟\"'`’")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# A spreadsheet keeps a day as the number of days since this one.
_DAY_ZERO: Final = date(1899, 12, 30)
_YES: Final = frozenset({"да", "yes", "1", "true", "истина", "+", "подписан", "подписан обеими", "signed"})
_NO: Final = frozenset({"нет", "no", "0", "false", "ложь", "-", "не подписан", "unsigned"})
EARLIEST: Final = date(1991, 1, 1)


def find_number(register: str, name: str) -> str:
    """Return the document's number in a file's name, as written (`Акт № А-17 от 5.3.2024.pdf` → `А-17`); or empty."""
    found = _TITLE[register].search(name)
    if found is None:
        return ""
    rest = name[found.end() :]
    ends = [at for at in (rest.casefold().find(" от "), rest.find(" ("), rest.find(",")) if at >= 0]
    day = _DATE.search(rest)
    ends += [day.start()] if day is not None else []
    number = rest[: min(ends)] if ends else rest
    number = number.strip(" _.№-").split(" ")[0]
    return number if any(one.isdigit() for one in number) else ""


def find_date(name: str) -> date | None:
    """Return the only day written in the name; None where there is none, or several different ones."""
    days = {day for found in _DATE.finditer(name) if (day := _day(found)) is not None}
    return days.pop() if len(days) == 1 else None


def _day(found: re.Match[str]) -> date | None:
    day, _, month, year, iso_year, iso_month, iso_day = found.groups()
    try:
        if iso_year:
            return date(int(iso_year), int(iso_month), int(iso_day))
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None


def is_year(name: str) -> bool:
    """True for a folder that is called by a year alone."""
    return _YEAR.fullmatch(name.strip()) is not None


def find_signed(name: str) -> bool | None:
    """Return what the name says of the signature; None where it says nothing."""
    if _UNSIGNED.search(name):
        return False
    return True if _SIGNED.search(name) else None


def find_inn(text: str) -> str:
    """Return the only ИНН with right check digits in the text, or empty."""
    found = {one for one in _INN.findall(text) if is_inn(one)}
    return found.pop() if len(found) == 1 else ""


def is_inn(text: str) -> bool:
    """True for ten or twelve digits whose check digits hold."""
    from stdnum.ru import inn

    return text.isascii() and text.isdigit() and bool(inn.is_valid(text))


def read_inn(cell: str) -> str | None:
    """Return the ИНН of a cell, empty for an empty one; None for what is no ИНН.

    A spreadsheet takes it for a number and drops its leading zeros: they are put back where the check digits agree.
    """
    text = "".join(one for one in cell if not one.isspace()).removesuffix(".0")
    if not text:
        return ""
    for candidate in (text, text.zfill(10), text.zfill(12)):
        if is_inn(candidate):
            return candidate
    return None


def read_date(cell: str) -> date | None:
    """Return the day of a cell: `05.03.2024`, `2024-03-05` (a time after it is dropped), or a spreadsheet's number."""
    text = cell.strip()
    plain = re.fullmatch(r"(\d{5})(?:\.\d+)?", text)
    if plain is not None:
        return _DAY_ZERO + timedelta(days=int(plain[1]))
    found = _DATE.match(text.replace("/", "."))
    rest = text[found.end() :] if found is not None else ""
    is_day = found is not None and re.fullmatch(r"(?:[T ][\d:.]+)?\s*(?:г\.?)?", rest)
    return _day(found) if found is not None and is_day else None


def read_sum(cell: str) -> Decimal | None:
    """Return the roubles of a cell (`48 500,00`, `48500.5 руб.`); None for what is no sum in roubles above zero."""
    text = "".join(one for one in cell if not one.isspace())
    text = re.sub(r"(?:руб(?:лей|\.)?|р\.?|₽|rub)$", "", text, flags=re.IGNORECASE)
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d{1,2}", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d{1,2}", text):
        text = text.replace(".", "")
    text = text.replace(",", ".")
    if not re.fullmatch(r"\d{1,13}(?:\.\d+)?", text):
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    # A spreadsheet writes 48500.1 as 48500.099999999999.
    cents = amount.quantize(Decimal("0.01"))
    return cents if abs(cents - amount) < Decimal("0.000001") and cents > 0 else None


def read_yes(cell: str) -> bool | None:
    """Return yes or no; None for any other word."""
    text = cell.strip().casefold()
    return True if text in _YES else False if text in _NO else None


def fold_firm(name: str) -> str:
    """Return a firm's name as it is compared: case, kinds of quotes, spaces and signs that no folder bears aside."""
    text = unicodedata.normalize("NFKC", name).translate(_QUOTES).replace("/", "-").replace("\\", "-")
    kept = "".join(one for one in text if unicodedata.category(one) not in _UNSEEN)
    return " ".join(re.sub(r"[<>:|?*]", "-", kept).split()).casefold()


def clean(text: str) -> str:
    """Return a cell's text without signs that do not show: they would make two numbers look like one."""
    kept = (one if unicodedata.category(one) != "Zs" else " " for one in unicodedata.normalize("NFC", text))
    return " ".join("".join(one for one in kept if unicodedata.category(one) not in _UNSEEN).split())
