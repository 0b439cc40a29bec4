"""From the tables to the portal's deals and product rows.

All deals in one order of ids; what hangs on them (acts, invoices) is built by its own file from the same plans.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from engine.emulator.company import closed_deals, open_deals
from engine.emulator.company.contracts import contract_of
from engine.emulator.company.plans import DealPlan, Work, split_parts, vat_inside, vat_rate
from engine.emulator.company.structure import STAGE_PLAN
from engine.emulator.seed import Row

DEALS: Final[tuple[DealPlan, ...]] = tuple(
    sorted(
        (
            *closed_deals.WON_DEALS,
            *closed_deals.SUPPORT_DEALS,
            *closed_deals.LOST_DEALS,
            *open_deals.NEW_DEALS,
            *open_deals.WORK_DEALS,
            *open_deals.REPORTED_DEALS,
            *open_deals.SENT_DEALS,
            *open_deals.PAID_DEALS,
        ),
        key=lambda deal: deal.id,
    )
)

# Codes of the all-Russian classifier of units (ОКЕИ); 876 is the conventional unit.
_MEASURES = {"усл. ед.": 876, "час": 356, "шт": 796, "мес": 362}
_USUAL_DURATION = timedelta(days=60)


def build_deal(deal: DealPlan) -> Row:
    """The deal's card by `crm.item` names; `opportunity` is the sum of its product rows."""
    created = f"{deal.begun.isoformat()}T10:05:00+03:00"
    moved_on = deal.moved_on or deal.begun
    return {
        "id": deal.id,
        "title": deal.title,
        "categoryId": deal.category,
        "stageId": deal.stage,
        "opportunity": deal.amount,
        "isManualOpportunity": "N",
        "taxValue": vat_inside(deal.amount, deal.begun),
        "currencyId": "RUB",
        "companyId": deal.client,
        "assignedById": deal.manager,
        "createdBy": deal.manager,
        "updatedBy": deal.manager,
        "movedBy": deal.manager,
        "createdTime": created,
        "updatedTime": f"{moved_on.isoformat()}T15:30:00+03:00",
        "movedTime": f"{moved_on.isoformat()}T15:30:00+03:00",
        "begindate": deal.begun.isoformat(),
        "closedate": (deal.begun + _USUAL_DURATION).isoformat(),
        "parentId1046": contract_of(deal.client).id,
        STAGE_PLAN: deal.parts,
    }


def build_rows(owner_type: str, owner_id: int, works: Iterable[Work], on: date) -> tuple[Row, ...]:
    """Product rows of one owner; the VAT rate is that of the day, the price already contains it."""
    return tuple(
        {
            "ownerType": owner_type,
            "ownerId": owner_id,
            "productName": work.name,
            "price": work.price,
            "quantity": work.quantity,
            "taxRate": vat_rate(on),
            "taxIncluded": "Y",
            "measureCode": _MEASURES[work.unit],
            "measureName": work.unit,
            "sort": 10 * place,
        }
        for place, work in enumerate(works, start=1)
    )


def stage_works(deal: DealPlan, stages: tuple[int, ...]) -> tuple[Work, ...]:
    """The product rows of a paper about these stages: the deal's own where it has one stage, else a row a stage."""
    sums = split_parts(deal.amount, deal.parts)
    if len(sums) == 1:
        return deal.works
    return tuple(Work(f"{deal.title}: этап {stage} из {len(sums)}", sums[stage - 1]) for stage in stages)


def stage_amount(deal: DealPlan, stages: tuple[int, ...]) -> Decimal:
    """The sum of these stages by the deal's plan."""
    sums = split_parts(deal.amount, deal.parts)
    return sum((sums[stage - 1] for stage in stages), Decimal("0.00"))
