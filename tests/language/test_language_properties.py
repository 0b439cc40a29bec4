"""What holds for every text, every fact and every number: no traceback, Kleene's logic, exact money, safe names."""

from __future__ import annotations

import time
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.expression import compile_expression
from engine.language.expressions.operators import equal, order
from engine.language.faults import Fault
from engine.language.literals import parse_literal
from engine.language.paths import safe_name
from engine.language.template import compile_template
from engine.language.types import (
    DATE,
    DURATION,
    FILE,
    MONEY,
    NUMBER,
    PATH,
    TEXT,
    TIME,
    YES_NO,
    Type,
    choice,
    item,
)
from engine.language.values import Duration, File, Item, Mixed, Money, Path, Pending, Undecided
from tests.language.cases_expressions import TABLES
from tests.language.company import FIELDS, NAMES, Facts, place

WORDS = [
    "act",
    "deal",
    "i",
    "a",
    "акт",
    "payment",
    "odd",
    "now",
    "today",
    "true",
    "false",
    "empty",
    "and",
    "or",
    "not",
    "in",
    "if",
    "else",
    "for",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    ".signed",
    ".acts",
    ".amount",
    ".stage",
    ".scan",
    ".date",
    ".sha256",
    ".year",
    ".days",
    ".подписан",
    '"new"',
    '"x"',
    "0",
    "1",
    "2.5",
    "sum",
    "min",
    "all",
    "any",
    "len",
    "first",
    "known",
    "days",
    "workdays",
    "date",
    "money",
    "round",
    "split",
    "join",
    "numbers",
    "sorted",
    "matches",
    "lower",
    "text",
    "contains",
    '"RUB"',
    "${",
    "}",
    "|",
    "lambda",
    "is",
    "==",
]
SOUP = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
PIECES = [row[0] for rows in TABLES.values() for row in rows]
GRAFTS = st.builds(
    lambda op, parts: op.format(*[f"({part})" for part in parts]),
    st.sampled_from(
        [
            "{0} and {1}",
            "{0} == {1}",
            "{0} < {1}",
            "{0} + {1}",
            "{0} if {1} else {0}",
            "not {0}",
            "[{0}, {1}]",
            "first({0}, {1})",
            "{0} in [{1}]",
            "known({0})",
            "text({0})",
            "{0} - {1}",
            "{0} / {1}",
        ]
    ),
    st.lists(st.sampled_from(PIECES), min_size=2, max_size=2),
)
ANY_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.builds(Money, st.decimals(allow_nan=True, allow_infinity=True), st.sampled_from(["", "RUB", "USD"])),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.builds(
        Duration, st.integers(-(10**9), 10**9), st.sampled_from(["minutes", "hours", "days", "workdays"])
    ),
    st.builds(Item, st.sampled_from(["act", "deal", "zzz"]), st.sampled_from(["1", "43", "new-1"])),
    st.builds(
        File,
        st.text(max_size=3),
        st.none() | st.integers(0),
        st.none() | st.text(max_size=3),
        st.none() | st.text(max_size=3),
    ),
    st.just(Pending("act/new-1.number")),
    st.just(Mixed(("a", Pending("x.y")))),
    st.just(Undecided("read failed")),
    st.lists(st.sampled_from([Item("act", "43"), None, Decimal(1), "x", Undecided("m")]), max_size=3).map(
        tuple
    ),
)
FACT_NAMES = [f"{entity}.{name}" for entity, fields in FIELDS.items() for name in fields]
FACTS = st.builds(
    Facts,
    st.dictionaries(st.sampled_from(FACT_NAMES), ANY_VALUE, max_size=12),
    st.dictionaries(st.sampled_from(["act", "deal", "payment", "odd", "акт"]), ANY_VALUE, max_size=2),
)


