"""The language pages: every table gives what it says, every rule loads, every word of the language is explained."""

from __future__ import annotations

import re

import pytest

from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.language.check import check_regulation
from engine.language.diagnostics import Diagnostic, Span
from engine.language.expression import Names, compile_expression
from engine.language.expressions.aggregates import AGGREGATES
from engine.language.expressions.functions import MAX_NUMBERS
from engine.language.expressions.loops import MAX_NESTED
from engine.language.expressions.nodes import BUDGET
from engine.language.expressions.scan import MAX_BRANCHES, MAX_DEPTH, MAX_DIGITS, MAX_LENGTH, MAX_TOKENS
from engine.language.expressions.special import MAX_PATTERN
from engine.language.expressions.typerules import PROPERTY_TYPES
from engine.language.expressions.vocabulary import CONSTANT_NAMES, FUNCTION_NAMES
from engine.language.formats import FORMATS
from engine.language.load import load_regulation
from engine.language.loading.read_action import MODIFIERS
from engine.language.loading.read_condition import GROUPS
from engine.language.loading.read_rules import RULE_KEYS, SET_KEYS
from engine.language.loading.read_trigger import OPTIONS
from engine.language.loading.scope import find_reach
from engine.language.paths import MAX_NAME
from engine.language.rules import TRIGGER_KINDS, RuleSet
from engine.language.source import Limits
from engine.language.template import MAX_SLOTS, MAX_TEMPLATE, compile_template
from engine.language.timing import UNITS
from engine.language.types import FILE_PARTS, LINE_PARTS, PATH, TEXT
from tests.docs.docs_case import (
    Block,
    Row,
    blocks,
    codes,
    page,
    plain_spaces,
    rows,
    settings,
    shown,
    workshop,
)

ENGLISH, RUSSIAN = "language", "language.ru"
RULES = [block for name in (ENGLISH, RUSSIAN) for block in blocks(name, "yaml")]


@pytest.fixture(scope="module")
def facts() -> Facts:
    """The event that stands on the page."""
    text = blocks(ENGLISH, "json")[0].text
    given = read_event("language.md", text.encode(), settings().world, settings().zone, {})
    assert given.event is not None
    assert not given.diagnostics, given.diagnostics
    shop = workshop()
    return Facts(
        settings().world, shop.derivations, shop.calendar, given.event.time, given.items, given.roots
    )


@pytest.fixture(scope="module")
def names() -> Names:
    """What a rule woken by an act sees."""
    ruleset, found = _load("triggers: [{created: act}]\n")
    assert not any(one.is_error for one in found), found
    return Names(settings().world, find_reach(ruleset.rules[0].triggers[0], settings().world, {}))


def _place(start: int, end: int) -> Span:
    return Span("language.md", 1, start + 1, 1, end + 1)


@pytest.mark.parametrize(
    "row", [*rows(ENGLISH, "expression", "gives"), *rows(RUSSIAN, "выражение", "даёт")], ids=str
)
def test_an_expression_gives_what_the_page_says(row: Row, facts: Facts, names: Names) -> None:
    text = row.cells.get("expression") or row["выражение"]
    gives = row.cells.get("gives") or row["даёт"]
    expression, found = compile_expression(text, _place, names)
    if gives == "error":
        assert found
        return
    assert expression is not None, found
    assert shown(expression.evaluate(facts)) == gives


@pytest.mark.parametrize("row", rows(ENGLISH, "template", "gives"), ids=str)
def test_a_template_gives_what_the_page_says(row: Row, facts: Facts, names: Names) -> None:
    template, found = compile_template(row["template"], _place, names, TEXT)
    assert template is not None, found
    assert plain_spaces(str(template.render(facts))) == row["gives"]


@pytest.mark.parametrize("row", rows(ENGLISH, "path", "gives"), ids=str)
def test_a_path_gives_what_the_page_says(row: Row, facts: Facts, names: Names) -> None:
    template, found = compile_template(row["path"], _place, names, PATH)
    assert template is not None, found
    path = template.render_path(facts)
    assert (str(path) if hasattr(path, "segments") else shown(path)) == row["gives"]


def test_the_sum_in_words(facts: Facts, names: Names) -> None:
    template, _ = compile_template("${act.amount | words}", _place, names, TEXT)
    assert template is not None
    assert f"«{plain_spaces(str(template.render(facts)))}»" in page(ENGLISH)


def test_every_function_has_an_example() -> None:
    written = " ".join(row["expression"] for row in rows(ENGLISH, "expression", "gives"))
    assert [name for name in sorted(FUNCTION_NAMES) if not re.search(rf"\b{name}\(", written)] == []
    assert set(AGGREGATES) <= codes(ENGLISH)


