"""The portal tells the same value in two ways: texts in `crm.deal.*`, numbers in `crm.item.*`. Read, they are one."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.types import DATE, MONEY, NUMBER, TEXT, TIME, YES_NO, FieldSpec, choice, item, list_of
from engine.language.values import Item, Money, Undecided
from engine.portal.codec import Codec, Place
from tests.portal.portal_case import ZONE, Site

CODEC = Codec(ZONE)
PLACE = Place(2, "43", "ufCrmX")
STAGES = {"new": "NEW", "won": "WON"}
KINDS = [TEXT, NUMBER, MONEY, DATE, TIME, YES_NO, choice(*STAGES), item("company"), list_of(TEXT)]
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def spec(kind, field="ufCrmX") -> FieldSpec:
    return FieldSpec("x", kind, binding={"field": field}, codes=STAGES if kind.kind == "choice" else {})


def read(kind, raw, currency="RUB"):
    return CODEC.decode(spec(kind), raw, PLACE, currency)


@given(st.integers(1, 10**12))
def test_an_id_is_the_same_as_text_and_as_number(number):
    assert read(item("company"), number) == read(item("company"), str(number)) == Item("company", str(number))


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_is_the_same_as_text_and_as_number(number):
    assert read(NUMBER, number) == read(NUMBER, str(number)) == read(NUMBER, float(number)) == Decimal(number)
    assert str(read(NUMBER, float(number))) == str(number)


@given(st.decimals(-(10**10), 10**10, places=2))
def test_money_is_the_same_in_every_form(amount):
    forms = (f"{amount:f}", float(amount), f"{amount:f}|RUB", f"{amount:.4f}")
    assert {read(MONEY, one) for one in forms} == {Money(amount, "RUB")}


@pytest.mark.parametrize("currency", ["RUB", "USD", ""])
def test_zero_money_is_a_value_and_no_money_is_none(currency):
    assert read(MONEY, "0.00", currency) == read(MONEY, 0, currency) == Money(Decimal(0), currency)
    assert read(MONEY, f"0|{currency}", "EUR") == Money(Decimal(0), currency)
    assert read(MONEY, None, currency) is None
    assert read(MONEY, "", currency) is None


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), OFFSETS)
def test_a_date_that_comes_as_midnight_somewhere_stays_that_day(day, zone):
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    assert read(DATE, midnight.isoformat()) == read(DATE, day.isoformat()) == day
    assert CODEC.encode(spec(DATE), day) == day.isoformat()


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), OFFSETS)  # noqa: DTZ001 - the offset is drawn beside
def test_a_time_is_one_moment_whatever_zone_the_server_tells_it_in(moment, zone):
    aware = moment.replace(microsecond=0, tzinfo=zone)
    found = read(TIME, aware.isoformat())
    assert found == aware
    assert found.tzinfo is ZONE


@pytest.mark.parametrize(
    ("yes", "no"), [("Y", "N"), (1, 0), ("1", "0"), (True, False), ("y", "n"), (True, None), ("Y", "")]
)
def test_flags(yes, no):
    assert read(YES_NO, yes) is True
    assert read(YES_NO, no) is False


@pytest.mark.parametrize("kind", [TEXT, NUMBER, MONEY, DATE, TIME, choice(*STAGES), item("company")])
@pytest.mark.parametrize("empty", [None, "", []])
def test_every_way_of_saying_nothing_is_nothing(kind, empty):
    assert read(kind, empty) is None


@pytest.mark.parametrize(
    ("kind", "zero", "meant"),
    [
        (item("company"), 0, None),
        (item("company"), "0", None),
        (choice(*STAGES), "0", None),
        (NUMBER, "0", Decimal(0)),
        (TEXT, 0, "0"),
        (TEXT, "0", "0"),
    ],
)
def test_zero_is_nothing_only_where_it_can_name_nothing(kind, zero, meant):
    assert read(kind, zero) == meant


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(raw=JSON)
def test_whatever_comes_is_a_value_nothing_or_said_to_be_unreadable(kind, raw):
    found = read(kind, raw)
    members = found if isinstance(found, tuple) else (found,)
    if any(isinstance(one, Undecided) for one in members):
        return
    once = CODEC.decode(spec(kind), CODEC.encode(spec(kind), found, PLACE), PLACE, "RUB")
    assert CODEC.same(spec(kind), found, once)


def test_a_deal_is_the_same_deal_in_both_families(site: Site):
    number = site.client.call("crm.item.list", {"entityTypeId": 2})["result"]["items"][0]["id"]
    new = site.client.call("crm.item.get", {"entityTypeId": 2, "id": number})["result"]["item"]
    old = site.client.call("crm.deal.get", {"id": number})["result"]
    pairs = [
        (TEXT, "title", "TITLE"), (item("company"), "companyId", "COMPANY_ID"), (YES_NO, "closed", "CLOSED"),
        (item("user"), "assignedById", "ASSIGNED_BY_ID"), (MONEY, "opportunity", "OPPORTUNITY"),
        (DATE, "begindate", "BEGINDATE"), (TIME, "createdTime", "DATE_CREATE"), (TEXT, "stageId", "STAGE_ID"),
        (item("pipeline"), "categoryId", "CATEGORY_ID"),
    ]  # fmt: skip
    assert [read(kind, new[one]) for kind, one, _ in pairs] == [
        read(kind, old[other]) for kind, _, other in pairs
    ]
    assert isinstance(old["ID"], str)
    assert isinstance(new["id"], int)
