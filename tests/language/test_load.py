"""Regulation files → rule sets: every form of the language, the scope of names, mail templates, the cache."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal

import pytest

from engine.language.load import LoadCache, load_regulation
from engine.language.rules import Rule
from engine.language.source import MapNode, read_source
from engine.language.timing import Cron, parse_cron, parse_duration
from engine.language.values import Duration, Money
from engine.language.world import parse_type, read_world
from tests.language.support import ACTIONS, MAIL, RECEIVED, ROOT, load, one_rule, read_config, world

ACTS = "actions: [{disk.ensure_folder: {path: Акты}}]"


def rule_of(text: str) -> Rule:
    sets, found = load(text)
    assert [one for one in found if one.severity != "advice"] == []
    return sets[0].rules[0]


def codes_of(text: str) -> list[str]:
    return [one.code for one in load(text)[1]]


def test_a_whole_rule():
    text = """\
ruleset: acts
title: Акты
scope: deal.pipeline == "customisation"
in_force: {from: 2026-01-01, to: 2026-12-31}
rules:
  - id: store
    title: Сохранить
    clause: "4.3"
    enabled: false
    triggers:
      - filled: act.scan
    conditions:
      - act.signed == false
    actions:
      - disk.ensure_folder: {path: "Акты/${act.number}"}
        as: folder
        when: act.signed == false
      - notify: {to: "${act.manager}", text: "${folder}"}
        key: ${act.id}
