"""Three steps that show a newcomer the product: report, signed scan, payment.

Decides which step is done by what stands on the portal, so the line ticks itself off whoever did the deed. It
follows the first deal that was moved to «Отчет отправлен»; until then it proposes the one made for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from engine.emulator.calling import to_int
from engine.emulator.company.open_deals import REPORT_SENT
from engine.emulator.company.story import DEAL_FRESH
from engine.emulator.fields import DEAL
from engine.emulator.pages.deal import DealPage, read_deal
from engine.emulator.portal import Portal

_MOVED = 2
"""The portal's kind of a stage's change within a funnel."""
_CLOSED = "demo_portal_steps"


@dataclass(frozen=True)
class Guide:
    """The deal, which of the three steps are done, and the number of the next one, 0 after the last."""

    deal: DealPage
    done: tuple[bool, bool, bool]
    stage: str = REPORT_SENT

    @property
    def next(self) -> int:
        """From 1 to 3, or 0."""
        return self.done.index(False) + 1 if False in self.done else 0

    @property
    def is_won(self) -> bool:
        """Whether the deal is closed with success."""
        return self.deal.stage is not None and self.deal.stage.semantics == "S"


def read_guide(portal: Portal) -> Guide | None:
    """The steps as they stand; None on a portal that has no deal for them."""
    moved = _first_reported(portal)
    if portal.store.get(f"item_{DEAL}", moved or DEAL_FRESH) is None:
        return None
    deal = read_deal(portal, moved or DEAL_FRESH)
    if REPORT_SENT not in {stage.code for stage in deal.stages}:
        return None
    acts = [act for act in deal.acts if not act.is_cancelled]
    bills = [bill for bill in deal.invoices if not bill.is_cancelled]
    return Guide(
        deal,
        (
            moved > 0,
            any(act.scan or act.is_signed for act in acts),
            bool(bills) and all(bill.state in ("full", "over") for bill in bills),
        ),
    )


def _first_reported(portal: Portal) -> int:
    for row in portal.store.rows("stagehistory"):
        if (row["entityTypeId"], row["TYPE_ID"], row["STAGE_ID"]) == (DEAL, _MOVED, REPORT_SENT):
            return to_int(row["OWNER_ID"])
    return 0


def is_closed() -> bool:
    """Whether the reader has put the steps away."""
    return request.cookies.get(_CLOSED) == "closed"


def add_routes(blueprint: Blueprint) -> None:
    """`/demo-portal/steps`: puts the steps away, or takes them out again."""

    @blueprint.post("/demo-portal/steps")
    def steps() -> Response:
        answer = redirect("/", 303)
        state = "closed" if request.form.get("state") == "closed" else "open"
        answer.set_cookie(_CLOSED, state, httponly=True, samesite="Strict")
        return answer
