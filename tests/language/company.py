"""The world and the facts that the language tests share: a small company with deals, acts and invoices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.language.calendar import WorkCalendar
from engine.language.diagnostics import Span
from engine.language.known_names import Names
from engine.language.types import (
    DATE,
    DURATION,
    FILE,
    LINES,
    MONEY,
    NUMBER,
    TEXT,
    TIME,
    YES_NO,
    EntitySpec,
    FieldSpec,
    PipelineSpec,
    StageSpec,
    Type,
    World,
    choice,
    item,
    list_of,
)
from engine.language.values import File, Item, Money, Row, Undecided, Value

MOSCOW = ZoneInfo("Europe/Moscow")
STAGES = ("new", "in_work", "report_sent", "documents_sent", "invoice_paid", "won_review_requested", "lost")

FIELDS: Mapping[str, Mapping[str, Type]] = {
    "deal": {
        "id": TEXT,
        "title": TEXT,
        "pipeline": choice("customisation", "support"),
        "stage": choice(*STAGES),
        "amount": MONEY,
        "stage_plan": TEXT,
        "lines": LINES,
        "manager": item("user"),
        "client": item("company"),
        "acts": list_of(item("act")),
        "invoices": list_of(item("invoice")),
        "paid": MONEY,
        "next_stage_no": NUMBER,
        "ratio": NUMBER,
    },
    "act": {
        "id": TEXT,
        "number": TEXT,
        "date": DATE,
        "stage_no": NUMBER,
        "amount": MONEY,
        "vat": MONEY,
        "deal": item("deal"),
        "client": item("company"),
        "manager": item("user"),
        "document": FILE,
        "scan": FILE,
        "form": choice("scan", "paper", "edo"),
        "signed": YES_NO,
        "signed_at": TIME,
        "sent_at": TIME,
        "due_at": TIME,
        "cancelled": YES_NO,
        "refusal": TEXT,
        "wait": DURATION,
    },
    "invoice": {
        "id": TEXT,
        "amount": MONEY,
        "paid": MONEY,
        "cancelled": YES_NO,
        "state": choice("none", "part", "full", "over"),
        "deal": item("deal"),
    },
    "company": {"id": TEXT, "name": TEXT, "folder_name": TEXT, "inn": TEXT, "email": TEXT},
    "user": {"id": TEXT, "name": TEXT, "email": TEXT, "active": YES_NO},
    "акт": {"подписан": YES_NO, "номер": TEXT, "сумма": MONEY},
}


def world() -> World:
    """Return the test company's portal map."""
    entities = {
        name: EntitySpec(name, name, None, {key: FieldSpec(key, kind) for key, kind in fields.items()})
        for name, fields in FIELDS.items()
    }
    stages = {name: StageSpec(name, f"C4:{name}", name) for name in STAGES}
    return World(entities, {"customisation": PipelineSpec("customisation", "", "deal", "4", stages)})


WORLD = world()
NAMES = Names(
    WORLD,
    {
        **{name: item(name) for name in ("deal", "act", "invoice", "акт")},
        "folder": Type("folder"),
        "issued": item("act"),
        "payment": Type("row", fields=(("purpose", TEXT), ("amount", MONEY))),
        "odd": Type("any"),
    },
)

RUB = "RUB"


def rub(amount: str) -> Money:
    """Return roubles."""
    return Money(Decimal(amount), RUB)


FACTS: Mapping[str, Mapping[str, Value]] = {
    "deal/118": {
        "id": "118",
        "title": "Доработка",
        "pipeline": "customisation",
        "stage": "documents_sent",
        "amount": rub("48500.00"),
        "stage_plan": "30 %, 70 %",
        "lines": (
            Row((("name", "Монтаж"), ("quantity", Decimal(2)), ("amount", rub("100.10")))),
            Row((("name", "Обучение"), ("quantity", Decimal(3)), ("amount", rub("0.20")))),
        ),
        "manager": Item("user", "7"),
        "client": Item("company", "12"),
        "acts": (Item("act", "43"), Item("act", "44")),
        "invoices": (Item("invoice", "1"), Item("invoice", "2"), Item("invoice", "3")),
        "paid": rub("30000.00"),
        "next_stage_no": None,
    },
    "act/43": {
        "id": "43",
        "number": "А-2026/043",
        "date": date(2026, 3, 6),
        "stage_no": Decimal(1),
        "amount": rub("48500.00"),
        "vat": rub("8745.90"),
        "deal": Item("deal", "118"),
        "client": Item("company", "12"),
        "manager": None,
        "document": File("act.pdf", 30211, "pdf", "aa"),
        "scan": File("scan.pdf", 412000, "pdf", "bb"),
        "form": "scan",
        "signed": False,
        "signed_at": None,
        "sent_at": datetime(2026, 3, 6, 22, 30, tzinfo=ZoneInfo("UTC")),
        "cancelled": False,
        "refusal": None,
    },
    "act/44": {"signed": True, "cancelled": False, "stage_no": Decimal(2), "amount": rub("100.00")},
    "invoice/1": {"amount": rub("10.10"), "paid": rub("10.10"), "cancelled": False, "state": "full"},
    "invoice/2": {"amount": rub("20.20"), "paid": None, "cancelled": False, "state": "none"},
    "invoice/3": {"amount": rub("99.00"), "paid": rub("99.00"), "cancelled": True, "state": "full"},
    "company/12": {"name": "ООО «Ромашка»", "folder_name": "ООО Ромашка", "inn": "0500100732", "email": None},
    "user/7": {"name": "Елена", "email": "e@x.example", "active": True},
    "акт/1": {"подписан": False, "номер": "1"},
}
ROOTS: Mapping[str, Value] = {
    "deal": Item("deal", "118"),
    "act": Item("act", "43"),
    "invoice": Item("invoice", "1"),
    "акт": Item("акт", "1"),
    "payment": Row((("purpose", "Оплата по счёту 7"), ("amount", rub("500.00")))),
}


@dataclass
class Facts:
    """A reading over plain mappings; `changes` and `roots` lie over the company's facts."""

    changes: Mapping[str, Value] = field(default_factory=dict)
    roots: Mapping[str, Value] = field(default_factory=dict)
    now: datetime = datetime(2026, 3, 14, 16, 41, tzinfo=MOSCOW)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)

    @property
    def today(self) -> date:
        return self.now.date()

    def root(self, name: str) -> Value:
        known = {**ROOTS, **self.roots}
        return known.get(name, Undecided(name))

    def field(self, item: Item, name: str) -> Value:
        for key in (f"{item}.{name}", f"{item.entity}.{name}"):
            if key in self.changes:
                return self.changes[key]
        return FACTS.get(str(item), {}).get(name, Undecided(f"{item.entity}.{name}"))

    def display(self, item: Item) -> str:
        return f"Акт {item.id}" if item.entity == "act" else f"{item.entity} {item.id}"


def place(start: int, end: int) -> Span:
    """Map offsets of a one-line text to columns, 1-based."""
    return Span("test.yaml", 1, start + 1, 1, end + 1)
