"""The register of acts: numbers, sums, documents, scans, terms.

Numbers run through a year by date without gaps, as the regulations give them, so the next free one is the count of
the year plus one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.emulator.company import story, structure
from engine.emulator.company.clients import FIRMS, folder_name
from engine.emulator.company.contracts import contract_of
from engine.emulator.company.deals import build_rows, stage_amount, stage_works
from engine.emulator.company.documents import build_pdf, latin_number, safe_number
from engine.emulator.company.plans import (
    ActPlan,
    DealPlan,
    due_at,
    portal_money,
    sent_at,
    split_parts,
    vat_inside,
)
from engine.emulator.seed import Row

OWNER_TYPE = f"T{structure.ACT_TYPE:X}"


@dataclass(frozen=True)
class Act:
    """An act with the id and number that its place in the register gives it."""

    id: int
    number: str
    deal: DealPlan
    plan: ActPlan

    @property
    def amount(self) -> Decimal:
        """Roubles with VAT: the part of its stage."""
        return stage_amount(self.deal, (self.plan.stage_no,))

    @property
    def folder(self) -> str:
        """The act's folder on the shared drive, from its root."""
        name = folder_name(FIRMS[self.deal.client], self.plan.on.year)
        return f"{structure.ACTS_ROOT}/{self.plan.on.year}/{name}/Акт {safe_number(self.number)}"

    @property
    def document(self) -> bytes:
        """The unsigned original, a PDF."""
        return build_pdf(*self._lines())

    @property
    def scan(self) -> bytes:
        """The signed copy, a PDF of other bytes than the original."""
        return build_pdf(*self._lines(), f"Signed {self.plan.signed_on}", is_scan=True)

    def _lines(self) -> tuple[str, ...]:
        return (
            f"Act {latin_number(self.number)} dated {self.plan.on}",
            f"Deal {self.deal.id}, stage {self.plan.stage_no}",
            f"Total RUB {self.amount}, VAT RUB {vat_inside(self.amount, self.plan.on)}",
        )


def number_acts(deals: Iterable[DealPlan]) -> tuple[Act, ...]:
    """All acts of these deals in the order of dates, numbered А-ГОД/001 and on within each year."""
    pairs = [(deal, plan) for deal in deals for plan in deal.acts]
    pairs.sort(key=lambda pair: (pair[1].on, pair[0].id))
    issued: dict[int, int] = {}
    acts = []
    for place, (deal, plan) in enumerate(pairs, start=1):
        year = plan.on.year
        issued[year] = issued.get(year, 0) + 1
        acts.append(Act(place, f"А-{year}/{issued[year]:03}", deal, plan))
    return tuple(acts)


def build_act(act: Act) -> Row:
    """The act's card by `crm.item` names; a signed one carries its scan, day of signing and folder."""
    plan, deal = act.plan, act.deal
    row: dict[str, object] = {
        "id": act.id,
        "title": _title(act),
        "opportunity": act.amount,
        "isManualOpportunity": "N",
        "currencyId": "RUB",
        "taxValue": vat_inside(act.amount, plan.on),
        "companyId": deal.client,
        "mycompanyId": story.OWN_COMPANY,
        "assignedById": deal.manager,
        "createdBy": story.USER_ROBOT,
        "createdTime": f"{plan.on.isoformat()}T15:10:00+03:00",
        "parentId2": deal.id,
        "parentId1046": contract_of(deal.client).id,
        "ufCrm12Number": act.number,
        "ufCrm12Date": plan.on.isoformat(),
        "ufCrm12Stageno": plan.stage_no,
        "ufCrm12Vat": portal_money(vat_inside(act.amount, plan.on)),
        "ufCrm12Document": {"name": f"Акт {safe_number(act.number)}.pdf", "content": act.document},
        "ufCrm12Form": plan.form if plan.signed_on else None,
        "ufCrm12Signed": "Y" if plan.signed_on else "N",
        "ufCrm12Cancelled": "N",
        "ufCrm12Refusal": plan.refusal,
    }
    return row | _sending(plan) | _signing(act)


def build_act_rows(act: Act) -> tuple[Row, ...]:
    """The act's product rows; they add up to its sum."""
    return build_rows(OWNER_TYPE, act.id, stage_works(act.deal, (act.plan.stage_no,)), act.plan.on)


def _title(act: Act) -> str:
    stages = len(split_parts(act.deal.amount, act.deal.parts))
    stage = f", этап {act.plan.stage_no} из {stages}" if stages > 1 else ""
    return f"Акт {act.number}{stage}: {act.deal.title}"


def _sending(plan: ActPlan) -> dict[str, object]:
    if not plan.is_sent:
        return {}
    sent = sent_at(plan.on)
    return {"ufCrm12Sentat": sent.isoformat(), "ufCrm12Dueat": due_at(sent).isoformat()}


def _signing(act: Act) -> dict[str, object]:
    signed_on = act.plan.signed_on
    if not signed_on:
        return {}
    signing: dict[str, object] = {
        "ufCrm12Scan": {"name": f"Акт {safe_number(act.number)} подписанный.pdf", "content": act.scan},
        "ufCrm12Signedat": f"{signed_on.isoformat()}T11:40:00+03:00",
        "ufCrm12Folder": act.folder,
    }
    if act.plan.form == structure.FORM_PAPER:
        signing["ufCrm12Originalreceivedat"] = signed_on.isoformat()
    return signing
