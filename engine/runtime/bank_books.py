"""The books of a statement, read from the portal: companies by ИНН and their invoices with what is paid on them.

Decides what is asked. Sums are read fresh, since a line is judged by what is open at this moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from engine.action import Command
from engine.bank.books import Books, Client, OpenInvoice
from engine.language.values import Item, Money, Value
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.runtime.listing import PAGE, page_command, rows_of

INVOICE, COMPANY = "invoice", "company"
_COMPANY_TYPE = 4


class BooksReader:
    """Reads through `gateway`; nothing is written."""

    def __init__(self, gateway: Gateway, portal: PortalMap) -> None:
        self._gateway, self._map = gateway, portal

    def read(
        self, inns: Iterable[str], pending: Mapping[str, Decimal], confirmed: Mapping[str, Decimal]
    ) -> Books:
        """Return the companies of the ИНН and their invoices. Raises PortalError.

        `pending` is what invoices were given already and the portal may not show yet, `confirmed` what was seen of
        sums that people had marked as paid; both by item id.
        """
        clients = self._clients(sorted(set(inns)))
        invoices = self._invoices([one.id for one in clients], pending)
        return Books(
            tuple(clients),
            tuple(
                replace(one, by_hand=max(one.by_hand - confirmed.get(one.id, Decimal(0)), Decimal(0)))
                for one in invoices
            ),
        )

    def find(self, text: str) -> list[OpenInvoice]:
        """Return the invoices that a person names by number, id or `invoice/ID`. Raises PortalError."""
        number = text.removeprefix(f"{INVOICE}/")
        field = self._map.world.entities[INVOICE].fields["number"].binding.get("field", "")
        conditions: list[dict[str, object]] = [{f"={field}": text}] if field and number == text else []
        if number.isascii() and number.isdigit():
            conditions.append({"id": int(number)})
        commands = [page_command(self._map, INVOICE, one) for one in conditions]
        named = [
            Command(f"find_{at}", one.method, one.params, assume=one.assume)
            for at, one in enumerate(commands)
        ]
        for answer in self._gateway.send(named) if named else ():
            found = [self._invoice(row, {}) for row in rows_of(answer.result)]
            if found:
                return found
        return []

    def _clients(self, inns: Sequence[str]) -> list[Client]:
        fields = self._map.world.entities[COMPANY].fields
        code, kpp = (_requisite(fields[name].binding) if name in fields else "" for name in ("inn", "kpp"))
        if not code or not inns:
            return []
        select = ["ID", "ENTITY_ID", "RQ_COMPANY_NAME", "RQ_NAME", code, *([kpp] if kpp else [])]
        commands = [
            Command(
                f"inn_{at}",
                "crm.requisite.list",
                {
                    "filter": {"ENTITY_TYPE_ID": _COMPANY_TYPE, code: inn},
                    "select": select,
                    "order": {"ID": "ASC"},
                },
                assume=[],
            )
            for at, inn in enumerate(inns)
        ]
        found: dict[str, Client] = {}
        for inn, answer in zip(inns, self._gateway.send(commands), strict=True):
            for row in answer.result if isinstance(answer.result, list) else ():
                # An old-style filter that the portal does not know is passed over in silence.
                if isinstance(row, Mapping) and str(row.get(code) or "").strip() == inn:
                    name = str(row.get("RQ_COMPANY_NAME") or row.get("RQ_NAME") or "").strip()
                    id_ = str(row.get("ENTITY_ID"))
                    found.setdefault(id_, Client(id_, name, inn, str(row.get(kpp) or "").strip()))
        return list(found.values())

    def _invoices(self, clients: Sequence[str], pending: Mapping[str, Decimal]) -> list[OpenInvoice]:
        field = self._map.world.entities[INVOICE].fields["client"].binding.get("field", "companyId")
        found: list[OpenInvoice] = []
        # The next page of each client is asked for together with those of the others.
        after = dict.fromkeys(clients, 0)
        while after:
            commands = [
                _named(page_command(self._map, INVOICE, {f"={field}": int(client), ">id": last}), at)
                for at, (client, last) in enumerate(after.items())
            ]
            answers = self._gateway.send(commands)
            for client, answer in zip(list(after), answers, strict=True):
                rows = rows_of(answer.result)
                found += [self._invoice(row, pending) for row in rows]
                if len(rows) < PAGE:
                    del after[client]
                else:
                    after[client] = int(str(rows[-1]["id"]))
        return found

    def _invoice(self, row: Mapping[str, object], pending: Mapping[str, Decimal]) -> OpenInvoice:
        fields, id_ = self._map.decode(INVOICE, row), str(row["id"])
        amount = fields.get("amount")
        number = fields.get("number")
        return OpenInvoice(
            id_,
            number if isinstance(number, str) else id_,
            _day(fields.get("date")),
            _sum(amount),
            _sum(fields.get("paid")) + pending.get(id_, Decimal(0)),
            amount.currency if isinstance(amount, Money) else "",
            _id(fields.get("client")),
            _id(fields.get("deal")),
            fields.get("cancelled") is True,
            _sum(fields.get("paid")) if fields.get("paid_source") == "manual" else Decimal(0),
        )


def _named(command: Command, at: int) -> Command:
    return Command(f"page_{at}", command.method, command.params, assume=command.assume)


def _requisite(binding: Mapping[str, str]) -> str:
    return next(iter(binding.get("requisite", "").split()), "")


def _sum(value: Value) -> Decimal:
    return value.amount if isinstance(value, Money) else Decimal(0)


def _id(value: Value) -> str:
    return value.id if isinstance(value, Item) else ""


def _day(value: Value) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
