"""What is written is what is read back, for every type the map knows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.action import Content, Ref
from engine.language.types import (
    DATE,
    FILE,
    MONEY,
    NUMBER,
    TEXT,
    TIME,
    YES_NO,
    FieldSpec,
    choice,
    item,
    list_of,
)
from engine.language.values import File, Item, Money, Pending, Undecided
from engine.portal.codec import Codec, Place, read_money, read_number
from tests.portal.portal_case import ZONE

CODEC = Codec(ZONE)
PLACE = Place(1044, "43", "ufCrm12X")
FORM = {"scan": "101", "paper": "102", "edo": "103"}


def spec(kind, name="x", field="ufCrm12X", codes=None) -> FieldSpec:
    return FieldSpec(name, kind, binding={"field": field}, codes=codes or {})


AMOUNTS = st.decimals(-(10**12), 10**12, places=2)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the strategy adds the zone
    lambda moment: moment.replace(microsecond=0)
)
NAMES = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=40)
IDS = st.integers(1, 10**9).map(str)
VALUES = [
    (spec(TEXT), NAMES),
    (spec(NUMBER), st.decimals(-(10**9), 10**9, places=3)),
    (spec(MONEY), st.builds(Money, AMOUNTS, st.sampled_from(["RUB", "USD"]))),
    (spec(DATE), st.dates()),
    (spec(TIME), TIMES),
    (spec(YES_NO), st.booleans()),
    (spec(choice(*FORM), codes=FORM), st.sampled_from(list(FORM))),
    (spec(item("company")), st.builds(Item, st.just("company"), IDS)),
    (spec(list_of(item("user"))), st.lists(st.builds(Item, st.just("user"), IDS)).map(tuple)),
    (spec(list_of(TEXT)), st.lists(NAMES).map(tuple)),
]


@pytest.mark.parametrize(("field", "values"), VALUES, ids=lambda one: str(getattr(one, "type", "")) or None)
@given(data=st.data())
def test_a_value_written_is_read_back(field, values, data):
    value = data.draw(values)
    back = CODEC.decode(field, CODEC.encode(field, value), PLACE)
    assert back == value
    assert CODEC.same(field, value, back)


@pytest.mark.parametrize(
    ("field", "_"), [case for case in VALUES if case[0].type.kind not in ("yes/no", "list")]
)
def test_empty_is_written_and_read_back(field, _):
    assert CODEC.decode(field, CODEC.encode(field, None), PLACE) is None


@given(AMOUNTS)
def test_a_float_of_the_portal_is_exact_to_the_kopeck(amount):
    assert read_money(float(amount), "RUB") == Money(amount, "RUB")


FROM_PORTAL = [
    ("money from 1c", spec(MONEY), 48500.5, Money(Decimal("48500.50"), "RUB")),
    ("bare money of zero", spec(MONEY), 0, Money(Decimal(0), "RUB")),
    ("money field", spec(MONEY), "300|USD", Money(Decimal(300), "USD")),
    ("money without an amount", spec(MONEY), "|RUB", None),
    ("no money", spec(MONEY), "", None),
    ("nonsense money", spec(MONEY), "много", Undecided("x: the portal's 'много' is no money")),
    ("infinite money", spec(MONEY), "NaN", Undecided("x: the portal's 'NaN' is no money")),
    ("midnight date", spec(DATE), "2026-03-06T00:00:00+03:00", date(2026, 3, 6)),
    ("date of a portal elsewhere", spec(DATE), "2024-07-23T02:00:00+02:00", date(2024, 7, 23)),
    ("nonsense date", spec(DATE), "06.03.2026", Undecided("x: the portal's '06.03.2026' is no date")),
    ("time", spec(TIME), "2026-03-06T10:00:00+00:00", datetime(2026, 3, 6, 13, tzinfo=ZONE)),
    ("time without zone", spec(TIME), "2026-03-06T10:00:00", datetime(2026, 3, 6, 10, tzinfo=ZONE)),
    ("yes", spec(YES_NO), "Y", True),
    ("yes as number", spec(YES_NO), 1, True),
    ("yes as text", spec(YES_NO), "1", True),
    ("yes as flag", spec(YES_NO), True, True),
    ("no", spec(YES_NO), "N", False),
    ("no as number", spec(YES_NO), 0, False),
    ("never ticked", spec(YES_NO), None, False),
    ("number", spec(NUMBER), 2, Decimal(2)),
    ("number as float", spec(NUMBER), 2.5, Decimal("2.5")),
    ("number zero is a value", spec(NUMBER), 0, Decimal(0)),
    ("no number", spec(NUMBER), None, None),
    ("choice", spec(choice(*FORM), codes=FORM), 102, "paper"),
    ("choice unset", spec(choice(*FORM), codes=FORM), 0, None),
    (
        "unknown choice",
        spec(choice(*FORM), codes=FORM),
        999,
        Undecided("x: the map has no name for code 999"),
    ),
    ("link", spec(item("company")), 12, Item("company", "12")),
    ("no link", spec(item("company")), 0, None),
    ("binding", spec(item("act")), "T414_6", Item("act", "6")),
    ("one in a list", spec(item("company")), [12], Item("company", "12")),
    ("an empty list", spec(FILE), [], None),
    ("text keeps its zeros", spec(TEXT), "0500100732", "0500100732"),
    ("text as number", spec(TEXT), 43, "43"),
    ("text as float", spec(TEXT), 43.0, "43"),
    (
        "file",
        spec(FILE),
        {"id": 30577, "url": "u", "urlMachine": "m"},
        File("", source="portal:1044/43/ufCrm12X/30577"),
    ),
    ("files", spec(list_of(FILE)), [{"id": 1}], (File("", source="portal:1044/43/ufCrm12X/1"),)),
    ("no files", spec(list_of(FILE)), None, ()),
]


@pytest.mark.parametrize(
    ("field", "raw", "value"), [case[1:] for case in FROM_PORTAL], ids=[c[0] for c in FROM_PORTAL]
)
def test_what_the_portal_says(field, raw, value):
    assert CODEC.decode(field, raw, PLACE, "RUB") == value


def test_numbers_show_no_idle_decimals():
    assert str(read_number(2.0)) == "2"
    assert str(read_number("1E+2")) == "100"
    assert str(read_money(48500.0, "RUB")) == "48500.00 RUB"
    assert str(read_money("0.125|RUB")) == "0.125 RUB"


def test_times_are_given_in_the_company_s_zone():
    found = CODEC.decode(spec(TIME), "2026-03-06T10:00:00+00:00", PLACE)
    assert found.isoformat() == "2026-03-06T13:00:00+03:00"
    assert CODEC.encode(spec(TIME), datetime(2026, 3, 6, 10, 0, 0, 999, UTC)) == "2026-03-06T13:00:00+03:00"


def test_files_go_as_contents_and_stay_by_id():
    new = File("a.pdf", source="kept:" + "0" * 64)
    held = File("", source=PLACE.file_source(7))
    assert CODEC.encode(spec(FILE), new, PLACE) == ["a.pdf", Content(new)]
    assert CODEC.encode(spec(FILE), held, PLACE) == {"id": 7}
    assert CODEC.encode(spec(list_of(FILE)), (held, new), PLACE) == [{"id": 7}, ["a.pdf", Content(new)]]
    # Another item's file: its id would wipe the field, so its bytes go.
    assert CODEC.encode(spec(FILE), held, Place(1044, "44", "ufCrm12X")) == ["file", Content(held)]
    assert CODEC.encode(spec(FILE), None, PLACE) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (spec(TEXT), Decimal(1)),
        (spec(MONEY), Decimal(1)),
        (spec(DATE), datetime(2026, 1, 1, tzinfo=UTC)),
        (spec(TIME), datetime(2026, 1, 1)),  # noqa: DTZ001 - a time without a zone is what is refused
        (spec(choice(*FORM), codes=FORM), "fax"),
        (spec(item("company")), Item("company", "new-1")),
        (spec(item("company")), Item("deal", "1")),
        (spec(TEXT), Pending("act/new-1.number")),
        (spec(TEXT), Undecided("x")),
        (spec(YES_NO), "Y"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(field, value):
    with pytest.raises(ValueError, match="x: "):
        CODEC.encode(field, value)


def test_references_pass():
    assert CODEC.encode(spec(TEXT), Ref("number")) == Ref("number")


SAME = [
    (MONEY, Money(Decimal("1.50"), "RUB"), Money(Decimal("1.5"), "RUB"), True),
    (MONEY, Money(Decimal(0), ""), Money(Decimal(0), "RUB"), True),
    (MONEY, Money(Decimal(1), "USD"), Money(Decimal(1), "RUB"), False),
    (MONEY, Money(Decimal(1), "RUB"), None, False),
    (TEXT, " a\r\nb ", "a\nb", True),
    (TEXT, "", None, True),
    (TEXT, "a", "A", False),
    (TIME, datetime(2026, 1, 1, 0, 0, 0, 5, UTC), datetime(2026, 1, 1, 3, tzinfo=ZONE), True),
    (TIME, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC), False),
    (YES_NO, False, None, True),
    (YES_NO, True, None, False),
    (FILE, File("a", sha256="1"), File("", source="portal:1/1/x/1"), True),
    (FILE, File("a", sha256="1"), File("b", sha256="2"), False),
    (FILE, File("a"), None, False),
    (FILE, None, File("a"), False),
    (list_of(TEXT), ("a", "b"), ("a", "b"), True),
    (list_of(TEXT), ("a", "b"), ("b", "a"), False),
    (list_of(TEXT), (), None, True),
    (TEXT, "a", Undecided("x"), False),
]


@pytest.mark.parametrize(("kind", "meant", "found", "is_same"), SAME)
def test_same(kind, meant, found, is_same):
    assert CODEC.same(spec(kind), meant, found) is is_same
