"""A bank statement in the exchange format 1CClientBankExchange 1.02 and 1.03, read into exact values.

Decides what each key means and which files are torn; a file with any fault is refused whole, so nothing of it is
half taken over. It knows no company and no invoice. Unknown keys are kept: banks add their own.
Format: https://v8.1c.ru/tekhnologii/obmen-dannymi-i-integratsiya/standarty-i-formaty/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from engine.bank.control import remarks_on
from engine.bank.decoding import decode_statement
from engine.bank.documents import AccountPeriod, Party, Payment, Statement
from engine.bank.refusal import StatementRefused

_MONEY = re.compile(r"(-?)([0-9]{1,15})(?:[.,]([0-9]{1,2}))?")
_DATE = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_SPACES = str.maketrans("", "", " \u00a0\u202f")
# The bank allows 210 characters; what is longer is no purpose.
_LONGEST = 1000
_MEND_RU = "выгрузите выписку из банка заново"
_MEND_EN = "export the statement from the bank again"


@dataclass(frozen=True, slots=True)
class _Section:
    """Keys of one section with their values and lines; a repeated key has several."""

    title: str
    line: int
    values: list[tuple[str, str, int]] = field(default_factory=list)

    def get(self, *names: str) -> str:
        """Return the first filled value among the keys."""
        for name in names:
            for key, value, _ in self.values:
                if key == name and value:
                    return value
        return ""

    def line_of(self, name: str) -> int:
        """Return the line of a key, that of the section where it is missing."""
        return next((line for key, _, line in self.values if key == name), self.line)


def parse_statement(content: bytes) -> Statement:
    """Return the statement in a file's bytes. Raises StatementRefused with the line and the mend."""
    decoded = decode_statement(content)
    header, accounts, documents = _sections(decoded.lines)
    periods = tuple(_period(section) for section in accounts)
    payments = tuple(_payment(section) for section in documents)
    named = [value for key, value, _ in header.values if key == "РасчСчет" and value]
    known = tuple(dict.fromkeys([*named, *(one.account for one in periods if one.account)]))
    return Statement(
        header.get("ВерсияФормата"),
        decoded.encoding,
        {key: value for key, value, _ in header.values},
        known,
        _day(header, "ДатаНачала", is_needed=False),
        _day(header, "ДатаКонца", is_needed=False),
        periods,
        payments,
        tuple(remarks_on(header, decoded.encoding, periods, payments)),
    )


def _sections(lines: tuple[str, ...]) -> tuple[_Section, list[_Section], list[_Section]]:
    """Split the file; refuse one that is cut off or out of order."""
    if not any(line.strip() == "КонецФайла" for line in lines):
        # Wherever it was cut, the rest of what is wrong with it is only a sequel.
        last = max((at for at, line in enumerate(lines, start=1) if line.strip()), default=1)
        raise _fault(
            last, "нет строки «КонецФайла»: файл оборван", "«КонецФайла» is missing: the file is torn"
        )
    header, accounts, documents = _Section("", 1), list[_Section](), list[_Section]()
    current, closing, is_ended = header, "", False
    for number, raw in enumerate(lines[1:], start=2):
        line = raw.strip().rstrip("\x1a")
        key, equals, value = (part.strip() for part in line.partition("="))
        if not line:
            continue
        if is_ended:
            raise _fault(number, "после «КонецФайла» есть ещё строки", "there are lines after «КонецФайла»")
        if key in ("СекцияРасчСчет", "СекцияДокумент"):
            if closing:
                raise _fault(
                    number,
                    f"раздел со строки {current.line} не закрыт строкой «{closing}»: файл оборван",
                    f"the section of line {current.line} is not closed by «{closing}»: the file is torn",
                )
            current = _Section(value, number)
            (accounts if key == "СекцияРасчСчет" else documents).append(current)
            closing = "КонецРасчСчет" if key == "СекцияРасчСчет" else "КонецДокумента"
        elif key in ("КонецРасчСчет", "КонецДокумента"):
            if key != closing:
                raise _fault(number, f"лишняя строка «{key}»", f"«{key}» closes no section")
            current, closing = header, ""
        elif key == "КонецФайла":
            is_ended = not closing
            if closing:
                raise _fault(
                    number, f"нет «{closing}»: файл оборван", f"«{closing}» is missing: the file is torn"
                )
        elif equals:
            current.values.append((key, value, number))
        else:
            _continue(current, line, number)
    return header, accounts, documents


