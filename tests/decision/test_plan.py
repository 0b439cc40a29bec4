"""Planning: conflicts, blocked and skipped steps, keys, follow-ups, dates; and that it is a function of its arguments."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.explain import explain
from engine.decision.follow_ups import seen_from
from engine.decision.forms import simulation_json, write_json
from engine.decision.plan import decide
from engine.decision.simulation import simulate
from engine.effects import FieldChange, ItemChange
from engine.language.values import Item, Money, Pending, Undecided
from tests.decision.world_case import NOON, edition_of, facts_of, updated

ACT, DEAL, USER = Item("act", "1"), Item("deal", "2"), Item("user", "5")


def world(**act):
    own = {"id": "1", "number": "А-1", "signed": True, "deal": DEAL, "manager": USER, **act}
    deal = {
        "id": "2", "title": "Дело", "stage": "in_work", "pipeline": "customisation", "manager": USER, "acts": (ACT,),
        "amount": Money(Decimal(10), "RUB"), "url": "https://p/2",
    }  # fmt: skip
    items = {ACT: own, DEAL: deal, USER: {"id": "5", "name": "Анна", "active": True}}
    return facts_of(items, {"act": ACT, "deal": DEAL})


def rules(*bodies):
    return "ruleset: s\ntitle: t\nrules:\n" + "".join(
        f"  - id: r{n}\n    title: Правило {n}\n"
        + "\n".join(f"    {line}" for line in body.strip().splitlines())
        + "\n"
        for n, body in enumerate(bodies, 1)
    )


SIGNED = "triggers: [{changed: act.signed}]\n"
EVENT = updated(ACT, {"signed": False})


def test_rules_that_want_different_values_do_nothing_and_the_others_go_on(tmp_path):
    edition = edition_of(
        tmp_path,
        s=rules(
            SIGNED + "conditions: ['act.number == \"А-1\"']\nactions: [{field.set: {act.refusal: one}}]",
            SIGNED + "conditions: ['act.signed']\nactions: [{field.set: {act.refusal: two}}]",
            SIGNED + "actions: [{field.set: {act.form: paper}}]",
        ),
    )
    decision = decide(edition, EVENT, world(refusal=None, form="scan"))
    assert [rule.id for rule in decision.fired] == ["s/r3"]
    assert [[rule.id for rule in one.rules] for one in decision.conflicts] == [["s/r1", "s/r2"]]
    assert [change.after for change in decision.changes] == ["paper"]
    outcomes = [verdict.outcome for verdict in explain(edition, decision, world(refusal=None, form="scan"))]
    assert outcomes == ["conflict", "conflict", "fired"]


def test_a_value_that_stands_already_is_wanted_all_the_same(tmp_path):
    keeps = SIGNED + "actions: [{field.set: {act.form: scan}}]"
    changes = SIGNED + "actions: [{field.set: {act.form: paper}}]"
    decision = decide(edition_of(tmp_path, s=rules(keeps, changes)), EVENT, world(form="scan"))
    assert [len(one.rules) for one in decision.conflicts] == [2]
    assert not decision.changes


def test_two_rules_that_want_the_same_value_agree(tmp_path):
    body = SIGNED + "actions: [{field.set: {act.form: paper}}]"
    decision = decide(edition_of(tmp_path, s=rules(body, body)), EVENT, world(form="scan"))
    assert not decision.conflicts
    assert len(decision.fired) == 2


def test_an_undecided_parameter_blocks_its_step_and_those_that_use_its_result(tmp_path):
    body = SIGNED + (
        "actions:\n  - disk.ensure_folder: {path: 'Акты/${act.folder}'}\n    as: folder\n"
        "  - disk.save_file: {folder: '${folder}', file: '${act.document}'}\n"
        "  - notify: {to: '${act.manager}', text: 'без папки'}"
    )
    decision = decide(edition_of(tmp_path, s=rules(body)), EVENT, world())
    assert [(step.status, step.reason) for step in decision.plan] == [
        ("undecided", "act.folder"), ("undecided", "act.folder"), ("planned", ""),
    ]  # fmt: skip


def test_a_skipped_step_leaves_its_users_skipped_and_lists_shorter(tmp_path):
    body = SIGNED + (
        'actions:\n  - disk.ensure_folder: {path: Акты}\n    as: folder\n    when: act.number == "нет"\n'
        "  - disk.save_file: {folder: '${folder}', file: '${act.scan}'}\n"
        "  - notify: {to: ['${act.manager}', '${folder}'], text: x}"
    )
    plan = decide(
        edition_of(tmp_path, s=rules(body.replace(", '${folder}'", ""))), EVENT, world(scan=None)
    ).plan
    assert [step.status for step in plan] == ["skipped", "skipped", "planned"]


def test_a_gate_that_cannot_be_decided_keeps_its_own_rule_shut(tmp_path):
    edition = edition_of(
        tmp_path,
        s=rules(
            SIGNED + "conditions: ['act.refusal == empty']\nactions: [{field.set: {act.form: paper}}]",
            SIGNED + "conditions: ['not (act.refusal == empty)']\nactions: [{field.set: {act.form: paper}}]",
            SIGNED + "actions: [{field.set: {act.form: edo}}]",
        ),
    )
    decision = decide(edition, EVENT, world(form="scan"))
    assert [rule.id for rule in decision.fired] == ["s/r3"]
    assert [(rule.id, why) for rule, why in decision.undecided] == [
        ("s/r1", "act.refusal"),
        ("s/r2", "act.refusal"),
    ]


def test_rules_are_in_force_by_the_events_time_and_a_disabled_one_never_is(tmp_path):
    dated = SIGNED + "in_force: {from: 2026-03-17}\nactions: [{field.set: {act.form: paper}}]"
    off = SIGNED + "enabled: false\nactions: [{field.set: {act.form: paper}}]"
    edition = edition_of(tmp_path, s=rules(dated, off))
    for day, fired in (("2026-03-16T23:59:59+03:00", []), ("2026-03-17T00:00:00+03:00", ["s/r1"])):
        facts = facts_of(world(form="scan").items, {"act": ACT, "deal": DEAL}, datetime.fromisoformat(day))
        decision = decide(edition, EVENT, facts)
        assert [rule.id for rule in decision.fired] == fired
    assert [one.outcome for one in explain(edition, decision, facts)] == ["fired", "disabled"]


def test_follow_ups_merge_per_item_and_see_the_facts_after(tmp_path):
    edition = edition_of(
        tmp_path,
        s=rules(
            SIGNED
            + "actions: [{field.set: {act.form: paper, act.refusal: нет}}, {field.set: {act.folder: x}}]",
            "triggers: [{changed: act.form}, {changed: act.folder}]\nactions: [{notify: {to: '${act.manager}', text: '${act.folder}'}}]",
        ),
    )
    simulation = simulate(edition, EVENT, world(form="scan", refusal=None, folder=None))
    assert len(simulation.follow_ups) == 1
    follow_up = simulation.follow_ups[0].decision
    assert (follow_up.event.by, follow_up.event.depth, follow_up.event.cause) == ("engine", 1, "e-1")
    assert dict(follow_up.event.before) == {"form": "scan", "refusal": None, "folder": None}
    assert [str(change.text) for change in follow_up.changes] == ["x"]


def test_a_chain_without_end_is_named(tmp_path):
    ping = "triggers: [{changed: act.folder}]\nconditions: ['act.form == \"scan\"']\nactions: [{field.set: {act.form: paper, act.folder: a}}]"
    pong = "triggers: [{changed: act.form}]\nconditions: ['act.form == \"paper\"']\nactions: [{field.set: {act.form: scan, act.folder: b}}]"
    simulation = simulate(
        edition_of(tmp_path, s=rules(ping, pong)),
        updated(ACT, {"folder": None}),
        world(form="scan", folder="x"),
    )
    assert set(simulation.loop) == {"s/r1", "s/r2"}
    assert max(one.decision.event.depth for one in simulation.walk()) == 10


def test_an_effect_shows_wherever_the_item_stands(tmp_path):
    facts = world(cancelled=False).after([FieldChange(ACT, "signed", True, False)])
    assert facts.field(DEAL, "unsigned_acts") == 1
    born = facts.after(
        [ItemChange(Item("act", "new-1"), {"deal": DEAL, "signed": False, "cancelled": False})]
    )
    assert born.field(DEAL, "acts") == (ACT, Item("act", "new-1"))
    assert born.field(Item("act", "new-1"), "id") == Pending("act/new-1.id", shown="new-1")


def test_an_item_that_moves_to_another_parent_leaves_the_first_ones_list():
    other = Item("deal", "9")
    items = {ACT: {"deal": DEAL}, DEAL: {"acts": (ACT,)}, other: {"acts": ()}}
    facts = facts_of(items, {"act": ACT}).after([FieldChange(ACT, "deal", DEAL, other)])
    assert (facts.field(DEAL, "acts"), facts.field(other, "acts")) == ((), (ACT,))


def test_a_derived_field_is_taken_as_given_until_something_it_derives_from_changes():
    invoice = Item("invoice", "7")
    items = {
        DEAL: {"paid": Money(Decimal(99), "RUB"), "invoices": (invoice,)},
        invoice: {"paid": Money(Decimal(1), "RUB"), "cancelled": False, "deal": DEAL},
    }
    facts = facts_of(items, {"deal": DEAL})
    assert facts.field(DEAL, "paid") == Money(Decimal(99), "RUB")
    other = facts.after([FieldChange(DEAL, "title", None, "x")])
    assert other.field(DEAL, "paid") == Money(Decimal(99), "RUB")
    after = facts.after([FieldChange(invoice, "paid", None, Money(Decimal(5), "RUB"))])
    assert after.field(DEAL, "paid") == Money(Decimal(5), "RUB")
    assert isinstance(facts_of({DEAL: {}}, {}).field(DEAL, "paid"), Undecided)


def test_an_act_is_seen_with_its_deal():
    seen = seen_from(facts_of({ACT: {"deal": DEAL}, DEAL: {}}, {"deal": DEAL}), ACT)
    assert (seen.root("act"), seen.root("deal")) == (ACT, DEAL)
    assert isinstance(seen.root("contract"), Undecided)


def test_the_same_event_decided_twice_gives_the_same_bytes(tmp_path):
    body = (
        SIGNED
        + "actions: [{field.set: {act.form: paper}}, {notify: {to: '${act.manager}', text: 'Акт ${act.number}'}}]"
    )
    edition = edition_of(tmp_path, s=rules(body))

    def text(facts):
        return write_json(simulation_json(simulate(edition, EVENT, facts), edition.hash, edition.actions, {}))

    facts = world(form="scan")
    shuffled = facts_of(dict(reversed(facts.items.items())), dict(reversed(facts.roots.items())))
    assert text(facts) == text(world(form="scan")) == text(shuffled)
    assert json.loads(text(facts))["schema"] == "reglament/simulation/1"


OTHER_FIELDS = ["act.form", "act.folder", "act.refusal", "act.due_at", "act.cancelled", "deal.title"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(OTHER_FIELDS), st.sampled_from(["before", "after"]))
def test_a_rule_about_another_field_never_changes_the_plan(tmp_path_factory, field, where):
    mine = rules(SIGNED + "actions: [{notify: {to: '${act.manager}', text: x}}]").replace(
        "ruleset: s", "ruleset: mine"
    )
    other = rules(
        f"triggers: [{{changed: {field}}}]\nactions: [{{notify: {{to: '${{deal.manager}}', text: y}}}}]"
    )
    name = "a" if where == "before" else "z"
    alone = decide(edition_of(tmp_path_factory.mktemp("one"), m=mine), EVENT, world())
    both = decide(edition_of(tmp_path_factory.mktemp("two"), m=mine, **{name: other}), EVENT, world())
    assert [(s.rule.id, s.status, s.params, s.key) for s in both.plan] == [
        (s.rule.id, s.status, s.params, s.key) for s in alone.plan
    ]


@pytest.mark.parametrize(("by", "fired"), [("engine", 0), ("user/5", 1), ("", 1)])
def test_by_person_is_not_us(tmp_path, by, fired):
    edition = edition_of(
        tmp_path,
        s=rules("triggers: [{changed: act.signed, by: person}]\nactions: [{field.set: {act.form: paper}}]"),
    )
    assert len(decide(edition, updated(ACT, {"signed": False}, by=by), world(form="scan")).fired) == fired
    assert NOON.utcoffset() is not None
