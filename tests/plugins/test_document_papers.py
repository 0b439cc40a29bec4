"""Every shipped paper: what it says to the letter, what leaves it undecided, and that a stranger's debt is never told."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pypdf
import pytest

from engine import DocumentChange, Duration, Effect, Item, Money, Row, Undecided, Value
from engine.documents.writing import duration_text
from engine.setup import DocumentSetup, VatRate
from tests.plugins.action_case import Spoken
from tests.plugins.document_case import ACT, BUYER, CONTRACT, NOW, SELLER, Store, Table, make_setup, rub
from tests.plugins.document_facts import INVOICE, OLD_ACT, PAPERS, SECOND, document, made, office, planned
from tests.plugins.document_pictures import TEXTS, text_of

WILD = '#read("/etc/passwd") *б* <i> @x $y$ \\ «ООО "Ё/ж"» 😀\x07\u202e' + "Х" * 90


def said(content: bytes) -> str:
    return re.sub(r"\s+", " ", text_of(content))


@pytest.mark.parametrize("template", PAPERS)
def test_a_paper_says_what_it_said(template: str) -> None:
    effect, content, file = made(template)
    assert text_of(content) == (TEXTS / f"{template}.txt").read_text("utf-8")
    assert effect.warnings == ()
    assert file.name.startswith(document.FILE_WORDS[template])


@pytest.mark.parametrize("template", PAPERS)
def test_a_paper_is_archive_grade_and_the_same_bytes_again(template: str) -> None:
    _, first, _ = made(template)
    _, second, _ = made(template)
    assert first == second
    assert b"pdfaid:part>2<" in first
    assert b"pdfaid:conformance>B<" in first
    fonts = [
        font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        for page in pypdf.PdfReader(io.BytesIO(first)).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    ]
    assert fonts
    assert all({"/FontFile2", "/FontFile3"} & set(font) for font in fonts)


@pytest.mark.parametrize("template", PAPERS)
def test_whatever_people_wrote_is_printed_as_it_stands(template: str) -> None:
    facts = office()
    facts.rows[BUYER] |= {"name": WILD, "short_name": WILD, "director": WILD, "address": WILD}
    facts.rows[CONTRACT]["subject"] = WILD
    _, content, _ = made(template, facts)
    text = said(content).replace(" ", "")
    assert '#read("/etc/passwd")*б*<i>@x$y$\\«ООО"Ё/ж"»' + "Х" * 90 in text
    assert "😀" not in text


@pytest.mark.parametrize(
    ("template", "item", "name"),
    [
        ("reminder", INVOICE, "paid"), ("reminder", INVOICE, "client"), ("claim", INVOICE, "amount"),
        ("claim", OLD_ACT, "signed"), ("one_sided_act", ACT, "sent_at"), ("one_sided_act", ACT, "refusal"),
        ("contract", CONTRACT, "counterparty"), ("contract", CONTRACT, "kind"), ("contract", CONTRACT, "number"),
        ("reconciliation", ACT, "amount"), ("reconciliation", SECOND, "paid"), ("reconciliation", BUYER, "inn"),
    ],
    ids=str,
)  # fmt: skip
def test_a_fact_that_is_lacking_leaves_it_undecided(template: str, item: Item, name: str) -> None:
    facts = office()
    del facts.rows[item][name]
    effect = planned(template, facts)
    assert isinstance(effect, Undecided)
    assert name in effect.reason


@pytest.mark.parametrize("template", ["reminder", "claim"])
def test_nothing_is_asked_of_a_client_who_owes_nothing(template: str) -> None:
    facts = office()
    facts.rows[INVOICE]["paid"] = facts.rows[INVOICE]["amount"]
    effect = planned(template, facts)
    assert isinstance(effect, Effect)
    assert effect.nothing_to_do is not None
    assert "Долга нет" in effect.nothing_to_do.ru
    assert effect.changes == ()


def test_a_claim_over_several_invoices_sums_the_debts_and_names_signed_acts_only() -> None:
    facts = office()
    facts.rows[SECOND]["paid"] = rub("900.00")
    effect, content, _ = made("claim", facts, item=BUYER, invoices=(SECOND, INVOICE), acts=(OLD_ACT, ACT))
    text = said(content)
    assert "Всего 168 850,50" in text
    assert "Сто шестьдесят восемь тысяч восемьсот пятьдесят рублей 50 копеек" in text
    assert "подписанными актами: № А-2026/007 от 30.01.2026" in text
    assert "А-2026/043" not in text
    assert ["не подписан" in warning.ru for warning in effect.warnings] == [True]


@pytest.mark.parametrize("template", ["claim", "reconciliation"])
@pytest.mark.parametrize("name", ["client", "own_company"])
def test_what_is_anothers_is_never_told_to_a_client(template: str, name: str) -> None:
    facts = office()
    stranger = Item("company", "99")
    facts.rows[SECOND] |= {name: stranger, "paid": rub("1.00")}
    effect = planned(template, facts, item=BUYER, invoices=(SECOND, INVOICE))
    assert isinstance(effect, Undecided)
    assert name in effect.reason


def test_a_one_sided_act_is_not_made_over_a_refusal_or_a_signature() -> None:
    facts = office()
    facts.rows[ACT]["refusal"] = "не согласны с объёмом"
    effect = planned("one_sided_act", facts)
    assert isinstance(effect, Undecided)
    assert "решает человек" in effect.reason
    facts.rows[ACT] |= {"refusal": None, "signed": True}
    effect = planned("one_sided_act", facts)
    assert effect.nothing_to_do is not None


def test_who_signs_a_contract_is_left_blank_with_a_warning() -> None:
    facts = office()
    for company in (SELLER, BUYER):
        facts.rows[company] |= {"in_person": None}
    effect, content, _ = made("contract", facts)
    assert [("в лице" in warning.ru, "blank" in warning.en) for warning in effect.warnings] == [
        (True, True)
    ] * 2
    assert "в лице , действующего на основании Устава" in said(content)


def test_an_entrepreneur_acts_by_the_register() -> None:
    facts = office()
    entrepreneur: dict[str, Value] = {"name": "ИП Ёлкин Пётр Петрович", "inn": "050010073225", "kpp": None}
    facts.rows[BUYER] |= {**entrepreneur, "director": None, "ogrn": "304500116000157", "in_person": None}
    effect, content, _ = made("contract", facts)
    assert effect.warnings == ()
    text = said(content)
    assert (
        "действующий на основании записи в ЕГРИП (ОГРНИП 304500116000157), именуемый в дальнейшем «Заказчик»"
        in text
    )


def test_with_a_supplier_we_order_the_work() -> None:
    facts = office()
    facts.rows[CONTRACT]["kind"] = "supplier"
    _, content, _ = made("contract", facts)
    assert re.search(r"«Кастом Сервис», в лице [^«]* именуемое в дальнейшем «Заказчик»", said(content))


@pytest.mark.parametrize(
    ("rates", "text", "absent"),
    [
        ((VatRate(date(2025, 1, 1), Decimal(5)),), "в т. ч. НДС 5 % — 10 464,31 руб.", "не облагается"),
        ((VatRate(date(2025, 1, 1), Decimal(7)),), "в т. ч. НДС 7 % — 14 376,20 руб.", "не облагается"),
        ((VatRate(date(2025, 1, 1), None),), "НДС не облагается", "%"),
        (
            (VatRate(date(2019, 1, 1), Decimal(20)), VatRate(date(2026, 1, 1), Decimal(22))),
            "НДС 22 %",
            "20 %",
        ),
    ],
    ids=["usn-5", "usn-7", "none", "22"],
)
def test_the_tax_of_a_price_is_that_of_the_contracts_day(
    rates: tuple[VatRate, ...], text: str, absent: str
) -> None:
    facts, setup = office(), document_setup(rates)
    action = document.Render(setup)
    item, options = PAPERS["contract"]
    effect = action.effect({"template": "contract", "item": item, **options}, facts)
    sheet = document.print_sheet(effect.details, "1", {"payment_due": "", "city": ""})
    content = document.typeset_pdf("contract", sheet, document.SHIPPED, None, NOW)
    assert text in said(content)
    assert absent not in said(content)


def document_setup(rates: tuple[VatRate, ...], numbers: dict[str, str] | None = None) -> Any:
    return replace(make_setup(), documents=DocumentSetup(numbers or {}, Duration(3, "workdays"), rates))


def payment(day: date, amount: str, number: str) -> Row:
    return Row((("date", day), ("amount", rub(amount)), ("number", number)))


def balances(facts: Table, /, **given: Any) -> dict[str, Value]:
    effect = planned("reconciliation", facts, **given)
    assert isinstance(effect, Effect), effect
    return dict(effect.details)


def test_what_lies_before_the_period_opens_it_and_what_lies_after_is_left_out() -> None:
    found = balances(office(), **{"from": date(2026, 2, 1), "to": date(2026, 3, 13)})
    assert found["opening_debit"] == rub("65900.00")
    assert [str(row.get("name")).split("№")[0] for row in found["lines"]] == ["Оплата по счёту "] * 2  # type: ignore[union-attr]
    assert found["turnover_credit"] == rub("115900.00")
    assert found["closing_credit"] == rub("50000.00")
    assert (found["owed_to"], found["amount"]) == ("buyer", rub("50000.00"))


def test_payments_given_stand_in_for_the_invoices_and_a_refund_is_a_debit() -> None:
    paid = (payment(date(2026, 2, 4), "65900.00", "77"), payment(date(2026, 3, 1), "-100.00", "8"))
    found = balances(office(), payments=paid)
    lines: Any = found["lines"]
    assert [(row.get("name"), row.get("debit"), row.get("credit")) for row in lines[1:3]] == [
        ("Платёжное поручение №\u00a077", None, rub("65900.00")),
        ("Платёжное поручение №\u00a08", rub("100.00"), None),
    ]
    assert found["closing_debit"] == rub("153950.50")


def test_a_settled_account_says_so_and_the_opening_given_counts() -> None:
    facts = office()
    found = balances(facts, opening=rub("-103850.50"))
    assert found["owed_to"] == ""
    _, content, _ = made("reconciliation", facts, opening=rub("-103850.50"))
    assert "взаимная задолженность отсутствует" in said(content)
    assert "Сальдо на 01.01.2026 103 850,50" in said(content)


def test_the_clients_half_is_theirs_to_fill_in_unless_asked_for() -> None:
    assert said(made("reconciliation")[1]).count("153 850,50") == 1
    assert said(made("reconciliation", mirror=True)[1]).count("153 850,50") == 2


def test_a_payment_without_a_day_stands_last_with_a_warning() -> None:
    facts = office()
    facts.rows[SECOND]["paid_at"] = None
    effect = planned("reconciliation", facts)
    assert ["без даты" in warning.ru for warning in effect.warnings] == [True]
    assert effect.details["lines"][-1].get("date") is None


def test_two_currencies_are_not_reconciled_on_one_sheet() -> None:
    facts = office()
    facts.rows[ACT]["amount"] = Money(Decimal(10), "USD")
    effect = planned("reconciliation", facts)
    assert isinstance(effect, Undecided)
    assert "валютах" in effect.reason


@pytest.mark.parametrize(
    "period", [{"from": None}, {"from": date(2026, 5, 1)}], ids=["no-start", "backwards"]
)
def test_a_reconciliation_needs_a_period(period: dict[str, Any]) -> None:
    effect = planned("reconciliation", **period)
    assert isinstance(effect, Undecided)
    assert "период" in effect.reason


def test_a_long_reconciliation_repeats_its_header_and_keeps_signatures_with_the_balance() -> None:
    facts = office()
    acts = []
    for number in range(200):
        act = Item("act", f"1{number:03}")
        facts.rows[act] = {**facts.rows[OLD_ACT], "number": f"А-{number}", "date": date(2026, 2, 1)}
        acts.append(act)
    _, content, _ = made("reconciliation", facts, acts=tuple(acts), invoices=())
    pages = [re.sub(r"\s+", " ", page) for page in text_of(content).split("---")]
    assert len(pages) > 3
    assert all("Дебет" in page for page in pages if "А-" in page)
    assert "расшифровка подписи" in pages[-1]
    assert "задолженность в пользу" in pages[-1]


def test_the_times_of_a_one_sided_act_are_days_on_paper() -> None:
    facts = office()
    facts.rows[ACT]["sent_at"] = datetime(2026, 3, 2, 23, 59, tzinfo=NOW.tzinfo)
    assert "Акт направлен Заказчику 2 марта 2026 г., срок его возврата истёк 9 марта 2026 г." in said(
        made("one_sided_act", facts)[1]
    )


def test_a_paper_without_an_item_takes_its_number_from_its_own_series() -> None:
    action = document.Render(document_setup((), {"claim": "П-{year}/{n:02}"}))
    item, options = PAPERS["claim"]
    effect = action.effect({"template": "claim", "item": item, **options}, office())
    assert [change.number.shown for change in effect.changes] == ["⟨next⟩"]
    assert isinstance(effect.changes[0], DocumentChange)
    spoken = Spoken({"engine.number.take": "П-2026/07"}, key="claim 31")
    assert spoken.drive(action.commands(effect)) is None
    assert spoken.params("engine.number.take") == [
        {"series": "claim", "owner": "1", "year": 2026, "format": "П-{year}/{n:02}"}
    ]
    store = Store(key="claim 31", memory=spoken.memory)
    assert action.perform(effect, store).name == "Претензия П-2026-07.pdf"
    assert "Исх. № П-2026/07 от 14.03.2026" in said(store.kept["Претензия П-2026-07.pdf"])


def test_without_a_pattern_a_letter_has_its_day_and_no_number() -> None:
    _, content, file = made("claim")
    assert file.name == "Претензия 2026-03-14.pdf"
    assert "Исх." not in said(content)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (Duration(1, "workdays"), "1 рабочий день"),
        (Duration(2, "days"), "2 календарных дня"),
        (Duration(11, "workdays"), "11 рабочих дней"),
        (Duration(21, "hours"), "21 час"),
    ],
    ids=str,
)
def test_a_term_in_words(term: Duration, text: str) -> None:
    assert duration_text(term).replace("\u00a0", " ") == text
