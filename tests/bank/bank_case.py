"""What the tests of the bank share: statements written line by line, and the demo office before a running engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from engine.bank.books import Books, Client, OpenInvoice
from engine.bank.lines import BankLine, lines_of
from engine.bank.statement import parse_statement
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from engine.runtime.bank_import import BankImport
from tests.runtime.service_case import INVOICE, ROOT, TOKEN, Live, copy_regulations, make_folder, open_service

OURS = "40702810900000012345"
OUR_INN, CLIENT_INN = "7707083893", "5024093363"
PAID, SOURCE = "ufCrm_SMART_INVOICE_1747310001", "ufCrm_SMART_INVOICE_1747310002"


@dataclass(frozen=True)
class Doc:
    """A document of a statement; the usual one is a receipt from our client."""

    number: str = "311"
    amount: str = "30000.00"
    purpose: str = "Оплата по счету № СЧ-2026/077 от 06.03.2026. В т.ч. НДС 22% - 5409-84"
    inn: str = CLIENT_INN
    on: str = "13.03.2026"
    kind: str = "Платежное поручение"
    payer: str = 'ООО "Ёлочка и Ко"'
    account: str = "40702810500000067890"
    is_out: bool = False
    extra: tuple[str, ...] = ()
    credited: str = "13.03.2026"
    kpp: str = ""

    def lines(self) -> list[str]:
        """Return the section's lines."""
        them = (self.account, self.inn, self.payer, self.kpp)
        us = (OURS, OUR_INN, 'ООО "Кастом Сервис"', "")
        payer, payee = (us, them) if self.is_out else (them, us)
        moved = f"ДатаСписано={self.credited}" if self.is_out else f"ДатаПоступило={self.credited}"
        return [
            f"СекцияДокумент={self.kind}", f"Номер={self.number}", f"Дата={self.on}", f"Сумма={self.amount}",
            f"ПлательщикСчет={payer[0]}", f"ПлательщикИНН={payer[1]}", f"ПлательщикКПП={payer[3]}",
            f"Плательщик1={payer[2]}", f"ПолучательСчет={payee[0]}", *([moved] if self.credited else []),
            f"ПолучательИНН={payee[1]}", f"ПолучательКПП={payee[3]}", f"Получатель1={payee[2]}",
            f"НазначениеПлатежа={self.purpose}", *self.extra, "КонецДокумента",
        ]  # fmt: skip


def text_of(docs: Sequence[Doc], *, head: Sequence[str] = (), encoding: str = "Windows") -> list[str]:
    """Return the lines of a whole statement of our account."""
    return [
        "1CClientBankExchange", "ВерсияФормата=1.03", f"Кодировка={encoding}", "ДатаНачала=12.03.2026",
        "ДатаКонца=13.03.2026", f"РасчСчет={OURS}", *head, *(line for doc in docs for line in doc.lines()),
        "КонецФайла",
    ]  # fmt: skip


def statement(*docs: Doc, encoding: str = "cp1251", end: str = "\r\n") -> bytes:
    """Return a statement of our account as bytes."""
    return (end.join(text_of(docs)) + end).encode(encoding)


def lines(*docs: Doc) -> tuple[BankLine, ...]:
    """Return the lines that a statement of these documents has."""
    return lines_of(parse_statement(statement(*docs, encoding="utf-8")))


def client(number: int = 1, inn: str = CLIENT_INN, kpp: str = "", name: str = "ООО «Ёлочка»") -> Client:
    """Return a client of the portal."""
    return Client(str(number), name, inn, kpp)


def invoice(
    id_: int = 77, amount: str = "30000.00", paid: str = "0", *, client: int = 1, number: str = "",
    currency: str = "RUB", is_cancelled: bool = False, on: date = date(2026, 3, 6),
) -> OpenInvoice:  # fmt: skip
    """Return an invoice; its number is СЧ-2026/0ID."""
    return OpenInvoice(
        str(id_), number or f"СЧ-2026/{id_:03}", on, Decimal(amount), Decimal(paid), currency, str(client),
        str(id_ + 1000), is_cancelled,
    )  # fmt: skip


def books(*invoices: OpenInvoice, clients: Sequence[Client] = ()) -> Books:
    """Return the books of one client, unless others are named."""
    return Books(tuple(clients) or (client(),), invoices)


@contextmanager
def bank_office(folder: Path, *, bank: str = "", state: str = "") -> Iterator[Live]:
    """The demo company's portal, the shipped regulations, the engine running before it; `bank` is its config section."""
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as box:
        portal.deliveries.delay = 0.0
        config = make_bank_folder(folder, bank, state)
        with open_service(config, server.webhook_url, variables={"SMTP_PORT": str(box.port)}) as service:
            assert service.wait_idle(30)
            set_receiver(portal, service.public_url + "/portal/events", TOKEN)
            yield Live(portal, server, service, Person(portal, 6), folder)


def make_bank_folder(folder: Path, bank: str = "", state: str = "") -> Path:
    """Write the config with the shipped acts and bank regulations; return its path."""
    config = make_folder(folder, (ROOT / "regulations" / "bank.yaml").read_text("utf-8"), state=state)
    copy_regulations(folder)
    (folder / "regulations" / "acts.yaml").write_text(
        (ROOT / "regulations" / "acts.yaml").read_text("utf-8"), "utf-8"
    )
    config.write_text(config.read_text("utf-8") + bank, "utf-8")
    return config


def importer(live: Live) -> BankImport:
    """Return the import beside the running engine."""
    service = live.service
    return BankImport(
        service.store, service._gateway, service.workshop.setup.map, service.settings.bank, service._clock
    )


def invoice_fields(live: Live, number: str) -> dict[str, object]:
    """Return the portal's row of the invoice with a number."""
    rows = live.portal.store.rows(f"item_{INVOICE}")
    found = next(int(str(row["id"])) for row in rows if row["accountNumber"] == number)
    return dict(live.person.get(INVOICE, found))
