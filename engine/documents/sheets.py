"""Which facts each document says: one reading a kind, and the kind of a company's own template by its item.

Pure: the same facts give the same details. Decides what leaves a document undecided and when there is nothing to
write about. Knows no file, template text or renderer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from engine.documents.debts import read_debts
from engine.documents.order import NothingError, Order
from engine.documents.reading import OpenError, Reading, read_basis, read_party, read_spoken_party
from engine.documents.reconciliation import read_reconciliation
from engine.documents.sums import read_sums, vat_label
from engine.effects import Said
from engine.language.values import Item, Money, Undecided, Value
from engine.stages import vat_of

if TYPE_CHECKING:
    from engine.action import Facts
    from engine.setup import DocumentSetup

Details: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a document says, by name, and what a person is warned of."""

    details: Mapping[str, Value]
    warnings: tuple[Said, ...] = field(default=())


def read_sheet(
    template: str, item: Item, options: Mapping[str, Value], facts: Facts, documents: DocumentSetup
) -> Sheet | Said | Undecided:
    """Return what the document says; the reason where there is nothing to write about; undecided where a fact is.

    `options` are the action's further parameters (`acts`, `invoices`, `from`, `to`, …); a company's own template is
    read by its item: a contract, a company (a reconciliation), anything else as work done.
    """
    reading = Reading(facts)
    read = _KINDS.get(template) or _BY_ENTITY.get(item.entity, _read_work)
    try:
        details = read(reading, Order(template, item, options, documents))
    except OpenError as question:
        return Undecided(str(question))
    except NothingError as nothing:
        return nothing.said
    return Sheet(details, tuple(reading.warnings))


def _read_work(reading: Reading, order: Order) -> Details:
    item, day = order.item, reading.day(order.item)
    return {
        "number": reading.need(item, "number"),
        "date": day,
        "seller": read_party(reading, reading.tie(item, "own_company")),
        "buyer": read_party(reading, reading.tie(item, "client")),
        **read_basis(reading, item),
        **read_sums(reading, item, order.documents.vat_on(day)),
    }


def _read_act(reading: Reading, order: Order) -> Details:
    return {**_read_work(reading, order), "mark_kind": order.template, "mark_id": order.item.id}


def _read_one_sided(reading: Reading, order: Order) -> Details:
    """Say that the client was sent the act and answered nothing: each word of it must be known to be so."""
    item = order.item
    if reading.known(item, "signed") is True:
        raise NothingError("Акт уже подписан клиентом.", "The client has signed the act already.")
    refusal = reading.known(item, "refusal")
    if refusal:
        raise OpenError(f"{item}.refusal: клиент прислал отказ, односторонний акт решает человек")
    sent, due = reading.need(item, "sent_at"), reading.blank(item, "due_at")
    if due is None:
        reading.warn(f"{item}: срок возврата акта не указан", f"{item}: no term for the act's return")
    told = {"sent_at": sent, "due_at": due, "made_on": reading.today}
    return {**_read_act(reading, order), **told}


def _read_contract_sheet(reading: Reading, order: Order) -> Details:
    item, day = order.item, reading.day(order.item)
    ours = order.item_option("own_company") or reading.tie(item, "own_company")
    theirs = reading.tie(item, "counterparty")
    parties = read_spoken_party(reading, ours), read_spoken_party(reading, theirs)
    # With a supplier it is we who order the work.
    seller, buyer = parties if reading.need(item, "kind") != "supplier" else parties[::-1]
    return {
        "number": reading.need(item, "number"),
        "date": day,
        "seller": seller,
        "buyer": buyer,
        "subject": reading.blank(item, "subject") or reading.need(item, "title"),
        "valid_from": reading.blank(item, "valid_from"),
        "valid_to": reading.blank(item, "valid_to"),
        "is_prolonged": reading.blank(item, "prolong"),
        "return_term": order.documents.due,
        **_read_price(reading, order),
    }


def _read_price(reading: Reading, order: Order) -> Details:
    price = order.options.get("amount")
    if price is None:
        price = reading.blank(order.item, "amount")
    if not isinstance(price, Money):
        reading.warn(
            f"{order.item}: цена не указана, договор отсылает к счетам и актам",
            f"{order.item}: no price, the contract refers to invoices and acts",
        )
        return {"amount": None, "vat": None, "vat_label": ""}
    rate = order.documents.vat_on(reading.day(order.item))
    taxed = vat_of(price, rate, included=order.documents.prices_include_vat)
    return {"amount": taxed.amount, "vat": taxed.vat, "vat_label": vat_label(rate)}


_KINDS: Mapping[str, Callable[[Reading, Order], Details]] = {
    "act": _read_act,
    "invoice": _read_work,
    "one_sided_act": _read_one_sided,
    "reminder": read_debts,
    "claim": read_debts,
    "contract": _read_contract_sheet,
    "reconciliation": read_reconciliation,
}
_BY_ENTITY: Mapping[str, Callable[[Reading, Order], Details]] = {
    "act": _read_act,
    "contract": _read_contract_sheet,
    "company": read_reconciliation,
}
