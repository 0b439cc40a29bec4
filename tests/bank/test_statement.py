"""Every file of the corpus: read as the public parser reads it, or refused whole with a line and a mend."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import client_bank_1c
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bank.decoding import LARGEST
from engine.bank.documents import Payment
from engine.bank.refusal import StatementRefused
from engine.bank.statement import parse_statement
from tests.bank import write_corpus
from tests.bank.bank_case import OURS, Doc, statement

GOOD, REFUSED = write_corpus.good(), write_corpus.refused()
# What the public parser cannot read, and why; everything else it must read as we do.
ORACLE_CANNOT = {
    "comma-decimals": "it knows no decimal comma",
    "spaces-in-sum": "it knows no space between thousands",
    "purpose-broken-in-lines": "a line without a key loses its text: it knows no continued purpose",
    "blank-lines-and-dos-end": "it takes the DOS end mark for a key",
}
ENCODINGS = {
    "header-says-windows-is-cp866": "cp866", "cp866-dos": "cp866", "utf8": "utf-8", "utf8-bom": "utf-8-sig",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["good", "refused"])
def test_the_files_are_what_the_writer_writes(kind: str) -> None:
    files = GOOD if kind == "good" else REFUSED
    on_disk = {file.stem: file.read_bytes() for file in (write_corpus.FOLDER / kind).glob("*.txt")}
    assert on_disk == files


@pytest.mark.parametrize("name", [name for name in GOOD if name not in ORACLE_CANNOT])
def test_a_good_file_is_read_as_the_public_parser_reads_it(name: str) -> None:
    ours, theirs = parse_statement(GOOD[name]), judge(GOOD[name], ENCODINGS.get(name, "cp1251"))
    assert len(ours.payments) == len(theirs.documents)
    for mine, other in zip(ours.payments, theirs.documents, strict=True):
        assert told_by_us(mine) == told_by(other)
    assert [one.account for one in ours.periods] == [one["РасчСчет"] for one in theirs.accounts]
    for period, other in zip(ours.periods, theirs.accounts, strict=True):
        keys = ("НачальныйОстаток", "ВсегоПоступило", "ВсегоСписано", "КонечныйОстаток")
        found = (period.opening, period.received, period.spent, period.closing)
        assert found == tuple(other[key] for key in keys)


@pytest.mark.parametrize("name", ORACLE_CANNOT)
def test_the_public_parser_cannot_read_these(name: str) -> None:
    ours = parse_statement(GOOD[name])
    assert ours.payments
    try:
        theirs = judge(GOOD[name], "cp1251")
    except Exception:
        return
    assert [told_by(one) for one in theirs.documents] != [told_by_us(one) for one in ours.payments]


def judge(content: bytes, encoding: str) -> Any:
    """Return the public parser's reading; it wants text with bare line ends."""
    text = content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    return client_bank_1c.load(text)


def told_by(document: dict[str, Any]) -> dict[str, Any]:
    """Return what the public parser found, in our words."""
    inn = (document.get("ПлательщикИНН") or "").partition("/")[0]
    parts = [document.get("НазначениеПлатежа") or ""]
    if not parts[0]:
        parts = [document.get(f"НазначениеПлатежа{at}") or "" for at in range(1, 7)]
    return {
        "kind": document["ВидДокумента"],
        "number": document["Номер"],
        "on": document["Дата"],
        "amount": document["Сумма"],
        "from": document["ПлательщикСчет"],
        "to": document["ПолучательСчет"],
        "inn": "" if inn == "0" else inn,
        "credited": document.get("ДатаПоступило"),
        "debited": document.get("ДатаСписано"),
        "purpose": " ".join(" ".join(parts).split()),
    }


