"""One document of a bank statement and how it is written in 1CClientBankExchange 1.03.

Knows the keys of the format and nothing of our deals. A receipt has the day of crediting («ДатаПоступило»), a
spending the day of debiting («ДатаСписано»); the other of the two is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.emulator.company.clients import Bank, Firm

TRANSFER = "Платежное поручение"
ORDER = "Банковский ордер"
_KIND_CODES = {TRANSFER: "01", ORDER: "17"}


@dataclass(frozen=True)
class Party:
    """One side of a payment; `inn` and `kpp` may be empty for a private person."""

    name: str
    inn: str
    kpp: str
    account: str
    bank: Bank

    def render(self, role: str) -> list[str]:
        """The keys of this side; `role` is «Плательщик» or «Получатель»."""
        bank_name, _, city = self.bank.name.partition(", ")
        return [
            f"{role}Счет={self.account}",
            f"{role}={f'ИНН {self.inn} ' if self.inn else ''}{_plain(self.name)}",
            f"{role}ИНН={self.inn}",
            f"{role}КПП={self.kpp}",
            f"{role}1={_plain(self.name)}",
            f"{role}РасчСчет={self.account}",
            f"{role}Банк1={_plain(bank_name)}",
            f"{role}Банк2={city}",
            f"{role}БИК={self.bank.bik}",
            f"{role}Корсчет={self.bank.corr_account}",
        ]


@dataclass(frozen=True)
class BankLine:
    """A document of the statement; `amount` is always positive, the direction is `is_incoming`."""

    kind: str
    number: str
    on: date
    amount: Decimal
    payer: Party
    payee: Party
    purpose: str
    is_incoming: bool

    def render(self) -> list[str]:
        """The document's section, line by line, without line ends."""
        on = self.on.strftime("%d.%m.%Y")
        moved = f"ДатаПоступило={on}" if self.is_incoming else f"ДатаСписано={on}"
        return [
            f"СекцияДокумент={self.kind}",
            *(f"Номер={self.number}", f"Дата={on}", f"Сумма={self.amount}", moved),
            *self.payer.render("Плательщик"),
            *self.payee.render("Получатель"),
            *("ВидПлатежа=электронно", f"ВидОплаты={_KIND_CODES[self.kind]}", "Очередность=5"),
            f"НазначениеПлатежа={self.purpose}",
            "КонецДокумента",
        ]


def firm_party(firm: Firm) -> Party:
    """A firm as a side of a payment."""
    return Party(firm.short_name, firm.inn, firm.kpp, firm.account, firm.bank)


def _plain(name: str) -> str:
    # Payment systems know only the straight quote.
    return name.replace("«", '"').replace("»", '"')
