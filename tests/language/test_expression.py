"""The expression language, row by row: values from `cases_expressions.py`, faults from `cases_faults.py`."""

from __future__ import annotations

import pytest

from engine.language.expression import Hint, compile_expression
from engine.language.types import DATE, MONEY, NUMBER, TEXT, YES_NO, Type, choice, item, list_of
from engine.language.values import Money, Undecided
from tests.language.cases_expressions import TABLES, D, U
from tests.language.cases_faults import CONDITION_FAULTS, FAULTS
from tests.language.company import NAMES, Facts, place, rub

ROWS = [
    pytest.param(
        row[0], row[1] if len(row) == 3 else {}, row[-1], id=f"{table}-{number}-{ascii(row[0][:60])[1:-1]}"
    )
    for table, rows in TABLES.items()
    for number, row in enumerate(rows)
]


def read(text, expected=None):
    expression, found = compile_expression(text, place, NAMES, expected)
    assert not found, found
    assert expression is not None
    return expression


def facts(given):
    roots = {key.removeprefix("root "): value for key, value in given.items() if key.startswith("root ")}
    return Facts({key: value for key, value in given.items() if not key.startswith("root ")}, roots)


@pytest.mark.parametrize(("text", "given", "gives"), ROWS)
def test_value(text, given, gives):
    value = read(text).evaluate(facts(given))
    if isinstance(gives, U):
        assert isinstance(value, Undecided), value
        assert value.reason.startswith(gives.reason)
    else:
        assert value == gives
        assert type(value) is type(gives)


def test_there_are_enough_rows():
    assert len(ROWS) + len(FAULTS) >= 400


@pytest.mark.parametrize(
    ("text", "code", "guilty", "values"), FAULTS, ids=[f"{row[1]}-{row[0]}" for row in FAULTS]
)
def test_fault(text, code, guilty, values):
    _fault(text, code, guilty, values, None)


@pytest.mark.parametrize(
    ("text", "code", "guilty", "values"),
    CONDITION_FAULTS,
    ids=[f"{row[1]}-{row[0]}" for row in CONDITION_FAULTS],
)
def test_fault_of_a_condition(text, code, guilty, values):
    _fault(text, code, guilty, values, YES_NO)


def _fault(text, code, guilty, values, expected):
    expression, found = compile_expression(text, place, NAMES, expected)
    assert expression is None
    assert [one.code for one in found] == [code], found
    assert text[found[0].span.column - 1 : found[0].span.end_column - 1] == guilty
    for key, value in values.items():
        assert found[0].values.get(key) == value


def test_all_faults_of_one_text_are_told_in_order():
    _, found = compile_expression('act.sined and deal.paid > "x" and foo(1)', place, NAMES, YES_NO)
    assert [one.code for one in found] == ["R221", "R230", "R223"]


