"""The two file formats of a register: a workbook and a text with semicolons, as Russian offices open them.

Decides formats of cells. Text is written as text and nothing else: `=1+1` in a client's name is a name. Money is a
number with its currency's sign, a day is a day, so that people can go on counting.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.language.values import Money, Value
from engine.registers.export import Titled
from engine.registers.query import Column, Page, RegisterRow, in_language
from engine.registers.shown import cell_text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_SIGNS: Final = {"RUB": "₽", "USD": "$", "EUR": "€"}
_WIDTHS: Final = {"money": 17, "date": 12, "time": 12, "number": 9, "yes/no": 8, "choice": 18}
# A spreadsheet runs a cell of a text file that begins so; a tab or a return may hide it.
_RUNS: Final = re.compile(r"^[\s\x00-\x1f]*[=+\-@]|^[\t\r\n]")
# What XML 1.0 cannot hold; a workbook with it would not open.
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Excel's own bounds: a longer text, a day before 1900 and a number of more digits are written as text.
_LONGEST, _DIGITS, _FIRST_YEAR = 32_767, 15, 1900


def write_xlsx(file: Path, page: Page, rows: Iterator[RegisterRow], titled: Titled) -> None:
    """Write a workbook: one sheet, the heading frozen and filtered, sums below. Raises OSError."""
    from xlsxwriter import Workbook

    with Workbook(str(file), {"constant_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": _clean(titled.title), "author": _clean(titled.company)})
        sheet = book.add_worksheet(_clean(titled.title)[:31] or "1")
        formats = _Formats(book)
        for at, column in enumerate(page.columns):
            sheet.set_column(at, at, _WIDTHS.get(column.type.kind, 28))
        for at, column in enumerate(page.columns):
            sheet.write_string(0, at, _clean(in_language(column.title, titled.language)), formats.head)
        sheet.freeze_panes(1, 0)
        last = 0
        for last, row in enumerate(rows, start=1):
            for at, (column, value) in enumerate(zip(page.columns, row.cells, strict=True)):
                _write_cell(sheet, (last, at), column, value, formats, titled)
        sheet.autofilter(0, 0, last, max(len(page.columns) - 1, 0))
        _write_sums(sheet, last + 1, page, formats, titled)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)


class _Formats:
    """The formats of one workbook; that of a sum by its currency."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._money: dict[tuple[str, bool], Format] = {}
        self.head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "valign": "top"})
        self.day = book.add_format({"num_format": "dd.mm.yyyy", "align": "left"})
        self.text = book.add_format({"num_format": "@"})
        self.bold = book.add_format({"bold": True, "num_format": "@"})

    def money(self, currency: str, *, is_bold: bool = False) -> Format:
        """Return `# ##0,00 ₽` as workbooks write it; the reader's own locale puts spaces and comma."""
        key = (currency, is_bold)
        if key not in self._money:
            sign = _SIGNS.get(currency, re.sub(r"[^A-Z]", "", currency))
            shown = "#,##0.00" + (f'\\ "{sign}"' if sign else "")
            self._money[key] = self._book.add_format({"num_format": shown, "bold": is_bold})
        return self._money[key]


def _write_cell(
    sheet: Worksheet, at: tuple[int, int], column: Column, value: Value, formats: _Formats, titled: Titled
) -> None:
    if value is None:
        return
    if isinstance(value, Money) and _fits(value.amount):
        sheet.write_number(*at, float(value.amount), formats.money(value.currency))
    elif isinstance(value, Decimal) and _fits(value):
        sheet.write_number(*at, float(value))
    elif isinstance(value, date) and value.year >= _FIRST_YEAR:
        day = value.date() if isinstance(value, datetime) else value
        sheet.write_datetime(*at, datetime(day.year, day.month, day.day), formats.day)  # noqa: DTZ001 — Excel has no zone
    else:
        text = cell_text(titled.entity, column, value, titled.language)
        sheet.write_string(*at, _clean(text)[:_LONGEST], formats.text)


def _fits(amount: Decimal) -> bool:
    """True where a workbook's number, which has fifteen digits, holds the amount exactly."""
    return amount.is_finite() and len(amount.as_tuple().digits) <= _DIGITS


def _write_sums(sheet: Worksheet, line: int, page: Page, formats: _Formats, titled: Titled) -> None:
    """Write each currency's sums on a line of its own, with what was not counted."""
    depth = max((len(sums) for sums in page.sums.values()), default=0)
    if not depth:
        return
    word = "Итого" if titled.language == "ru" else "Total"
    first_summed = next(at for at, column in enumerate(page.columns) if column.path in page.sums)
    if first_summed:
        sheet.write_string(line, 0, f"{word}: {page.total}", formats.bold)
    for at, column in enumerate(page.columns):
        for number, money in enumerate(page.sums.get(column.path, ())):
            if _fits(money.amount):
                shown = formats.money(money.currency, is_bold=True)
                sheet.write_number(line + number, at, float(money.amount), shown)
            else:
                sheet.write_string(line + number, at, str(money), formats.bold)


def write_csv(file: Path, page: Page, rows: Iterator[RegisterRow], titled: Titled) -> None:
    """Write a text of semicolons, UTF-8 with its mark, as Excel of a Russian office opens it. Raises OSError."""
    with file.open("w", encoding="utf-8-sig", errors="replace", newline="") as out:
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow([neutral(in_language(column.title, titled.language)) for column in page.columns])
        for row in rows:
            writer.writerow(_csv_cells(page.columns, row, titled))


def _csv_cells(columns: Sequence[Column], row: RegisterRow, titled: Titled) -> list[str]:
    cells = []
    for column, value in zip(columns, row.cells, strict=True):
        if isinstance(value, Money | Decimal):
            amount = value.amount if isinstance(value, Money) else value
            mark = f" {value.currency}" if isinstance(value, Money) and value.currency != "RUB" else ""
            cells.append(f"{amount:f}".replace(".", ",") + mark)
        else:
            cells.append(neutral(cell_text(titled.entity, column, value, titled.language)))
    return cells


def neutral(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe stands before one that would be."""
    clean = text.replace("\x00", "")
    return f"'{clean}" if _RUNS.match(clean) else clean


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
