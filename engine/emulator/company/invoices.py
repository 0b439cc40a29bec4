"""Invoices, what was paid on them, and the portal's own payments.

The field «Оплачено» is a sum of money, never a flag. A portal payment exists only where the money came through the
portal; bank and hand marks live in the field alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from engine.emulator.company import story, structure
from engine.emulator.company.deals import build_rows, stage_amount, stage_works
from engine.emulator.company.documents import build_pdf, latin_number, safe_number
from engine.emulator.company.plans import DealPlan, InvoicePlan, portal_money, sent_at, vat_inside
from engine.emulator.seed import Row

OWNER_TYPE = "SI"
_STAGE = f"DT31_{structure.INVOICE_CATEGORY}"
_PAY_WITHIN = timedelta(days=7)


@dataclass(frozen=True)
class Invoice:
    """An invoice with the id and number that its place gives it."""

    id: int
    number: str
    deal: DealPlan
    plan: InvoicePlan

    @property
    def amount(self) -> Decimal:
        """Roubles with VAT: the parts of its stages."""
        return stage_amount(self.deal, self.plan.stages)

    @property
    def paid(self) -> Decimal:
        """Roubles received so far."""
        if self.plan.paid == "full":
            return self.amount
        return Decimal(self.plan.paid or "0.00")


def number_invoices(deals: Iterable[DealPlan]) -> tuple[Invoice, ...]:
    """All invoices of these deals in the order of dates, numbered СЧ-ГОД/001 and on within each year."""
    pairs = [(deal, plan) for deal in deals for plan in deal.invoices]
    pairs.sort(key=lambda pair: (pair[1].on, pair[0].id))
    issued: dict[int, int] = {}
    invoices = []
    for place, (deal, plan) in enumerate(pairs, start=1):
        year = plan.on.year
        issued[year] = issued.get(year, 0) + 1
        invoices.append(Invoice(place, f"СЧ-{year}/{issued[year]:03}", deal, plan))
    return tuple(invoices)


def build_invoice(invoice: Invoice) -> Row:
    """The invoice's card by `crm.item` names."""
    plan, deal = invoice.plan, invoice.deal
    vat = vat_inside(invoice.amount, plan.on)
    return {
        "id": invoice.id,
        "title": f"Счёт {invoice.number}: {deal.title}",
        "accountNumber": invoice.number,
        "categoryId": structure.INVOICE_CATEGORY,
        "stageId": f"{_STAGE}:P" if invoice.paid >= invoice.amount else f"{_STAGE}:S",
        "opportunity": invoice.amount,
        "isManualOpportunity": "N",
        "taxValue": vat,
        "currencyId": "RUB",
        "companyId": deal.client,
        "mycompanyId": story.OWN_COMPANY,
        "begindate": plan.on.isoformat(),
        "closedate": (plan.on + _PAY_WITHIN).isoformat(),
        "assignedById": deal.manager,
        "createdBy": story.USER_ROBOT,
        "createdTime": f"{plan.on.isoformat()}T15:05:00+03:00",
        "parentId2": deal.id,
        f"{structure.INVOICE_FIELD}01": portal_money(invoice.paid),
        f"{structure.INVOICE_FIELD}02": plan.source if invoice.paid else None,
        f"{structure.INVOICE_FIELD}03": portal_money(vat),
        f"{structure.INVOICE_FIELD}04": _document(invoice),
        f"{structure.INVOICE_FIELD}05": "N",
        f"{structure.INVOICE_FIELD}06": sent_at(plan.on).isoformat(),
    }


def build_invoice_rows(invoice: Invoice) -> tuple[Row, ...]:
    """The invoice's product rows; they add up to its sum."""
    return build_rows(OWNER_TYPE, invoice.id, stage_works(invoice.deal, invoice.plan.stages), invoice.plan.on)


def build_payments(invoices: Iterable[Invoice]) -> tuple[Row, ...]:
    """The payments that came through the portal itself, one for each such invoice."""
    return tuple(
        {
            "id": 500 + invoice.id,
            "entityTypeId": structure.INVOICE_TYPE,
            "entityId": invoice.id,
            "accountNumber": f"{invoice.id}/1",
            "paid": "Y",
            "datePaid": f"{invoice.plan.paid_on}T13:15:00+03:00",
            "empPaidId": invoice.deal.manager,
            "paySystemId": 6,
            "paySystemName": "Оплата картой на сайте",
            "sum": invoice.paid,
            "currency": "RUB",
        }
        for invoice in invoices
        if invoice.plan.source == structure.SOURCE_PORTAL and invoice.paid
    )


def _document(invoice: Invoice) -> Row:
    content = build_pdf(
        f"Invoice {latin_number(invoice.number)} dated {invoice.plan.on}",
        f"Deal {invoice.deal.id}",
        f"Total RUB {invoice.amount}",
    )
    return {"name": f"Счёт {safe_number(invoice.number)}.pdf", "content": content}
