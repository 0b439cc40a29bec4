"""A statement's lines with their fates, and the queue, as tables and as JSON. Only shapes and their words."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.bank.fates import FATES, money
from engine.bank.lines import IN, OUT

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.runtime.bank_import import Imported, Outcome
    from engine.runtime.bank_table import StoredLine

_WIDEST = 34
_WORDS: Mapping[str, tuple[str, str]] = {
    "head": (
        "Дата|№|Сумма|Плательщик или получатель|Что с ней|Счёт, сделка|Почему",
        "Date|No|Sum|Payer or payee|Fate|Invoice, deal|Why",
    ),
    "queue_head": (
        "Строка|Дата|№|Сумма|Плательщик|Кандидаты|Почему",
        "Line|Date|No|Sum|Payer|Candidates|Why",
    ),
    "known": ("уже была", "known before"),
    "total": (
        "Строк: {count}, новых: {new}. Поступило {incoming}, на счета {given}, человеку {doubtful} ({queued}).",
        "Lines: {count}, new: {new}. Received {incoming}, to invoices {given}, for a person {doubtful} ({queued}).",
    ),
    "remark": ("Замечание, строка {line}: {what}", "Remark, line {line}: {what}"),
}


def imported_text(language: str, found: Imported) -> str:
    """Return the table of the lines with the totals below it."""
    rows = [_row(language, one) for one in found.outcomes]
    return table(_word(language, "head").split("|"), rows, right=(2,)) + totals(language, found) + "\n"


def totals(language: str, found: Imported) -> str:
    """Return the sums of the whole file in one line."""
    incoming = _sum(one.line.payment.amount for one in found.outcomes if one.line.way == IN)
    given = _sum(share.signed for one in found.outcomes for share in one.fate.shares)
    doubtful = [one for one in found.outcomes if one.is_waiting]
    return _word(
        language,
        "total",
        count=str(len(found.outcomes)),
        new=str(sum(one.is_new for one in found.outcomes)),
        incoming=money(incoming),
        given=money(given),
        doubtful=money(_sum(one.line.payment.amount for one in doubtful)),
        queued=str(len(doubtful)),
    )


def imported_json(found: Imported, *, is_dry: bool) -> dict[str, Json]:
    """Return the file's lines as `reglament/bank/1`."""
    return {
        "schema": "reglament/bank/1",
        "dry_run": is_dry,
        "accounts": list(found.statement.accounts),
        "remarks": [
            {"line": one.line, "ru": one.said.ru, "en": one.said.en} for one in found.statement.remarks
        ],
        "lines": [_form(one) for one in found.outcomes],
    }


def queue_text(language: str, lines: Sequence[StoredLine]) -> str:
    """Return the table of the lines that wait for a person."""
    rows = [
        (
            str(one.n),
            _day(one.payment.get("date")),
            str(one.payment.get("number")),
            money(one.rest),
            clip(str(one.payment.get("payer"))),
            " ".join(f"invoice/{id_}" for id_ in one.candidates) or "—",
            one.said.ru if language == "ru" else one.said.en,
        )
        for one in lines
    ]
    return table(_word(language, "queue_head").split("|"), rows, right=(0, 3))


def queue_json(lines: Sequence[StoredLine]) -> dict[str, Json]:
    """Return the queue as `reglament/bank-queue/1`."""
    rows: list[Json] = [
        {
            "line": one.n,
            "key": one.key,
            "date": _iso(one.payment.get("date")),
            "number": str(one.payment.get("number")),
            "amount": f"{one.amount:.2f}",
            "rest": f"{one.rest:.2f}",
            "payer": str(one.payment.get("payer")),
            "inn": str(one.payment.get("inn")),
            "purpose": str(one.payment.get("purpose")),
            "candidates": list(one.candidates),
            "why": {"ru": one.said.ru, "en": one.said.en},
            "file": one.file,
        }
        for one in lines
    ]
    return {"schema": "reglament/bank-queue/1", "lines": rows}


def write(form: Mapping[str, Json]) -> str:
    """Return JSON for people's eyes and programs alike."""
    return json.dumps(form, ensure_ascii=False, indent=2) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return aligned columns; `right` are those set to the right."""
    widths = [max(wide(row[at]) for row in (head, *rows)) for at in range(len(head))]
    return "".join(
        "  ".join(_cell(cell, widths[at], is_right=at in right) for at, cell in enumerate(row)).rstrip()
        + "\n"
        for row in (head, *rows)
    )


def clip(text: str) -> str:
    """Return a name short enough for its column, without characters that would break the table."""
    plain = "".join(one for one in " ".join(text.split()) if unicodedata.category(one)[0] != "C")
    return plain if len(plain) <= _WIDEST else plain[: _WIDEST - 1] + "…"


def wide(text: str) -> int:
    """Return how many columns a text takes: marks that sit on another character take none."""
    return sum(0 if unicodedata.combining(one) else 1 for one in text)


def _cell(text: str, width: int, *, is_right: bool) -> str:
    space = " " * (width - wide(text))
    return space + text if is_right else text + space


def _row(language: str, one: Outcome) -> tuple[str, ...]:
    payment, is_russian = one.line.payment, language == "ru"
    said = one.fate.said.ru if is_russian else one.fate.said.en
    word = FATES[one.fate.fate][0 if is_russian else 1]
    why = said if one.is_new else f"{_word(language, 'known')}; {said}"
    places = [
        ", ".join(part for part in (share.number, share.deal and f"deal/{share.deal}") if part)
        for share in one.fate.shares
    ]
    return (
        f"{payment.on:%d.%m.%Y}",
        clip(payment.number),
        money(-payment.amount if one.line.way == OUT else payment.amount),
        clip((payment.payee if one.line.way == OUT else payment.payer).name),
        word,
        "; ".join(places) or "—",
        why,
    )


def _form(one: Outcome) -> dict[str, Json]:
    payment = one.line.payment
    shares: list[Json] = [
        {
            "invoice": f"invoice/{share.invoice}",
            "number": share.number,
            "deal": f"deal/{share.deal}" if share.deal else "",
            "amount": f"{share.signed:.2f}",
        }
        for share in one.fate.shares
    ]
    return {
        "line": one.number,
        "key": one.line.key,
        "at": payment.line,
        "date": payment.on.isoformat(),
        "number": payment.number,
        "amount": f"{payment.amount:.2f}",
        "way": one.line.way,
        "payer": {"name": payment.payer.name, "inn": payment.payer.inn, "account": payment.payer.account},
        "payee": {"name": payment.payee.name, "inn": payment.payee.inn, "account": payment.payee.account},
        "purpose": payment.purpose,
        "fate": one.fate.fate,
        "why": {"ru": one.fate.said.ru, "en": one.fate.said.en},
        "shares": shares,
        "candidates": [f"invoice/{id_}" for id_ in one.fate.candidates],
        "is_new": one.is_new,
    }


def remarks_text(language: str, found: Imported) -> str:
    """Return what a person should know of the file, a line each."""
    return "".join(
        _word(language, "remark", line=str(one.line), what=one.said.ru if language == "ru" else one.said.en)
        + "\n"
        for one in found.statement.remarks
    )


def _word(language: str, key: str, **values: str) -> str:
    return _WORDS[key][0 if language == "ru" else 1].format(**values)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _day(value: object) -> str:
    return f"{value:%d.%m.%Y}" if isinstance(value, date) else ""


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else ""
