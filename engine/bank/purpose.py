"""What a payer wrote into the purpose: the numbers of our invoices, a refund, an acquiring, a day.

Decides which written number is which invoice. A number counts only behind a word for an invoice, so that contracts,
waybills and accounts are never taken for one; letters that differ are another company's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from engine.bank.books import OpenInvoice

_NUMBER = (
    r"(?:[A-Za-zА-ЯЁа-яё]{1,5}[-–—]?)?[0-9]{1,12}(?![0-9])(?!\s*%)(?:[-–—/\\_][0-9A-Za-zА-ЯЁа-яё]{1,10})*"
)
_DAY = r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2,4}"
_MARK = r"(?:№|N[oº°]?\.?|#|номер|ном\.)?\s*"
_DATED = rf"(?:\s*(?:от|dd|dated)\s*{_DAY}\s*(?:г(?:ода|\.)?)?)?"
_ONE = rf"(?!{_DAY}){_MARK}(?!{_DAY}){_NUMBER}"
# «счёт-фактура» and «р/с» name no invoice; «счёт-договор» does.
_INVOICES = re.compile(
    r"(?<![/А-ЯЁа-яёA-Za-z-])"
    r"(?:сч[её]т(?:у|а|ом|ам|ами|ах|е|ов|ы)?|сч[её]т(?:у|а|ом|е)?[-\s]{0,3}(?:договор|оферт)\w*|сч|с/ч|invoice|inv)"
    r"(?![А-ЯЁа-яёA-Za-z])\.?\s*(?!-?\s*факт)(?:на\s+оплату\s*)?[:\s]*"
    rf"(?P<list>{_ONE}{_DATED}(?:\s*(?:,|;|\+|и|and)\s*(?:сч[её]ту?\s*)?{_ONE}{_DATED})*)",
    re.IGNORECASE,
)
_WRITTEN = re.compile(
    rf"(?!{_DAY}){_MARK}(?!{_DAY})(?P<number>{_NUMBER})(?:\s*(?:от|dd|dated)\s*(?P<day>{_DAY}))?",
    re.IGNORECASE,
)
_REFUND = re.compile(r"\b(?:возврат|возвращ|refund)", re.IGNORECASE)
_ACQUIRING = re.compile(
    r"эквайринг|\bсбп\b|быстрых\s+платежей|\bqr\b|qr-код|мерчант|merchant|терминал|по\s+операциям\s+с\s+.{0,30}карт",
    re.IGNORECASE,
)
# Latin letters that look like Cyrillic ones are typed for them every day.
_LOOKALIKE = str.maketrans("ABCEHKMOPTXYË", "АВСЕНКМОРТХУЕ")
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Written:
    """A number behind the word for an invoice, as it was written, with the day if one stands behind it."""

    text: str
    on: date | None = None


def written_numbers(purpose: str) -> tuple[Written, ...]:
    """Return the invoice numbers that a purpose names, in its order, each once."""
    found: dict[str, Written] = {}
    # Runs of spaces would be tried in every division between two parts of the pattern.
    for match in _INVOICES.finditer(" ".join(purpose.split())):
        for one in _WRITTEN.finditer(match["list"]):
            text = " ".join(one["number"].split())
            digits = sum(character.isdigit() for character in text)
            # Twenty digits are an account, and a lone year is none of a number's parts.
            if 0 < digits <= _LONGEST:
                found.setdefault(_folded(text), Written(text, _day(one["day"] or "")))
    return tuple(found.values())


def is_refund(purpose: str) -> bool:
    """True where the purpose says that money is given back."""
    return _REFUND.search(purpose) is not None


def is_acquiring(purpose: str) -> bool:
    """True where the bank pays what cards, terminals or the fast payment system brought."""
    return _ACQUIRING.search(purpose) is not None


def meant_by(written: Written, invoices: Iterable[OpenInvoice]) -> tuple[OpenInvoice, ...]:
    """Return the invoices that a written number may mean: by the whole number, else by its last part.

    A short number («77» for СЧ-2026/077) with a day means the invoice of that day alone.
    """
    mine = list(invoices)
    whole = [one for one in mine if _folded(one.number) == _folded(written.text)]
    if not whole:
        whole = [
            one for one in mine if _parts(one.number) == _parts(written.text) and _letters_fit(written, one)
        ]
    if whole:
        return _of_day(whole, written.on) or tuple(whole)
    asked = _parts(written.text)
    short = [
        one
        for one in mine
        if asked and _parts(one.number)[-len(asked) :] == asked and _letters_fit(written, one)
    ]
    return _of_day(short, written.on) if written.on is not None else tuple(short)


def _of_day(invoices: Sequence[OpenInvoice], on: date | None) -> tuple[OpenInvoice, ...]:
    return tuple(one for one in invoices if on is not None and one.on == on)


def _letters_fit(written: Written, invoice: OpenInvoice) -> bool:
    """True where the written number has no letters, or those of the invoice."""
    letters = _letters(written.text)
    return not letters or letters == _letters(invoice.number)


def _folded(text: str) -> str:
    upper = text.upper().translate(_LOOKALIKE).replace("Ё", "Е")
    return re.sub(r"[\s\-–—_./\\]", "", upper)


def _letters(text: str) -> str:
    return re.sub(r"[^A-ZА-Я]", "", text.upper().translate(_LOOKALIKE).replace("Ё", "Е"))


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"[0-9]+", text))


def _day(text: str) -> date | None:
    day, _, rest = text.partition(".")
    month, _, year = rest.partition(".")
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None
