"""The money of a document of work: its lines, its VAT, and whether both agree with its amount.

Computes no tax of its own: amount and VAT are the item's, printed as they are; a doubt about them is a warning.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from engine.documents.reading import OpenError, as_money
from engine.documents.writing import KOPECK, NBSP, plain
from engine.language.values import Item, Money, Row, Undecided, Value

if TYPE_CHECKING:
    from engine.documents.reading import Reading


def read_sums(reading: Reading, item: Item, rate: Decimal | None) -> dict[str, Value]:
    """Read the item's own amount and VAT; the rate is named only where it gives that VAT."""
    amount = reading.money(item, "amount")
    lines = _read_lines(reading, item, amount)
    known = reading.blank(item, "vat") if rate is None else reading.need(item, "vat")
    vat = Money(Decimal(0), amount.currency) if known is None else as_money(known, f"{item}.vat")
    label = _label(reading, item, (amount, vat), rate, len(lines))
    total = sum((as_money(row.get("amount"), f"{item}.lines.amount").amount for row in lines), Decimal(0))
    if total not in (amount.amount, amount.amount - vat.amount):
        reading.warn(
            f"{item}: сумма строк {total} не равна сумме документа {amount.amount}",
            f"{item}: the lines sum to {total}, the document to {amount.amount}",
        )
    with_vat = {amount.amount: "с НДС", amount.amount - vat.amount: "без НДС"}.get(total, "")
    basis = with_vat if label else ""
    return {"amount": amount, "vat": vat, "vat_label": label, "lines": lines, "line_basis": basis}


def vat_label(rate: Decimal | None) -> str:
    """Return «НДС 22 %», an empty text where no VAT is charged."""
    return "" if rate is None else f"НДС {plain(rate)}{NBSP}%"


def _label(reading: Reading, item: Item, sums: tuple[Money, Money], rate: Decimal | None, lines: int) -> str:
    amount, vat = sums
    percent = rate or Decimal(0)
    share = (amount.amount * percent / (100 + percent)).quantize(KOPECK, ROUND_HALF_UP)
    # Half a kopeck of rounding a line may part the sum of the lines' taxes from the tax of the sum.
    if abs(vat.amount - share) <= KOPECK * lines:
        return vat_label(rate)
    reading.warn(
        f"{item}: НДС {vat.amount} не сходится со ставкой {plain(percent)} %, ставка не названа",
        f"{item}: VAT {vat.amount} disagrees with the rate {plain(percent)} %, which is left out",
    )
    return "НДС"


def _read_lines(reading: Reading, item: Item, amount: Money) -> tuple[Row, ...]:
    lines = reading.known(item, "lines")
    rows = tuple(row for row in lines if isinstance(row, Row)) if isinstance(lines, tuple) else ()
    for row in rows:
        for name in ("name", "amount"):
            if row.get(name) is None or isinstance(row.get(name), Undecided):
                raise OpenError(f"{item}.lines.{name}")
    if rows:
        return rows
    reading.warn(
        f"{item}: нет строк, в документе одна строка на всю сумму", f"{item}: no lines, one for the whole sum"
    )
    title = reading.need(item, "title")
    return (Row((("name", title), ("quantity", Decimal(1)), ("price", amount), ("amount", amount))),)
