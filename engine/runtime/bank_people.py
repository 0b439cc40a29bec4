"""A person's word on a doubtful line: an invoice for it, or none. Kept with who said it and when.

Decides that no more is given away than the line has, and that a line is decided once. What follows is as for any
other line: an event, the rules, the invoice.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from engine.bank.books import OpenInvoice
from engine.bank.fates import Share, money
from engine.bank.matching import ROUBLE
from engine.language.formats import money_text
from engine.language.values import Money
from engine.runtime.bank_import import BankImport, with_parts
from engine.runtime.bank_table import ASSIGNED, DISMISSED, QUEUED, BankTable, StoredLine
from engine.runtime.store import Store


class Refused(Exception):  # noqa: N818 — it names what became of the wish
    """It cannot be done; `key` names the sentence of `engine bank`, `values` fill it."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def assign_line(
    store: Store,
    importer: BankImport,
    number: int,
    invoice: OpenInvoice,
    amount: Decimal | None,
    by: str,
    now: datetime,
) -> tuple[Decimal, Decimal]:
    """Give `amount` of a line (None: all that is left) to an invoice; return it and what is left. Raises Refused."""
    table = BankTable(store)
    with store.transaction() as connection:
        store.lock("bank")
        line = _open(table, number)
        given = line.rest if amount is None else amount
        if not 0 < given <= line.rest:
            raise Refused("bad_amount", what=money(given), rest=money(line.rest))
        if invoice.id in {one.invoice for one in line.shares}:
            raise Refused("twice", name=invoice.number)
        over = given - invoice.rest
        extra = Money(over, ROUBLE) if over > 0 else None
        row = with_parts(line.payment, over=extra, over_text=money_text(extra) if extra else "")
        importer.tell(
            connection, line.n, Share(invoice.id, invoice.deal, given, number=invoice.number), row, now
        )
        rest = line.rest - given
        table.decide(connection, line.n, QUEUED if rest else ASSIGNED, by, now, f"invoice/{invoice.id}")
    return given, rest


def dismiss_line(store: Store, number: int, reason: str, by: str, now: datetime) -> None:
    """Take a line off the queue. Raises Refused."""
    table = BankTable(store)
    with store.transaction() as connection:
        store.lock("bank")
        line = _open(table, number)
        table.decide(connection, line.n, DISMISSED, by, now, reason[:1000])


def _open(table: BankTable, number: int) -> StoredLine:
    line = table.find(number)
    if line is None:
        raise Refused("no_line", n=str(number))
    if line.state != QUEUED:
        said = " ".join(part for part in (line.state, line.decided_by, line.decided_at, line.note) if part)
        raise Refused("not_queued", n=str(number), what=said)
    return line
