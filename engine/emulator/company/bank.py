"""The bank's file: two days of our account in the exchange format 1CClientBankExchange 1.03.

Fourteen documents, one of each fate a bank robot must tell apart. Sums that close an invoice are taken from the
invoices themselves; the rest is written here. The text is cp1251 with CRLF, as banks write it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.emulator.company import story
from engine.emulator.company.bank_lines import ORDER, TRANSFER, BankLine, Party, firm_party
from engine.emulator.company.clients import FIRMS, OBRAZEC, OWN, PRIMER
from engine.emulator.company.deals import DEALS
from engine.emulator.company.invoices import Invoice, number_invoices
from engine.emulator.company.plans import day, vat_inside, vat_rate

FIRST_DAY = day("2026-03-12")
LAST_DAY = day("2026-03-13")
OPENING_BALANCE = Decimal("1284630.47")

_US = firm_party(FIRMS[story.OWN_COMPANY])
_OUR_SECOND = Party(OWN.short_name, OWN.inn, OWN.kpp, "40702810100000012399", OBRAZEC)
_OUR_BANK = Party("АО «Пример-Банк»", "7799001143", "779901001", "30232810200000000044", PRIMER)
_STRANGER = Party("ООО «Уральский сад»", "6699005128", "669901001", "40702810100000005128", OBRAZEC)
_PERSON = Party("Гусев Пётр Алексеевич", "", "", "40817810400000077301", OBRAZEC)
_FEES = Party("АО «Пример-Банк»", "7799001143", "779901001", "70601810500001210203", PRIMER)


def statement() -> bytes:
    """The whole file; `statement_lines` gives what its documents mean."""
    lines = statement_lines()
    received = sum((line.amount for line in lines if line.is_incoming), Decimal(0))
    spent = sum((line.amount for line in lines if not line.is_incoming), Decimal(0))
    account = f"РасчСчет={OWN.account}"
    period = (f"ДатаНачала={_date(FIRST_DAY)}", f"ДатаКонца={_date(LAST_DAY)}")
    text = [
        "1CClientBankExchange",
        *("ВерсияФормата=1.03", "Кодировка=Windows", "Отправитель=Пример-Банк Онлайн", "Получатель="),
        *("ДатаСоздания=16.03.2026", "ВремяСоздания=08:15:00", *period, account),
        *("СекцияРасчСчет", *period, account, f"НачальныйОстаток={OPENING_BALANCE}"),
        *(f"ВсегоПоступило={received}", f"ВсегоСписано={spent}"),
        *(f"КонечныйОстаток={OPENING_BALANCE + received - spent}", "КонецРасчСчет"),
    ]
    for line in lines:
        text += line.render()
    return "\r\n".join([*text, "КонецФайла", ""]).encode("cp1251")


def statement_lines() -> tuple[BankLine, ...]:
    """The fourteen documents in the order of the file."""
    invoices = {invoice.deal.id: invoice for invoice in number_invoices(DEALS)}
    return (*_paid_by_clients(invoices), *_puzzling_receipts(), *_spent())


def _paid_by_clients(invoices: dict[int, Invoice]) -> tuple[BankLine, ...]:
    full = invoices[story.DEAL_UNSIGNED_UNPAID]
    part = invoices[113]
    by_contract = invoices[110]
    rest = invoices[111]
    rest_due = rest.amount - rest.paid
    return (
        _receipt(
            *("311", LAST_DAY, full.amount, firm_party(FIRMS[full.deal.client])),
            f"Оплата по счету № {full.number} от {_date(full.plan.on)} за доработку портала. {_vat(full.amount)}",
        ),
        _receipt(
            *("58", FIRST_DAY, Decimal("65000.00"), firm_party(FIRMS[part.deal.client])),
            f"Частичная оплата по сч. {part.number} от {_date(part.plan.on)}. {_vat(Decimal('65000.00'))}",
        ),
        # Names the contract and no invoice; the sum is that of the client's only open one.
        _receipt(
            *("1027", FIRST_DAY, by_contract.amount, firm_party(FIRMS[by_contract.deal.client])),
            f"Оплата по договору К-2025/014 от 12.03.2025 за услуги. {_vat(by_contract.amount)}",
        ),
        _receipt(
            *("204", LAST_DAY, rest_due, firm_party(FIRMS[rest.deal.client])),
            f"Доплата по счёту {rest.number} за сервисный портал, 2-й этап. {_vat(rest_due)}",
        ),
    )


def _puzzling_receipts() -> tuple[BankLine, ...]:
    two_invoices = firm_party(FIRMS[story.CLIENT_AWKWARD])
    hosting = firm_party(FIRMS[story.SUPPLIER_HOSTING])
    return (
        _receipt(
            *("770112", FIRST_DAY, Decimal("41265.30"), _OUR_BANK),
            "Зачисление средств по операциям эквайринга за 11.03.2026. Мерчант 9290144. Комиссия 924-70. НДС не облагается",
            kind=ORDER,
        ),
        _receipt(
            *("770398", LAST_DAY, Decimal("5490.00"), _OUR_BANK),
            "Перевод по СБП, QR-код AS10004F2K. Обучение сотрудников. НДС не облагается",
            kind=ORDER,
        ),
        _receipt(
            *("419", LAST_DAY, Decimal("2340.00"), hosting),
            "Возврат излишне перечисленных средств по счету ХП-5512 от 02.02.2026. НДС не облагается",
        ),
        _receipt(
            *("12", FIRST_DAY, Decimal("150000.00"), _OUR_SECOND),
            "Перевод собственных средств между счетами. НДС не облагается",
        ),
        _receipt(
            *("87", LAST_DAY, Decimal("36600.00"), _STRANGER),
            f"Предоплата за консультацию по внедрению CRM. {_vat(Decimal('36600.00'))}",
        ),
        _receipt(
            *("3", LAST_DAY, Decimal("10560.00"), _PERSON),
            "Оплата поддержки за март за ИП Кузьмину. Без НДС",
        ),
        # Two open invoices, neither named and neither of this sum: a guess here would be somebody's debt.
        _receipt(
            *("640", LAST_DAY, Decimal("100000.00"), two_invoices),
            f"Оплата за услуги по договору К-2025/041. {_vat(Decimal('100000.00'))}",
        ),
    )


def _spent() -> tuple[BankLine, ...]:
    overpaid = firm_party(FIRMS[story.CLIENT_NAMESAKE_SIBERIA])
    landlord = firm_party(FIRMS[story.SUPPLIER_LANDLORD])
    return (
        _spending(
            *("144", FIRST_DAY, Decimal("118340.00"), landlord),
            f"Арендная плата за март 2026 по договору А-17/2025. {_vat(Decimal('118340.00'))}",
        ),
        _spending(
            *("770455", LAST_DAY, Decimal("1190.00"), _FEES),
            "Комиссия за ведение счёта за март 2026. НДС не облагается",
            kind=ORDER,
        ),
        _spending(
            *("145", LAST_DAY, Decimal("509.10"), overpaid),
            "Возврат переплаты по счету СЧ-2025/012 от 09.09.2025. В т.ч. НДС 20% - 84-85",
        ),
    )


def _receipt(
    number: str, on: date, amount: Decimal, payer: Party, purpose: str, *, kind: str = TRANSFER
) -> BankLine:
    return BankLine(kind, number, on, amount, payer, _US, purpose, is_incoming=True)


def _spending(
    number: str, on: date, amount: Decimal, payee: Party, purpose: str, *, kind: str = TRANSFER
) -> BankLine:
    return BankLine(kind, number, on, amount, _US, payee, purpose, is_incoming=False)


def _vat(amount: Decimal) -> str:
    # Banks and bookkeepers write kopecks after a dash in the purpose, so that no comma ends the sum early.
    vat = str(vat_inside(amount, LAST_DAY)).replace(".", "-")
    return f"В т.ч. НДС {vat_rate(LAST_DAY)}% - {vat}"


def _date(on: date) -> str:
    return on.strftime("%d.%m.%Y")
