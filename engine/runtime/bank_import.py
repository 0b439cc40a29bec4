"""A statement taken in: its lines judged, stored once, and told to the rules. What they then do is the rules' affair.

Decides nothing about money itself (engine/bank/matching.py does) and writes nothing to the portal: an event
`bank.payment` stands in the deal's lane for every share of a line, stored with the line in one transaction. Any
process with the state may call it; a running engine finds the events in its inbox, else the next start does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath

from engine.bank.books import Books, OpenInvoice
from engine.bank.documents import Statement
from engine.bank.fates import DOUBTFUL, Fate, Share, money
from engine.bank.lines import IN, OUT, BankLine, lines_of
from engine.bank.matching import ROUBLE, judge
from engine.bank.purpose import is_refund
from engine.bank.statement import parse_statement
from engine.bank_settings import BankSetup
from engine.decision.event import Event
from engine.language.formats import money_text
from engine.language.values import Item, Money, Row
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.runtime.bank_books import INVOICE, BooksReader
from engine.runtime.bank_table import QUEUED, SETTLED, BankTable, StoredLine
from engine.runtime.inbox import put_event
from engine.runtime.store import Connection, Store
from engine.settings import Settings

PAYMENT, ATTENTION = "bank.payment", "bank.attention"
_TRIES = 20
_MOST_TOLD = 5


class OthersWrite(Exception):  # noqa: N818 — it names what befell us
    """Other imports kept changing what lines are judged by; nothing was stored, ask again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the file with its fate; `stored` where it was known before: then the fate is the one of that time.

    `number` is the line's own in the state, None where nothing was stored.
    """

    line: BankLine
    fate: Fate
    stored: StoredLine | None
    number: int | None = None

    @property
    def is_new(self) -> bool:
        """True where this file told the line first."""
        return self.stored is None

    @property
    def is_waiting(self) -> bool:
        """True where a person has yet to decide."""
        return self.fate.fate == DOUBTFUL if self.stored is None else self.stored.state == QUEUED


@dataclass(frozen=True, slots=True)
class Imported:
    """A whole file with the fate of every line, in its order."""

    statement: Statement
    outcomes: tuple[Outcome, ...]


class BankImport:
    """Judges by the portal's books and keeps lines in `store`; `clock` gives the present in the company's zone.

    Without a `store` nothing is known and nothing can be stored: `look` still tells the fates.
    """

    def __init__(
        self,
        store: Store | None,
        gateway: Gateway,
        portal: PortalMap,
        setup: BankSetup,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._setup, self._clock = store, setup, clock
        self._table = BankTable(store) if store is not None else None
        self._reader = BooksReader(gateway, portal)

    def find_invoices(self, name: str) -> list[OpenInvoice]:
        """Return the invoices that a person names by number, id or `invoice/ID`. Raises PortalError."""
        return self._reader.find(name)

    def look(self, content: bytes) -> Imported:
        """Return what would become of each line; nothing is stored. Raises StatementRefused, PortalError."""
        statement = parse_statement(content)
        lines = lines_of(statement, self._setup.accounts)
        known = self._table.known([one.key for one in lines]) if self._table is not None else {}
        pending = self._table.pending() if self._table is not None else {}
        fresh = [one for one in lines if one.key not in known]
        confirmed = self._table.confirmed() if self._table is not None else {}
        books = self._reader.read(_inns(fresh), pending, confirmed) if fresh else Books((), ())
        fates = {one.key: one for one in judge(fresh, books)}
        outcomes = tuple(_outcome(one, known.get(one.key), fates) for one in lines)
        return Imported(statement, outcomes)

    def take(self, content: bytes, name: str) -> Imported:
        """Store the lines that are new and the events that tell them; return every line's fate.

        All of it in one transaction. Raises StatementRefused (then nothing of the file is stored), PortalError,
        OthersWrite.
        """
        assert self._store is not None
        assert self._table is not None
        for _ in range(_TRIES):
            before = self._table.last()
            found = self.look(content)
            if not any(one.is_new for one in found.outcomes):
                return found
            with self._store.transaction() as connection:
                self._store.lock("bank")
                # Judged by what another import has changed meanwhile, one invoice could be given away twice.
                if self._table.last() == before:
                    return self._keep(connection, found, PurePath(name).name)
        raise OthersWrite

    def _keep(self, connection: Connection, found: Imported, file: str) -> Imported:
        assert self._table is not None
        now = self._clock()
        kept: list[Outcome] = []
        for one in found.outcomes:
            if not one.is_new:
                kept.append(one)
                continue
            line, fate = one.line, one.fate
            is_queued = fate.fate == DOUBTFUL
            number = self._table.put_line(
                connection,
                line.key,
                "bank",
                file,
                payment_row(line, fate, file),
                line.payment.amount,
                fate.fate,
                fate.said,
                fate.candidates,
                QUEUED if is_queued else SETTLED,
                now,
            )
            assert number is not None
            for share in fate.shares:
                row = payment_row(line, fate, file)
                self.tell(connection, number, share, row, now)
            kept.append(Outcome(line, fate, None, number))
        self._ask_a_person(connection, kept, file, now)
        return Imported(found.statement, tuple(kept))

    def tell(self, connection: Connection, number: int, share: Share, row: Row, now: datetime) -> None:
        """Store a share of a line and the event that tells it, in the transaction under way."""
        assert self._store is not None
        assert self._table is not None
        key = f"{row.get('key')} {INVOICE}/{share.invoice}"
        self._table.put_share(connection, number, key, share, now)
        amount = Money(share.amount, ROUBLE)
        told = with_parts(
            row, key=key, amount=amount, amount_text=money_text(amount), is_refund=share.is_refund
        )
        event = Event(PAYMENT, f"{PAYMENT} {key}", now, Item(INVOICE, share.invoice))
        put_event(self._store, connection, event, {"payment": told}, now, origin="bank")

    def _ask_a_person(
        self, connection: Connection, kept: Sequence[Outcome], file: str, now: datetime
    ) -> None:
        """One notice an import: which lines a person must look at."""
        doubtful = [one for one in kept if one.is_new and one.fate.fate == DOUBTFUL]
        if not doubtful or not self._setup.attention:
            return
        assert self._store is not None
        total = sum((one.line.payment.amount for one in doubtful), Decimal(0))
        shown = [
            f"{one.line.payment.on:%d.%m.%Y} № {one.line.payment.number}, {money(one.line.payment.amount)}"
            f" от {_flat(one.line.payment.payer.name)}: {_flat(one.fate.said.ru)}."
            for one in doubtful[:_MOST_TOLD]
        ]
        if len(doubtful) > _MOST_TOLD:
            shown.append(f"И ещё строк: {len(doubtful) - _MOST_TOLD}.")
        statement = Row(
            (
                ("key", doubtful[0].line.key),
                ("file", file),
                ("count", Decimal(len(doubtful))),
                ("total", Money(total, ROUBLE)),
                ("count_text", str(len(doubtful))),
                ("total_text", money_text(Money(total, ROUBLE))),
                ("lines", " ".join(shown)),
            )
        )
        user = Item("user", self._setup.attention)
        event = Event(ATTENTION, f"{ATTENTION} {doubtful[0].line.key}", now, user)
        put_event(self._store, connection, event, {"statement": statement}, now, origin="bank")


def setup_of(settings: Settings) -> BankSetup:
    """Return the bank's section; who is told of trouble in general sees to doubtful lines where nobody else does."""
    bank = settings.bank
    return bank if bank.attention else replace(bank, attention=settings.attention)


