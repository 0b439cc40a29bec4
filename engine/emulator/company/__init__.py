"""The demo company: pure rows for a portal, the same at every call.

`demo_company` has a year of business in it; `empty_company` is the same portal on its first day. Nothing here reads
a clock, a file or a random number; nothing of the engine is known.
"""

from __future__ import annotations

from dataclasses import replace

from engine.emulator.company import structure
from engine.emulator.company.acts import build_act, build_act_rows, number_acts
from engine.emulator.company.clients import CLIENTS, OWN, SUPPLIERS
from engine.emulator.company.contracts import CONTRACTS, build_contract
from engine.emulator.company.deals import DEALS, build_deal, build_rows
from engine.emulator.company.drive import build_files
from engine.emulator.company.firms import build_bank_detail, build_company, build_requisite
from engine.emulator.company.invoices import (
    build_invoice,
    build_invoice_rows,
    build_payments,
    number_invoices,
)
from engine.emulator.company.people import build_users
from engine.emulator.company.plans import NOW
from engine.emulator.seed import Company, Row

__all__ = ["demo_company", "empty_company"]

TIME_ZONE = "Europe/Moscow"
DOMAIN = "demo.reglament.example"


def demo_company() -> Company:
    """Twelve clients, thirty deals, their acts, invoices, contracts and drive on 16 March 2026, 9:00 in Moscow."""
    firms = (OWN, *CLIENTS, *SUPPLIERS)
    acts, invoices = number_acts(DEALS), number_invoices(DEALS)
    items: dict[int, tuple[Row, ...]] = {
        structure.DEAL_TYPE: tuple(build_deal(deal) for deal in DEALS),
        structure.COMPANY_TYPE: tuple(build_company(firm) for firm in firms),
        structure.INVOICE_TYPE: tuple(build_invoice(invoice) for invoice in invoices),
        structure.ACT_TYPE: tuple(build_act(act) for act in acts),
        structure.CONTRACT_TYPE: tuple(build_contract(plan) for plan in CONTRACTS),
    }
    return replace(
        empty_company(),
        items=items,
        product_rows=(
            *(row for deal in DEALS for row in build_rows("D", deal.id, deal.works, deal.begun)),
            *(row for act in acts for row in build_act_rows(act)),
            *(row for invoice in invoices for row in build_invoice_rows(invoice)),
        ),
        payments=build_payments(invoices),
        requisites=tuple(build_requisite(firm) for firm in firms),
        bank_details=tuple(build_bank_detail(firm) for firm in firms),
        files=build_files(acts, CONTRACTS),
    )


def empty_company() -> Company:
    """The portal set up, with its users, our own company and an empty drive, and no business yet."""
    return Company(
        time_zone=TIME_ZONE,
        start=NOW,
        domain=DOMAIN,
        users=build_users(),
        webhooks=structure.build_webhooks(),
        outgoing=structure.build_outgoing(),
        applications=structure.build_applications(),
        categories=structure.build_categories(),
        statuses=structure.build_statuses(),
        types=structure.build_types(),
        userfields=structure.build_userfields(),
        items={structure.COMPANY_TYPE: (build_company(OWN),)},
        requisites=(build_requisite(OWN),),
        bank_details=(build_bank_detail(OWN),),
        storages=structure.build_storages(),
    )