def check_reading(text, facts, expected=None):
    expression, found = compile_expression(text, place, NAMES, expected)
    assert (expression is None) == bool(found)
    for one in found:
        assert one.code.startswith("R2")
        assert 1 <= one.span.column <= one.span.end_column <= len(text) + 1
    if expression is None:
        return
    value = expression.evaluate(facts)
    assert repr(value) == repr(expression.evaluate(facts))
    expression.values(facts)
    expression.owner(facts)
    if expected == YES_NO:
        assert value is True or value is False or isinstance(value, Undecided)


@given(
    st.one_of(
        st.text(max_size=60), SOUP, st.text(alphabet="()[]{}\"'.=!<>$|#&-+*/ \\an1é\u0306", max_size=30)
    )
)
@settings(max_examples=400, deadline=None)
def test_any_text_is_an_expression_or_has_diagnostics(text):
    check_reading(text, Facts())
    check_reading(text, Facts(), YES_NO)


@given(GRAFTS, FACTS)
@settings(max_examples=400, deadline=None)
def test_no_fact_raises(text, facts):
    check_reading(text, facts)


@pytest.mark.parametrize("table", TABLES)
@given(facts=FACTS)
@settings(max_examples=15, deadline=None)
def test_every_row_survives_every_fact(table, facts):
    for row in TABLES[table]:
        check_reading(row[0], facts)


@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(["${", "}", "$", "{", "|", "money", "act.number", "/", "..", " ", '"', "x"]),
            max_size=12,
        ).map("".join),
    ),
    FACTS,
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_template_or_has_diagnostics(text, facts):
    for expected in (None, TEXT, PATH, MONEY):
        template, found = compile_template(text, place, NAMES, expected)
        assert (template is None) == bool(found)
        if template is None:
            continue
        template.render(facts)
        if expected == PATH:
            path = template.render_path(facts)
            assert isinstance(path, Path | Undecided)


@given(
    st.text(max_size=30) | st.from_regex(r"[0-9-]{1,12}(\.[0-9]+)?( [A-Z]{3}| days)?"),
    st.sampled_from(
        [
            TEXT,
            NUMBER,
            MONEY,
            DATE,
            TIME,
            DURATION,
            YES_NO,
            FILE,
            item("act"),
            Type("item"),
            choice("a", "b"),
            Type("list", of=TEXT),
        ]
    ),
)
def test_any_text_is_a_literal_or_a_fault(text, type_):
    value = parse_literal(text, type_)
    if isinstance(value, Fault):
        assert (value.start, value.end) == (0, len(text))
        assert value.code in ("R232", "R260")


