"""The act of reconciliation: what was done and paid between two dates, and who owes whom at the end.

Debit is what the client was given (acts), credit what the client paid. What lies before the period is its opening
balance. Decides which rows belong; a document of another client or of another own company leaves it undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.documents.order import Order, one_of_all
from engine.documents.reading import OpenError, as_money, read_party
from engine.documents.writing import NBSP
from engine.language.values import Item, Money, Row, Undecided, Value

if TYPE_CHECKING:
    from engine.documents.reading import Reading

ZERO = Decimal(0)
PLACES = ("client", "own_company")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: `debit` what we gave, `credit` what was paid; `day` is None where nobody knows it."""

    day: date | None
    name: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    currency: str = "RUB"


def read_reconciliation(reading: Reading, order: Order) -> Mapping[str, Value]:
    """Return the rows of the period with their balances, by `acts`, `invoices` (what is paid) and `payments`."""
    client, acts, invoices = order.item, order.items("acts"), order.items("invoices")
    first, last = order.day_option("from"), order.day_option("to") or reading.today
    if first is None or first > last:
        raise OpenError(f"document.render.from: нужен период, начало не позже {last}")
    reading.ask_all(acts, ("number", "date", "amount", *PLACES))
    reading.ask_all(invoices, ("number", "date", "paid", *PLACES))
    for items in (acts, invoices):
        one_of_all(reading, items, "client", client)
    ours = order.item_option("own_company")
    ours = one_of_all(reading, acts + invoices, "own_company", ours)
    entries = [*_acts(reading, acts), *_payments(reading, order, invoices)]
    opening = order.options.get("opening")
    if opening is not None:
        sum_ = as_money(opening, "document.render.opening")
        entries.append(Entry(date.min, "", max(sum_.amount, ZERO), max(-sum_.amount, ZERO), sum_.currency))
    return {
        "number": None,
        "date": reading.today,
        "seller": read_party(reading, ours),
        "buyer": read_party(reading, client),
        "owner": ours,
        "from": first,
        "to": last,
        "is_mirrored": order.options.get("mirror") is True,
        **_balances(entries, first, last),
    }


def _acts(reading: Reading, acts: tuple[Item, ...]) -> list[Entry]:
    found = []
    for act in acts:
        if reading.blank(act, "cancelled") is True:
            continue
        day, amount = reading.day(act), reading.money(act, "amount")
        name = f"Акт №{NBSP}{reading.need(act, 'number')}"
        found.append(Entry(day, name, debit=amount.amount, currency=amount.currency))
    return found


def _payments(reading: Reading, order: Order, invoices: tuple[Item, ...]) -> list[Entry]:
    """Return the payments given, else what the invoices say was paid: on a day known only where `paid_at` tells."""
    given = order.options.get("payments")
    if isinstance(given, tuple):
        return [_payment(reading, member) for member in given]
    found = []
    for invoice in invoices:
        paid = reading.known(invoice, "paid")
        if paid is None or as_money(paid, f"{invoice}.paid").amount == 0:
            continue
        sum_ = as_money(paid, f"{invoice}.paid")
        day = reading.blank(invoice, "paid_at")
        name = f"Оплата по счёту №{NBSP}{reading.need(invoice, 'number')}"
        if not isinstance(day, date):
            reading.warn(
                f"{invoice}: день оплаты не известен, строка без даты",
                f"{invoice}: the day of payment is unknown, its row has no date",
            )
        found.append(_entry(day if isinstance(day, date) else None, name, sum_))
    return found


def _payment(reading: Reading, member: Value) -> Entry:
    """Return a payment given as an item or as a row: `date`, `amount`, and `number` or `name`."""

    def part(name: str) -> Value:
        if isinstance(member, Item):
            return reading.blank(member, name)
        value = member.get(name) if isinstance(member, Row) else None
        return None if isinstance(value, Undecided) else value

    day, amount = part("date"), part("amount")
    if not isinstance(day, date) or not isinstance(amount, Money):
        raise OpenError(f"document.render.payments: {member} — нет даты или суммы")
    number = part("number")
    name = part("name") or (f"Платёжное поручение №{NBSP}{number}" if number else "Оплата")
    return _entry(day, str(name), amount)


def _entry(day: date | None, name: str, paid: Money) -> Entry:
    """A refund (below zero) is what we gave back: it stands in the debit."""
    return Entry(day, name, max(-paid.amount, ZERO), max(paid.amount, ZERO), paid.currency)


def _balances(entries: list[Entry], first: date, last: date) -> dict[str, Value]:
    if len({entry.currency or "RUB" for entry in entries}) > 1:
        raise OpenError("документы в разных валютах: сверка по каждой своя")
    currency = entries[0].currency if entries else "RUB"
    before = [entry for entry in entries if entry.day is not None and entry.day < first]
    # An undated payment has surely happened: it stands last in the period, never outside it.
    within = sorted(
        (entry for entry in entries if entry.day is None or first <= entry.day <= last),
        key=lambda entry: (entry.day or last, entry.day is None),
    )
    opening = sum((entry.debit - entry.credit for entry in before), ZERO)
    debit, credit = (
        sum((entry.debit for entry in within), ZERO),
        sum((entry.credit for entry in within), ZERO),
    )
    closing = opening + debit - credit
    return {
        **_sides("opening", opening, currency),
        "lines": tuple(_row(entry, currency) for entry in within),
        "turnover_debit": Money(debit, currency),
        "turnover_credit": Money(credit, currency),
        **_sides("closing", closing, currency),
        "owed_to": "" if closing == 0 else "seller" if closing > 0 else "buyer",
        "amount": Money(abs(closing), currency),
    }


def _sides(name: str, balance: Decimal, currency: str) -> dict[str, Value]:
    return {
        f"{name}_debit": Money(balance, currency) if balance > 0 else None,
        f"{name}_credit": Money(-balance, currency) if balance < 0 else None,
    }


def _row(entry: Entry, currency: str) -> Row:
    return Row(
        (
            ("date", entry.day),
            ("name", entry.name),
            ("debit", Money(entry.debit, currency) if entry.debit else None),
            ("credit", Money(entry.credit, currency) if entry.credit else None),
        )
    )
