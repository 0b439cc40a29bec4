"""The form's conditions: a person's words become an expression that the register understands, or a refusal in words."""

from __future__ import annotations

import pytest

from engine.language.types import DATE, MONEY, NUMBER, TEXT, TIME, YES_NO, Type, choice, item
from engine.web.console.condition import CONDITIONS, Asked, Unfit, read_condition

STATE = choice("overdue", "signed", "awaiting")
WORDS = {"overdue": "Просрочен", "signed": "Подписан", "awaiting": "Ждём подписи"}


@pytest.mark.parametrize(
    ("type_", "sign", "value", "gives"),
    [
        (MONEY, "more", "100 000,50 ₽", 'f >= money(100000.50, "RUB")'),
        (MONEY, "is", "\u00a05\u00a0000", 'f == money(5000, "RUB")'),
        (NUMBER, "less", "-2", "f <= -2"),
        (DATE, "is", "31.01.2026", 'f == date("2026-01-31")'),
        (TIME, "more", "2026-01-31", 'f.date >= date("2026-01-31")'),
        (TEXT, "has", " Ёлочка ", 'contains(lower(f), "ёлочка")'),
        (TEXT, "is", "7707083893", 'f == "7707083893"'),
        (TEXT, "is", 'a"b\\c\n', 'f == "abc"'),
        (STATE, "is", "просрочен", 'f == "overdue"'),
        (STATE, "not", "signed", 'f != "signed"'),
        (STATE, "has", "подпис", '(f == "signed" or f == "awaiting")'),
        (YES_NO, "yes", "", "f == true"),
        (YES_NO, "not", "да", "f == false"),
        (item("company"), "has", "Вектор", 'contains(lower(f.title), "вектор")'),
        (item("company"), "empty", "", "f == empty"),
        (MONEY, "full", "", "f != empty"),
    ],
)
def test_words_become_a_literal_of_the_fields_type(type_: Type, sign: str, value: str, gives: str) -> None:
    assert read_condition(Asked("f", type_, WORDS, "title"), sign, value) == gives


@pytest.mark.parametrize(
    ("type_", "sign", "value", "why"),
    [
        (MONEY, "more", "много", "number"),
        (MONEY, "has", "5", "sign"),
        (DATE, "is", "31.02.2026", "date"),
        (STATE, "is", "потерян", "choice"),
        (STATE, "more", "signed", "sign"),
        (YES_NO, "is", "может быть", "yes_no"),
        (TEXT, "yes", "", "sign"),
        (TEXT, "more", "а", "sign"),
        (TEXT, "has", "  ", "value"),
        (TEXT, "no such", "x", "sign"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(type_: Type, sign: str, value: str, why: str) -> None:
    with pytest.raises(Unfit) as refused:
        read_condition(Asked("f", type_, WORDS), sign, value)
    assert refused.value.why == why


@pytest.mark.parametrize("path", ["", "F", "f or true", "f)", "a.b.c.d.e.f", "f\n"])
def test_a_path_is_a_path(path: str) -> None:
    for sign, _, _ in CONDITIONS:
        with pytest.raises(Unfit):
            read_condition(Asked(path), sign, "x")
