"""What must hold of any statement: no more is given than came, the order of lines is nothing, parts make the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bank.books import Books, OpenInvoice
from engine.bank.fates import Fate
from engine.bank.lines import BankLine
from engine.bank.matching import judge
from tests.bank.bank_case import CLIENT_INN, Doc, books, client, invoice, lines

PURPOSES = (
    "за услуги",
    "сч. 77",
    "по счету СЧ-2026/078",
    "счета 77 и 78",
    "счет 99",
    "Возврат по счету 77",
    "эквайринг",
)
SUMS = ("100.00", "250.00", "350.00", "0.01")
DOCS = st.builds(
    Doc,
    number=st.integers(1, 10**6).map(str),
    amount=st.sampled_from(SUMS),
    purpose=st.sampled_from(PURPOSES),
    inn=st.sampled_from((CLIENT_INN, CLIENT_INN, "7728168971", "")),
    on=st.sampled_from(("11.03.2026", "12.03.2026", "13.03.2026")),
    is_out=st.booleans(),
)
FILES = st.lists(DOCS, min_size=1, max_size=8, unique_by=lambda one: one.number)
BOOKS = st.builds(
    lambda one, two, paid: books(
        invoice(77, one, paid), invoice(78, two), invoice(79, "350.00"), clients=[client()]
    ),
    st.sampled_from(SUMS),
    st.sampled_from(SUMS),
    st.sampled_from(("0", "100.00", "250.00")),
)


@given(docs=FILES, known=BOOKS)
def test_a_line_never_gives_more_than_its_sum(docs: list[Doc], known: Books) -> None:
    whole = lines(*docs)
    for line, fate in zip(whole, judge(whole, known), strict=True):
        given_away = sum((one.amount for one in fate.shares), Decimal(0))
        assert given_away <= line.payment.amount
        assert (given_away == line.payment.amount) == (fate.fate in ("matched", "partial", "over", "refund"))
        assert all(one.amount > 0 for one in fate.shares)


@given(docs=FILES, known=BOOKS)
def test_nothing_is_paid_below_zero(docs: list[Doc], known: Books) -> None:
    whole = lines(*docs)
    assert all(one.paid >= 0 for one in after(known, judge(whole, known)).invoices)


@given(docs=FILES, known=BOOKS, data=st.data())
def test_the_order_of_lines_decides_nothing(docs: list[Doc], known: Books, data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(docs))
    assert by_key(judge(lines(*docs), known)) == by_key(judge(lines(*mixed), known))


@settings(max_examples=200)
@given(docs=FILES, known=BOOKS, data=st.data())
def test_periods_one_after_another_give_what_the_whole_gives(
    docs: list[Doc], known: Books, data: st.DataObject
) -> None:
    """A file cut between two days, the parts imported in their order."""
    whole = lines(*docs)
    day = data.draw(st.sampled_from(sorted({one.payment.on for one in whole})))
    early, late = split(whole, lambda one: one.payment.on <= day)
    first = judge(early, known)
    second = judge(late, after(known, first))
    assert by_key([*first, *second]) == by_key(judge(whole, known))


@settings(max_examples=200)
@given(docs=FILES, known=BOOKS, data=st.data())
def test_any_parts_give_the_same_sums_where_every_receipt_names_its_invoice(
    docs: list[Doc], known: Books, data: st.DataObject
) -> None:
    """However the file is cut and the parts ordered: a named invoice gets the same, an unnamed sum waits for its turn."""
    named = [replace(one, purpose=f"сч. {77 + at % 2}", is_out=False) for at, one in enumerate(docs)]
    whole = lines(*named)
    chosen = data.draw(st.sets(st.sampled_from([one.key for one in whole])))
    for is_first in (True, False):
        one, two = split(whole, lambda line, wanted=is_first: (line.key in chosen) is wanted)
        first = judge(one, known)
        second = judge(two, after(known, first))
        assert paid(after(known, [*first, *second])) == paid(after(known, judge(whole, known)))


def split(whole: Sequence[BankLine], is_first: object) -> tuple[list[BankLine], list[BankLine]]:
    """Return the lines that belong to the first part, and the others."""
    assert callable(is_first)
    return [one for one in whole if is_first(one)], [one for one in whole if not is_first(one)]


def after(known: Books, fates: Sequence[Fate]) -> Books:
    """Return the books once the shares are written."""

    def paid_on(one: OpenInvoice) -> Decimal:
        return one.paid + sum(
            (share.signed for fate in fates for share in fate.shares if share.invoice == one.id), Decimal(0)
        )

    return Books(known.clients, tuple(replace(one, paid=paid_on(one)) for one in known.invoices))


def paid(known: Books) -> dict[str, Decimal]:
    """Return what is paid by invoice."""
    return {one.id: one.paid for one in known.invoices}


def by_key(fates: Sequence[Fate]) -> dict[str, Fate]:
    """Return fates by line."""
    return {one.key: one for one in fates}
