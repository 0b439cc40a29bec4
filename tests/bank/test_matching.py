"""Which invoice a line pays: every fate, and that nothing is guessed."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.bank.books import Books
from engine.bank.fates import FATES, Fate
from engine.bank.lines import lines_of
from engine.bank.matching import judge
from engine.bank.refusal import StatementRefused
from engine.bank.statement import parse_statement
from tests.bank.bank_case import OUR_INN, OURS, Doc, books, client, invoice, lines, statement


def fate(doc: Doc, known: Books) -> Fate:
    """Return what becomes of one line."""
    [found] = judge(lines(doc), known)
    return found


def shares(found: Fate) -> list[tuple[str, str]]:
    """Return invoice ids with the sums they get."""
    return [(one.invoice, str(one.signed)) for one in found.shares]


PART = Doc(amount="10000.00")
UNNAMED = Doc(purpose="Оплата по договору К-2025/014 за услуги")
CASES = [
    ("exact", Doc(), books(invoice()), "matched", [("77", "30000.00")]),
    ("part", PART, books(invoice()), "partial", [("77", "10000.00")]),
    ("rest of a part", Doc(amount="20000.00"), books(invoice(paid="10000")), "matched", [("77", "20000.00")]),
    ("over", Doc(amount="30000.01"), books(invoice()), "over", [("77", "30000.01")]),
    ("paid already", Doc(), books(invoice(paid="30000")), "over", [("77", "30000.00")]),
    ("only one open of this sum", UNNAMED, books(invoice(), invoice(78, "500.00")), "matched", [("77", "30000.00")]),
    ("the rest is of this sum", Doc(amount="500.00", purpose="за услуги"), books(invoice(paid="29500")),
     "matched", [("77", "500.00")]),
    ("two open of this sum", UNNAMED, books(invoice(), invoice(78)), "doubtful", []),
    ("none of this sum", UNNAMED, books(invoice(amount="1.00")), "doubtful", []),
    ("nothing open", UNNAMED, books(invoice(paid="30000")), "doubtful", []),
    ("a number that we have not", Doc(purpose="по счету 99"), books(invoice()), "doubtful", []),
    ("two, the sum of both", Doc(purpose="счета 77 и 78", amount="30500.00"),
     books(invoice(), invoice(78, "500.00")), "matched", [("77", "30000.00"), ("78", "500.00")]),
    ("two, less than both", Doc(purpose="счета 77 и 78"), books(invoice(), invoice(78, "500.00")), "doubtful", []),
    ("two, one paid already", Doc(purpose="счета 77 и 78"), books(invoice(), invoice(78, "500.00", "500")),
     "doubtful", []),
    ("cancelled", Doc(), books(invoice(is_cancelled=True)), "doubtful", []),
    ("in euros", Doc(), books(invoice(currency="EUR")), "doubtful", []),
    ("unknown payer", Doc(inn="7728168971"), books(invoice()), "doubtful", []),
    ("a person", Doc(inn="", account="40817810400000077301"), books(invoice()), "doubtful", []),
    ("a person with an ИНН of twelve", Doc(inn="500100732259", account="40817810400000077301"), books(invoice()),
     "doubtful", []),
    ("ИНН zero", Doc(inn="0"), books(invoice()), "doubtful", []),
    ("two clients of one ИНН, unnamed", UNNAMED, books(invoice(), clients=[client(1), client(2)]), "doubtful", []),
    ("two clients of one ИНН, named", Doc(), books(invoice(), clients=[client(1), client(2)]), "matched",
     [("77", "30000.00")]),
    ("two of one ИНН and number", Doc(purpose="сч. 77"),
     books(invoice(), invoice(7, client=2, number="СЧ-2025/077"), clients=[client(1), client(2)]), "doubtful", []),
    ("КПП tells two apart", Doc(purpose="за услуги", kpp="502401002"),
     books(invoice(), invoice(78, client=2), clients=[client(1, kpp="502401001"), client(2, kpp="502401002")]),
     "matched", [("78", "30000.00")]),
    ("short number, the old one is paid", Doc(purpose="сч. 77"),
     books(invoice(7, number="СЧ-2025/077", paid="30000"), invoice()), "matched", [("77", "30000.00")]),
    ("another's invoice", Doc(), books(invoice(client=2), clients=[client(1)]), "doubtful", []),
    ("not credited yet", Doc(credited=""), books(invoice()), "doubtful", []),
    ("acquiring", Doc(inn="7799001143", purpose="Зачисление по операциям эквайринга"), books(invoice()), "acquiring",
     []),
    ("СБП that names an invoice", Doc(inn="7799001143", purpose="СБП. Оплата счета СЧ-2026/077"), books(invoice()),
     "doubtful", []),
    ("a supplier's refund", Doc(inn="7799066101", purpose="Возврат по счету ХП-5512"), books(invoice()),
     "supplier_refund", []),
    ("a client's refund", Doc(purpose="Возврат по счету СЧ-2026/077"), books(invoice()), "doubtful", []),
    ("a refund of a client without debts", Doc(purpose="Возврат аванса"), books(invoice(paid="30000")),
     "supplier_refund", []),
    ("own transfer by ИНН", Doc(inn=OUR_INN, purpose="Перевод"), books(invoice()), "own_transfer", []),
    ("spent", Doc(is_out=True, purpose="Аренда"), books(invoice()), "outgoing", []),
    ("our refund", Doc(is_out=True, amount="100.00", purpose="Возврат переплаты по счету СЧ-2026/077"),
     books(invoice(paid="30100")), "refund", [("77", "-100.00")]),
    ("our refund of more than was paid", Doc(is_out=True, purpose="Возврат по счету СЧ-2026/077"),
     books(invoice(paid="5")), "doubtful", []),
    ("our refund that names nothing", Doc(is_out=True, purpose="Возврат аванса"), books(invoice(paid="30000")),
     "doubtful", []),
    ("our refund to a stranger", Doc(is_out=True, inn="1", purpose="Возврат"), books(invoice()), "outgoing", []),
    ("zero", Doc(amount="0.00"), books(invoice()), "not_ours", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("doc", "known", "wanted", "given"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_fates(doc: Doc, known: Books, wanted: str, given: list[tuple[str, str]]) -> None:
    found = fate(doc, known)
    assert (found.fate, shares(found)) == (wanted, given)
    assert found.fate in FATES
    assert found.said.ru
    assert found.said.en
    assert (found.fate == "over") == bool(found.over)


def test_money_behind_a_persons_mark_is_not_counted_twice() -> None:
    marked = replace(invoice(paid="30000"), by_hand=Decimal(30000))
    half = Doc(amount="15000.00")
    found = judge(lines(half, replace(half, number="312"), replace(half, number="313")), books(marked))
    assert [one.fate for one in found] == ["confirmed", "confirmed", "over"]
    assert fate(UNNAMED, books(marked)).fate == "confirmed"
    assert fate(Doc(amount="30000.01"), books(marked)).fate == "doubtful"
    # Both a marked and an open one of this sum: the open one is what is owed.
    assert shares(fate(UNNAMED, books(marked, invoice(78)))) == [("78", "30000.00")]


def test_a_doubtful_line_names_candidates() -> None:
    assert fate(UNNAMED, books(invoice(), invoice(78))).candidates == ("77", "78")
    assert fate(Doc(inn="7728168971"), books(invoice())).candidates == ("77",)
    assert "6699" in fate(Doc(inn="6699005128"), books()).said.ru


def test_what_one_line_pays_is_gone_for_the_next() -> None:
    first, second = judge(lines(UNNAMED, Doc("312", purpose="за услуги")), books(invoice()))
    assert (first.fate, second.fate) == ("matched", "doubtful")


def test_lines_that_name_an_invoice_go_first_on_their_day() -> None:
    unnamed, named = judge(lines(Doc("1", purpose="за услуги"), Doc("2")), books(invoice(), invoice(78)))
    # The named one closes 77, so 78 is the only one left of this sum.
    assert (named.fate, shares(named)) == ("matched", [("77", "30000.00")])
    assert (unnamed.fate, shares(unnamed)) == ("matched", [("78", "30000.00")])


def test_equal_lines_of_a_file_are_two_payments_by_ordinal() -> None:
    first, second = lines(Doc(), Doc())
    assert first.key + "/2" == second.key
    assert first.key == f"{OURS}/2026-03-13/311/30000.00/5024093363"


def test_a_transfer_between_accounts_of_one_file() -> None:
    both = parse_statement(statement(Doc(account="40702810100000012399", inn="")))
    [line] = lines_of(both, [OURS, "40702810100000012399"])
    assert line.way == "within"


def test_a_statement_of_an_account_that_is_not_ours_is_refused() -> None:
    with pytest.raises(StatementRefused, match="add it if it is yours"):
        lines_of(parse_statement(statement(Doc())), ["40702810100000012399"])


def test_a_foreign_account_is_for_a_person() -> None:
    euros = statement(Doc()).replace(b"40702810900000012345", b"40702978900000012345")
    [found] = judge(lines_of(parse_statement(euros)), books(invoice()))
    assert found.fate == "doubtful"
    assert "не рублёвый" in found.said.ru


def test_days_decide_before_the_order_of_the_file() -> None:
    late, early = (
        Doc("2", purpose="за услуги", on="13.03.2026"),
        Doc("1", purpose="за услуги", on="12.03.2026"),
    )
    found = judge(lines(late, early), books(invoice(on=date(2026, 1, 1))))
    assert [one.fate for one in found] == ["doubtful", "matched"]
    assert sum((one.amount for fate in found for one in fate.shares), Decimal(0)) == Decimal("30000.00")


def test_names_and_purposes_lose_control_and_direction_characters() -> None:
    [line] = lines(
        Doc(payer="ООО\u202e «Ёлочка»\x07", purpose="сч.\t77 \u200bот 06.03.2026", amount="30000.00")
    )
    assert line.payment.payer.name == "ООО «Ёлочка»"
    assert line.payment.purpose == "сч. 77 от 06.03.2026"


def test_five_thousand_lines_are_judged_in_no_time() -> None:
    docs = [Doc(str(at), "100.00", f"по счету СЧ-2026/{at:05}") for at in range(5000)]
    known = books(
        *(invoice(at, "100.00", number=f"СЧ-2026/{at:05}", client=at % 50) for at in range(5000)),
        clients=[client(at, inn=str(5000000000 + at)) for at in range(50)],
    )
    spread = lines(*(replace(one, inn=str(5000000000 + at % 50)) for at, one in enumerate(docs)))
    begun = time.perf_counter()
    assert {one.fate for one in judge(spread, known)} == {"matched"}
    assert time.perf_counter() - begun < 20
