"""What a client owes by which invoices: the facts of a reminder and of a claim.

Decides which invoices are in debt and refuses to name the debt of one client to another. It counts no interest and
gives no legal advice: the sums are the invoices' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.documents.order import NothingError, Order, one_of_all
from engine.documents.reading import OpenError, as_money, read_contract, read_party
from engine.language.values import Item, Money, Row, Value

if TYPE_CHECKING:
    from engine.documents.reading import Reading

# Part 5 of article 4 of the Arbitration Procedure Code: a court may be turned to 30 calendar days after the claim.
CLAIM_DAYS = 30
ASKED = ("number", "date", "amount", "paid", "client", "own_company")


def read_debts(reading: Reading, order: Order) -> Mapping[str, Value]:
    """Return the debts of `item` (an invoice), or of a company by the `invoices` given; nothing owed is said."""
    is_invoice = order.item.entity != "company"
    invoices = (order.item,) if is_invoice else order.items("invoices")
    if not invoices:
        raise OpenError("document.render.invoices: для компании нужен список счетов")
    reading.ask_all(invoices, ASKED)
    client = one_of_all(reading, invoices, "client", None if is_invoice else order.item)
    ours = one_of_all(reading, invoices, "own_company", order.item_option("own_company"))
    rows = [row for invoice in invoices if (row := _debt(reading, invoice)) is not None]
    if not rows:
        raise NothingError("Долга нет: счета оплачены или отменены.", "Nothing is owed: paid or cancelled.")
    total = _total(rows)
    return {
        "number": None,
        "date": reading.today,
        "seller": read_party(reading, ours),
        "buyer": read_party(reading, client),
        "owner": ours,
        "lines": tuple(rows),
        "amount": total,
        "until": _until(reading, order),
        "acts": _signed_acts(reading, order, client),
        **read_contract(reading, invoices[0]),
    }


def _debt(reading: Reading, invoice: Item) -> Row | None:
    if reading.blank(invoice, "cancelled") is True:
        return None
    amount, paid = reading.money(invoice, "amount"), reading.known(invoice, "paid")
    given = Money(Decimal(0), amount.currency) if paid is None else as_money(paid, f"{invoice}.paid")
    left = amount.amount - given.amount
    if left <= 0:
        return None
    return Row(
        (
            ("number", reading.need(invoice, "number")),
            ("date", reading.day(invoice)),
            ("name", reading.blank(invoice, "title")),
            ("amount", amount),
            ("paid", given),
            ("debt", Money(left, amount.currency)),
        )
    )


def _total(rows: list[Row]) -> Money:
    debts = [as_money(row.get("debt"), "debt") for row in rows]
    if len({debt.currency for debt in debts}) != 1:
        raise OpenError("счета в разных валютах: общего долга нет")
    return Money(sum((debt.amount for debt in debts), Decimal(0)), debts[0].currency)


def _until(reading: Reading, order: Order) -> Value:
    """Return the day asked for; a claim without one leaves the thirty days of the law."""
    given = order.day_option("due")
    if given is not None or order.template != "claim":
        return given
    return reading.today + timedelta(days=CLAIM_DAYS)


def _signed_acts(reading: Reading, order: Order, client: Item) -> tuple[Row, ...]:
    """Return the acts that prove the work: the signed ones among those given, with a warning of the rest."""
    acts = order.items("acts")
    reading.ask_all(acts, ("number", "date", "signed", "client"))
    if acts:
        one_of_all(reading, acts, "client", client)
    proven = [act for act in acts if reading.known(act, "signed") is True]
    for act in acts:
        if act not in proven:
            reading.warn(
                f"{act}: не подписан, в документе не назван", f"{act}: unsigned, not named in the document"
            )
    return tuple(Row((("number", reading.need(act, "number")), ("date", reading.day(act)))) for act in proven)
