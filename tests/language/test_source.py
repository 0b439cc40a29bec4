"""Bytes → nodes with exact places; whatever the bytes, diagnostics and never a traceback."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.language.source import Limits, ListNode, MapNode, ScalarNode, read_source
from tests.language.support import load


def read(text: str) -> MapNode:
    node, found = read_source("f.yaml", text.encode())
    assert found == []
    assert node is not None
    return node


SCALARS = [
    "0500100732",
    "on",
    "no",
    "12:30",
    "1.10",
    "2026-03-01",
    "0x1F",
    "null",
    "~",
    "1e5",
    "yes",
    "=",
    "1_000",
    ".inf",
]


@pytest.mark.parametrize("written", SCALARS)
def test_text_stays_text(written):
    node = read(f"a: {written}\n").get("a")
    assert isinstance(node, ScalarNode)
    assert node.text == written


# text of the file, key, part of the scalar's value, line and columns where that part stands
PLACES = [
    ("plain", "a: one two\n", "two", 1, 8, 11),
    ("double quoted", 'a: "one two"\n', "two", 1, 9, 12),
    ("single quoted", "a: 'one two'\n", "two", 1, 9, 12),
    ("escaped quote before", 'a: "он \\"так\\" xx"\n', "xx", 1, 16, 18),
    ("doubled quote before", "a: 'it''s ok'\n", "ok", 1, 11, 13),
    ("unicode escape before", 'a: "\\u0410 two"\n', "two", 1, 12, 15),
    ("literal block", "a: |\n  one\n  two\n", "two", 3, 3, 6),
    ("folded block", "a: >-\n  one\n  two three\n", "three", 3, 7, 12),
    ("folded plain", "a: one\n  two\n", "two", 2, 3, 6),
    ("cyrillic", "ключ: раз два\n", "два", 1, 11, 14),
    ("astral", "a: 😀 two\n", "two", 1, 6, 9),
    ("windows line breaks", "x: y\r\na: one two\r\n", "two", 2, 8, 11),
    ("byte order mark", "\ufeffa: one two\n", "two", 1, 8, 11),
]


@pytest.mark.parametrize(
    ("text", "part", "line", "first", "last"), [p[1:] for p in PLACES], ids=[p[0] for p in PLACES]
)
def test_a_part_of_a_scalar_has_its_place(text, part, line, first, last):
    node, found = read_source("f.yaml", text.encode())
    assert not found
    assert node is not None
    key = next(key for key in node.entries if key in ("a", "ключ"))
    scalar = node.get(key)
    assert isinstance(scalar, ScalarNode)
    at = scalar.text.index(part)
    span = scalar.place(at, at + len(part))
    assert (span.line, span.column, span.end_line, span.end_column) == (line, first, line, last)


def test_places_never_leave_the_scalar():
    scalar = read('a: "q\\x41\\n"\n').get("a")
    assert isinstance(scalar, ScalarNode)
    for start in range(-1, 6):
        for end in range(-1, 6):
            span = scalar.place(start, end)
            assert (1, 4) <= (span.line, span.column) <= (span.end_line, span.end_column) <= (1, 14)


def test_lists_and_maps_keep_their_order():
    node = read("b: [1, {c: 2}]\na: 3\n")
    assert list(node.entries) == ["b", "a"]
    listed = node.get("b")
    assert isinstance(listed, ListNode)
    assert listed.is_flow
    assert isinstance(listed.members[1], MapNode)


BOMBS = [
    ("anchors", "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n", "R107"),
    ("self-reference", "a: &a [*a]\n", "R107"),
    ("brackets", "a: " + "[" * 100_000, "R110"),
    ("braces", "a: " + "{a: " * 50_000, "R110"),
    ("dashes", "- " * 100_000 + "x", "R110"),
    ("questions", "? " * 100_000 + "x", "R110"),
    ("indents", "\n".join(" " * n + "a:" for n in range(900)), "R110"),
    ("size", "a: " + "x" * (1 << 20), "R101"),
    ("one text", "a: " + "x" * 30_000, "R111"),
]


@pytest.mark.parametrize(("text", "code"), [b[1:] for b in BOMBS], ids=[b[0] for b in BOMBS])
@pytest.mark.timeout(10)
def test_bombs_are_refused(text, code):
    _, found = read_source("f.yaml", text.encode())
    assert code in [one.code for one in found]


def test_the_limits_can_be_set():
    _, found = read_source("f.yaml", b"a: [[x]]", Limits(depth=2))
    assert [one.code for one in found] == ["R110"]


YAMLISH = st.text(
    alphabet=st.sampled_from(list("ab:-#[]{}\"'|>&*!%@`?, \n\t.$\\\r\ufeff\u2028я0=")), max_size=60
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=120), YAMLISH.map(str.encode)))
@example(b"\xff\xfe")
@example(b"%YAML 1.3\n---\na: b")
@example(b'a: "\\U0011FFFF"')
@example(b"a: !<tag:yaml.org,2002:int> 5")
@example(b"? ")
@example(b"!")
@example(b"- !")
@example(b"a: !\n")
def test_any_bytes_give_diagnostics_never_a_traceback(content):
    node, found = read_source("f.yaml", content)
    assert node is not None or found
    lines = (
        content.decode("utf-8", "replace").count("\n") + content.decode("utf-8", "replace").count("\r") + 20
    )
    for one in found:
        assert 1 <= one.span.line <= lines
        assert one.span.column >= 1
        assert (one.span.line, one.span.column) <= (one.span.end_line, one.span.end_column)


PIECES = st.sampled_from(
    ["ruleset: t", "rules:", "  - id: a", "    triggers:", "      - changed: act.signed", "        to: true", "    actions:",
     "      - field.set: {act.signed: true}", "    conditions:", "      - act.signed", "      - any:", "        - x", "    when: x",
     "      - {if: act.signed, else: нет}", "      - mail.send: {to: x, template: broken}", "        as: x", "        key: ${", "scope: act",
     "in_force: {from: 1}", "enabled: no", "    id: [", "  -", "      - every: '* * * * *'", "        for_each: act",
     "      - deadline: {after: 1 days, since: act.sent_at}", "      - received: bank.payment", "      - command: x"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14))
def test_any_shuffled_regulation_gives_diagnostics_never_a_traceback(lines):
    sets, found = load("\n".join(lines))
    assert sets or found


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_mail_template_gives_diagnostics_never_a_traceback(content):
    from engine.language.load import load_regulation
    from tests.language.support import ACTIONS, one_rule, world

    text = one_rule("actions: [{mail.send: {to: x, template: m}}]")
    sets, found = load_regulation({"a.yaml": text.encode()}, world(), ACTIONS, {"m": ("mail/m.txt", content)})
    assert (len(sets[0].rules) == 1) is not any(one.is_error for one in found)
