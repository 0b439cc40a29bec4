"""Templates, formats and paths: `text / given / gives`, faults with code and place."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from engine.language.formats import FORMATS, format_value, plural
from engine.language.paths import safe_name
from engine.language.template import compile_template
from engine.language.types import DATE, MONEY, NUMBER, PATH, TEXT, YES_NO, Type, choice, item
from engine.language.values import (
    Duration,
    File,
    Item,
    Mixed,
    Money,
    Path,
    Pending,
    Segment,
    Undecided,
)
from tests.language.company import MOSCOW, NAMES, Facts, place, rub

D = Decimal
NEXT = Pending("act/new-1.number")
GONE = Undecided("read failed")
N = "\u00a0"

RENDERED = [
    ("", {}, ""),
    ("просто текст", {}, "просто текст"),
    ("Акт ${act.number} готов", {}, "Акт А-2026/043 готов"),
    ("${act.id}${act.id}", {}, "4343"),
    ("${act.amount}", {}, rub("48500.00")),
    (" ${act.amount}", {}, f" 48{N}500,00{N}₽"),
    ("к оплате ${act.amount | money}", {}, f"к оплате 48{N}500,00{N}₽"),
    ("${act.amount | money}", {}, f"48{N}500,00{N}₽"),
    ("${act.amount|money}", {}, f"48{N}500,00{N}₽"),
    ("${act.amount - act.vat | number}", {}, f"39{N}754,10"),
    ("${act.date | date}", {}, "06.03.2026"),
    ("${act.date | date_long}", {}, f"6 марта 2026{N}г."),
    ("${act.sent_at | date}", {}, "07.03.2026"),
    ("${act.sent_at | time}", {}, "01:30"),
    ("${deal.paid / deal.amount | percent}", {}, f"61,86{N}%"),
    ("${act.amount | words}", {}, "сорок восемь тысяч пятьсот рублей 00 копеек"),
    ("${act.amount | words}", {"act.amount": rub("1001")}, "одна тысяча один рубль 00 копеек"),
    ("${act.amount | words}", {"act.amount": rub("21.05")}, "двадцать один рубль 05 копеек"),
    ("${act.stage_no | words}", {}, "один"),
    ("на ${act.date}, ${now}", {}, "на 06.03.2026, 14.03.2026 16:41"),
    ("${act.signed} и ${not act.signed}", {}, "нет и да"),
    ("[${act.refusal}]", {}, "[]"),
    ("[${act.signed_at | date}]", {}, "[]"),
    ("n = ${act.stage_no + 0.5}", {}, "n = 1.5"),
    ("ждём ${days(3)}, ${workdays(1)}", {}, "ждём 3 дня, 1 рабочий день"),
    ("файл ${act.scan}", {}, "файл scan.pdf"),
    ("${act}: акты ${deal.acts}", {}, "Акт 43: акты Акт 43, Акт 44"),
    ('${join([l.name for l in deal.lines], "; ")}', {}, "Монтаж; Обучение"),
    ('${"}"} ${"| money"}', {}, "} | money"),
    ("${len([a for a in deal.acts])} шт.", {}, "2 шт."),
    ("цена $${x} и $$${act.id}", {}, "цена ${x} и $${act.id}"),
    ("$5 и $ {", {}, "$5 и $ {"),
    ("Акт ${act.number}", {"act.number": NEXT}, Mixed(("Акт ", NEXT))),
    ("${act.number}", {"act.number": NEXT}, NEXT),
    (
        "a${act.amount | money}b",
        {"act.amount": NEXT},
        Mixed(("a", Pending(NEXT.ref, NEXT.shown, "money"), "b")),
    ),
    ("${act.amount | words}", {"act.amount": NEXT}, Pending(NEXT.ref, NEXT.shown, "words")),
    ("Акт ${act.number}", {"act.number": GONE}, GONE),
    ("${act.number} ${act.amount}", {"act.number": NEXT, "act.amount": GONE}, GONE),
    ("${act.due_at}", {}, Undecided("act.due_at")),
    ("${first(act.manager, deal.manager)}", {}, Item("user", "7")),
    ("${payment.purpose}!", {}, "Оплата по счёту 7!"),
]


def read(text, expected=None):
    template, found = compile_template(text, place, NAMES, expected)
    assert not found, found
    assert template is not None
    return template


@pytest.mark.parametrize(("text", "given", "gives"), RENDERED, ids=[row[0] for row in RENDERED])
def test_rendered(text, given, gives):
    value = read(text).render(Facts(given))
    assert value == gives
    assert type(value) is type(gives)


def test_a_lone_slot_keeps_its_type_and_a_text_place_makes_it_text():
    assert read("${act.amount}").type == MONEY
    assert read("${act.amount}", MONEY).render(Facts()) == rub("48500.00")
    assert read("${act.amount}", TEXT).render(Facts()) == f"48{N}500,00{N}₽"
    assert read("${act.refusal}", TEXT).render(Facts()) is None
    assert read("${act.number}x").type == TEXT


def test_needs_and_constants():
    template = read("${act.number} ${deal.client.inn}")
    assert template.needs == {"act.number", "deal.client.inn"}
    assert not template.is_constant
    assert read("x").is_constant
    assert read("$${x}").render(Facts()) == "${x}"


CONSTANTS = [
    ("true", YES_NO, True),
    ("false", YES_NO, False),
    ("48500.00 RUB", MONEY, rub("48500.00")),
    ("0", MONEY, Money(D(0))),
    ("-5.50 USD", MONEY, Money(D("-5.50"), "USD")),
    ("2026-03-01", DATE, date(2026, 3, 1)),
    ("5", NUMBER, D(5)),
    ("1.10", NUMBER, D("1.10")),
    ("5 workdays", Type("duration"), Duration(5, "workdays")),
    ("1 day", Type("duration"), Duration(1, "days")),
    ("invoice_paid", choice("invoice_paid", "lost"), "invoice_paid"),
    ("0500100732", TEXT, "0500100732"),
    ("12:30", TEXT, "12:30"),
    ("no", TEXT, "no"),
    ("", TEXT, ""),
    ("", DATE, None),
    ("", choice("a"), None),
    ("2026-03-14T16:41:07+03:00", Type("time"), datetime(2026, 3, 14, 16, 41, 7, tzinfo=MOSCOW)),
    ("act/43", item("act"), Item("act", "43")),
    ("43", item("act"), Item("act", "43")),
    ("new-1", item("act"), Item("act", "new-1")),
    ("user/5", Type("item"), Item("user", "5")),
    ("anything", Type("any"), "anything"),
]


@pytest.mark.parametrize(
    ("text", "expected", "gives"), CONSTANTS, ids=[f"{r[1].kind}-{r[0]}" for r in CONSTANTS]
)
def test_constant(text, expected, gives):
    value = read(text, expected).render(Facts())
    assert value == gives
    assert type(value) is type(gives)


FAULTS = [
    ("Акт ${act.number", None, "R250", "${", {}),
    ('${"}', None, "R250", "${", {}),
    ("a ${} b", None, "R251", "${}", {}),
    ("${ | money}", None, "R251", "${ | money}", {}),
    ("a ${act.sined} b", None, "R221", "sined", {"suggestion": "signed"}),
    ("a ${act.amount | mony}", None, "R252", "mony", {"suggestion": "money"}),
    ("a ${act.amount | }", None, "R252", "| ", {}),
    ("a ${act.number | money}", None, "R253", "money", {"type": "text", "expected": "money"}),
    ("a ${act.date | money}", None, "R253", "money", {"suggestion": "date"}),
    ("a ${act.amount | money | words}", None, "R212", "|", {}),
    ("строки: ${deal.lines}", None, "R254", "deal.lines", {}),
    ("${deal.lines}", TEXT, "R254", "deal.lines", {}),
    ("x" * 100_001, None, "R255", "x", {}),
    ("${act.id}" * 501, None, "R255", "${act.id}", {}),
    ("${ ${act.id} }", None, "R256", "${", {}),
    ("${act.number}", MONEY, "R245", "act.number", {"expected": "money", "found": "text"}),
    ("${act.amount | money}", MONEY, "R245", "money", {}),
    ('${"lst"}', choice("lost"), "R232", '"lst"', {"suggestion": "lost"}),
    ("да", YES_NO, "R260", "да", {"suggestion": "true"}),
    ("True", YES_NO, "R260", "True", {"suggestion": "true"}),
    ("48500", MONEY, "R260", "48500", {"suggestion": "48500 RUB"}),
    ("48 500,00 ₽", MONEY, "R260", "48 500,00 ₽", {"suggestion": "48500.00 RUB"}),
    ("14.03.2026", DATE, "R260", "14.03.2026", {"suggestion": "2026-03-14"}),
    ("2026-02-30", DATE, "R260", "2026-02-30", {}),
    ("1,5", NUMBER, "R260", "1,5", {"suggestion": "1.5"}),
    ("2026-03-14T16:41:07", Type("time"), "R260", "2026-03-14T16:41:07", {}),
    ("5 weeks", Type("duration"), "R260", "5 weeks", {}),
    ("deal/5", item("act"), "R260", "deal/5", {"type": "act"}),
    ("a/b.pdf", Type("file"), "R260", "a/b.pdf", {}),
    ("invoice_pad", choice("invoice_paid"), "R232", "invoice_pad", {"suggestion": "invoice_paid"}),
    ("a//b", PATH, "R257", "/", {}),
    ("/a", PATH, "R257", "/", {}),
    ("a/", PATH, "R257", "/", {}),
    ("", PATH, "R257", "", {}),
    ("a/../b", PATH, "R258", "..", {"found": ".."}),
    ("a/ . /b", PATH, "R258", " . ", {}),
]


@pytest.mark.parametrize(
    ("text", "expected", "code", "guilty", "values"), FAULTS, ids=[f"{r[2]}-{r[0][:40]}" for r in FAULTS]
)
def test_fault(text, expected, code, guilty, values):
    template, found = compile_template(text, place, NAMES, expected)
    assert template is None
    assert [one.code for one in found] == [code], found
    marked = text[found[0].span.column - 1 : found[0].span.end_column - 1]
    assert marked.startswith(guilty[:10])
    if len(text) < 1000:
        assert marked == guilty
    for key, value in values.items():
        assert found[0].values.get(key) == value


PATHS = [
    ("Акты", {}, "Акты"),
    (
        "Акты/${act.date.year}/${deal.client.folder_name}/Акт ${act.number}",
        {},
        "Акты/2026/ООО Ромашка/Акт А-2026-043",
    ),
    ("Акты/${act.number}", {"act.number": "../../etc/passwd"}, "Акты/etc-passwd"),
    ("Акты/${act.number}", {"act.number": "a\\b/c"}, "Акты/a-b-c"),
    ("Акты/Акт ${act.number}", {"act.number": "../x"}, "Акты/Акт -x"),
    ("Акты/${act.number}", {"act.number": "..."}, None),
    ("Акты/Акт ${act.number}", {"act.number": ".."}, None),
    ("Акты/${act.number}", {"act.number": ""}, None),
    ("Акты/${act.number}", {"act.number": None}, None),
    ("Акты/${act.number}", {"act.number": "\u202e\u200b"}, None),
    ("Акты/${act.number}", {"act.number": GONE}, None),
    ("Акты/${act.number}", {"act.number": "CON"}, "Акты/CON_"),
    ("Акты/${act.number}", {"act.number": NEXT}, "Акты/⟨next⟩"),
    ("Акты/Акт ${act.number}", {"act.number": NEXT}, "Акты/Акт ⟨next⟩"),
    ('${"a/b"}', {}, "a-b"),
]


@pytest.mark.parametrize(("text", "given", "gives"), PATHS, ids=[f"{i}-{r[0]}" for i, r in enumerate(PATHS)])
def test_path(text, given, gives):
    path = read(text, PATH).render_path(Facts(given))
    if gives is None:
        assert isinstance(path, Undecided)
    else:
        assert isinstance(path, Path)
        assert str(path) == gives


def test_origin_is_the_item_whose_field_alone_fills_a_segment():
    template = read("Акты/${deal.client.folder_name}/${act.date.year}/Акт ${act.number}/${act.number}", PATH)
    path = template.render_path(Facts())
    assert [segment.origin for segment in path.segments] == ["", "company/12", "", "", "act/43"]


def test_a_pending_segment_keeps_its_parts():
    path = read("x ${act.number}", PATH).render_path(Facts({"act.number": NEXT}))
    assert path == Path((Segment(Mixed(("x ", NEXT))),))


NAMES_MADE = [
    ("N..\u0300", "Ǹ"),
    ("Акт А-2026/043", "Акт А-2026-043"),
    ("..", ""),
    (".. ..", ""),
    (". . .", ""),
    ("a..b", "ab"),
    ("a.b", "a.b"),
    (".hidden", "hidden"),
    ("--rf", "rf"),
    (" a ", "a"),
    ("a. .", "a"),
    ("a\tb\nc", "abc"),
    ("a\u202eb\u200b", "ab"),
    (".\u200b.", ""),
    ("и\u0306", "й"),
    ("и\u200d\u0306", "й"),
    ('a<b>c:d"e|f?g*h', "a-b-c-d-e-f-g-h"),
    ("CON", "CON_"),
    ("con.txt", "con_.txt"),
    ("com1", "com1_"),
    ("COM10", "COM10"),
    ("CONTRACT", "CONTRACT"),
    ("nul .x", "nul_ .x"),
    ("a\u00a0b", "a b"),
    ("\ud800", ""),
    ("/", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "gives"), NAMES_MADE, ids=[ascii(row[0]) for row in NAMES_MADE])
def test_safe_name(text, gives):
    assert safe_name(text) == gives


def test_long_names_stay_apart():
    first, second = safe_name("я" * 300 + "1"), safe_name("я" * 300 + "2")
    assert len(first) == len(second) == 200
    assert first != second
    assert safe_name("я" * 200) == "я" * 200


FORMATTED = [
    ("money", rub("-1234567.005"), f"-1{N}234{N}567,01{N}₽"),
    ("money", Money(D(1), "USD"), f"1,00{N}$"),
    ("money", Money(D(1), "CHF"), f"1,00{N}CHF"),
    ("money", Money(D(0)), "0,00"),
    ("number", D("1234567.50"), f"1{N}234{N}567,50"),
    ("percent", D("0.2"), f"20{N}%"),
    ("percent", D(1), f"100{N}%"),
    ("words", rub("0.5"), "ноль рублей 50 копеек"),
    ("words", rub("1e20"), Undecided("no words for: 100000000000000000000 RUB")),
    ("words", Money(D(1), "XTS"), Undecided("no words for currency: XTS")),
    ("date", None, None),
    ("date", GONE, GONE),
    ("time", datetime(2026, 1, 1, 9, 5, tzinfo=MOSCOW), "09:05"),
    ("money", "x", Undecided("types do not fit: str, NoneType")),
    ("date", D(5), Undecided("no format date for: 5")),
    ("money", rub("NaN"), Undecided("no format money for: NaN RUB")),
]


@pytest.mark.parametrize(
    ("name", "value", "gives"), FORMATTED, ids=[f"{r[0]}-{r[1]}"[:40] for r in FORMATTED]
)
def test_format(name, value, gives):
    assert format_value(name, value, MOSCOW) == gives


def test_every_format_has_a_row():
    assert {row[0] for row in FORMATTED} | {"date_long"} == set(FORMATS)


@pytest.mark.parametrize(
    ("count", "word"),
    [
        (1, "день"),
        (2, "дня"),
        (5, "дней"),
        (11, "дней"),
        (21, "день"),
        (112, "дней"),
        (-3, "дня"),
        (0, "дней"),
    ],
)
def test_plural(count, word):
    assert plural(count, "день", "дня", "дней") == word


def test_file_parts_have_names_in_text():
    assert read("${act.scan} ").render(Facts({"act.scan": File("x.pdf")})) == "x.pdf "