"""
    sets, found = load(text)
    assert found == []
    (ruleset,) = sets
    (rule,) = ruleset.rules
    assert (ruleset.name, ruleset.title, ruleset.file, ruleset.span.line) == ("acts", "Акты", "acts.yaml", 1)
    assert (ruleset.in_force.first, ruleset.in_force.last) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (rule.id, rule.title, rule.clause, rule.is_disabled) == ("acts/store", "Сохранить", "4.3", True)
    assert (rule.span.line, rule.span.column) == (6, 9)
    assert [gate.text for gate in rule.conditions] == [
        'deal.pipeline == "customisation"',
        "act.signed == false",
    ]
    assert (rule.conditions[1].span.line, rule.conditions[1].span.column) == (13, 9)
    assert rule.roots == {"act", "deal", "contract"}
    folder, notice = rule.actions
    assert (folder.action, folder.result, folder.span.line) == ("disk.ensure_folder", "folder", 15)
    assert folder.when is not None
    assert notice.key is not None
    assert notice.param_spans["text"].line == 18
    assert {"act.number", "act.signed", "act.scan", "deal.pipeline", "act.manager", "act.id"} <= rule.needs


def test_an_empty_list_of_rules_is_a_rule_set():
    sets, found = load("ruleset: a\nrules: []\n")
    assert found == []
    assert sets[0].rules == ()


# written trigger -> what of it is read
TRIGGERS = [
    (
        "changed: deal.stage",
        {"kind": "changed", "entity": "deal", "field": "stage", "before": (), "after": ()},
    ),
    ("{changed: deal.stage, from: new, to: lost}", {"before": ("new",), "after": ("lost",)}),
    ("{changed: deal.stage, by: person}", {"by_person": True}),
    ("{changed: act.signed, to: true}", {"after": (True,)}),
    ("{changed: act.amount, to: 5.10 RUB}", {"after": (Money(Decimal("5.10"), "RUB"),)}),
    ("{changed: act.stage_no, to: 2}", {"after": (Decimal(2),)}),
    ("{changed: act.date, from: 2026-03-01}", {"before": (date(2026, 3, 1),)}),
    ("{changed: act.form, to: empty}", {"after": (None,)}),
    ("filled: act.scan", {"kind": "filled", "field": "scan"}),
    ("cleared: act.scan", {"kind": "cleared", "field": "scan"}),
    ("created: act", {"kind": "created", "entity": "act"}),
    ("deleted: act", {"kind": "deleted", "entity": "act"}),
    (
        "deadline: {after: 5 workdays, since: act.sent_at}",
        {"kind": "deadline", "entity": "act", "field": "sent_at", "delay": Duration(5, "workdays")},
    ),
    (
        "deadline: {before: 30 days, since: contract.valid_to}",
        {"kind": "deadline", "entity": "contract", "field": "valid_to", "delay": Duration(-30, "days")},
    ),
    ('{every: "0 9 * * 1-5", for_each: act}', {"kind": "every", "name": "0 9 * * 1-5", "entity": "act"}),
    ('every: "0 9 * * 1-5"', {"entity": ""}),
    ("command: remind", {"kind": "command", "name": "remind", "entity": ""}),
    ("{command: remind, for_each: act}", {"name": "remind", "entity": "act"}),
    ("received: bank.payment", {"kind": "received", "name": "bank.payment"}),
]


@pytest.mark.parametrize(("written", "wanted"), TRIGGERS, ids=[one[0] for one in TRIGGERS])
def test_triggers(written, wanted):
    entry = written if written.startswith("{") else "{" + written + "}"
    (trigger,) = rule_of(one_rule(ACTS, f"[{entry}]")).triggers
    assert {name: getattr(trigger, name) for name in wanted} == wanted


# triggers -> names that the rule sees
SCOPES = [
    ("[{filled: act.scan}]", {"act", "deal", "contract"}),
    ("[{changed: deal.stage}]", {"deal", "contract"}),
    ("[{changed: invoice.paid}]", {"invoice", "deal"}),
    ("[{changed: contract.scan}]", {"contract"}),
    ("[{changed: act.signed}, {changed: invoice.paid}]", {"deal"}),
    ("[{changed: act.signed}, {changed: deal.stage}]", {"deal", "contract"}),
    ('[{every: "0 9 * * *"}]', set()),
    ('[{every: "0 9 * * *", for_each: act}]', {"act", "deal", "contract"}),
    ("[{received: bank.payment}]", {"payment", "deal", "invoice"}),
    ("[{received: bank.payment}, {changed: invoice.paid}]", {"deal", "invoice"}),
]


@pytest.mark.parametrize(("triggers", "names"), SCOPES, ids=[one[0] for one in SCOPES])
def test_what_a_rule_sees(triggers, names):
    assert rule_of(one_rule(ACTS, triggers)).roots == names


# body of a rule woken by an act -> codes
BODIES = [
    ("a result in its own key", 'actions: [{notify: {to: "${act.manager}", text: x}, as: n, key: "${n}"}]', ["R157"]),
    ("a result in its own parameters", 'actions: [{disk.ensure_folder: {path: "${f}"}, as: f}]', ["R144", "R163"]),
    ("a list of files", 'actions: [{mail.send: {to: x, template: review_request, attachments: ["${act.scan}", "${act.document}"]}}]', []),
    ("one file for a list", 'actions: [{mail.send: {to: x, template: review_request, attachments: "${act.scan}"}}]', []),
    ("a text for a file", 'actions: [{mail.send: {to: x, template: review_request, attachments: "${act.number}"}}]', ["R245"]),
    ("an item", 'actions: [{document.render: {item: "${act}", template: act}, key: "${act.id}"}]', []),
    ("a stage", "actions: [{deal.move: {stage: invoice_paid}}]", []),
    ("no such stage", "actions: [{deal.move: {stage: paid}}]", ["R232"]),
    ("a field takes its type", "actions: [{field.set: {act.amount: 10 RUB, act.form: paper, act.date: 2026-01-01}}]", []),
    ("not the field's type", "actions: [{field.set: {act.date: завтра}}]", ["R260"]),
    ("a field of a result's deal", "actions: [{field.set: {deal.title: x}}]", []),
    ("a field of what is not seen", "actions: [{field.set: {invoice.paid: 1 RUB}}]", ["R143"]),
    ("a field of nothing", "actions: [{field.set: {akt.signed: true}}]", ["R220"]),
    ("id cannot be written", "actions: [{field.set: {act.id: x}}]", ["R155"]),
    ("no dot", "actions: [{field.set: {signed: true}}]", ["R151"]),
    ("no parameters at all", "actions: [{notify: }]", ["R152", "R152"]),
    ("a list for a text", 'actions: [{notify: {to: "${act.manager}", text: [a]}}]', ["R122"]),
    ("only modifiers", "actions: [{as: x}]", ["R150"]),
    ("a slip in a modifier", 'actions: [{notify: {to: "${act.manager}", text: x}, wen: act.signed}]', ["R151"]),
    ("two keyless, one named", 'actions: [{notify: {to: "${act.manager}", text: x}}, {notify: {to: "${act.manager}", text: y}, as: two}]', ["R157"]),
    ("two with keys", 'actions: [{notify: {to: "${act.manager}", text: x}, key: a}, {notify: {to: "${act.manager}", text: y}, key: b}]', []),
    ("groups nest", f"conditions: [{{any: [act.signed, {{none: [act.cancelled, {{all: [act.signed]}}]}}]}}]\n{ACTS}", []),
    ("an empty group", f"conditions: [{{any: []}}]\n{ACTS}", ["R127"]),
    ("own words", f'conditions: [{{if: act.signed, else: "акт ${{act.number}} не подписан"}}]\n{ACTS}', []),
    ("own words missing", f"conditions: [{{if: act.signed}}]\n{ACTS}", ["R121"]),
    ("own words without a gate", f"conditions: [{{else: x}}]\n{ACTS}", ["R120"]),
    ("a list of conditions is a list", f"conditions: act.signed\n{ACTS}", ["R122"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "codes"), [b[1:] for b in BODIES], ids=[b[0] for b in BODIES])
def test_bodies(body, codes):
    assert sorted(codes_of(one_rule(body))) == sorted(codes)


def test_a_condition_may_have_words_of_its_own():
    rule = rule_of(one_rule(f'conditions: [{{if: act.signed, else: "жду ${{act.number}}"}}]\n{ACTS}'))
    assert rule.conditions[0].text == "act.signed"
    assert rule.conditions[0].otherwise is not None
    assert "act.number" in rule.needs


def test_all_faults_are_told_at_once_and_sound_rules_stay():
    text = "ruleset: t\nrules:\n" + "".join(
        f"  - id: r{n}\n    triggers: [{{filled: act.scan}}]\n    conditions: ['{gate}']\n    {ACTS}\n"
        for n, gate in enumerate(["act.sined", "act.signed", "act.signed ==", "dael.stage == 1"])
    )
    sets, found = load(text)
    assert [one.code for one in found] == ["R221", "R214", "R220"]
    assert [rule.id for rule in sets[0].rules] == ["t/r1"]
    assert [one.span.line for one in found] == sorted(one.span.line for one in found)


def test_scope_is_told_once_and_must_be_reached():
    rules = "".join(
        f"  - id: r{n}\n    triggers: [{{changed: contract.scan}}]\n    {ACTS}\n" for n in range(3)
    )
    _, found = load("ruleset: t\nscope: deal.amount > 0\nrules:\n" + rules)
    assert [one.code for one in found] == ["R143"]


def test_a_mail_template_becomes_subject_and_text():
    rule = rule_of(one_rule('actions: [{mail.send: {to: "${deal.client.email}", template: review_request}}]'))
    params = rule.actions[0].params
    assert params["subject"].text == "Отзыв о сделке ${deal.title}"
    assert params["text"].text == "Добрый день!"
    assert "deal.title" in rule.needs


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_fault_in_a_mail_template_has_its_place_there(newline):
    mail = {"m": ("mail/m.txt", f"Subject: x{newline}{newline}Акт ${{act.numbr}}{newline}".encode())}
    text = one_rule("actions: [{mail.send: {to: x, template: m}}]")
    _, found = load_regulation({"a.yaml": text.encode()}, world(), ACTIONS, mail)
    (one,) = found
    assert (one.code, str(one.span)) == ("R221", "mail/m.txt:3:11")
    assert one.related[0][0].file == "a.yaml"


def test_an_unchanged_file_is_not_read_again():
    cache = LoadCache()
    files = {name: one_rule(ACTS).replace("ruleset: t", f"ruleset: {name}").encode() for name in ("a", "b")}
    first, _ = load_regulation(files, world(), ACTIONS, {}, cache)
    second, _ = load_regulation({**files, "b": files["b"] + b"# new\n"}, world(), ACTIONS, {}, cache)
    assert second[0] is first[0]
    assert second[1] is not first[1]
    third, _ = load_regulation({"b": files["b"]}, world(), ACTIONS, {}, cache)
    assert [one.name for one in third] == ["b"]
    fewer = {name: action for name, action in ACTIONS.items() if name != "disk.ensure_folder"}
    _, found = load_regulation(files, world(), fewer, {}, cache)
    assert {one.code for one in found} == {"R104"}


def test_a_changed_mail_template_reads_its_users_again():
    cache = LoadCache()
    files = {
        "a": one_rule("actions: [{mail.send: {to: x, template: m}}]").encode(),
        "b": one_rule(ACTS).encode(),
    }
    first, _ = load_regulation(files, world(), ACTIONS, {"m": ("m.txt", b"Subject: a\n\nb")}, cache)
    second, _ = load_regulation(files, world(), ACTIONS, {"m": ("m.txt", b"Subject: a\n\nc")}, cache)
    assert second[1] is first[1]
    assert second[0].rules[0].actions[0].params["text"].text == "c"


def test_names_may_be_russian_and_are_folded():
    text = "entities: {акт: {fields: {подписан: {type: yes/no, field: f}, скан: {type: file, field: s}}}}"
    node, _ = read_source("map", text.encode())
    assert isinstance(node, MapNode)
    russian, found = read_world(node)
    assert found == []
    rules = "ruleset: акты\nrules:\n- id: а\n  triggers: [{filled: акт.скан}]\n  conditions: [акт.подписан == false]\n"
    sets, found = load_regulation(
        {"a": (rules + "  actions: [{field.set: {акт.подписан: true}}]").encode()}, russian, ACTIONS, {}
    )
    assert found == []
    assert sets[0].rules[0].id == "акты/а"


def test_the_example_map_is_sound():
    part = read_config().get("map")
    assert isinstance(part, MapNode)
    read, found = read_world(part)
    assert found == []
    assert set(read.entities) == {"deal", "act", "invoice", "contract", "company", "user"}
    assert read.stages("deal")["invoice_paid"].code == "C4:UC_PAID"
    assert str(read.entities["deal"].fields["acts"].type) == "list of act"
    assert not read.entities["deal"].fields["paid"].is_writable
    assert read.entities["act"].fields["form"].codes == {"scan": "101", "paper": "102", "edo": "103"}
    assert read.entities["company"].fields["ogrn"].is_optional
    assert read.entities["user"].type_id is None


TYPES = [
    ("money", "money"), ("list of file", "list of file"), ("user", "user"), ("act", "act"), ("item", "any"),
    ("one of a, b", "one of a, b"), ("list of act", "list of act"), ("yes/no", "yes/no"),
    ("pipeline of deal", "one of customisation, support"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), TYPES)
def test_types_by_name(text, shown):
    assert str(parse_type(text, world())) == shown


@pytest.mark.parametrize("text", ["", "mony", "list of", "list of nothing", "stage of act2"])
def test_what_is_no_type(text):
    assert parse_type(text, world()) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("5 workdays", Duration(5, "workdays")), ("1 hour", Duration(1, "hours")), (" 30  minutes ", Duration(30, "minutes")),
     ("5", None), ("workdays", None), ("-1 days", None), ("1.5 hours", None), ("5 weeks", None),
     ("24000 workdays", Duration(24000, "workdays")), ("24001 workdays", None), ("36501 days", None), ("876001 hours", None), ("52560001 minutes", None)],
)  # fmt: skip
def test_durations(text, wanted):
    assert parse_duration(text) == wanted


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("{before: 7 days, after: 7 days, since: act.sent_at}", "R120"),
        ("{since: act.sent_at}", "R121"),
        ("{before: -7 days, since: act.sent_at}", "R135"),
        ("{before: 7 days}", "R121"),
    ],
)
def test_a_deadline_is_counted_one_way(written, code):
    rules = one_rule(ACTS, f"[{{deadline: {written}}}]")
    _, found = load_regulation({"acts.yaml": rules.encode()}, world(), ACTIONS, MAIL)
    assert [one.code for one in found if one.severity == "error"] == [code]


@pytest.mark.parametrize(
    "derived", ["act.sent_at + workdays(5)", "max(i.sent_at for i in act.deal.invoices)"]
)
def test_no_deadline_counts_from_a_derived_field(derived):
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    line = "        due_at: {type: time, "
    assert line in text
    node, _ = read_source(
        "c.yaml", text.replace(line, f"        best: {{type: time, derive: '{derived}'}}\n{line}").encode()
    )
    assert isinstance(node, MapNode)
    part = node.get("map")
    assert isinstance(part, MapNode)
    mapped, found = read_world(part)
    assert found == []
    rules = one_rule(ACTS, "[{deadline: {after: 1 days, since: act.best}}]")
    _, found = load_regulation({"acts.yaml": rules.encode()}, mapped, ACTIONS, MAIL)
    assert [(one.code, one.values["field"]) for one in found if one.severity == "error"] == [
        ("R141", "act.best")
    ]


GOOD_CRONS = [
    ("0 9 * * 1-5", "weekdays", {1, 2, 3, 4, 5}), ("*/15 * * * *", "minutes", {0, 15, 30, 45}), ("0 9 1,15 * *", "days", {1, 15}),
    ("0 9 * jan-mar *", "months", {1, 2, 3}), ("0 9 * * mon", "weekdays", {1}), ("0 9 * * 7", "weekdays", {0}),
    ("10-20/5 0 * * *", "minutes", {10, 15, 20}), ("5/20 0 * * *", "minutes", {5, 25, 45}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "part", "wanted"), GOOD_CRONS, ids=[one[0] for one in GOOD_CRONS])
def test_schedules(text, part, wanted):
    cron = parse_cron(text)
    assert isinstance(cron, Cron)
    assert getattr(cron, part) == wanted


@pytest.mark.parametrize(
    ("text", "part"),
    [("0 9 * *", "0 9 * *"), ("60 9 * * *", "60"), ("0 24 * * *", "24"), ("0 9 0 * *", "0"), ("0 9 31 2 *", "31"), ("0 9 * 13 *", "13"),
     ("*/0 * * * *", "*/0"), ("5-1 * * * *", "5-1"), ("a * * * *", "a"), ("* * * * mon-", "mon-"), ("1-x * * * *", "1-x")],
)  # fmt: skip
def test_schedules_that_are_none(text, part):
    assert parse_cron(text) == part


def test_ten_thousand_rules_load_in_seconds_and_one_file_in_a_blink():
    rule = (
        "  - id: r{n}\n    triggers: [{{changed: act.signed, to: true}}]\n    conditions:\n      - act.stage_no == {n}\n"
        '      - deal.amount > money({n}, "RUB")\n    actions:\n      - field.set: {{act.folder: "Акт {n} ${{act.number}}"}}\n'
    )
    files = {
        f"r{f:03}.yaml": (
            f"ruleset: s{f}\nrules:\n" + "".join(rule.format(n=f * 100 + n) for n in range(100))
        ).encode()
        for f in range(100)
    }
    cache = LoadCache()
    started = time.perf_counter()
    sets, found = load_regulation(files, world(), ACTIONS, MAIL, cache, received=RECEIVED)
    loaded = time.perf_counter()
    assert found == []
    assert sum(len(one.rules) for one in sets) == 10_000
    files["r050.yaml"] += b"# edited\n"
    load_regulation(files, world(), ACTIONS, MAIL, cache, received=RECEIVED)
    again = time.perf_counter()
    # Twice the promised 5 s and 0.3 s: the machine of a test is shared.
    assert loaded - started < 10
    assert again - loaded < 0.6
