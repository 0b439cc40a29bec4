"""The kanban: which deals stand in which column, and what a column adds up to.

Reads deals, stages, acts and invoices; changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from engine.emulator.calling import to_int
from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.pages.deal import ACT, ACT_FIELD, PAID, is_live
from engine.emulator.pages.people import client_name, full_name
from engine.emulator.pages.stage_row import StageRow, stage_rows
from engine.emulator.pages.words import read_money
from engine.emulator.portal import Portal
from engine.emulator.stages import categories
from engine.emulator.store import Record

USUAL = 4
"""The funnel the demo opens with: «Кастомизация услуг Битрикс24»."""


@dataclass(frozen=True)
class Card:
    """A deal on the board; money in roubles, live acts and invoices only."""

    id: int
    title: str
    client: str
    manager: str
    amount: Decimal
    currency: str
    acts: int
    signed: int
    invoiced: Decimal
    paid: Decimal


@dataclass(frozen=True)
class Column:
    """A stage with its deals, the last moved on top."""

    stage: StageRow
    cards: tuple[Card, ...]

    @property
    def total(self) -> Decimal:
        """The sum of its deals."""
        return sum((card.amount for card in self.cards), Decimal(0))


@dataclass(frozen=True)
class Board:
    """One funnel, and the others to switch to as (id, name)."""

    category: int
    name: str
    columns: tuple[Column, ...]
    funnels: tuple[tuple[int, str], ...]


def read_board(portal: Portal, category: int | None) -> Board:
    """The funnel asked for, the usual one, or the portal's first; no columns where there are no funnels."""
    funnels = tuple((to_int(row["id"]), str(row["name"])) for row in categories(portal.store, DEAL))
    names = dict(funnels)
    chosen = next((one for one in (category, USUAL) if one in names), funnels[0][0] if funnels else 0)
    acts, invoices = _by_deal(portal, ACT), _by_deal(portal, INVOICE)
    cards: dict[str, list[Card]] = defaultdict(list)
    deals = [row for row in portal.store.rows(f"item_{DEAL}") if to_int(row["categoryId"]) == chosen]
    deals.sort(key=lambda row: (str(row["movedTime"]), to_int(row["id"])), reverse=True)
    for row in deals:
        number = to_int(row["id"])
        cards[str(row["stageId"])].append(_card(portal, row, acts[number], invoices[number]))
    columns = tuple(
        Column(stage, tuple(cards[stage.code])) for stage in stage_rows(portal.store, DEAL, chosen)
    )
    return Board(chosen, names.get(chosen, ""), columns, funnels)


def _by_deal(portal: Portal, kind: int) -> defaultdict[int, list[Record]]:
    found: defaultdict[int, list[Record]] = defaultdict(list)
    for row in portal.store.rows(f"item_{kind}"):
        if is_live(kind, row):
            found[to_int(row.get("parentId2"))].append(row)
    return found


def _card(portal: Portal, row: Record, acts: list[Record], invoices: list[Record]) -> Card:
    return Card(
        id=to_int(row["id"]),
        title=str(row["title"]),
        client=client_name(portal, row.get("companyId")),
        manager=full_name(portal, row.get("assignedById")),
        amount=read_money(row.get("opportunity")),
        currency=str(row.get("currencyId") or "RUB"),
        acts=len(acts),
        signed=sum(act.get(f"{ACT_FIELD}SIGNED") == "Y" for act in acts),
        invoiced=sum((read_money(one.get("opportunity")) for one in invoices), Decimal(0)),
        paid=sum((read_money(one.get(PAID)) for one in invoices), Decimal(0)),
    )
