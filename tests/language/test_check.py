"""What rules say about each other: conflicts, dead rules, circles, names; and that thousands of them stay cheap."""

from __future__ import annotations

import time

import pytest

from engine.language.check import CheckCache, check_regulation
from engine.language.load import LoadCache, load_regulation
from tests.language.support import ACTIONS, MAIL, load, world


def rule(name: str, triggers: str, conditions: str, actions: str) -> str:
    gates = f"    conditions: {conditions}\n" if conditions else ""
    return f"  - id: {name}\n    triggers: [{triggers}]\n{gates}    actions: [{actions}]\n"


def check(*rules: str) -> list[tuple[str, str]]:
    sets, found = load("ruleset: t\nrules:\n" + "".join(rules))
    assert [one for one in found if one.is_error] == []
    return [(one.code, one.severity) for one in check_regulation(sets, ACTIONS)]


SCAN, PAPER = "{field.set: {act.form: scan}}", "{field.set: {act.form: paper}}"
CONFLICT, NONE = [("R172", "warning")], []

# what it shows, the two rules as (triggers, conditions, actions), findings
PAIRS = [
    ("same trigger, two values", ("{filled: act.scan}", "", SCAN), ("{filled: act.scan}", "", PAPER), CONFLICT),
    ("same trigger, one value", ("{filled: act.scan}", "", SCAN), ("{filled: act.scan}", "", SCAN), NONE),
    ("changed and filled may be one event", ("{changed: act.scan}", "", SCAN), ("{filled: act.scan}", "", PAPER), CONFLICT),
    ("other fields", ("{filled: act.scan}", "", SCAN), ("{changed: act.signed}", "", PAPER), NONE),
    ("conditions exclude", ("{filled: act.scan}", "[act.signed]", SCAN), ("{filled: act.scan}", "[not act.signed]", PAPER), NONE),
    ("stages exclude", ("{filled: act.scan}", "['deal.stage == \"new\"']", SCAN), ("{filled: act.scan}", "['deal.stage in [\"lost\", \"in_work\"]']", PAPER), NONE),
    ("stages overlap", ("{filled: act.scan}", "['deal.stage == \"new\"']", SCAN), ("{filled: act.scan}", "['deal.stage in [\"lost\", \"new\"]']", PAPER), CONFLICT),
    ("triggers exclude", ("{changed: act.signed, to: true}", "", SCAN), ("{changed: act.signed, to: false}", "", PAPER), NONE),
    ("trigger and condition exclude", ("{changed: act.signed, to: true}", "", SCAN), ("{changed: act.signed}", "[not act.signed]", PAPER), NONE),
    ("inside all", ("{filled: act.scan}", "[{all: [act.signed]}]", SCAN), ("{filled: act.scan}", "[not act.signed]", PAPER), NONE),
    ("inside any nothing is certain", ("{filled: act.scan}", "[{any: [act.signed, act.cancelled]}]", SCAN), ("{filled: act.scan}", "[not act.signed]", PAPER), CONFLICT),
    ("computed values are not compared", ("{filled: act.scan}", "", "{field.set: {act.title: '${act.number}'}}"), ("{filled: act.scan}", "", "{field.set: {act.title: x}}"), NONE),
    ("stage moves", ("{changed: deal.amount}", "", "{deal.move: {stage: lost}}"), ("{changed: deal.amount}", "", "{deal.move: {stage: new}}"), CONFLICT),
    ("a stage move and a plain write", ("{changed: deal.amount}", "", "{deal.move: {stage: lost}}"), ("{changed: deal.amount}", "", "{field.set: {deal.stage: new}}"), CONFLICT),
    ("one command", ("{command: c, for_each: act}", "", SCAN), ("{command: c, for_each: act}", "", PAPER), CONFLICT),
    ("two commands", ("{command: c, for_each: act}", "", SCAN), ("{command: d, for_each: act}", "", PAPER), NONE),
    ("deadlines are events of their own", ("{deadline: {after: 1 days, since: act.sent_at}}", "", SCAN), ("{deadline: {after: 1 days, since: act.sent_at}}", "", PAPER), NONE),
    ("emptied and filled", ("{cleared: act.scan}", "", SCAN), ("{filled: act.scan}", "", PAPER), NONE),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "wanted"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_conflicts(first, second, wanted):
    assert check(rule("a", *first), rule("b", *second)) == wanted


def test_a_disabled_rule_conflicts_with_nothing():
    off = rule("b", "{filled: act.scan}", "", PAPER) + "    enabled: false\n"
    assert check(rule("a", "{filled: act.scan}", "", SCAN), off) == []


DEAD = [
    ("two values", "['deal.stage == \"new\"', 'deal.stage == \"lost\"']", True),
    ("value and list", "['deal.stage == \"new\"', 'deal.stage in [\"lost\"]']", True),
    ("in one gate", '[\'deal.stage == "new" and deal.stage == "lost"\']', True),
    ("yes and no", "[act.signed, not act.signed]", True),
    ("overlap", '[\'deal.stage in ["new", "lost"]\', \'deal.stage == "lost"\']', False),
    ("any", "[{any: ['deal.stage == \"new\"', 'deal.stage == \"lost\"']}]", False),
    ("other fields", "[act.signed, not act.cancelled]", False),
]


@pytest.mark.parametrize(("gates", "dead"), [d[1:] for d in DEAD], ids=[d[0] for d in DEAD])
def test_dead_rules(gates, dead):
    assert (
        check(rule("a", "{filled: act.scan}", gates, "{disk.ensure_folder: {path: x}}"))
        == [("R173", "warning")] * dead
    )


FLIP = ("{changed: act.signed, to: true}", "", "{field.set: {act.signed: false}}")
FLOP = ("{changed: act.signed, to: false}", "", "{field.set: {act.signed: true}}")
CIRCLES = [
    ("flip and flop", [FLIP, FLOP], [("R174", "error")]),
    ("flip and flop with a gate", [(FLIP[0], "[act.cancelled]", FLIP[2]), FLOP], [("R174", "warning")]),
    ("flip alone comes to rest", [FLIP], []),
    ("a constant comes to rest", [("{changed: act.title}", "", "{field.set: {act.title: x}}")], []),
    ("the clock never rests", [("{changed: act.due_at}", "", "{field.set: {act.due_at: '${now}'}}")], [("R174", "warning")]),
    ("the write puts the gate out", [("{changed: act.signed}", "[not act.signed]", "{field.set: {act.signed: true}}")], []),
    ("only a person wakes it", [("{changed: act.due_at, by: person}", "", "{field.set: {act.due_at: '${now}'}}")], []),
    ("filled is not woken by emptying", [("{filled: act.refusal}", "", "{field.set: {act.refusal: '${empty}'}}")], []),
    ("three in a ring", [
        ("{changed: act.title}", "", "{field.set: {act.refusal: '${act.title}'}}"),
        ("{changed: act.refusal}", "", "{field.set: {act.folder: '${act.refusal}'}}"),
        ("{changed: act.folder}", "", "{field.set: {act.title: '${act.folder}!'}}"),
    ], [("R174", "warning")]),
    ("a chain is no ring", [
        ("{changed: act.title}", "", "{field.set: {act.refusal: '${act.title}'}}"),
        ("{changed: act.refusal}", "", "{field.set: {act.folder: '${act.refusal}'}}"),
    ], []),
    ("stages that exclude each other", [
        ("{changed: act.title}", "['deal.stage == \"new\"']", "{field.set: {act.refusal: '${act.title}'}}"),
        ("{changed: act.refusal}", "['deal.stage == \"lost\"']", "{field.set: {act.title: '${act.refusal}'}}"),
    ], []),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "wanted"), [c[1:] for c in CIRCLES], ids=[c[0] for c in CIRCLES])
