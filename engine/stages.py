"""The money of a deal by its stages: which part a stage is, the VAT in it, the lines that add up to it.

Pure arithmetic in kopecks, shared by acts and invoices. It knows no portal, no item and no date: what is read
and which rate is in force is decided by the caller. What cannot be read is undecided with a reason for a
person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from engine.language.values import Money, Row, Undecided, Value

KOPECK: Final = Decimal("0.01")
HUNDRED: Final = Decimal(100)
MAX_STAGES: Final = 50
UNIT: Final = "усл."
# Spaces between thousands (ordinary, no-break, narrow) are how people write sums; a decimal comma is not
# readable here because the comma parts the stages.
_PART: Final = re.compile(r"(\d[\d \u00a0\u202f]*(?:\.\d+)?)\s*(%|₽|р\.?|руб\.?|RUB)?", re.IGNORECASE)
_SPACES: Final = re.compile(r"[ \u00a0\u202f]")


@dataclass(frozen=True, slots=True)
class Taxed:
    """What a document asks for: the `amount` to pay and the `vat` in it, `None` for no VAT."""

    amount: Money
    vat: Money | None


def split_plan(plan: str | None, total: Money) -> tuple[Money, ...] | Undecided:
    """Return the stages' parts of `total` in their order; they add up to it exactly.

    `plan` is `30 %, 70 %`, or sums `30000, 70000`, or empty for one stage. Percent parts are rounded half up
    to the kopeck and the last part takes the rest. Undecided where the plan cannot be read, its percents are
    not 100, its sums are not the total, or a part would be nothing.
    """
    if total.amount <= 0:
        return Undecided("сумма сделки не указана: делить по этапам нечего")
    if total.amount != total.amount.quantize(KOPECK):
        return Undecided(f"сумма сделки {total} не в целых копейках")
    if plan is None or not plan.strip():
        return (total,)
    read = _read_parts(plan)
    if isinstance(read, Undecided):
        return read
    numbers, is_percent = read
    asked, meant = (HUNDRED, "100 %") if is_percent else (total.amount, f"сумму сделки {total}")
    if sum(numbers) != asked:
        return Undecided(f"план этапов «{plan.strip()}» даёт в сумме {sum(numbers)}, а должен {meant}")
    sums = _shares(numbers, total.amount) if is_percent else numbers
    if min(sums) <= 0:
        return Undecided(f"план этапов «{plan.strip()}»: на один из этапов не приходится ни копейки")
    return tuple(Money(part, total.currency) for part in sums)


def _is_in_kopecks(number: Decimal) -> bool:
    # `quantize` raises for a number of more than 28 digits, which a plan may well be given.
    exponent = number.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def vat_of(part: Money, rate: Decimal | None, *, included: bool) -> Taxed:
    """Return what to pay for `part` and the VAT in it, at `rate` percent, rounded half up to the kopeck.

    `included` says whether the part's sum has the VAT inside; otherwise the VAT comes on top of it. A rate of
    `None` is «НДС не облагается»: no VAT at all, which is not the same as a rate of 0 %.
    """
    if rate is None:
        return Taxed(part, None)
    if included:
        vat = part.amount * rate / (HUNDRED + rate)
    else:
        vat = part.amount * rate / HUNDRED
    tax = Money(vat.quantize(KOPECK, ROUND_HALF_UP), part.currency)
    return Taxed(part if included else Money(part.amount + tax.amount, part.currency), tax)


def stage_title(title: str, number: int, count: int) -> str:
    """Return what a stage's document is for: the deal's title, with «этап n из N» where there are several."""
    return title if count == 1 else f"{title}, этап {number} из {count}"


def single_line(title: str, taxed: Taxed) -> tuple[Row, ...]:
    """Return one line for the whole part: what an accountant expects where a stage has no rows of its own."""
    values: dict[str, Value] = {
        "name": title,
        "quantity": Decimal(1),
        "unit": UNIT,
        "price": taxed.amount,
        "amount": taxed.amount,
        "vat": taxed.vat,
    }
    return (Row(tuple(values.items())),)


def taxed_lines(
    lines: Sequence[Row], part: Money, rate: Decimal | None, *, included: bool
) -> tuple[Row, ...] | None:
    """Return the deal's `lines` taxed at the document's rate, or None if they are not `part`.

    Prices and amounts come out with the VAT inside, as the portal keeps them, and add up to what is to be
    paid. Each line's VAT is its own, rounded half up, so that the rate stays exact; the document's VAT is
    that of its total.
    """
    amounts = [amount for line in lines if isinstance(amount := line.get("amount"), Money)]
    if not lines or len(amounts) != len(lines) or sum(one.amount for one in amounts) != part.amount:
        return None
    taxed = [vat_of(amount, rate, included=included) for amount in amounts]
    whole = vat_of(part, rate, included=included).amount
    rest = whole.amount - sum((one.amount.amount for one in taxed), Decimal(0))
    taxed[-1] = Taxed(Money(taxed[-1].amount.amount + rest, part.currency), taxed[-1].vat)
    return tuple(_retaxed(line, one) for line, one in zip(lines, taxed, strict=True))


def sum_money(amounts: Sequence[Value]) -> Money | Undecided:
    """Return the sum of money values, empty counting as nothing; undecided over two currencies."""
    total, currency = Decimal(0), ""
    for amount in amounts:
        if isinstance(amount, Undecided):
            return amount
        if amount is None:
            continue
        if not isinstance(amount, Money):
            return Undecided(f"не сумма: {amount}")
        if amount.currency and currency and amount.currency != currency:
            return Undecided(f"две валюты: {currency} и {amount.currency}")
        total, currency = total + amount.amount, currency or amount.currency
    return Money(total, currency)


def _read_parts(plan: str) -> tuple[list[Decimal], bool] | Undecided:
    pieces = plan.split(",")
    if len(pieces) > MAX_STAGES:
        return Undecided(f"в плане больше {MAX_STAGES} этапов")
    numbers: list[Decimal] = []
    units: set[bool] = set()
    for piece in pieces:
        match = _PART.fullmatch(piece.strip())
        if match is None or len(piece) > MAX_STAGES:
            return Undecided(
                f"план этапов не читается: «{piece.strip()}» в «{plan.strip()[:80]}»; этапы делит запятая"
            )
        numbers.append(Decimal(_SPACES.sub("", match[1])))
        units.add(match[2] == "%")
    if len(units) > 1:
        return Undecided(f"план этапов «{plan.strip()}» смешивает проценты и суммы")
    is_percent = units.pop()
    if not is_percent and any(not _is_in_kopecks(number) for number in numbers):
        return Undecided(f"план этапов «{plan.strip()}»: суммы не в целых копейках")
    return numbers, is_percent


def _shares(percents: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    shares = [(total * percent / HUNDRED).quantize(KOPECK, ROUND_HALF_UP) for percent in percents[:-1]]
    return [*shares, total - sum(shares, Decimal(0))]


def _retaxed(line: Row, taxed: Taxed) -> Row:
    """Put the line's tax in; its price follows its amount where the tax came on top."""
    values = dict(line.values) | {"vat": taxed.vat}
    if values["amount"] != taxed.amount:
        quantity = values.get("quantity")
        count = quantity if isinstance(quantity, Decimal) and quantity else Decimal(1)
        price = (taxed.amount.amount / count).quantize(KOPECK, ROUND_HALF_UP)
        values |= {"price": Money(price, taxed.amount.currency), "amount": taxed.amount}
    return Row(tuple(values.items()))
