"""The words in which the tables of deals are written, and the arithmetic of stages and VAT.

A `DealPlan` says what happened to a deal; the builders turn it into portal rows. Money is Decimal roubles with
kopecks, VAT is inside the price. The rules of splitting and rounding are those the regulations use: the n-th part
is rounded half up to a kopeck and the rest of rounding goes to the last part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from engine.emulator.company import structure

KOPECK = Decimal("0.01")
MOSCOW = timezone(timedelta(hours=3))
"""Moscow has kept +03:00 all the year round since 26 October 2014."""
NOW = datetime(2026, 3, 16, 9, 0, tzinfo=MOSCOW)
"""Monday morning: where the demo's clock starts."""

# Days off that fall on Monday to Friday, by the government's calendars of 2025 and 2026.
_DAYS_OFF = frozenset(
    [
        *(date(2025, 1, day) for day in range(1, 9)),
        *(date(2025, 5, 1), date(2025, 5, 2), date(2025, 5, 8), date(2025, 5, 9)),
        *(date(2025, 6, 12), date(2025, 6, 13), date(2025, 11, 3), date(2025, 11, 4), date(2025, 12, 31)),
        *(date(2026, 1, day) for day in range(1, 10)),
        *(date(2026, 2, 23), date(2026, 3, 9)),
    ]
)
_DUE_WORKDAYS = 5


@dataclass(frozen=True)
class Work:
    """One product row; `price` is for one unit, VAT included."""

    name: str
    price: Decimal
    quantity: int = 1
    unit: str = "усл. ед."

    @property
    def amount(self) -> Decimal:
        """The row's sum, VAT included."""
        return self.price * self.quantity


@dataclass(frozen=True)
class ActPlan:
    """An act of stage `stage_no`; no `signed_on` means unsigned, not `is_sent` means its mail has not gone yet."""

    stage_no: int
    on: date
    signed_on: date | None = None
    is_sent: bool = True
    refusal: str = ""
    form: int = structure.FORM_SCAN


@dataclass(frozen=True)
class InvoicePlan:
    """An invoice for whole stages; `paid` is "" (nothing), "full" or a sum in roubles."""

    stages: tuple[int, ...]
    on: date
    paid: str = ""
    source: int = structure.SOURCE_BANK
    paid_on: date | None = None


@dataclass(frozen=True)
class DealPlan:
    """A deal with all its papers; `parts` is the text of the field «План этапов», empty for one stage."""

    id: int
    title: str
    category: int
    stage: str
    client: int
    manager: int
    begun: date
    works: tuple[Work, ...]
    parts: str = ""
    acts: tuple[ActPlan, ...] = ()
    invoices: tuple[InvoicePlan, ...] = ()
    moved_on: date | None = None

    @property
    def amount(self) -> Decimal:
        """The sum of the product rows."""
        return sum((work.amount for work in self.works), Decimal("0.00"))


def day(text: str) -> date:
    """The day written as YYYY-MM-DD; ValueError otherwise."""
    return date.fromisoformat(text)


def work(name: str, price: str, quantity: int = 1, unit: str = "усл. ед.") -> Work:
    """A product row with its price written as in a price list: `48000.00`."""
    return Work(name, Decimal(price), quantity, unit)


def signed(stage_no: int, on: str, signed_on: str, form: int = structure.FORM_SCAN) -> ActPlan:
    """An act that came back signed."""
    return ActPlan(stage_no, day(on), day(signed_on), form=form)


def unsigned(stage_no: int, on: str, *, is_sent: bool = True, refusal: str = "") -> ActPlan:
    """An act that has not come back."""
    return ActPlan(stage_no, day(on), is_sent=is_sent, refusal=refusal)


def invoice(
    stages: tuple[int, ...], on: str, paid: str = "", paid_on: str = "", source: int = structure.SOURCE_BANK
) -> InvoicePlan:
    """An invoice and what came for it."""
    return InvoicePlan(stages, day(on), paid, source, day(paid_on) if paid_on else None)


def split_parts(amount: Decimal, parts: str) -> tuple[Decimal, ...]:
    """The sums of all stages, adding up to `amount`; one stage where `parts` is empty.

    `parts` is «30 %, 70 %» or sums; sums must add up by themselves, which the tests hold the tables to.
    """
    if not parts:
        return (amount,)
    shares = [part.strip() for part in parts.split(",")]
    if not shares[0].endswith("%"):
        return tuple(Decimal(share) for share in shares)
    head = [_round(amount * Decimal(share.removesuffix("%").strip()) / 100) for share in shares[:-1]]
    return (*head, amount - sum(head, Decimal(0)))


def vat_rate(on: date) -> int:
    """Per cent: 22 from 1 January 2026 (federal law 425-ФЗ), 20 before."""
    return 22 if on >= date(2026, 1, 1) else 20


def vat_inside(amount: Decimal, on: date) -> Decimal:
    """The VAT contained in `amount`, rounded half up to a kopeck."""
    rate = vat_rate(on)
    return _round(amount * rate / (100 + rate))


def sent_at(on: date) -> datetime:
    """Documents leave in the afternoon of the day they are dated."""
    return datetime(on.year, on.month, on.day, 15, 20, tzinfo=MOSCOW)


def due_at(sent: datetime) -> datetime:
    """Five working days after sending, at the same hour."""
    due = sent
    left = _DUE_WORKDAYS
    while left:
        due += timedelta(days=1)
        if due.weekday() < 5 and due.date() not in _DAYS_OFF:
            left -= 1
    return due


def portal_money(amount: Decimal) -> str:
    """A money custom field as the portal keeps it."""
    return f"{amount}|RUB"


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(KOPECK, rounding=ROUND_HALF_UP)