def test_circles(rules, wanted):
    assert check(*(rule(f"r{n}", *one) for n, one in enumerate(rules))) == wanted


def test_a_circle_names_its_rules_and_places():
    sets, _ = load("ruleset: t\nrules:\n" + rule("on", *FLIP) + rule("off", *FLOP))
    (found,) = check_regulation(sets, ACTIONS)
    assert found.values["loop"] == "t/on → t/off → t/on"
    assert [span.line for span, _ in found.related] == [8]


def test_names_taken_twice_in_two_files():
    one = "ruleset: t\nrules:\n" + rule("a", "{filled: act.scan}", "", "{disk.ensure_folder: {path: x}}")
    sets, _ = load_regulation({"a.yaml": one.encode(), "b.yaml": one.encode()}, world(), ACTIONS, MAIL)
    found = check_regulation(sets, ACTIONS)
    assert [(one.code, one.span.file, one.related[0][0].file) for one in found] == [
        ("R171", "b.yaml", "a.yaml"),
        ("R170", "b.yaml", "a.yaml"),
    ]


def test_the_cache_changes_nothing_but_time():
    cache, kept = CheckCache(), LoadCache()
    text = "ruleset: t\nrules:\n" + rule("on", *FLIP) + rule("off", *FLOP)
    first = check_regulation(load(text, kept)[0], ACTIONS, cache)
    again = check_regulation(load(text, kept)[0], ACTIONS, cache)
    assert first == again == check_regulation(load(text)[0], ACTIONS)


def test_ten_thousand_different_rules_are_checked_in_a_blink():
    stages = list(world().stages("deal"))
    rules = [
        rule(f"r{n}", "{changed: deal.amount}", f"['deal.stage == \"{stages[n % 7]}\"', 'deal.title == \"{n // 7}\"']",
             f'{{field.set: {{deal.stage_plan: "{n}"}}}}')
        for n in range(2_000)
    ]  # fmt: skip
    sets, found = load_regulation(
        {"a": ("ruleset: t\nrules:\n" + "".join(rules)).encode()}, world(), ACTIONS, MAIL
    )
    assert found == []
    started = time.perf_counter()
    assert check_regulation(sets, ACTIONS) == []
    assert time.perf_counter() - started < 1.5
