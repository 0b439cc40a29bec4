"""The arithmetic of stages: parts sum to the whole, VAT by rate, lines that add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Money, Undecided, single_line, split_plan, stage_title, sum_money, taxed_lines, vat_of
from tests.plugins.action_case import line, rub

KOPECK = Decimal("0.01")


@pytest.mark.parametrize(
    ("plan", "total", "parts"),
    [
        (None, "48500.00", ["48500.00"]),
        ("", "0.01", ["0.01"]),
        ("30 %, 70 %", "100000.00", ["30000.00", "70000.00"]),
        ("30%,70%", "100.01", ["30.00", "70.01"]),
        ("33.3 %, 33.3 %, 33.4 %", "100.00", ["33.30", "33.30", "33.40"]),
        ("33 %, 33 %, 34 %", "100.05", ["33.02", "33.02", "34.01"]),
        ("30000, 70000", "100000.00", ["30000", "70000"]),
        ("30 000 руб., 70 000.50 ₽", "100000.50", ["30000", "70000.50"]),
        ("30\u00a0000, 70\u202f000 RUB", "100000.00", ["30000", "70000"]),
        ("100 %", "48500.00", ["48500.00"]),
    ],
)
def test_a_plan_parts_the_total(plan: str | None, total: str, parts: list[str]) -> None:
    assert split_plan(plan, rub(total)) == tuple(rub(part) for part in parts)


@pytest.mark.parametrize(
    ("plan", "total", "reason"),
    [
        ("30 %, 60 %", "100.00", "100 %"),
        ("30000, 60000", "100000.00", "сумму сделки"),
        ("30 %, 70000", "100000.00", "смешивает"),
        ("аванс, остаток", "100.00", "не читается"),
        ("33,3 %, 66,7 %", "100.00", "смешивает"),
        ("30 %,, 70 %", "100.00", "не читается"),
        ("-30 %, 130 %", "100.00", "не читается"),
        ("0 %, 100 %", "100.00", "ни копейки"),
        ("25 %, 25 %, 25 %, 25 %", "0.02", "ни копейки"),
        ("30000.005, 69999.995", "100000.00", "копейках"),
        (None, "0.00", "не указана"),
        (None, "10.005", "копейках"),
        ("1 %, " * 60 + "40 %", "100.00", "больше"),
    ],
)
def test_a_plan_that_cannot_be_read_is_undecided(plan: str | None, total: str, reason: str) -> None:
    found = split_plan(plan, rub(total))
    assert isinstance(found, Undecided)
    assert reason in found.reason


totals = st.integers(1, 10**12).map(lambda kopecks: Money(Decimal(kopecks) * KOPECK, "RUB"))
weights = st.lists(st.integers(1, 100), min_size=1, max_size=20)


@given(totals, weights)
def test_percent_parts_sum_to_the_whole(total: Money, shares: list[int]) -> None:
    scale = sum(shares)
    percents = [(Decimal(share) * 100 / scale).quantize(KOPECK) for share in shares[:-1]]
    percents.append(100 - sum(percents, Decimal(0)))
    parts = split_plan(", ".join(f"{percent} %" for percent in percents), total)
    if isinstance(parts, Undecided):
        assert min(percents) == 0 or total.amount < len(shares)
        return
    assert sum(part.amount for part in parts) == total.amount
    assert all(part.amount > 0 and part.amount == part.amount.quantize(KOPECK) for part in parts)
    assert all(
        part.amount == (total.amount * percent / 100).quantize(KOPECK, ROUND_HALF_UP)
        for part, percent in list(zip(parts, percents, strict=True))[:-1]
    )


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=20))
def test_sum_parts_are_the_sums(kopecks: list[int]) -> None:
    sums = [Decimal(one) * KOPECK for one in kopecks]
    total = Money(sum(sums, Decimal(0)), "RUB")
    assert split_plan(", ".join(map(str, sums)), total) == tuple(Money(one, "RUB") for one in sums)


@given(st.text(max_size=60), totals)
def test_any_text_is_parts_of_the_whole_or_undecided(plan: str, total: Money) -> None:
    parts = split_plan(plan, total)
    assert isinstance(parts, Undecided) or sum(part.amount for part in parts) == total.amount


@pytest.mark.parametrize(
    ("amount", "rate", "included", "pays", "vat"),
    [
        ("48500.00", 22, True, "48500.00", "8745.90"),
        ("48500.00", 20, True, "48500.00", "8083.33"),
        ("48500.00", 22, False, "59170.00", "10670.00"),
        ("0.03", 20, True, "0.03", "0.01"),  # half a kopeck goes up
        ("48500.00", None, True, "48500.00", None),
        ("48500.00", None, False, "48500.00", None),
        ("48500.00", 0, True, "48500.00", "0.00"),
    ],
)
def test_vat_is_rounded_half_up(
    amount: str, rate: int | None, *, included: bool, pays: str, vat: str | None
) -> None:
    taxed = vat_of(rub(amount), None if rate is None else Decimal(rate), included=included)
    assert taxed.amount == rub(pays)
    assert taxed.vat == (rub(vat) if vat else None)


def test_lines_keep_their_prices_where_the_vat_is_inside() -> None:
    lines = (line("а", "100.00"), line("б", "50.00", "2"))
    kept = taxed_lines(lines, rub("150.00"), Decimal(22), included=True)
    assert kept is not None
    assert [row.get("vat") for row in kept] == [rub("18.03"), rub("9.02")]
    assert [row.get("price") for row in kept] == [row.get("price") for row in lines]


@given(kopecks=st.lists(st.integers(1, 10**9), min_size=1, max_size=30), included=st.booleans())
def test_lines_add_up_to_what_is_paid(*, kopecks: list[int], included: bool) -> None:
    lines = tuple(line("x", str(Decimal(one) * KOPECK)) for one in kopecks)
    part = rub(str(Decimal(sum(kopecks)) * KOPECK))
    kept = taxed_lines(lines, part, Decimal(22), included=included)
    assert kept is not None
    amounts = [row.get("amount") for row in kept]
    assert sum_money(amounts) == vat_of(part, Decimal(22), included=included).amount


def test_lines_that_are_another_sum_are_not_taken() -> None:
    assert taxed_lines((line("а", "100.00"),), rub("90.00"), Decimal(22), included=True) is None
    assert taxed_lines((), rub("90.00"), Decimal(22), included=True) is None


def test_a_stage_of_several_is_named() -> None:
    assert stage_title("Реестр", 1, 1) == "Реестр"
    assert stage_title("Реестр", 2, 3) == "Реестр, этап 2 из 3"
    (row,) = single_line("Реестр", vat_of(rub("122.00"), Decimal(22), included=True))
    assert (row.get("amount"), row.get("vat")) == (rub("122.00"), rub("22.00"))


def test_sums_of_two_currencies_are_undecided() -> None:
    assert isinstance(sum_money([rub("1.00"), Money(Decimal(1), "USD")]), Undecided)
    assert sum_money([rub("1.00"), None, Money(Decimal(0))]) == rub("1.00")
    assert sum_money([Undecided("x")]) == Undecided("x")
