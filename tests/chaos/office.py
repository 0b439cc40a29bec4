"""The deeds of a script, done on the twin by a person's hand.

Decides what a verb means and which item it takes: of a deal, the newest act or invoice that is not cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from engine.emulator.errors import RestError
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.store import Record
from tests.chaos.script import STORYLINES, Deed

DEAL, COMPANY, INVOICE, ACT, CONTRACT = 2, 4, 31, 1044, 1046
TYPES: Final = (DEAL, COMPANY, INVOICE, ACT, CONTRACT)
# Fields are written by the names of REST and stored by those of the portal.
PAID, INVOICE_CANCELLED = "ufCrm_SMART_INVOICE_1747310001", "ufCrm_SMART_INVOICE_1747310005"
SCAN, ACT_CANCELLED = "ufCrm12Scan", "ufCrm12Cancelled"
DOCUMENT: Final = "UF_CRM_12_DOCUMENT"
CANCELLED: Final = {ACT: "UF_CRM_12_CANCELLED", INVOICE: "UF_CRM_SMART_INVOICE_1747310005"}
MANAGER: Final = 6


class CannotGoOn(Exception):  # noqa: N818 - it names where the script stands
    """The script speaks of what the engine should have made and has not."""


def rows(portal: Portal, entity_type: int) -> list[Record]:
    """Return the items of a type as the portal stores them, by id."""
    return sorted(portal.store.rows(f"item_{entity_type}"), key=lambda row: int(str(row["id"])))


def children(portal: Portal, entity_type: int, deal: int) -> list[Record]:
    """Return the items of a type under a deal, by id."""
    return [row for row in rows(portal, entity_type) if str(row.get("parentId2") or "") == str(deal)]


class Office:
    """Does deeds; the handles to twin and person are kept, nothing else."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.person = portal, Person(portal, MANAGER)
        self._verbs: Mapping[str, Callable[[Deed], object]] = {
            "move": lambda deed: self.person.move(DEAL, deed.where, deed.value),
            "pay": self._pay,
            "scan": self._scan,
            "paper": lambda deed: self._set(ACT, deed, "ufCrm12Originalreceivedat", "2026-03-16"),
            "refuse": lambda deed: self._set(ACT, deed, "ufCrm12Refusal", f"Не согласны, сделка {deed.where}"),
            "cancel_act": lambda deed: self._set(ACT, deed, ACT_CANCELLED, "Y"),
            "cancel_invoice": lambda deed: self._set(INVOICE, deed, INVOICE_CANCELLED, "Y"),
            "note": lambda deed: self.person.update(DEAL, deed.where, {"comments": f"Заметка {deed}"}),
            "retitle": lambda deed: self.person.update(DEAL, deed.where, {"title": f"Сделка {deed.where} иначе"}),
            "retitle_act": lambda deed: self._set(ACT, deed, "title", f"Акт сделки {deed.where}"),
            "quiet_title": lambda deed: self._retitle(self._quiet()[deed.where % len(self._quiet())], deed),
            "bulk_titles": self._bulk,
            "new_deal": lambda deed: self.person.add(
                DEAL, {"title": _new_title(deed), "categoryId": 0, "companyId": 11, "opportunity": 1000}
            ),
            "drop_deal": self._drop,
            "company": self._company,
            "carry_invoice": self._carry,
            "contract": self._contract,
        }  # fmt: skip

    def do(self, deed: Deed) -> None:
        """The deed is done. Raises CannotGoOn where its item is not there."""
        try:
            self._verbs[deed.verb](deed)
        except RestError as error:
            raise CannotGoOn(f"{deed}: {error}") from error

    def live(self, entity_type: int, deal: int) -> Record:
        """Return the newest item under the deal that is not cancelled. Raises CannotGoOn."""
        known = children(self.portal, entity_type, deal)
        found = [row for row in known if row.get(CANCELLED[entity_type]) != "Y"]
        if not found:
            raise CannotGoOn(f"deal {deal} has no live item of type {entity_type}")
        return found[-1]

    def _set(self, entity_type: int, deed: Deed, field: str, value: object) -> None:
        self.person.update(entity_type, int(str(self.live(entity_type, deed.where)["id"])), {field: value})

    def _pay(self, deed: Deed) -> None:
        invoice = self.live(INVOICE, deed.where)
        paid = (Decimal(str(invoice["opportunity"])) * Decimal(deed.value)).quantize(Decimal("0.01"))
        self._set(INVOICE, deed, PAID, f"{paid}|RUB")

    def _scan(self, deed: Deed) -> None:
        act = self.live(ACT, deed.where)
        name, content = f"Акт {deed.where} {deed.value}.pdf", f"%PDF-1.4 {deed}".encode()
        if deed.value == "text":
            name, content = "Скан.txt", b"see attachment"
        elif deed.value == "unsigned":
            content = self._document(act)
        self.person.attach(ACT, int(str(act["id"])), SCAN, name, content)

    def _document(self, act: Record) -> bytes:
        return content_of(self.portal, act.get(DOCUMENT))

    def _quiet(self) -> list[Record]:
        """Deals of the seed that no storyline speaks of, which nothing waits for."""
        return [
            row
            for row in rows(self.portal, DEAL)
            if int(str(row["id"])) <= 130 and row["id"] not in STORYLINES
        ]

    def _retitle(self, row: Record, deed: Deed) -> None:
        self.person.update(DEAL, int(str(row["id"])), {"title": f"Тихая сделка {row['id']}, {deed}"})

    def _bulk(self, deed: Deed) -> None:
        with self.portal.change():
            for row in self._quiet()[:8]:
                self._retitle(row, deed)

    def _drop(self, deed: Deed) -> None:
        made = [row for row in rows(self.portal, DEAL) if str(row["title"]).startswith("Новая сделка")]
        before = [row for row in made if row["title"] != _new_title(deed)]
        if before:
            self.person.delete(DEAL, int(str(before[0]["id"])))

    def _company(self, deed: Deed) -> None:
        row = rows(self.portal, COMPANY)[-1 - deed.where % 4]
        self.person.update(COMPANY, int(str(row["id"])), {"title": f"Поставщик {row['id']}, {deed}"})

    def _carry(self, deed: Deed) -> None:
        """An invoice of a closed deal was entered under the wrong one: it moves to another."""
        first, second = (
            int(str(self._quiet()[(deed.where + at) % len(self._quiet())]["id"])) for at in (0, 1)
        )
        for invoice in children(self.portal, INVOICE, first)[:1]:
            self.person.update(INVOICE, int(str(invoice["id"])), {"parentId2": second})

    def _contract(self, deed: Deed) -> None:
        found = rows(self.portal, CONTRACT)
        row = found[deed.where % len(found)]
        self.person.update(CONTRACT, int(str(row["id"])), {"title": f"Договор {row['id']}, {deed}"})


def _new_title(deed: Deed) -> str:
    return f"Новая сделка фазы {deed.value}"


def content_of(portal: Portal, held: object) -> bytes:
    """Return the bytes of a file field as it is stored. Raises CannotGoOn where it is empty."""
    file = portal.store.get("file", int(str(held["id"]))) if isinstance(held, Mapping) else None
    if file is None:
        raise CannotGoOn("a document is missing")
    return portal.store.read_content(str(file["sha256"]))
