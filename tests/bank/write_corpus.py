"""Writes the corpus of statements: `python -m tests.bank.write_corpus`. A test asserts that the files are these.

Good files are what banks really differ in; refused ones are what goes wrong between the bank and us. Names say which.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from engine.emulator.company.bank import statement as demo
from tests.bank.bank_case import OURS, Doc, text_of

FOLDER = Path(__file__).parent / "corpus"
_SECOND = "40702810100000012399"
_PART = Doc("58", "10000.00", "Частичная оплата по сч. СЧ-2026/077")
_PLAIN = (Doc(), _PART)


def good() -> dict[str, bytes]:
    """Return the files that must be read, by name."""
    return {
        "demo": demo(),
        "cp1251-crlf": _bytes(text_of(_PLAIN)),
        "cp866-dos": _bytes(text_of(_PLAIN, encoding="DOS"), "cp866"),
        "utf8": _bytes(text_of(_PLAIN), "utf-8"),
        "utf8-bom": _bytes(text_of(_PLAIN), "utf-8-sig"),
        "lf-only": _bytes(text_of(_PLAIN), end="\n"),
        "old-mac-cr": _bytes(text_of(_PLAIN), end="\r"),
        "version-1.02": _bytes([line.replace("1.03", "1.02") for line in text_of(_PLAIN)]),
        "unknown-version": _bytes([line.replace("1.03", "2.00") for line in text_of(_PLAIN)]),
        "header-says-windows-is-cp866": _bytes(text_of(_PLAIN), "cp866"),
        "comma-decimals": _bytes(text_of((Doc(amount="30000,00"), Doc("2", "12,5")))),
        "whole-roubles": _bytes(text_of((Doc(amount="30000"),))),
        "spaces-in-sum": _bytes(text_of((Doc(amount="1 030 000.10"),))),
        "two-accounts": _bytes(_accounts((OURS, "250000.00", "40000.00", "0.00", "290000.00"),
                                         (_SECOND, "0.00", "0.00", "0.00", "0.00"))),
        "sums-that-differ": _bytes(_accounts((OURS, "250000.00", "50000.00", "0.00", "290000.00"))),
        "day-by-day": _bytes(_accounts((OURS, "0.00", "30000.00", "0.00", "30000.00"),
                                       (OURS, "30000.00", "10000.00", "0.00", "40000.00"))),
        "repeated-account-line": _bytes(text_of(_PLAIN, head=[f"РасчСчет={_SECOND}", "Документ=Платежное поручение",
                                                              "Документ=Банковский ордер"])),
        "every-kind": _bytes(text_of([Doc(str(at), f"{at + 1}.00", kind=kind) for at, kind in enumerate(_KINDS)])),
        "purpose-in-six": _bytes(text_of((Doc(purpose="", extra=tuple(
            f"НазначениеПлатежа{at}={part}"
            for at, part in enumerate(("Оплата по счету", "№ СЧ-2026/077", "от 06.03.2026", "за", "услуги", "связи"), 1)
        )),))),
        "purpose-broken-in-lines": _bytes(_broken_purpose()),
        "inn-empty-zero-and-with-kpp": _bytes(text_of((
            Doc("1", inn=""), Doc("2", inn="0"), Doc("3", inn="5024093363/502401001"),
        ))),
        "unknown-keys": _bytes(text_of((Doc(extra=("КодНазПлатежа=1", "Комментарий=a=b=c")),), head=["Банк=Свой"])),
        "no-documents": _bytes(text_of(())),
        "two-equal-lines": _bytes(text_of((Doc(), Doc()))),
        "outgoing": _bytes(text_of((Doc("144", is_out=True, purpose="Возврат переплаты по счету СЧ-2026/077"),))),
        "not-executed-orders": _bytes(text_of((Doc(credited=""),))),
        "blank-lines-and-dos-end": _bytes([*_spaced(text_of(_PLAIN))]) + b"\x1a",
        "quotes-and-equals": _bytes(text_of((Doc(purpose="Оплата «А=Б»; сч. 77"),))),
        "yo-and-numero": _bytes(text_of((Doc(purpose="Оплата по счёту № 77 — Ёлочка"),))),
        "budget-payment": _bytes(text_of((Doc("9", is_out=True, extra=(
            "СтатусСоставителя=01", "ПоказательКБК=18201061201010000510", "ОКАТО=45382000", "ПоказательОснования=0",
            "ПоказательПериода=0", "ПоказательНомера=0", "ПоказательДаты=0", "ПоказательТипа=", "Код=0",
        )),))),
    }  # fmt: skip


def refused() -> dict[str, bytes]:
    """Return the files that must be refused whole, by name."""
    plain, text = _bytes(text_of(_PLAIN)), text_of(_PLAIN)
    return {
        "torn-no-end": _bytes(text[:-1]),
        "torn-inside-a-document": plain[: len(plain) * 2 // 3],
        "torn-inside-a-character": _bytes(text, "utf-8")[:300].rstrip(b"\n")[:-1],
        "document-not-closed": _bytes(_without(text, "КонецДокумента")),
        "account-not-closed": _bytes(_without(_accounts((OURS, "1", "1", "0", "2")), "КонецРасчСчет")),
        "closed-twice": _bytes([*text[:-1], "КонецДокумента", "КонецФайла"]),
        "lines-after-the-end": _bytes([*text, "Номер=1"]),
        "two-files-in-one": plain + plain,
        "mojibake-utf8": plain.decode("cp1251").encode("utf-8").decode("cp1251", "replace").encode("utf-8"),
        "mojibake-as-cp1251": "\r\n".join(text).encode("cp866").decode("cp1251", "replace").encode("utf-8"),
        "lost-characters": plain.decode("ascii", "replace").encode("utf-8"),
        "question-marks": plain.decode("cp1251").encode("ascii", "replace"),
        "utf16": _bytes(text, "utf-16"),
        "not-a-statement": "Здравствуйте! Выписка во вложении.".encode("cp1251"),
        "html": b"<html><body>1CClientBankExchange</body></html>",
        "empty": b"",
        "zip": _zip({"kl_to_1c.txt": plain}),
        "xlsx": _zip({"xl/workbook.xml": b"<workbook/>"}),
        "pdf": b"%PDF-1.4\n%",
        "nul-bytes": plain.replace(b"\r\n", b"\r\n\0", 3),
        "bad-sum": _bytes(text_of((Doc(amount="тридцать"),))),
        "dot-and-comma": _bytes(text_of((Doc(amount="1.030,00"),))),
        "negative-sum": _bytes(text_of((Doc(amount="-5.00"),))),
        "no-sum": _bytes(_without(text, "Сумма=30000.00")),
        "bad-date": _bytes(text_of((Doc(on="31.02.2026"),))),
        "iso-date": _bytes(text_of((Doc(on="2026-03-13"),))),
        "no-accounts": _bytes([line for line in text if "Счет=" not in line or line.startswith("Расч")]),
        "sum-twice": _bytes(text_of((Doc(extra=("Сумма=1.00",)),))),
        "line-without-key": _bytes([*text[:7], "какая-то строка", *text[7:]]),
    }


_KINDS = ("Платежное поручение", "Банковский ордер", "Инкассовое поручение", "Платежное требование",
          "Мемориальный ордер", "Объявление на взнос наличными", "Аккредитив", "Платежный ордер", "Прочее")  # fmt: skip


def _bytes(lines: list[str], encoding: str = "cp1251", end: str = "\r\n") -> bytes:
    return (end.join(lines) + end).encode(encoding)


def _accounts(*periods: tuple[str, str, str, str, str]) -> list[str]:
    head: list[str] = []
    for account, opening, received, spent, closing in periods:
        head += ["СекцияРасчСчет", "ДатаНачала=12.03.2026", "ДатаКонца=13.03.2026", f"РасчСчет={account}",
                 f"НачальныйОстаток={opening}", f"ВсегоПоступило={received}", f"ВсегоСписано={spent}",
                 f"КонечныйОстаток={closing}", "КонецРасчСчет"]  # fmt: skip
    return text_of(_PLAIN, head=head)


def _broken_purpose() -> list[str]:
    found: list[str] = []
    for line in text_of((Doc(),)):
        first, mark, rest = line.partition(" от 06.03.2026")
        found += [first, f"от 06.03.2026{rest}"] if mark else [line]
    return found


def _spaced(lines: list[str]) -> list[str]:
    return [part for line in lines for part in (line, "")]


def _without(lines: list[str], line: str) -> list[str]:
    at = lines.index(line)
    return [*lines[:at], *lines[at + 1 :]]


def _zip(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 16, 9, 0, 0)), content)
    return held.getvalue()


def main() -> None:
    """Write every file of the corpus."""
    for kind, files in (("good", good()), ("refused", refused())):
        (FOLDER / kind).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (FOLDER / kind / f"{name}.txt").write_bytes(content)


if __name__ == "__main__":
    main()
