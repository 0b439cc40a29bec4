"""What our books say that a line is matched with: clients by their ИНН, invoices with what is still open on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Client:
    """A company of the portal by its item id."""

    id: str
    name: str
    inn: str
    kpp: str = ""


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice by its item id. `paid` counts what earlier lines gave it, on the portal already or not yet."""

    id: str
    number: str
    on: date | None
    amount: Decimal
    paid: Decimal
    currency: str
    client: str
    deal: str = ""
    is_cancelled: bool = False
    by_hand: Decimal = Decimal(0)
    """What a person marked as paid and no line of the bank has confirmed yet."""

    @property
    def rest(self) -> Decimal:
        """What is still to be paid; never below zero."""
        return max(self.amount - self.paid, Decimal(0))

    @property
    def is_open(self) -> bool:
        """True where something is still to be paid."""
        return not self.is_cancelled and self.rest > 0


@dataclass(frozen=True, slots=True)
class Books:
    """Everything known of the payers of a statement."""

    clients: tuple[Client, ...]
    invoices: tuple[OpenInvoice, ...]