def told_by_us(payment: Payment) -> dict[str, Any]:
    """Return the same of our reading."""
    return {
        "kind": payment.kind,
        "number": payment.number,
        "on": payment.on,
        "amount": payment.amount,
        "from": payment.payer.account,
        "to": payment.payee.account,
        "inn": payment.payer.inn,
        "credited": payment.credited,
        "debited": payment.debited,
        "purpose": payment.purpose,
    }


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_whole_with_a_mend(name: str) -> None:
    with pytest.raises(StatementRefused) as caught:
        parse_statement(REFUSED[name])
    for language, mend in (("ru", "выгрузите"), ("en", "export")):
        text = caught.value.text("kl.txt", language)
        assert mend in text
        assert re.match(r"kl\.txt(:[0-9]+)?: ", text)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bad-sum", 10),
        ("bad-date", 9),
        ("lines-after-the-end", 38),
        ("document-not-closed", 21),
        ("sum-twice", 10),
    ],
)
def test_a_fault_names_its_line(name: str, line: int) -> None:
    with pytest.raises(StatementRefused) as caught:
        parse_statement(REFUSED[name])
    assert caught.value.line == line


def test_a_file_beyond_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(StatementRefused, match="too large"):
        parse_statement(statement(Doc()) + b" " * LARGEST)


def test_exact_values() -> None:
    [comma, half] = parse_statement(GOOD["comma-decimals"]).payments
    assert (comma.amount, half.amount) == (Decimal("30000.00"), Decimal("12.50"))
    [big] = parse_statement(GOOD["spaces-in-sum"]).payments
    assert big.amount == Decimal("1030000.10")
    [six] = parse_statement(GOOD["purpose-in-six"]).payments
    assert six.purpose == "Оплата по счету № СЧ-2026/077 от 06.03.2026 за услуги связи"
    [broken] = parse_statement(GOOD["purpose-broken-in-lines"]).payments
    assert broken.purpose == Doc().purpose
    inns = [one.payer.inn for one in parse_statement(GOOD["inn-empty-zero-and-with-kpp"]).payments]
    assert inns == ["", "", "5024093363"]
    assert parse_statement(GOOD["inn-empty-zero-and-with-kpp"]).payments[2].payer.kpp == "502401001"
    [unknown] = parse_statement(GOOD["unknown-keys"]).payments
    assert unknown.fields["Комментарий"] == "a=b=c"
    assert parse_statement(GOOD["unknown-keys"]).header["Банк"] == "Свой"
    whole = parse_statement(GOOD["demo"])
    assert (whole.first, whole.last) == (date(2026, 3, 12), date(2026, 3, 13))
    assert whole.accounts == (OURS,)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("demo", []),
        ("two-accounts", []),
        ("day-by-day", []),
        ("sums-that-differ", ["конечный остаток", "всего поступило"]),
        ("header-says-windows-is-cp866", ["прочитан как cp866"]),
        ("unknown-version", ["версия формата"]),
    ],
)
def test_what_is_odd_is_said(name: str, words: list[str]) -> None:
    remarks = [one.said.ru for one in parse_statement(GOOD[name]).remarks]
    assert len(remarks) == len(words)
    assert all(word in said for word, said in zip(words, remarks, strict=True))


@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    for whole in (content, b"1CClientBankExchange\r\n" + content):
        assert refusal_of(whole) != ""


def refusal_of(content: bytes) -> str | None:
    """Return the words of the refusal, None for a file that was read."""
    try:
        parse_statement(content)
    except StatementRefused as error:
        return error.said.ru and error.said.en
    return None


@settings(max_examples=60)
@given(at=st.integers(min_value=30, max_value=len(GOOD["cp1251-crlf"]) - 4))
def test_a_file_cut_anywhere_is_refused(at: int) -> None:
    with pytest.raises(StatementRefused):
        parse_statement(GOOD["cp1251-crlf"][:at])


def test_the_sample_of_the_domain_is_read() -> None:
    sample = Path(__file__).parents[3] / "shared" / "domain" / "kl_to_1c.sample.txt"
    if not sample.exists():
        pytest.skip("the project's shared folder is not here")
    found = parse_statement(sample.read_bytes())
    assert [one.amount for one in found.payments] == [Decimal("30000.00")]
    assert not found.remarks
