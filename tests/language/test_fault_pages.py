"""Every fault of the language has a page, and its values fill the message and label in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.language.expression import compile_expression
from engine.language.pages import LANGUAGES, fill, find_page
from engine.language.template import compile_template
from engine.language.types import YES_NO
from tests.language.cases_faults import CONDITION_FAULTS, FAULTS
from tests.language.company import NAMES, place
from tests.language.test_template import FAULTS as TEMPLATE_FAULTS

ROWS = [(row[0], None, compile_expression) for row in FAULTS]
ROWS += [(row[0], YES_NO, compile_expression) for row in CONDITION_FAULTS]
ROWS += [(row[0], row[1], compile_template) for row in TEMPLATE_FAULTS]


@pytest.mark.parametrize(
    ("text", "expected", "compile_text"), ROWS, ids=[f"{n}-{r[0][:30]!a}" for n, r in enumerate(ROWS)]
)
def test_values_fill_the_page(text, expected, compile_text):
    _, found = compile_text(text, place, NAMES, expected)
    page = find_page(found[0].code)
    assert page is not None
    for language in LANGUAGES:
        words = page.words[language]
        for line in (words.message, words.label):
            assert not re.search(r"(?<!\$)\{[a-z_]+\}", fill(line, dict.fromkeys(found[0].values, "x")))


def test_every_code_of_the_language_has_a_row():
    told = {row[1] for row in FAULTS} | {row[2] for row in TEMPLATE_FAULTS}
    source = Path(__file__).resolve().parents[2] / "engine" / "language"
    written: set[str] = set()
    for file in source.glob("*.py"):
        written.update(re.findall(r'"(R2[0-9]{2})"', file.read_text("utf-8")))
    assert written - told == set()
