"""One deal with its acts, invoices and works, as its page shows them.

Reads stored rows; changes nothing. The names of own fields are those of the demo company's set-up; a portal
without them shows the columns empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from werkzeug.exceptions import NotFound

from engine.emulator.calling import to_int
from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.pages.people import client_details, client_name, full_name
from engine.emulator.pages.stage_row import StageRow, stage_rows
from engine.emulator.pages.words import read_money
from engine.emulator.php import mapping
from engine.emulator.portal import Portal
from engine.emulator.store import Record

ACT, CONTRACT = 1044, 1046
ACT_FIELD = "UF_CRM_12_"
_INVOICE_FIELD = "UF_CRM_SMART_INVOICE_17473100"
PAID, _DOCUMENT, _CANCELLED = f"{_INVOICE_FIELD}01", f"{_INVOICE_FIELD}04", f"{_INVOICE_FIELD}05"
_PLAN = "UF_CRM_1747309879"


@dataclass(frozen=True)
class FileLink:
    """A file held by a field: number of the portal's file table, name, bytes."""

    id: int
    name: str
    size: int


@dataclass(frozen=True)
class ActRow:
    """An act; days and times as stored, "" where empty."""

    id: int
    number: str
    date: str
    stage_no: str
    amount: Decimal
    is_signed: bool
    signed_at: str
    due_at: str
    original_at: str
    is_cancelled: bool
    refusal: str
    document: FileLink | None
    scan: FileLink | None


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice; `state` is what the sums say: none, part, full, over."""

    id: int
    number: str
    date: str
    amount: Decimal
    paid: Decimal
    state: str
    is_cancelled: bool
    document: FileLink | None

    @property
    def part(self) -> Decimal:
        """Sixty per cent of the amount: what a client pays who pays in part."""
        return (self.amount * Decimal("0.6")).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class Work:
    """A product row of the deal."""

    name: str
    quantity: str
    unit: str
    price: Decimal


@dataclass(frozen=True)
class Comment:
    """An entry of the deal's timeline."""

    author: str
    time: str
    text: str


@dataclass(frozen=True)
class DealPage:
    """Everything the page of a deal shows."""

    id: int
    title: str
    category: int
    amount: Decimal
    currency: str
    client: str
    inn: str
    email: str
    manager: str
    contract: str
    plan: str
    created: str
    moved: str
    stages: tuple[StageRow, ...]
    stage: StageRow | None
    acts: tuple[ActRow, ...]
    invoices: tuple[InvoiceRow, ...]
    works: tuple[Work, ...]
    comments: tuple[Comment, ...]
    moves: tuple[Comment, ...]
    """Its ways from stage to stage, the newest first; `text` is the stage's name."""

    @property
    def place(self) -> int:
        """The stage's place in the funnel, from 0; -1 where it stands on none."""
        return self.stages.index(self.stage) if self.stage else -1


def is_live(kind: int, row: Record) -> bool:
    """Whether an act or an invoice is not cancelled."""
    return row.get(f"{ACT_FIELD}CANCELLED" if kind == ACT else _CANCELLED) != "Y"


def deal_of_item(portal: Portal, kind: int, item_id: int) -> int:
    """The deal an item hangs on; `NotFound` where there is no such item or it hangs on none."""
    row = portal.store.get(f"item_{kind}", item_id)
    deal_id = to_int(row.get("parentId2")) if row else 0
    if not deal_id:
        raise NotFound
    return deal_id