def test_every_property_and_no_other_has_an_example() -> None:
    known = {
        **PROPERTY_TYPES,
        "file": FILE_PARTS,
        "line": dict(LINE_PARTS),
    }
    documented = {
        (row["of"], row["property"].split(" ")[0].strip("`")) for row in rows(ENGLISH, "of", "property")
    }
    assert documented == {(kind, name) for kind, parts in known.items() for name in parts}
    for row in rows(ENGLISH, "of", "property"):
        assert f".{row['property'].split(' ')[0].strip('`')}" in row["expression"], row


def test_every_format_and_what_it_takes() -> None:
    documented = {
        row["format"]: frozenset(row["takes"].split(", ")) for row in rows(ENGLISH, "format", "takes")
    }
    assert documented == {name: one.kinds for name, one in FORMATS.items()}
    for row in rows(ENGLISH, "format", "takes"):
        assert row["template"].endswith(f"| {row['format']}}}"), row


def test_every_trigger_with_its_options() -> None:
    documented = rows(ENGLISH, "trigger", "wakes when")
    assert [row["trigger"].partition(":")[0] for row in documented] == list(TRIGGER_KINDS)
    for row in documented:
        for option in OPTIONS.get(row["trigger"].partition(":")[0], ()):
            assert f"`{option}:" in row["wakes when"], (row, option)
    assert set(UNITS) <= codes(ENGLISH)


def test_every_key_constant_and_group() -> None:
    assert {row["key of a rule set"] for row in rows(ENGLISH, "key of a rule set")} == set(SET_KEYS)
    assert {row["key of a rule"] for row in rows(ENGLISH, "key of a rule")} == set(RULE_KEYS)
    assert {row["key"] for row in rows(ENGLISH, "key", "what it is")} == set(MODIFIERS)
    assert {*CONSTANT_NAMES, *GROUPS, "if", "else"} <= codes(ENGLISH)


def test_the_limits_are_those_of_the_code() -> None:
    said = {row["what"]: row["at most"].replace(",", "") for row in rows(ENGLISH, "what", "at most")}
    limits = Limits()
    assert f"{limits.size >> 20} MiB" in said["a file"]
    wanted = {
        "a file": (limits.depth, limits.scalar),
        "an expression": (MAX_LENGTH, MAX_TOKENS, MAX_DEPTH, MAX_BRANCHES, MAX_DIGITS),
        "a comprehension": (MAX_NESTED,),
        "one evaluation": (BUDGET,),
        "a template": (MAX_TEMPLATE, MAX_SLOTS),
        "a pattern of `matches`": (MAX_PATTERN,),
        "`numbers`, `split`": (MAX_NUMBERS,),
        "a name made for a path": (MAX_NAME,),
    }
    for what, numbers in wanted.items():
        assert {str(number) for number in numbers} <= set(re.findall(r"\d+", said[what])), what


@pytest.mark.parametrize("block", RULES, ids=str)
def test_a_rule_of_the_page_loads(block: Block) -> None:
    ruleset, found = _load(block.text)
    assert [one for one in found if one.is_error] == []
    assert ruleset.rules


def test_the_traps_are_caught() -> None:
    mended = 0
    for row in rows(ENGLISH, "written", "write"):
        if not row["written"].startswith("- "):
            continue
        _, found = _load(f"conditions:\n  {row['written']}\n")
        assert any(one.is_error for one in found), row
        _, found = _load(f"conditions:\n  {row['write']}\n")
        assert not any(one.is_error for one in found), (row, found)
        mended += 1
    assert mended >= 4


def test_a_rule_is_in_force_where_its_set_is() -> None:
    text = "ruleset: t\nin_force: {from: 2999-01-01}\nrules:\n  - id: a\n    triggers: [{created: act}]\n"
    text += (
        "    in_force: {from: 2026-01-01, to: 3000-12-31}\n    actions: [{field.set: {act.signed: true}}]\n"
    )
    ruleset, _ = _load(text)
    dates = ruleset.rules[0].in_force
    assert (str(dates.first), str(dates.last)) == ("2999-01-01", "3000-12-31")


def _load(text: str) -> tuple[RuleSet, list[Diagnostic]]:
    """Load a block: a whole rule set, rules (`- id:`), or parts of one rule, which is woken by an act."""
    if "ruleset:" not in text:
        if not text.startswith("- id:"):
            text = text if "triggers:" in text else f"triggers: [{{created: act}}]\n{text}"
            text = text if "actions:" in text else f"{text}actions: [{{field.set: {{act.signed: true}}}}]\n"
            text = "- id: example\n" + _shifted(text, "  ")
        text = "ruleset: page\nrules:\n" + _shifted(text, "  ")
    shop = workshop()
    mail = settings().regulations / "mail"
    templates = {file.stem: (f"mail/{file.name}", file.read_bytes()) for file in mail.glob("*.txt")}
    sets, found = load_regulation({"page.yaml": text.encode()}, settings().world, shop.actions, templates)
    assert sets or found
    empty = RuleSet("", "", "", ())
    return (sets[0] if sets else empty), [*found, *check_regulation(sets, shop.actions)]


def _shifted(text: str, by: str) -> str:
    return "".join(by + line for line in text.splitlines(keepends=True))
