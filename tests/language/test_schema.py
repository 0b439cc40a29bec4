"""The published schema and the loader are of one mind about the shape of a file; print → load gives the same rule."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.load import load_regulation
from engine.language.rules import ActionCall, Condition, Rule
from engine.language.schema import build_schema
from engine.language.template import Template
from tests.language.support import ACTIONS, MAIL, RECEIVED, ROOT, world

SHAPE = {
    "R120",
    "R121",
    "R122",
    "R127",
    "R129",
    "R130",
    "R131",
    "R134",
    "R150",
    "R151",
    "R152",
    "R160",
    "R162",
    "R104",
}


@cache
def validator() -> jsonschema.Draft202012Validator:
    schema = build_schema(ACTIONS)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def load(tree: object):
    return load_regulation({"f.yaml": dump(tree).encode()}, world(), ACTIONS, MAIL, received=RECEIVED)


def dump(tree: object) -> str:
    # Through JSON, since PyYAML writes an object that it meets twice as an anchor and an alias.
    return yaml.safe_dump(json.loads(json.dumps(tree)), allow_unicode=True, sort_keys=False)


CONDITIONS = st.recursive(
    st.sampled_from(["act.signed", "not act.cancelled", 'act.number == "А: 1 #"', "act.stage_no in [1, 2]"]),
    lambda inner: st.one_of(
        st.builds(lambda name, members: {name: members}, st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda gate, words: {"if": gate, "else": words}, inner, st.sampled_from(["жду ${act.number}", "нет"])),
    ),
    max_leaves=5,
)  # fmt: skip
TRIGGERS = st.sampled_from([
    {"changed": "act.stage_no", "to": 2}, {"changed": "act.signed", "from": False, "to": True, "by": "person"}, {"filled": "act.scan"},
    {"cleared": "act.scan"}, {"created": "act"}, {"deleted": "act"}, {"deadline": {"after": "5 workdays", "since": "act.sent_at"}},
    {"every": "0 9 * * 1-5", "for_each": "act"}, {"command": "remind", "for_each": "act"},
])  # fmt: skip
ENTRIES = st.sampled_from([
    {"field.set": {"act.signed": True, "act.stage_no": 3, "act.title": "Акт: ${act.number}"}}, {"deal.move": {"stage": "lost"}},
    {"disk.ensure_folder": {"path": "Акты/${act.number}"}}, {"notify": {"to": "${act.manager}", "text": "да", "feed": True}},
    {"mail.send": {"to": "a@b.example", "template": "review_request", "attachments": ["${act.scan}"]}},
    {"document.render": {"item": "${act}", "template": "act"}, "key": "act ${act.id}"},
])  # fmt: skip
MODIFIERS = st.fixed_dictionaries(
    {}, optional={"when": st.just("act.signed"), "key": st.sampled_from(["k ${act.id}", "k"])}
)
RULES = st.fixed_dictionaries(
    {"id": st.from_regex(r"[a-zа-я0-9][\w-]{0,8}", fullmatch=True), "triggers": st.lists(TRIGGERS, min_size=1, max_size=3),
     "actions": st.lists(st.builds(lambda mods, entry: {**mods, **entry}, MODIFIERS, ENTRIES), min_size=1, max_size=3, unique_by=lambda entry: max(set(entry) - {"when", "key"}))},
    optional={"title": st.sampled_from(["Акт: готов", "5"]), "clause": st.sampled_from(["4.3", 4.3]), "enabled": st.booleans(),
              "conditions": st.lists(CONDITIONS, max_size=3), "in_force": st.just({"from": "2026-01-01"})},
)  # fmt: skip
SETS = st.fixed_dictionaries(
    {"ruleset": st.from_regex(r"[a-z][\w-]{0,8}", fullmatch=True), "rules": st.lists(RULES, max_size=3)},
    optional={
        "title": st.just("Акты"),
        "enabled": st.booleans(),
        "scope": st.just("act.signed"),
        "in_force": st.just({"to": "2026-12-31"}),
    },
)


@settings(max_examples=150, deadline=None)
@given(SETS)
def test_what_is_sound_passes_both(tree):
    assert list(validator().iter_errors(tree)) == []
    assert [one for one in load(tree)[1] if one.is_error] == []


def maps_of(tree: object) -> list[dict[str, object]]:
    if isinstance(tree, dict):
        return [tree, *(found for value in tree.values() for found in maps_of(value))]
    return [found for value in tree for found in maps_of(value)] if isinstance(tree, list) else []


@settings(max_examples=150, deadline=None)
@given(SETS, st.data())
def test_an_unknown_key_fails_both(tree, data):
    tree = deepcopy(tree)
    place = data.draw(st.sampled_from(maps_of(tree)))
    place["kez"] = "x"
    assert list(validator().iter_errors(tree)) != []
    assert {one.code for one in load(tree)[1]} & SHAPE


RULE = {"id": "a", "triggers": [{"filled": "act.scan"}], "actions": [{"field.set": {"act.signed": True}}]}
WRONG = [
    ("no rules", {"ruleset": "a"}),
    ("no name", {"rules": []}),
    ("triggers no list", {"ruleset": "a", "rules": [{**RULE, "triggers": "act.scan"}]}),
    ("no trigger", {"ruleset": "a", "rules": [{**RULE, "triggers": []}]}),
    ("no action", {"ruleset": "a", "rules": [{**RULE, "actions": []}]}),
    ("two triggers in one", {"ruleset": "a", "rules": [{**RULE, "triggers": [{"filled": "act.scan", "created": "act"}]}]}),
    ("an option alone", {"ruleset": "a", "rules": [{**RULE, "triggers": [{"to": "x"}]}]}),
    ("a foreign option", {"ruleset": "a", "rules": [{**RULE, "triggers": [{"filled": "act.scan", "to": "x"}]}]}),
    ("two actions in one", {"ruleset": "a", "rules": [{**RULE, "actions": [{"field.set": {"act.signed": True}, "disk.ensure_folder": {"path": "x"}}]}]}),
    ("a modifier alone", {"ruleset": "a", "rules": [{**RULE, "actions": [{"as": "x"}]}]}),
    ("unknown action", {"ruleset": "a", "rules": [{**RULE, "actions": [{"field.sett": {"act.signed": True}}]}]}),
    ("no needed parameter", {"ruleset": "a", "rules": [{**RULE, "actions": [{"disk.ensure_folder": {}}]}]}),
    ("no needed key", {"ruleset": "a", "rules": [{**RULE, "actions": [{"document.render": {"item": "${act}", "template": "act"}}]}]}),
    ("two groups in one", {"ruleset": "a", "rules": [{**RULE, "conditions": [{"any": ["act.signed"], "all": ["act.signed"]}]}]}),
    ("if without else", {"ruleset": "a", "rules": [{**RULE, "conditions": [{"if": "act.signed"}]}]}),
    ("a map for a text", {"ruleset": "a", "rules": [{**RULE, "actions": [{"disk.ensure_folder": {"path": {"a": "b"}}}]}]}),
]  # fmt: skip


@pytest.mark.parametrize("tree", [w[1] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_shape_fails_both(tree):
    assert list(validator().iter_errors(tree)) != []
    assert {one.code for one in load(tree)[1]} & SHAPE


def test_messages_name_the_action_and_not_all_of_them():
    tree = {"ruleset": "a", "rules": [{**RULE, "actions": [{"disk.ensure_folder": {"pat": "x"}}]}]}
    errors = [error.message for error in validator().iter_errors(tree)]
    assert len(errors) == 2
    assert any("'pat' was unexpected" in message for message in errors)
    assert any("'path' is a required property" in message for message in errors)


# A printer of rules, so that loading can be held against it.
def print_tree(tree) -> object:
    if isinstance(tree, Template):
        return tree.text
    if isinstance(tree, tuple):
        return [print_tree(member) for member in tree]
    return {name: print_tree(member) for name, member in tree.items()}


def print_condition(gate: Condition) -> object:
    plain = (
        gate.expression.text
        if gate.expression
        else {gate.kind: [print_condition(one) for one in gate.members]}
    )
    return {"if": plain, "else": gate.otherwise.text} if gate.otherwise else plain


def print_trigger(one) -> dict[str, object]:
    path = f"{one.entity}.{one.field}"
    if one.kind == "deadline":
        return {"deadline": {"after": str(one.delay), "since": path}}
    named = one.name or (path if one.field else one.entity)
    options = {
        "from": [str(v).lower() if isinstance(v, bool) else str(v) for v in one.before],
        "to": [str(v).lower() if isinstance(v, bool) else str(v) for v in one.after],
    }
    shown = {name: values[0] for name, values in options.items() if values}
    if one.by_person:
        shown["by"] = "person"
    if one.name and one.entity:
        shown["for_each"] = one.entity
    return {one.kind: named, **shown}


def print_call(call: ActionCall) -> dict[str, object]:
    params = {name: print_tree(tree) for name, tree in call.params.items()}
    if call.action == "mail.send":
        del params["subject"], params["text"]
        params["template"] = "review_request"
    parts = {
        "as": call.result,
        "when": call.when.text if call.when else "",
        "key": call.key.text if call.key else "",
    }
    return {call.action: params, **{name: text for name, text in parts.items() if text}}


def print_rule(rule: Rule) -> dict[str, object]:
    dates = {"from": rule.in_force.first, "to": rule.in_force.last}
    return {
        "id": rule.id.partition("/")[2], "title": rule.title, "clause": rule.clause or "-", "enabled": not rule.is_disabled,
        "triggers": [print_trigger(one) for one in rule.triggers], "conditions": [print_condition(one) for one in rule.conditions],
        "actions": [print_call(one) for one in rule.actions],
        "in_force": {name: day.isoformat() for name, day in dates.items() if day},
    }  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(RULES)
def test_print_then_load_gives_the_same_rule(tree):
    (first,), _ = load({"ruleset": "t", "rules": [tree]})
    printed = [print_rule(rule) for rule in first.rules]
    (second,), found = load({"ruleset": "t", "rules": printed})
    assert [one for one in found if one.is_error] == []
    assert [print_rule(rule) for rule in second.rules] == printed
    assert len(printed) == 1
    assert second.rules[0].needs == first.rules[0].needs


SHIPPED = sorted(
    path for path in (ROOT / "regulations").glob("*.yaml") if not path.name.endswith(".test.yaml")
)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_have_the_shape_of_rule_sets(path):
    tree = yaml.load(path.read_text("utf-8"), Loader=yaml.CBaseLoader)
    assert set(tree) >= {"ruleset", "rules"}