def read_deal(portal: Portal, deal_id: int) -> DealPage:
    """The deal as it is now; `NotFound` where there is none."""
    row = portal.store.get(f"item_{DEAL}", deal_id)
    if row is None:
        raise NotFound
    category = to_int(row["categoryId"])
    known = tuple(stage_rows(portal.store, DEAL, category))
    contract = portal.store.get(f"item_{CONTRACT}", to_int(row.get(f"parentId{CONTRACT}")))
    inn, email = client_details(portal, row.get("companyId"))
    return DealPage(
        id=deal_id,
        title=str(row["title"]),
        category=category,
        amount=read_money(row.get("opportunity")),
        currency=str(row.get("currencyId") or "RUB"),
        client=client_name(portal, row.get("companyId")),
        inn=inn,
        email=email,
        manager=full_name(portal, row.get("assignedById")),
        contract=str(contract["title"]) if contract else "",
        plan=_text(row, _PLAN),
        created=_text(row, "createdTime"),
        moved=_text(row, "movedTime"),
        stages=known,
        stage=next((one for one in known if one.code == row.get("stageId")), None),
        acts=tuple(_act(one) for one in _children(portal, ACT, deal_id)),
        invoices=tuple(_invoice(one) for one in _children(portal, INVOICE, deal_id)),
        works=_works(portal, deal_id),
        comments=_comments(portal, deal_id),
        moves=_moves(portal, deal_id, {one.code: one.name for one in known}),
    )


def _children(portal: Portal, kind: int, deal_id: int) -> list[Record]:
    return [row for row in portal.store.rows(f"item_{kind}") if to_int(row.get("parentId2")) == deal_id]


def _text(row: Record, name: str) -> str:
    return str(row.get(name) or "")


def _file(stored: object) -> FileLink | None:
    found = mapping(stored)
    return FileLink(to_int(found["id"]), str(found["name"]), to_int(found["size"])) if found else None


def _act(row: Record) -> ActRow:
    def own(code: str) -> str:
        return _text(row, ACT_FIELD + code)

    return ActRow(
        id=to_int(row["id"]),
        number=own("NUMBER") or str(row["title"]),
        date=own("DATE"),
        stage_no=own("STAGENO"),
        amount=read_money(row.get("opportunity")),
        is_signed=own("SIGNED") == "Y",
        signed_at=own("SIGNEDAT"),
        due_at=own("DUEAT"),
        original_at=own("ORIGINALRECEIVEDAT"),
        is_cancelled=not is_live(ACT, row),
        refusal=own("REFUSAL"),
        document=_file(row.get(f"{ACT_FIELD}DOCUMENT")),
        scan=_file(row.get(f"{ACT_FIELD}SCAN")),
    )


def _invoice(row: Record) -> InvoiceRow:
    amount, paid = read_money(row.get("opportunity")), read_money(row.get(PAID))
    state = "none" if not paid else "part" if paid < amount else "full" if paid == amount else "over"
    return InvoiceRow(
        id=to_int(row["id"]),
        number=_text(row, "accountNumber"),
        date=_text(row, "begindate"),
        amount=amount,
        paid=paid,
        state=state,
        is_cancelled=not is_live(INVOICE, row),
        document=_file(row.get(_DOCUMENT)),
    )


def _works(portal: Portal, deal_id: int) -> tuple[Work, ...]:
    rows = [
        row
        for row in portal.store.rows("productrow")
        if row["ownerType"] == "D" and to_int(row["ownerId"]) == deal_id
    ]
    rows.sort(key=lambda row: to_int(row.get("sort")))
    return tuple(
        Work(
            str(row["productName"]),
            str(row["quantity"]).replace(".", ","),
            _text(row, "measureName"),
            read_money(row["price"]),
        )
        for row in rows
    )


def _comments(portal: Portal, deal_id: int) -> tuple[Comment, ...]:
    return tuple(
        Comment(full_name(portal, row["AUTHOR_ID"]), str(row["CREATED"]), str(row["COMMENT"]))
        for row in reversed(portal.store.rows("timelinecomment"))
        if row["ENTITY_TYPE"] == "deal" and to_int(row["ENTITY_ID"]) == deal_id
    )


def _moves(portal: Portal, deal_id: int, names: dict[str, str]) -> tuple[Comment, ...]:
    rows = [
        row
        for row in portal.store.rows("stagehistory")
        if to_int(row["entityTypeId"]) == DEAL and to_int(row["OWNER_ID"]) == deal_id
    ]
    return tuple(
        Comment("", str(row["CREATED_TIME"]), names.get(str(row["STAGE_ID"]), str(row["STAGE_ID"])))
        for row in reversed(rows)
    )
