"""What a statement holds, as exact values: documents, the accounts' own sums, and remarks about the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from engine.effects import Said


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a payment. `inn` is empty where the bank gives none (also for «0»)."""

    name: str
    inn: str
    kpp: str
    account: str
    bik: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """One document. `amount` is in the account's currency; `credited` and `debited` are the bank's days."""

    kind: str
    number: str
    on: date
    amount: Decimal
    payer: Party
    payee: Party
    purpose: str
    credited: date | None
    debited: date | None
    line: int
    fields: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class AccountPeriod:
    """One «СекцияРасчСчет»: the bank's own sums of an account; None where the file gives none."""

    account: str
    first: date | None
    last: date | None
    opening: Decimal | None
    received: Decimal | None
    spent: Decimal | None
    closing: Decimal | None
    line: int


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person should know of a file that was read all the same."""

    line: int
    said: Said


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole file. `accounts` are those the header and the sections name."""

    version: str
    encoding: str
    header: Mapping[str, str]
    accounts: tuple[str, ...]
    first: date | None
    last: date | None
    periods: tuple[AccountPeriod, ...]
    payments: tuple[Payment, ...]
    remarks: tuple[Remark, ...] = ()