def test_fault_columns_count_characters_of_cyrillic_text():
    _, found = compile_expression('акт.номер == "ё" and акт.номр == "1"', place, NAMES)
    assert (found[0].code, found[0].span.column, found[0].span.end_column) == ("R221", 26, 30)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("act.amount / deal.amount", NUMBER),
        ("act.amount * 2", MONEY),
        (
            "deal.stage",
            choice(
                "new",
                "in_work",
                "report_sent",
                "documents_sent",
                "invoice_paid",
                "won_review_requested",
                "lost",
            ),
        ),
        ("[a.date for a in deal.acts]", list_of(DATE)),
        ("first(act.manager, deal.manager)", item("user")),
        ('"a" if act.signed else "b"', TEXT),
        ("first(act.manager, empty)", item("user")),
        ("act.amount if act.signed else empty", MONEY),
        ("folder", Type("folder")),
        ("odd.thing", Type("any")),
    ],
)
def test_type(text, type_):
    assert read(text).type == type_


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ('deal.stage == "new"', {"deal.stage"}),
        ("all(a.signed for a in deal.acts)", {"deal.acts", "deal.acts.signed"}),
        ("act.scan.sha256 != empty", {"act.scan.sha256"}),
        ("act.date.year > 2025", {"act.date"}),
        ("act.deal.client.inn", {"act.deal.client.inn"}),
        (
            "first(act.manager, deal.manager).email",
            {"act.manager", "deal.manager", "act.manager.email", "deal.manager.email"},
        ),
        ("sum(l.amount for l in deal.lines)", {"deal.lines", "deal.lines.amount"}),
        (
            "any(i.amount == a.amount for i in deal.invoices for a in i.deal.acts)",
            {
                "deal.invoices",
                "deal.invoices.amount",
                "deal.invoices.deal.acts",
                "deal.invoices.deal.acts.amount",
            },
        ),
        ("len([a for a in [x for x in deal.acts] if a.signed])", {"deal.acts", "deal.acts.signed"}),
        ("act", {"act"}),
        ("now > now", set()),
    ],
)
def test_needs(text, needs):
    assert read(text).needs == needs


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ('deal.stage == "new"', [Hint("deal.stage", "==", "new")]),
        ('"new" == deal.stage', [Hint("deal.stage", "==", "new")]),
        (
            'deal.stage == "new" and act.signed',
            [Hint("deal.stage", "==", "new"), Hint("act.signed", "==", True)],
        ),
        ("not act.cancelled", [Hint("act.cancelled", "==", False)]),
        ("act.signed", [Hint("act.signed", "==", True)]),
        ("act.scan == empty", [Hint("act.scan", "==", None)]),
        ("act.refusal == empty", []),
        ('act.refusal == ""', []),
        ('deal.stage in ["new", "lost"]', [Hint("deal.stage", "in", ("new", "lost"))]),
        ("act.stage_no >= 2", [Hint("act.stage_no", ">=", D(2))]),
        ("2 < act.stage_no", [Hint("act.stage_no", ">", D(2))]),
        ("1 < act.stage_no < 3", [Hint("act.stage_no", ">", D(1)), Hint("act.stage_no", "<", D(3))]),
        ('deal.paid > money(5, "RUB")', [Hint("deal.paid", ">", rub("5"))]),
        ("deal.paid > 0", []),
        ("deal.paid == 0", []),
        ('deal.stage != "new"', []),
        ('deal.stage == "new" or act.signed', []),
        ('not (deal.stage == "new")', []),
        ("act.date.year == 2026", []),
        ("all(a.signed for a in deal.acts)", []),
        ('act.scan.kind == "pdf"', [Hint("act.scan.kind", "==", "pdf")]),
    ],
)
def test_hints(text, hints):
    assert list(read(text).hints) == hints


def test_hint_views():
    expression = read('deal.stage == "new" and act.form in ["scan", "edo"] and act.stage_no > 1')
    assert expression.equalities == (("deal.stage", "new"),)
    assert expression.membership == (("act.form", ("scan", "edo")),)
    assert expression.thresholds == (("act.stage_no", ">", D(1)),)


def test_values_are_the_paths_outside_loops_in_text_order():
    expression = read(
        "act.signed or deal.paid > 0 and any(a.signed for a in deal.acts) and act.date.year == 2026"
    )
    assert list(expression.values(Facts())) == ["act.signed", "deal.paid", "deal.acts", "act.date.year"]
    assert expression.values(Facts())["deal.paid"] == rub("30000.00")
    assert isinstance(read("act.due_at == now").values(Facts())["act.due_at"], Undecided)


def test_a_condition_that_is_empty_is_undecided():
    expression = read("act.signed", YES_NO)
    assert expression.evaluate(Facts({"act.signed": None})) == Undecided("empty: act.signed")
    assert expression.evaluate(Facts({"act.signed": True})) is True


def test_owner_is_the_item_whose_field_it_is():
    assert str(read("deal.client.folder_name").owner(Facts())) == "company/12"
    assert read("act.date.year").owner(Facts()) is None
    assert read("act.number + act.number").owner(Facts()) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"none" if act.signed else "full"', choice("none", "part", "full")),
        ("0", MONEY),
        ("empty", DATE),
        ("act.scan", Type("file")),
        ("odd", MONEY),
        ("act.form", TEXT),
        ("act.client", Type("item")),
        ("deal.acts", list_of(item("act"))),
    ],
)
def test_expected_type_is_met(text, expected):
    assert read(text, expected)


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        ('"none" if act.signed else "ful"', choice("none", "full"), "R232"),
        ("1", MONEY, "R245"),
        ("act.date", Type("time"), "R245"),
        ("act.client", item("user"), "R245"),
        ("act.number", choice("a"), "R245"),
        ("act.form", choice("scan"), "R245"),
        ("act.amount", TEXT, "R245"),
        ("deal.acts", list_of(item("invoice")), "R245"),
    ],
)
def test_expected_type_is_missed(text, expected, code):
    _, found = compile_expression(text, place, NAMES, expected)
    assert [one.code for one in found] == [code]


def test_zero_of_a_sum_has_no_currency():
    assert read("sum(i.paid for i in deal.invoices)").evaluate(Facts({"deal.invoices": ()})) == Money(
        D(0), ""
    )