def _continue(section: _Section, line: str, number: int) -> None:
    """Some banks break a long purpose into lines; elsewhere a line without `=` is no line of the format."""
    if section.values and section.values[-1][0].startswith("НазначениеПлатежа"):
        key, value, at = section.values[-1]
        section.values[-1] = (key, f"{value} {line}", at)
        return
    raise _fault(number, "строка не вида ключ=значение", "the line is not of the form key=value")


def _period(section: _Section) -> AccountPeriod:
    return AccountPeriod(
        section.get("РасчСчет"),
        _day(section, "ДатаНачала", is_needed=False),
        _day(section, "ДатаКонца", is_needed=False),
        _money(section, "НачальныйОстаток"),
        _money(section, "ВсегоПоступило"),
        _money(section, "ВсегоСписано"),
        _money(section, "КонечныйОстаток"),
        section.line,
    )


def _payment(section: _Section) -> Payment:
    _check_once(section, ("Номер", "Дата", "Сумма", "ПлательщикСчет", "ПолучательСчет", "ПлательщикИНН"))
    on, amount = _day(section, "Дата", is_needed=True), _money(section, "Сумма", is_needed=True)
    assert on is not None
    assert amount is not None
    if amount < 0:
        raise _fault(
            section.line_of("Сумма"),
            "сумма документа отрицательная",
            "the sum of the document is negative",
        )
    payer, payee = _party(section, "Плательщик"), _party(section, "Получатель")
    if not payer.account and not payee.account:
        raise _fault(
            section.line,
            "у документа нет ни счёта плательщика, ни счёта получателя",
            "the document has neither the payer's account nor the payee's",
        )
    parts = [section.get("НазначениеПлатежа")]
    if not parts[0]:
        parts = [section.get(f"НазначениеПлатежа{number}") for number in range(1, 7)]
    return Payment(
        section.title,
        _plain(section.get("Номер")),
        on,
        amount,
        payer,
        payee,
        _plain(" ".join(parts))[:_LONGEST],
        _day(section, "ДатаПоступило", is_needed=False),
        _day(section, "ДатаСписано", is_needed=False),
        section.line,
        {key: value for key, value, _ in section.values},
    )


def _check_once(section: _Section, names: Iterable[str]) -> None:
    for name in names:
        found = {value for key, value, _ in section.values if key == name}
        if len(found) > 1:
            raise _fault(
                section.line_of(name),
                f"ключ «{name}» стоит в документе дважды с разными значениями",
                f"«{name}» stands in the document twice with different values",
            )


def _party(section: _Section, role: str) -> Party:
    # «ИНН 5024093363 ООО …» is how the whole name is written; «Плательщик1» is the name alone.
    name = section.get(f"{role}1") or re.sub(r"^ИНН\s*[0-9]*\s*", "", section.get(role))
    inn, _, behind = section.get(f"{role}ИНН").partition("/")
    inn = inn.translate(_SPACES)
    return Party(
        _plain(name)[:_LONGEST],
        "" if not inn.strip("0") else inn,
        section.get(f"{role}КПП") or behind.strip(),
        section.get(f"{role}Счет", f"{role}РасчСчет").translate(_SPACES),
        section.get(f"{role}БИК"),
    )


def _plain(text: str) -> str:
    """Return one line without control and direction characters: names and purposes are shown to people."""
    spaced = (" " if one.isspace() else one for one in text)
    return " ".join("".join(one for one in spaced if unicodedata.category(one) not in ("Cc", "Cf")).split())


def _money(section: _Section, name: str, *, is_needed: bool = False) -> Decimal | None:
    text = section.get(name).translate(_SPACES)
    if not text and not is_needed:
        return None
    found = _MONEY.fullmatch(text)
    if found is None:
        raise _fault(
            section.line_of(name),
            f"{name}: «{text[:40]}» — не сумма вида 48500.00",
            f"{name}: `{text[:40]}` is no sum such as 48500.00",
        )
    return Decimal(f"{found[1]}{found[2]}.{(found[3] or '0').ljust(2, '0')}")


def _day(section: _Section, name: str, *, is_needed: bool) -> date | None:
    text = section.get(name)
    if not text and not is_needed:
        return None
    found = _DATE.fullmatch(text)
    try:
        if found is not None:
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    raise _fault(
        section.line_of(name),
        f"{name}: «{text[:40]}» — не дата вида 13.03.2026",
        f"{name}: `{text[:40]}` is no date such as 13.03.2026",
    )


def _fault(line: int, ru: str, en: str) -> StatementRefused:
    return StatementRefused(line, f"{ru}; {_MEND_RU}", f"{en}; {_MEND_EN}")
