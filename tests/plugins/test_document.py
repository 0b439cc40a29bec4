"""Acts and invoices: the facts they need, the sums they print, the PDF itself read back."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pypdf
import pytest

from engine import DocumentChange, Effect, File, Item, Money, Pending, PluginError, Row, Undecided
from engine.documents.printing import print_sheet
from engine.documents.writing import in_words
from tests.plugins.document_case import (
    ACT,
    BUYER,
    DEAL,
    NOW,
    SELLER,
    Store,
    Table,
    demo_facts,
    line,
    load_plugin,
    make_setup,
    rub,
)
from tests.plugins.document_facts import PAPERS, planned

document = load_plugin("document")


def render(facts: Table, template: str = "act", **setup: Any) -> tuple[Effect, bytes, File]:
    action = document.Render(make_setup(**setup))
    effect = action.effect({"template": template, "item": ACT}, facts)
    assert isinstance(effect, Effect), effect
    store = Store()
    file = action.perform(effect, store)
    return effect, store.kept[file.name], file


def pages(content: bytes) -> list[str]:
    reader = pypdf.PdfReader(io.BytesIO(content))
    return [re.sub(r"\s+", " ", page.extract_text().replace("\u200b", "")) for page in reader.pages]


def text_of(content: bytes) -> str:
    return " ".join(pages(content))


def made_at(content: bytes) -> str:
    about = pypdf.PdfReader(io.BytesIO(content)).metadata
    assert about is not None
    return str(about["/CreationDate"])


def effect_of(facts: Table, template: object = "act", item: object = ACT) -> Effect | Undecided:
    params: Any = {"template": template, "item": item}
    result: Effect | Undecided = document.Render(make_setup()).effect(params, facts)
    return result


def with_lines(facts: Table, lines: tuple[Row, ...], rate: int = 22) -> Table:
    total = sum((cast("Money", row.get("amount")).amount for row in lines), Decimal(0))
    vat = (total * rate / (100 + rate)).quantize(Decimal("0.01"))
    facts.rows[ACT] |= {"lines": lines, "amount": Money(total, "RUB"), "vat": Money(vat, "RUB")}
    return facts


def test_an_act_says_everything_a_client_signs() -> None:
    effect, content, file = render(demo_facts())
    text = text_of(content)
    for said in (
        "Акт № А-2026/043 от 14 марта 2026 г.",
        "Общество с ограниченной ответственностью «Кастом Сервис», ИНН 7707083893, КПП 770701001",
        "Общество с ограниченной ответственностью «Ёлочка и Ко», ИНН 5024093363",
        "Договор № К-2026/018 от 20.01.2026, этап 2",
        "р/с 40702810900000012345",
        "Итого без НДС: 126 106,97",
        "НДС 22 %: 27 743,53",
        "Всего с НДС: 153 850,50",
        "Всего оказано услуг 3, на сумму 153 850,50 руб., в т. ч. НДС 22 % — 27 743,53 руб.",
        "Сто пятьдесят три тысячи восемьсот пятьдесят рублей 50 копеек",
        "Заказчик претензий по объёму, качеству и срокам оказания услуг не имеет.",
        "Соколова Елена Викторовна",
        "М. П.",
        "Страница 1 из 1",
    ):
        assert said in text, said
    assert file.name == "Акт А-2026-043.pdf"
    assert effect.warnings == ()
    assert effect.changes == (DocumentChange(ACT, "act", "А-2026/043"),)


def test_an_invoice_has_the_bank_block_of_a_payment_order() -> None:
    _, content, file = render(demo_facts(), "invoice", own={"document": {"payment_due": "5 рабочих дней"}})
    text = text_of(content)
    for said in (
        "Банк получателя",
        "БИК 044525000",
        "Сч. № 30101810400000000225",
        "40702810900000012345",
        "Получатель",
        "Счёт на оплату № А-2026/043 от 14 марта 2026 г.",
        "Поставщик:",
        "Покупатель:",
        "Всего наименований 3, на сумму 153 850,50 руб.",
        "Назначение платежа: Оплата по счёту № А-2026/043 от 14.03.2026, в т. ч. НДС 22 %",
        "Срок оплаты: 5 рабочих дней",
        "Главный бухгалтер",
    ):
        assert said in text, said
    assert file.name == "Счёт А-2026-043.pdf"


@pytest.mark.parametrize(
    ("day", "vat", "said", "absent"),
    [
        (date(2025, 12, 31), "25641.75", "НДС 20 %: 25 641,75", "22 %"),
        (date(2026, 1, 1), "27743.53", "НДС 22 %: 27 743,53", "20 %"),
        (date(2018, 5, 5), None, "НДС: не облагается", "%"),
    ],
    ids=["20-until-2025", "22-from-2026", "none"],
)
def test_vat_follows_the_date_of_the_document(day: date, vat: str | None, said: str, absent: str) -> None:
    facts = demo_facts()
    facts.rows[ACT] |= {"date": day, "vat": rub(vat) if vat else None}
    effect, content, _ = render(facts)
    assert said in text_of(content)
    assert absent not in text_of(content)
    assert effect.warnings == ()


def test_a_vat_that_disagrees_with_the_rate_is_printed_as_it_is_without_naming_the_rate() -> None:
    facts = demo_facts()
    facts.rows[ACT]["vat"] = rub("13986.41")
    effect, content, _ = render(facts)
    assert "НДС: 13 986,41" in text_of(content)
    assert "22 %" not in text_of(content)
    assert ["не сходится" in warning.ru for warning in effect.warnings] == [True]


def test_vat_on_top_of_the_lines_is_titled_so() -> None:
    facts = demo_facts()
    facts.rows[ACT] |= {"amount": rub("187697.61"), "vat": rub("33847.11")}
    effect, content, _ = render(facts)
    text = text_of(content)
    assert "Сумма без НДС" in text
    assert "Итого без НДС: 153 850,50" in text
    assert "Всего с НДС: 187 697,61" in text
    assert effect.warnings == ()


def test_lines_that_do_not_sum_to_the_document_are_said() -> None:
    facts = demo_facts()
    facts.rows[ACT] |= {"amount": rub("100000.00"), "vat": rub("18032.79")}
    effect = effect_of(facts)
    assert isinstance(effect, Effect)
    assert "сумма строк 153850.50 не равна сумме документа 100000.00" in effect.warnings[0].ru


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1001", "Одна тысяча один рубль 00 копеек"),
        ("21.05", "Двадцать один рубль 05 копеек"),
        ("0.01", "Ноль рублей 01 копейка"),
        ("187697.61", "Сто восемьдесят семь тысяч шестьсот девяносто семь рублей 61 копейка"),
        ("2000002.22", "Два миллиона два рубля 22 копейки"),
    ],
)
def test_sums_in_words(amount: str, words: str) -> None:
    assert in_words(rub(amount)) == words


def test_a_currency_without_words_is_written_in_figures() -> None:
    assert in_words(Money(Decimal("5.50"), "XTS")) == "5,50 XTS"


def test_the_same_facts_give_the_same_bytes_and_an_archive_grade_pdf() -> None:
    _, first, _ = render(demo_facts())
    time.sleep(1.1)  # a second later: a creation time of now would differ
    _, second, _ = render(demo_facts())
    assert first == second
    assert b"pdfaid:part>2<" in first.replace(b" ", b"")
    assert b"pdfaid:conformance>B<" in first.replace(b" ", b"")
    assert made_at(first).startswith("D:20260314134107")


@pytest.mark.parametrize(
    "wild",
    [
        '#read("/etc/passwd")',
        "*жирный* _курсив_ = заголовок",
        "<script>alert(1)</script> @метка $x^2$",
        '#panic("стоп") \\ // хвост',
        "#sys.inputs",
    ],
)
def test_text_of_the_portal_is_never_markup(wild: str) -> None:
    facts = demo_facts()
    facts.rows[BUYER] |= {"name": wild, "director": wild}
    facts.rows[ACT]["lines"] = (line(wild, "1", "153850.50"),)
    _, content, _ = render(facts)
    assert text_of(content).replace(" ", "").count(wild.replace(" ", "")) >= 3


def test_what_no_font_prints_is_dropped_and_what_turns_text_is_too() -> None:
    facts = demo_facts()
    facts.rows[ACT]["lines"] = (line("Отчёт 😀\x07 за\u202e март\n№ 5", "1", "153850.50"),)
    _, content, _ = render(facts)
    assert "Отчёт за март № 5" in text_of(content)


def test_a_letter_that_no_font_has_is_an_error_and_not_another_name() -> None:
    facts = demo_facts()
    facts.rows[BUYER]["name"] = "北京公司"
    with pytest.raises(PluginError, match="could not be displayed"):
        render(facts)


def test_two_hundred_lines_page_with_a_repeated_header() -> None:
    _, content, _ = render(
        with_lines(demo_facts(), tuple(line(f"Работа {n}", "1", "1234.57") for n in range(200)))
    )
    found = pages(content)
    assert len(found) > 4
    assert all("Наименование работ, услуг" in page for page in found[:-1])
    assert all(f"Страница {n} из {len(found)}" in page for n, page in enumerate(found, 1))
    assert "Всего с НДС" in found[-1]
    assert "расшифровка подписи" in found[-1]
    assert "Работа 199" in " ".join(found)


def test_long_names_without_spaces_stay_inside_the_sheet() -> None:
    _, content, _ = render(with_lines(demo_facts(), (line("Х" * 300, "1000000.5", "1234567.89"),)))
    reader = pypdf.PdfReader(io.BytesIO(content))
    runs: list[tuple[float, str]] = []
    reader.pages[0].extract_text(visitor_text=lambda text, _cm, tm, *_: runs.append((tm[4], text)))
    assert "Х" * 300 in text_of(content).replace(" ", "")
    assert max(len(text.strip()) for _, text in runs if "ХХХ" in text) <= 60
    assert "1 000 000,5" in text_of(content)


@pytest.mark.parametrize("absent", ["missing", "empty"])
def test_optional_requisites_stay_blank_with_a_warning(absent: str) -> None:
    facts = demo_facts()
    for name in ("ogrn", "address", "bank", "bik", "account", "corr_account", "director"):
        if absent == "missing":
            del facts.rows[SELLER][name]
        else:
            facts.rows[SELLER][name] = None
    effect, content, _ = render(facts)
    assert len(effect.warnings) == 1
    assert "ООО «Кастом Сервис»" in effect.warnings[0].ru
    assert "БИК" in effect.warnings[0].ru
    assert "None" not in text_of(content)


def test_an_entrepreneur_has_no_kpp_and_signs_as_themselves() -> None:
    facts = demo_facts()
    facts.rows[BUYER] |= {
        "name": "ИП Ёлкин Пётр Петрович",
        "short_name": "ИП Ёлкин П. П.",
        "inn": "050010073225",
    }
    facts.rows[BUYER] |= {"kpp": None, "director": None}
    effect, content, _ = render(facts)
    assert effect.warnings == ()
    assert "ИНН 050010073225" in text_of(content)
    assert "Предприниматель" in text_of(content)


@pytest.mark.parametrize(
    ("item", "name"),
    [(ACT, "client"), (ACT, "own_company"), (ACT, "date"), (ACT, "amount"), (ACT, "number"), (ACT, "vat"),
     (ACT, "lines"), (BUYER, "inn"), (SELLER, "inn")],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("absent", ["missing", "empty"])
def test_required_facts_leave_it_undecided(item: Item, name: str, absent: str) -> None:
    facts = demo_facts()
    if absent == "empty" and name == "lines":
        facts.rows[ACT]["lines"] = ()
        effect = effect_of(facts)
        assert isinstance(effect, Effect)
        assert "нет строк" in effect.warnings[0].ru
        return
    if absent == "missing":
        del facts.rows[item][name]
    else:
        facts.rows[item][name] = None
    effect = effect_of(facts)
    assert isinstance(effect, Undecided)
    assert name in effect.reason


def test_no_contract_leaves_the_basis_out_with_a_warning() -> None:
    facts = demo_facts()
    facts.rows[ACT] |= {"contract": None}
    facts.rows[DEAL] |= {"contract": None, "stage_plan": None}
    effect, content, _ = render(facts)
    assert "договор" in effect.warnings[0].ru
    assert "Основание" not in text_of(content)


def test_an_invoice_without_a_contract_of_its_own_takes_the_deals() -> None:
    facts = demo_facts()
    del facts.rows[ACT]["contract"]
    _, content, _ = render(facts, "invoice")
    assert "Договор № К-2026/018" in text_of(content)


def test_a_planned_act_shows_its_number_as_pending_and_prints_the_real_one() -> None:
    facts = demo_facts()
    planned, pending = Item("act", "new-1"), Pending("act/new-1.number")
    facts.rows[planned] = facts.rows[ACT] | {"number": pending}
    action = document.Render(make_setup())
    effect = action.effect({"template": "act", "item": planned}, facts)
    assert effect.changes == (DocumentChange(planned, "act", pending),)
    assert effect.result == File("Акт ⟨next⟩.pdf", kind="pdf")
    with pytest.raises(PluginError, match="ещё не известно"):
        action.perform(effect, Store())
    known = Effect(effect.params, details={**effect.details, "number": "А-2026/044"})
    assert action.perform(known, Store()).name == "Акт А-2026-044.pdf"


def test_the_effect_opens_no_file_and_is_a_function_of_its_arguments(
    opened: Callable[[Callable[[], object]], list[str]],
) -> None:
    facts, action = demo_facts(), document.Render(make_setup())
    params = {"template": "act", "item": ACT}
    assert opened(lambda: action.effect(params, facts)) == []
    assert action.effect(params, facts) == action.effect(params, facts)


@pytest.fixture
def opened() -> Callable[[Callable[[], object]], list[str]]:
    seen: list[str] = []
    watching = [False]

    def hook(name: str, args: tuple[object, ...]) -> None:
        if watching[0] and name in ("open", "socket.connect", "subprocess.Popen"):
            seen.append(f"{name} {args}")

    sys.addaudithook(hook)

    def watch(call: Callable[[], object]) -> list[str]:
        watching[0] = True
        try:
            call()
        finally:
            watching[0] = False
        return list(seen)

    return watch


@pytest.mark.parametrize("template", ["acts", "../act", "parts", ""])
def test_an_unknown_template_is_said_before_anything_is_done(template: str) -> None:
    effect = effect_of(demo_facts(), template)
    assert isinstance(effect, Undecided)
    assert "act, invoice" in effect.reason


def test_the_companys_own_template_wins_and_may_use_the_shipped_parts(tmp_path: Path) -> None:
    own = '#import "parts.typ": *\n#let data = document-data\n#show: sheet.with(data, "Наш")\nСвой бланк #data.number'
    (tmp_path / "act.typ").write_text(own, encoding="utf-8")
    (tmp_path / "Акт сверки.typ").write_text(own, encoding="utf-8")
    _, content, _ = render(demo_facts(), templates=tmp_path)
    assert "Свой бланк А-2026/043" in text_of(content)
    _, _, file = render(demo_facts(), "Акт сверки", templates=tmp_path)
    assert file.name == "Акт сверки А-2026-043.pdf"


def test_a_broken_template_gives_typsts_words_and_place(tmp_path: Path) -> None:
    (tmp_path / "act.typ").write_text("= Акт\n#nosuch", encoding="utf-8")
    with pytest.raises(PluginError, match="unknown variable: nosuch") as caught:
        render(demo_facts(), templates=tmp_path)
    assert "act.typ:2:1" in str(caught.value)
    assert "/document-" not in str(caught.value)


def test_a_template_cannot_read_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "act.typ").write_text('#read("../../../../etc/hostname")', encoding="utf-8")
    with pytest.raises(PluginError):
        render(demo_facts(), templates=tmp_path)


@pytest.mark.parametrize("template", PAPERS)
def test_every_key_of_the_sheet_is_told_to_template_writers(template: str) -> None:
    effect = planned(template)
    assert isinstance(effect, Effect)
    sheet: Any = print_sheet(effect.details, effect.details["number"], {"payment_due": "", "city": ""})
    told = (document.SHIPPED / "parts.typ").read_text(encoding="utf-8").split("#let")[0]
    rows = [sheet["seller"], sheet["buyer"], *sheet.get("lines", [])[:1], *sheet.get("acts", [])[:1]]
    keys = set(sheet).union(*rows) - {"renderer", "series"}
    assert {key for key in keys if not re.search(rf"\b{key.removesuffix('_long')}\b", told)} == set()
    assert json.loads(json.dumps(sheet)) == sheet


def test_the_creation_time_is_the_events_time() -> None:
    action = document.Render(make_setup())
    effect = action.effect({"template": "act", "item": ACT}, demo_facts())
    store = Store(now=NOW + timedelta(days=1))
    later = store.kept[action.perform(effect, store).name]
    assert made_at(later).startswith("D:20260315134107")