def payment_row(line: BankLine, fate: Fate, file: str) -> Row:
    """Return a line as rules see it under `payment`."""
    payment = line.payment
    return Row(
        (
            ("key", line.key),
            ("source", "bank"),
            ("number", payment.number),
            ("date", payment.on),
            ("amount", Money(payment.amount, ROUBLE)),
            ("total", Money(payment.amount, ROUBLE)),
            ("payer", payment.payer.name),
            ("inn", payment.payer.inn),
            ("payee", payment.payee.name),
            ("account", line.account),
            ("purpose", payment.purpose),
            ("fate", fate.fate),
            ("over", Money(fate.over, ROUBLE) if fate.over else None),
            ("is_refund", False),
            ("amount_text", money_text(Money(payment.amount, ROUBLE))),
            ("over_text", money_text(Money(fate.over, ROUBLE)) if fate.over else ""),
            ("day", f"{payment.on:%d.%m.%Y}"),
            ("reason", fate.said.ru),
            ("file", file),
        )
    )


def _flat(text: str) -> str:
    """Return text in which the portal finds no tag of its own: names come from outside."""
    return text.replace("[", "(").replace("]", ")")


def with_parts(row: Row, **parts: str | Money | bool | None) -> Row:
    """Return a payment with some of its parts replaced."""
    return Row(tuple((name, parts.get(name, value)) for name, value in row.values))


def _outcome(line: BankLine, stored: StoredLine | None, fates: dict[str, Fate]) -> Outcome:
    if stored is None:
        return Outcome(line, fates[line.key], None)
    fate = Fate(line.key, stored.fate, stored.said, stored.shares, stored.candidates)
    return Outcome(line, fate, stored, stored.n)


def _inns(lines: Sequence[BankLine]) -> set[str]:
    """Return whose books are needed: payers of what came in, and whom money went back to."""
    found = {one.payment.payer.inn for one in lines if one.way == IN}
    found |= {one.payment.payee.inn for one in lines if one.way == OUT and is_refund(one.payment.purpose)}
    return found - {""}
