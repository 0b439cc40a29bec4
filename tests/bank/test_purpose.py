"""Invoice numbers as payers write them; what only looks like one is none."""

from __future__ import annotations

from datetime import date

import pytest

from engine.bank.purpose import Written, is_acquiring, is_refund, meant_by, written_numbers
from tests.bank.bank_case import invoice

DAY = date(2026, 3, 6)


@pytest.mark.parametrize(
    ("purpose", "numbers"),
    [
        ("Оплата по счету № СЧ-2026/077 от 06.03.2026 за услуги. В т.ч. НДС 22% - 5409-84", ["СЧ-2026/077"]),
        ("Оплата по счёту СЧ-2026/077", ["СЧ-2026/077"]),
        ("сч. 77", ["77"]),
        ("сч№77", ["77"]),
        ("СЧ №77 от 06.03.26г.", ["77"]),
        ("по счёт-договору № 77 от 06.03.2026", ["77"]),
        ("по счет договору 77", ["77"]),
        ("Оплата счета на оплату № 77 от 06.03.2026 г, НДС не облагается", ["77"]),
        ("счета 77 и 78", ["77", "78"]),
        ("по счетам №77, №78 от 06.03.2026, 79 за услуги", ["77", "78", "79"]),
        ("по счетам № 77 от 06.03.2026 и № 78 от 07.03.2026", ["77", "78"]),
        ("по счетам 77; 78", ["77", "78"]),
        ("Payment by invoice No. 77 dated 06.03.2026", ["77"]),
        ("счет N 77 и договор 5", ["77"]),
        ("Счет №1/26-А", ["1/26-А"]),
        ("за услуги по счету 77 по договору К-2025/014", ["77"]),
        ("Оплата по договору К-2025/014 от 12.03.2025", []),
        ("по счет-фактуре 77 от 06.03.2026", []),
        ("по счету-фактуре № 77", []),
        ("на р/с 40702810900000012345", []),
        ("на счет 40702810900000012345", []),
        ("по счету от 06.03.2026", []),
        ("накладная 77, акт 78, НДС 22% 100-00", []),
        ("оплата по сч.№СЧ-2026/77, НДС 22% 100-00", ["СЧ-2026/77"]),
        ("расчёт 77", []),
        ("", []),
    ],
)  # fmt: skip
def test_written_numbers(purpose: str, numbers: list[str]) -> None:
    assert [one.text for one in written_numbers(purpose)] == numbers


@pytest.mark.parametrize(
    ("written", "is_meant"),
    [
        (Written("СЧ-2026/077"), True),
        (Written("сч2026/77"), True),
        (Written("CЧ-2026/077"), True),  # a Latin C
        (Written("2026/077"), True),
        (Written("77"), True),
        (Written("077"), True),
        (Written("77", DAY), True),
        (Written("77", date(2026, 1, 1)), False),  # another day: another invoice
        (Written("СЧ-2026/077", date(2026, 1, 1)), True),  # the whole number is proof enough
        (Written("ХП-77"), False),
        (Written("7"), False),
        (Written("2025/077"), False),
        (Written("177"), False),
    ],
)
def test_which_invoice_a_number_means(written: Written, is_meant: bool) -> None:  # noqa: FBT001
    ours = invoice(77, on=DAY)
    assert meant_by(written, [ours]) == ((ours,) if is_meant else ())


def test_a_short_number_with_a_day_means_the_invoice_of_that_day() -> None:
    old, new = invoice(7, number="СЧ-2025/077", on=date(2025, 3, 6)), invoice(77, on=DAY)
    assert meant_by(Written("77"), [old, new]) == (old, new)
    assert meant_by(Written("77", DAY), [old, new]) == (new,)


def test_words_of_refunds_and_acquiring() -> None:
    assert is_refund("Возврат излишне перечисленных средств")
    assert not is_refund("Оплата за невозвратную тару")
    assert is_acquiring("Зачисление средств по операциям эквайринга")
    assert is_acquiring("Перевод по СБП, QR-код AS1")
    assert not is_acquiring("Оплата за настройку портала")
