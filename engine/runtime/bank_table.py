"""Lines of statements as rows: each kept once, what invoices get of it, and the person's word on the doubtful ones.

Decides what is stored together: a line, its shares and the events that tell them stand in one transaction, so that a
line is either not known at all or on its way to the invoice. It judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.bank.fates import CONFIRMED, Share
from engine.effects import Said
from engine.language.values import Row as Values
from engine.runtime.store import Connection, Row, Store
from engine.runtime.wire import dump, load

SETTLED, QUEUED, ASSIGNED, DISMISSED = "settled", "queued", "assigned", "dismissed"
# What `invoice.add_payment` remembers once the sum is on the portal (plugins/bank.py).
_DONE = "payment done "
_MANY = 400


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it is kept. `given` is what invoices got of it; `is_written` when all of that is on the portal."""

    n: int
    key: str
    source: str
    file: str
    payment: Values
    amount: Decimal
    fate: str
    said: Said
    candidates: tuple[str, ...]
    state: str
    decided_by: str
    decided_at: str
    note: str
    given: Decimal
    shares: tuple[Share, ...]
    is_written: bool

    @property
    def rest(self) -> Decimal:
        """What of the line's sum nobody has got."""
        return self.amount - self.given


class BankTable:
    """The tables `bank_line` and `bank_share` of `store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last(self) -> int:
        """Return the number of the last line or decision: who reads and then writes sees by it whether others wrote."""
        row = self._store.row(
            "SELECT (SELECT count(*) FROM bank_line) AS lines, (SELECT count(*) FROM bank_share) AS shares"
        )
        return int(row["lines"]) + int(row["shares"]) if row is not None else 0

    def known(self, keys: Sequence[str]) -> dict[str, StoredLine]:
        """Return the lines that are stored already, by key."""
        found: dict[str, StoredLine] = {}
        for at in range(0, len(keys), _MANY):
            part = keys[at : at + _MANY]
            marks = ",".join("?" * len(part))
            rows = self._store.rows(f"SELECT * FROM bank_line WHERE key IN ({marks})", part)  # noqa: S608
            found.update({one.key: one for one in self._read(rows)})
        return found

    def pending(self) -> dict[str, Decimal]:
        """Return what invoices were given and the portal does not show yet, by item id."""
        rows = self._store.rows(
            "SELECT invoice, amount FROM bank_share WHERE NOT EXISTS"
            " (SELECT 1 FROM memory WHERE memory.key = ? || bank_share.key)",
            (_DONE,),
        )
        found: dict[str, Decimal] = {}
        for row in rows:
            found[row["invoice"]] = found.get(row["invoice"], Decimal(0)) + Decimal(row["amount"])
        return found

    def confirmed(self) -> dict[str, Decimal]:
        """Return what lines have confirmed of sums that people marked as paid, by the invoice's item id."""
        rows = self._store.rows("SELECT candidates, amount FROM bank_line WHERE fate = ?", (CONFIRMED,))
        found: dict[str, Decimal] = {}
        for row in rows:
            for invoice in json.loads(row["candidates"]):
                found[invoice] = found.get(invoice, Decimal(0)) + Decimal(row["amount"])
        return found

    def put_line(
        self,
        connection: Connection,
        key: str,
        source: str,
        file: str,
        payment: Values,
        amount: Decimal,
        fate: str,
        said: Said,
        candidates: Iterable[str],
        state: str,
        now: datetime,
    ) -> int | None:
        """Insert a line in the transaction under way; return its number, None where it is known already."""
        row = connection.execute(
            "INSERT INTO bank_line (key, source, file, at, payment, amount, fate, why_ru, why_en, candidates, state)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO NOTHING RETURNING n",
            (
                key, source, file, now.isoformat(), dump(payment), f"{amount:.2f}", fate, said.ru, said.en,
                json.dumps(list(candidates)), state,
            ),
        ).fetchone()  # fmt: skip
        return int(row[0]) if row is not None else None

    def put_share(self, connection: Connection, line: int, key: str, share: Share, now: datetime) -> None:
        """Insert what an invoice gets of a line; a refund is below zero. Its key is told once only."""
        connection.execute(
            "INSERT INTO bank_share (key, line, invoice, number, deal, amount, at) VALUES (?,?,?,?,?,?,?)",
            (key, line, share.invoice, share.number, share.deal, f"{share.signed:.2f}", now.isoformat()),
        )

    def decide(
        self, connection: Connection, line: int, state: str, by: str, now: datetime, note: str = ""
    ) -> None:
        """Note a person's word on a line."""
        connection.execute(
            "UPDATE bank_line SET state = ?, decided_by = ?, decided_at = ?, note = ? WHERE n = ?",
            (state, by, now.isoformat(timespec="seconds"), note, line),
        )

    def find(self, number: int) -> StoredLine | None:
        """Return a line by its number."""
        found = self._read(self._store.rows("SELECT * FROM bank_line WHERE n = ?", (number,)))
        return found[0] if found else None

    def queued(self) -> list[StoredLine]:
        """Return the lines that wait for a person, the oldest first."""
        return self._read(self._store.rows("SELECT * FROM bank_line WHERE state = ? ORDER BY n", (QUEUED,)))

    def unwritten(self) -> list[StoredLine]:
        """Return the lines of which an invoice's share is not on the portal yet."""
        rows = self._store.rows(
            "SELECT * FROM bank_line WHERE n IN (SELECT line FROM bank_share WHERE NOT EXISTS"
            " (SELECT 1 FROM memory WHERE memory.key = ? || bank_share.key)) ORDER BY n",
            (_DONE,),
        )
        return self._read(rows)

    def _read(self, rows: Sequence[Row]) -> list[StoredLine]:
        return [self._line(row) for row in rows]

    def _line(self, row: Row) -> StoredLine:
        payment = load(row["payment"])
        assert isinstance(payment, Values)
        shares = self._store.rows(
            "SELECT invoice, number, deal, amount, EXISTS"
            " (SELECT 1 FROM memory WHERE memory.key = ? || bank_share.key) AS is_done"
            " FROM bank_share WHERE line = ? ORDER BY key",
            (_DONE, row["n"]),
        )
        return StoredLine(
            int(row["n"]),
            row["key"],
            row["source"],
            row["file"],
            payment,
            Decimal(row["amount"]),
            row["fate"],
            Said(row["why_ru"], row["why_en"]),
            tuple(json.loads(row["candidates"])),
            row["state"],
            row["decided_by"],
            row["decided_at"],
            row["note"],
            sum((abs(Decimal(one["amount"])) for one in shares), Decimal(0)),
            tuple(_share(one) for one in shares),
            all(bool(one["is_done"]) for one in shares),
        )


def _share(row: Row) -> Share:
    signed = Decimal(row["amount"])
    return Share(row["invoice"], row["deal"], abs(signed), is_refund=signed < 0, number=row["number"])
