"""A report as an xlsx sheet: a row an act, sums at the end.

Decides columns and formats. Every text is written as text: a client called «=1+1» is no formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from engine.effects import Said
from engine.language.values import Money
from engine.registers.report_text import Title, next_text, rung_text, title_of, word
from engine.registers.reports import Group, Line, Report

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_HEAD = (
    (Said("Группа", "Group"), 28), (Said("Акт", "Act"), 14), (Said("Дата", "Date"), 12),
    (Said("Клиент", "Client"), 28), (Said("Ответственный", "Manager"), 22), (Said("Сделка", "Deal"), 36),
    (Said("Сумма акта", "Sum of the act"), 16), (Said("", ""), 16), (Said("", ""), 12),
    (Said("Что отправлено", "What was sent"), 44), (Said("Что дальше и когда", "What comes next"), 40),
)  # fmt: skip
_STAKE, _DAYS = 7, 8
_MONEY, _DATE = '# ##0.00" ₽"', "dd.mm.yyyy"


def write_sheet(report: Report, out: BinaryIO, language: str, title: Title) -> None:
    """Write the report as a workbook of one sheet. Raises OSError."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(report.kind.name)
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
    money, day = book.add_format({"num_format": _MONEY}), book.add_format({"num_format": _DATE})
    total = book.add_format({"num_format": _MONEY, "bold": True, "top": 1})
    for column, (said, width) in enumerate(_heads(report)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, said.ru if language == "ru" else said.en, bold)
    row = 0
    for group in report.groups:
        for line in group.lines:
            row += 1
            _write_line(sheet, row, group, line, report, (money, day), language, title)
    sheet.freeze_panes(1, 0)
    # A4 on its side, as wide as the page: what people print.
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    if row:
        sheet.autofilter(0, 0, row, len(_HEAD) - 1)
    for at, one in enumerate(report.sums, start=row + 1):
        sheet.write_string(at, 0, f"{word('total', language)} {one.currency}".strip(), bold)
        _write_money(sheet, at, _STAKE, one, total)
    book.close()


def _heads(report: Report) -> Sequence[tuple[Said, int]]:
    kind = report.kind
    named = {_STAKE: kind.stake, _DAYS: kind.age}
    return [(named.get(at, said), width) for at, (said, width) in enumerate(_HEAD)]


def _write_line(
    sheet: Worksheet, row: int, group: Group, line: Line, report: Report, formats: tuple[Format, Format],
    language: str, title: Title,
) -> None:  # fmt: skip
    money, day = formats
    rungs = "; ".join(rung_text(one, title, language) for one in line.ladder.rungs)
    coming = next_text(line.ladder.coming, title, language) if line.ladder.coming is not None else ""
    texts = {
        0: title_of(group, report.by, language), 1: line.number, 3: line.client_name, 4: line.manager_name,
        5: line.deal_title, 9: rungs, 10: coming,
    }  # fmt: skip
    for column, text in texts.items():
        sheet.write_string(row, column, text)
    if line.dated is not None:
        sheet.write_datetime(row, 2, datetime(line.dated.year, line.dated.month, line.dated.day), day)  # noqa: DTZ001
    _write_money(sheet, row, 6, line.amount, money)
    _write_money(sheet, row, _STAKE, line.stake, money)
    if line.days is not None:
        sheet.write_number(row, _DAYS, line.days)


def _write_money(sheet: Worksheet, row: int, column: int, value: Money | None, form: Format) -> None:
    """Write roubles as a number; another currency, which the format would misname, as text; unknown as «?»."""
    if value is None:
        sheet.write_string(row, column, "?")
    elif value.currency in ("RUB", "") and abs(value.amount) < Decimal(10) ** 13:
        sheet.write_number(row, column, float(value.amount), form)
    else:
        sheet.write_string(row, column, str(value))
