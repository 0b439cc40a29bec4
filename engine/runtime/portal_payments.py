"""Payments that the portal itself took: seen on invoices that changed, each told once as `portal.payment`.

Decides which payments are news. No event names a payment; its invoice's change does, so changed invoices are asked
for theirs. Payments made before the first look are left alone: somebody has counted them already. What a payment does
to its invoice is the rules' affair, as with a line of the bank.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from engine.action import Command
from engine.bank.fates import Share
from engine.decision.event import Event
from engine.effects import Said
from engine.language.formats import money_text
from engine.language.values import Item, Money, Row
from engine.portal.gateway import BACKGROUND, Gateway
from engine.portal.map import PortalMap
from engine.runtime.bank_books import INVOICE
from engine.runtime.bank_table import SETTLED, BankTable
from engine.runtime.duties import Duty
from engine.runtime.inbox import put_event
from engine.runtime.listing import PAGE, page_command, read_time, rows_of, time_command
from engine.runtime.memory import recall, remember
from engine.runtime.store import Store
from engine.settings import Settings

PAYMENT = "portal.payment"
_EVERY = 60.0
_SINCE, _BEGUN = "portal payments since", "portal payments begun"
# The portal's clock and its index of changes need not agree to the second.
_OVERLAP = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Paid:
    """A payment that stands as paid: its key holds the moment, so that one paid again is another."""

    key: str
    number: str
    amount: Money
    at: datetime


class PortalPayments:
    """Looks through `gateway` and tells the rules through the inbox of `store`."""

    def __init__(
        self, store: Store, gateway: Gateway, portal: PortalMap, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._gateway, self._map = store, gateway.metered(BACKGROUND), portal
        self._clock, self._table = clock, BankTable(store)

    def look(self) -> int:
        """Ask the invoices changed since the last look for their payments; return how many events were put.

        Raises PortalError; the next look then begins where this one did.
        """
        now = read_time(self._gateway.send([time_command()])[0].result)
        if now is None:
            return 0
        begun = read_time(recall(self._store, _BEGUN))
        if begun is None:
            remember(self._store, _BEGUN, now.isoformat())
            remember(self._store, _SINCE, now.isoformat())
            return 0
        since = read_time(recall(self._store, _SINCE)) or begun
        told = 0
        for page in self._changed(since - _OVERLAP):
            for invoice, paid in self._payments(page):
                told += self._tell(invoice, [one for one in paid if one.at >= begun])
        remember(self._store, _SINCE, now.isoformat())
        return told

    def _changed(self, since: datetime) -> list[list[Mapping[str, object]]]:
        pages: list[list[Mapping[str, object]]] = []
        last = 0
        while True:
            condition = {">=updatedTime": since.isoformat(), ">id": last}
            rows = rows_of(self._gateway.send([page_command(self._map, INVOICE, condition)])[0].result)
            pages += [rows] if rows else []
            if len(rows) < PAGE:
                return pages
            last = int(str(rows[-1]["id"]))

    def _payments(
        self, page: Sequence[Mapping[str, object]]
    ) -> list[tuple[Mapping[str, object], list[_Paid]]]:
        type_id = self._map.world.entities[INVOICE].type_id
        commands = [
            Command(
                f"paid_{at}",
                "crm.item.payment.list",
                {"entityId": int(str(row["id"])), "entityTypeId": type_id},
                assume=[],
            )
            for at, row in enumerate(page)
        ]
        found: list[tuple[Mapping[str, object], list[_Paid]]] = []
        for row, answer in zip(page, self._gateway.send(commands), strict=True):
            payments = answer.result if isinstance(answer.result, list) else []
            found.append((row, [one for raw in payments if (one := _read(raw)) is not None]))
        return found

    def _tell(self, invoice: Mapping[str, object], paid: Sequence[_Paid]) -> int:
        """Tell what is paid and was not told, and what was told and is paid no more; return how many events."""
        id_ = str(invoice["id"])
        standing = self._standing(id_)
        told = 0
        for one in paid:
            if one.key not in standing:
                told += self._put(invoice, one.key, one, is_refund=False)
        for key, amount in standing.items():
            if key not in {one.key for one in paid}:
                gone = _Paid(key, key.split("/")[1], amount, self._clock())
                told += self._put(invoice, f"{key}/undone", gone, is_refund=True)
        return told

    def _standing(self, invoice: str) -> dict[str, Money]:
        """Return the payments told so far and not taken back, by key."""
        rows = self._store.rows(
            "SELECT bank_line.key FROM bank_line JOIN bank_share ON bank_share.line = bank_line.n"
            " WHERE bank_share.invoice = ? AND bank_line.source = 'portal'",
            (invoice,),
        )
        lines = self._table.known([str(row[0]) for row in rows])
        amounts = {
            key: one.payment.get("amount") for key, one in lines.items() if not key.endswith("/undone")
        }
        return {
            key: amount
            for key, amount in amounts.items()
            if isinstance(amount, Money) and f"{key}/undone" not in lines
        }

    def _put(self, invoice: Mapping[str, object], key: str, paid: _Paid, *, is_refund: bool) -> int:
        now, id_ = self._clock(), str(invoice["id"])
        fields = self._map.decode(INVOICE, invoice)
        number, deal = fields.get("number"), fields.get("deal")
        share = Share(
            id_,
            deal.id if isinstance(deal, Item) else "",
            paid.amount.amount,
            is_refund=is_refund,
            number=number if isinstance(number, str) else id_,
        )
        share_key = f"{key} {INVOICE}/{id_}"
        said = (
            Said(
                f"оплата {paid.number} на портале снята",
                f"the portal's payment {paid.number} is paid no more",
            )
            if is_refund
            else Said(f"оплата {paid.number} на портале", f"the portal's payment {paid.number}")
        )
        row = _row(share_key, paid, is_refund=is_refund)
        fate = "refund" if is_refund else "matched"
        with self._store.transaction() as connection:
            line = self._table.put_line(
                connection, key, "portal", "", row, paid.amount.amount, fate, said, (), SETTLED, now
            )
            if line is None:
                return 0
            self._table.put_share(connection, line, share_key, share, now)
            event = Event(PAYMENT, f"{PAYMENT} {share_key}", now, Item(INVOICE, id_))
            put_event(self._store, connection, event, {"payment": row}, now, origin="portal")
        return 1


def _row(key: str, paid: _Paid, *, is_refund: bool) -> Row:
    return Row(
        (
            ("key", key),
            ("source", "portal"),
            ("number", paid.number),
            ("date", paid.at.date()),
            ("day", f"{paid.at:%d.%m.%Y}"),
            ("amount", paid.amount),
            ("amount_text", money_text(paid.amount)),
            ("payer", ""),
            ("over", None),
            ("is_refund", is_refund),
        )
    )


def _read(raw: object) -> _Paid | None:
    """Return a payment of the portal that is paid and has a sum, else None."""
    if not isinstance(raw, Mapping) or raw.get("paid") != "Y":
        return None
    at = read_time(raw.get("datePaid"))
    try:
        amount = Decimal(str(raw.get("sum") or 0)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    if at is None or not amount.is_finite() or amount <= 0:
        return None
    money = Money(amount, str(raw.get("currency") or "RUB"))
    return _Paid(f"portal/{raw.get('id')}/{at.isoformat()}", str(raw.get("accountNumber") or ""), money, at)


def portal_payment_duties(
    settings: Settings,
    store: Store,
    gateway: Gateway,
    portal: PortalMap,
    clock: Callable[[], datetime],
    found: Callable[[], None],
) -> list[Duty]:
    """Return the work of looking, none where `bank.portal_payments` is off."""
    if not settings.bank.counts_portal_payments:
        return []
    payments = PortalPayments(store, gateway, portal, clock)

    def look() -> None:
        if payments.look():
            found()

    return [Duty("portal payments", _EVERY, look)]