HOSTILE = {
    "not": "not " * 400 + "true",
    "minus": "-" * 1900 + "1",
    "open": "(" * 1900,
    "closed": "(" * 900 + "1" + ")" * 900,
    "lists": "[" * 900 + "]" * 900,
    "power": "9" + "**9" * 600,
    "calls": "len" * 3 + "(" * 600,
    "dots": "act" + ".deal" * 380,
    "sum": "1" + "+1" * 249,
    "else": "1 if true else " * 130 + "1",
    "lambda": "lambda:" * 250 + "1",
    "await": "await " * 300 + "x",
    "strings": '"a"' * 600,
    "escapes": '"' + "\\" * 1990,
    "quotes": "'" * 1999,
    "long": "a" * 10_000_000,
    "digits": "9" * 2000,
    "fstring": 'f"{' * 600,
    "and": " and ".join(["true"] * 240),
    "compare": " < ".join(["1"] * 240),
    "in": " in ".join(["[1]"] * 120),
    "spaces": " " * 1_000_000,
    "slots": "${" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_answered_at_once(name):
    started = time.perf_counter()
    check_reading(HOSTILE[name], Facts(), YES_NO)
    compile_template(HOSTILE[name], place, NAMES)
    compile_template("${" + HOSTILE[name] + "}", place, NAMES)
    assert time.perf_counter() - started < 2


def test_hostile_work_is_bounded():
    texts = [
        "len([n for n in numbers(1, 1000) for m in numbers(1, 1000) if n * m / 7 > 3])",
        'any(matches("' + "a" * 1000 + '", "(a|aa)+$b") for n in numbers(1, 1000) for m in numbers(1, 1000))',
        "sum(len(sorted(numbers(1, 1000))) for n in numbers(1, 1000))",
        "any(n in [m for m in numbers(1, 1000)] for n in numbers(-999, 0))",
    ]
    for text in texts:
        expression, found = compile_expression(text, place, NAMES)
        assert expression is not None, found
        started = time.perf_counter()
        assert isinstance(expression.evaluate(Facts()), Undecided)
        assert time.perf_counter() - started < 2


ANSWERS = st.sampled_from([True, False, None])
TREES = st.recursive(
    st.sampled_from(["a", "b", "c"]),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=8,
)


def write(tree):
    if isinstance(tree, str):
        return {"a": "act.signed", "b": "act.cancelled", "c": "deal.manager.active"}[tree]
    if tree[0] == "not":
        return f"(not {write(tree[1])})"
    return f"({write(tree[1])} {tree[0]} {write(tree[2])})"


def kleene(tree, facts):
    """Kleene's tables with false 0, undecided 1, true 2: and is the least, or the greatest, not the mirror."""
    if isinstance(tree, str):
        return facts[tree]
    if tree[0] == "not":
        return 2 - kleene(tree[1], facts)
    return (min if tree[0] == "and" else max)(kleene(tree[1], facts), kleene(tree[2], facts))


@given(TREES, st.tuples(ANSWERS, ANSWERS, ANSWERS))
@settings(max_examples=300)
def test_logic_is_kleenes(tree, answers):
    expression, found = compile_expression(write(tree), place, NAMES, YES_NO)
    if expression is None:
        assert {one.code for one in found} == {"R202"}
        return
    a, b, c = (Undecided("?") if one is None else one for one in answers)
    value = expression.evaluate(Facts({"act.signed": a, "act.cancelled": b, "user.active": c}))
    ranks = {name: 1 if one is None else 2 * one for name, one in zip("abc", answers, strict=True)}
    rank = 1 if isinstance(value, Undecided) else 2 * value
    assert rank == kleene(tree, ranks)


@given(st.lists(st.tuples(ANSWERS, ANSWERS), max_size=5), st.booleans())
@settings(max_examples=300)
def test_all_and_any_are_kleenes_over_members_that_may_belong(members, has_filter):
    acts = tuple(Item("act", str(1000 + n)) for n in range(len(members)))
    changes = {"deal.acts": acts}
    for act, (belongs, value) in zip(acts, members, strict=True):
        changes[f"{act}.cancelled"] = Undecided("?") if belongs is None else belongs
        changes[f"{act}.signed"] = Undecided("?") if value is None else value
    test = " if a.cancelled" if has_filter else ""
    ranks = [(1 if b is None else 2 * b, 1 if v is None else 2 * v) for b, v in members]
    expected_all = min([max(2 - b, v) if has_filter else v for b, v in ranks], default=2)
    expected_any = max([min(b, v) if has_filter else v for b, v in ranks], default=0)
    for name, expected in (("all", expected_all), ("any", expected_any)):
        expression, _ = compile_expression(f"{name}(a.signed for a in deal.acts{test})", place, NAMES, YES_NO)
        value = expression.evaluate(Facts(changes))
        assert (1 if isinstance(value, Undecided) else 2 * value) == expected


AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@given(st.lists(AMOUNTS, min_size=1, max_size=20), AMOUNTS)
def test_money_is_exact(amounts, factor):
    invoices = tuple(Item("invoice", str(1000 + n)) for n in range(len(amounts)))
    changes = {"deal.invoices": invoices, "deal.ratio": factor}
    changes |= {f"{one}.paid": Money(amount, "RUB") for one, amount in zip(invoices, amounts, strict=True)}
    expression, _ = compile_expression("sum(i.paid for i in deal.invoices) * deal.ratio", place, NAMES)
    value = expression.evaluate(Facts(changes))
    assert Fraction(value.amount) == sum(map(Fraction, amounts)) * Fraction(factor)
    assert value.currency == "RUB"


@given(st.integers(-10_000, 10_000), st.integers(-500, 500).filter(bool))
def test_floor_division_and_remainder_agree(a, b):
    expression, _ = compile_expression(f"[{a} // {b}, {a} % {b}]", place, NAMES)
    assert expression.evaluate(Facts()) == (Decimal(a // b), Decimal(a % b))


@given(st.text(max_size=40))
def test_a_quoted_text_is_itself(text):
    written = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    expression, found = compile_expression(written, place, NAMES)
    assert not found
    assert expression.evaluate(Facts()) == text


@given(st.decimals(min_value=0, max_value=10**15, allow_nan=False, places=6))
def test_a_number_is_read_from_its_text(number):
    expression, _ = compile_expression(f"{number:f}", place, NAMES)
    assert str(expression.evaluate(Facts())) == f"{number:f}"


@given(ANY_VALUE, ANY_VALUE)
@settings(max_examples=400)
def test_equality_and_order_are_symmetric_and_never_raise(a, b):
    one, other = equal(a, b), equal(b, a)
    assert isinstance(one, Undecided) == isinstance(other, Undecided)
    assert isinstance(one, Undecided) or one is other
    first, second = order(a, b), order(b, a)
    assert isinstance(first, Undecided) == isinstance(second, Undecided)
    assert isinstance(first, Undecided) or first == -second


HINTED = [text for text in PIECES if (e := compile_expression(text, place, NAMES)[0]) is not None and e.hints]


@pytest.mark.parametrize("text", HINTED)
@given(facts=FACTS)
@settings(max_examples=20, deadline=None)
def test_where_an_expression_is_true_its_hints_hold(text, facts):
    expression, _ = compile_expression(text, place, NAMES)
    if expression.evaluate(facts) is not True:
        return
    assert all(holds(hint, facts) is True for hint in expression.hints)


def holds(hint, facts):
    """Whether a hint is true of the facts, by the language's own equality and order."""
    fact, _ = compile_expression(hint.path, place, NAMES)
    value = fact.evaluate(facts)
    if hint.op == "in":
        return any(equal(value, one) is True for one in hint.value)
    if hint.op == "==":
        return equal(value, hint.value)
    sign = order(value, hint.value)
    if isinstance(sign, Undecided):
        return sign
    return {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[hint.op]


@pytest.mark.parametrize("text", HINTED)
@given(facts=FACTS)
@settings(max_examples=20, deadline=None)
def test_a_plain_expression_is_true_where_its_hint_is(text, facts):
    expression, _ = compile_expression(text, place, NAMES)
    if expression.plain is not None:
        assert (expression.evaluate(facts) is True) == (holds(expression.plain, facts) is True)


@given(st.text(max_size=260) | st.text(alphabet="./\\- ~а\u0306\u200d\u202eCONnul1", max_size=20))
@settings(max_examples=500)
def test_a_safe_name_is_safe(text):
    name = safe_name(text)
    assert safe_name(name) == name
    assert len(name) <= 200
    assert ".." not in name
    assert not set(name) & set('/\\<>:"|?*')
    assert name == unicodedata.normalize("NFC", name)
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in name)
    assert not name.startswith((".", "-", " "))
    assert not name.endswith((".", " "))


@given(st.dates(date(1, 1, 2), date(9999, 12, 30)), st.integers(-100_000, 100_000))
def test_dates_move_exactly_or_are_undecided(day, count):
    expression, _ = compile_expression(f"act.date + days({count})", place, NAMES)
    value = expression.evaluate(Facts({"act.date": day}))
    ordinal = day.toordinal() + count
    if 1 <= ordinal <= date.max.toordinal():
        assert value == date.fromordinal(ordinal)
    else:
        assert isinstance(value, Undecided)


def test_now_may_be_any_time_of_the_calendar():
    facts = Facts(now=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    for text in ("now + days(1)", "now + hours(1)", "today + workdays(5)", "now - act.sent_at"):
        expression, _ = compile_expression(text, place, NAMES)
        expression.evaluate(facts)
