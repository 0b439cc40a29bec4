"""What the simulation says: verdicts in both languages, keys, planned ids, loops, costs of the shipped plugins."""

from datetime import datetime
from decimal import Decimal

import pytest

from engine.costs import simulation_costs
from engine.decision.event import Event
from engine.decision.explain import explain
from engine.decision.plan import decide
from engine.decision.simulation import simulate
from engine.decision.verdict import Decided, verdict_of
from engine.language.values import File, Item, Money, Pending
from tests.decision.world_case import NOON, edition_of, facts_of, updated

ACT, DEAL, USER, CLIENT = Item("act", "1"), Item("deal", "2"), Item("user", "5"), Item("company", "12")
SIGNED = "triggers: [{changed: act.signed}]\n"
EVENT = updated(ACT, {"signed": False})


def rub(amount):
    return Money(Decimal(amount), "RUB")


def world(**act):
    own = {
        "id": "1", "number": "А-1", "title": "Акт", "signed": True, "deal": DEAL, "manager": USER, "form": "scan", "cancelled": False,
        "scan": File("scan.pdf", 9, "pdf", "bb", "event:bb"), "folder": None, "amount": rub("10.00"), "stage_no": Decimal(1), **act,
    }  # fmt: skip
    deal = {
        "id": "2", "title": "Дело", "stage": "in_work", "pipeline": "customisation", "manager": USER, "acts": (ACT,), "invoices": (),
        "amount": rub("10.00"), "stage_plan": None, "url": "https://p/2", "client": CLIENT, "own_company": Item("company", "1"),
        "lines": (), "contract": None,
    }  # fmt: skip
    client = {
        "id": "12",
        "short_name": "ООО «Ромашка»",
        "name": "ООО «Ромашка»",
        "folder_name": "ООО Ромашка",
        "email": "r@romashka.example",
    }
    known = {name: value for name, value in own.items() if value is not ...}
    items = {ACT: known, DEAL: deal, USER: {"id": "5", "name": "Анна", "active": True}, CLIENT: client}
    return facts_of(items, {"act": ACT, "deal": DEAL})


def edition(tmp_path, *bodies):
    rules = "".join(
        f"  - id: r{number}\n    title: Правило {number}\n"
        + "".join(f"    {line}\n" for line in body.strip().splitlines())
        for number, body in enumerate(bodies, 1)
    )
    return edition_of(tmp_path, s="ruleset: s\ntitle: t\nrules:\n" + rules)


def said(edition, facts, event=EVENT):
    simulation = simulate(edition, event, facts)
    return verdict_of(
        [Decided(one.decision, one.verdicts) for one in simulation.walk()], edition.actions, simulation.loop
    )


SET = "actions: [{field.set: {act.folder: x}}]"
SHAPES = {
    "fired": ([SIGNED + SET], {}, "Правило 1.", "Fired s/r1."),
    "already so": ([SIGNED + SET], {"folder": "x"}, None, None),
    "closed gate": (
        [SIGNED + "conditions: ['act.form == \"paper\"']\n" + SET], {},
        'Ничего не сделано: «Правило 1» — условие «act.form == "paper"» не выполнено.',
        'Nothing done: s/r1 stopped at `act.form == "paper"`.',
    ),
    "nothing waits": (
        ["triggers: [{created: act}]\n" + SET], {}, "Это событие не будит ни одного правила.", "This event wakes no rule.",
    ),
    "undecided": (
        [SIGNED + "conditions: ['act.form == \"scan\"']\n" + SET], {"form": ...},
        "«Правило 1» не решено: неизвестно act.form.", "s/r1 undecided: act.form.",
    ),
    "undecided step": (
        [SIGNED + "actions: [{field.set: {act.folder: '${act.refusal}'}}]"], {},
        "«Правило 1» — не решены шаги field.set: не хватает сведений (act.refusal).", "s/r1: field.set undecided (act.refusal).",
    ),
    "conflict": (
        [SIGNED + SET, SIGNED + "conditions: ['act.form == \"scan\"']\nactions: [{field.set: {act.folder: y}}]"], {},
        "Правила «Правило 1», «Правило 2» хотят разного для act/1 folder, ни одно не выполнено.",
        "s/r1, s/r2 want different values for act/1 folder, none was carried out.",
    ),
    "waits": (
        [SIGNED + SET, SIGNED + 'conditions:\n  - if: deal.amount > money(99, "RUB")\n    else: Сделка ждёт денег.\nactions: [{deal.move: {stage: invoice_paid}}]'], {},
        "Правило 1. Сделка ждёт денег.", 'Fired s/r1; s/r2 waits at `deal.amount > money(99, "RUB")`.',
    ),
    "loop": (
        ["triggers: [{changed: act.signed}, {changed: act.form}]\nactions: [{field.set: {act.folder: '${act.form}', act.form: '${\"paper\" if act.form == \"scan\" else \"scan\"}'}}]"], {},
        "Правило 1. Правила вызывают друг друга без конца: s/r1.", "Fired s/r1; the rules wake each other without end: s/r1.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_verdict_says_it_in_both_languages(tmp_path, shape):
    bodies, act, russian, english = SHAPES[shape]
    verdict = said(edition(tmp_path, *bodies), world(**act))
    if russian is None:
        assert not any(letter in verdict.en for letter in "абвгдежзи")
        assert verdict.ru.endswith(".")
        assert not verdict.ru.startswith("Правило 1")
        assert not verdict.en.startswith("Fired")
    else:
        assert (verdict.ru, verdict.en) == (russian, english)


def test_a_loop_names_the_rules_that_make_it_and_no_others(tmp_path):
    turn = '\'${"paper" if act.form == "scan" else "scan"}\''
    found = edition(
        tmp_path,
        SIGNED + f"actions: [{{field.set: {{act.form: {turn}, deal.title: x}}}}]",
        f"triggers: [{{changed: act.form}}]\nactions: [{{field.set: {{act.form: {turn}}}}}]",
        "triggers: [{changed: deal.title}]\nactions: [{notify: {to: '${deal.manager}', text: x}}]",
    )
    assert simulate(found, EVENT, world()).loop == ("s/r2",)


def test_a_chain_that_ends_is_no_loop(tmp_path):
    found = edition(
        tmp_path, SIGNED + SET, "triggers: [{changed: act.folder}]\nactions: [{field.set: {act.form: paper}}]"
    )
    simulation = simulate(found, EVENT, world())
    assert simulation.loop == ()
    assert [one.decision.event.id for one in simulation.walk()] == ["e-1", "e-1+act/1"]


def test_a_key_is_the_regulations_own_or_event_item_rule_and_action(tmp_path):
    found = edition(
        tmp_path,
        SIGNED
        + "actions:\n  - field.set: {act.folder: x}\n  - notify: {to: '${deal.manager}', text: x}\n"
        + "  - notify: {to: '${deal.manager}', text: y}\n    as: second\n"
        + "  - notify: {to: '${deal.manager}', text: z}\n    as: third\n    key: told ${act.number}",
    )
    keys = [step.key for step in decide(found, EVENT, world()).plan]
    assert keys == ["", "e-1 / act/1 / s/r1 / notify", "e-1 / act/1 / s/r1 / second", "told А-1"]
    again = decide(found, updated(ACT, {"signed": None}), world())
    assert [step.key for step in again.plan] == keys, "the same event, item and rule: the same key"


def test_planned_items_have_ids_of_their_own_across_rules(tmp_path):
    new = "actions:\n  - act.issue: {deal: '${deal}', stage_no: 1}\n    as: born\n    key: act ${deal.id}/%s\n  - notify: {to: '${deal.manager}', text: 'Выпущен ${born.number}, ${born.id}'}"
    found = edition(tmp_path, SIGNED + new % 1, SIGNED + "conditions: [act.signed]\n" + new % 2)
    plan = decide(found, EVENT, world(cancelled=True)).plan
    planned = [step for step in plan if step.planned_id]
    assert [step.planned_id for step in planned] == ["new-1", "new-2"]
    told = [str(change.text) for step in plan for change in step.changes if change.kind == "notice"]
    assert len(told) == 2
    assert all("⟨" in text or "new-" in text for text in told)
    assert any(
        isinstance(part, Pending)
        for step in plan
        for change in step.changes
        if change.kind == "notice"
        for part in change.text.parts
    )


def test_the_day_of_the_event_decides_what_is_in_force(tmp_path):
    text = (
        "ruleset: s\ntitle: t\nin_force: {from: 2026-01-01, to: 2026-03-31}\nrules:\n  - id: r\n    title: t\n"
        "    triggers: [{changed: act.signed}]\n    actions: [{field.set: {act.folder: x}}]\n"
    )
    found = edition_of(tmp_path, s=text)
    for moment, outcome in (
        ("2026-03-31T23:59:59+03:00", "fired"),
        ("2026-04-01T00:00:00+03:00", "not_in_force"),
        ("2025-12-31T23:59:00+03:00", "not_in_force"),
    ):
        time = datetime.fromisoformat(moment)
        facts = world()
        facts = facts_of(facts.items, facts.roots, now=time)
        decision = decide(found, Event("act.updated", "e", time, ACT, {"signed": False}), facts)
        assert [one.outcome for one in explain(found, decision, facts)] == [outcome]
        assert bool(decision.fired) == (outcome == "fired")


PLANS = {
    "field": SET,
    "move": "actions: [{deal.move: {stage: invoice_paid}}]",
    "notice": "actions: [{notify: {to: '${deal.manager}', text: x, feed: true}}]",
    "file": "actions:\n  - disk.ensure_folder: {path: 'a/${act.number}'}\n    as: folder\n  - disk.save_file: {folder: '${folder}', file: '${act.scan}'}",
    "mail": "actions: [{mail.send: {to: '${deal.client.email}', subject: x, text: y, attachments: ['${act.scan}']}}]",
    "act": "actions:\n  - act.issue: {deal: '${deal}', stage_no: 1}\n    as: born\n    key: act ${deal.id}\n  - field.set: {born.folder: x}",
    "invoice": "actions:\n  - invoice.issue: {deal: '${deal}', stage_no: 1}\n    as: born\n    key: invoice ${deal.id}",
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_the_cost_of_a_shipped_plan_can_be_told(tmp_path, name):
    found = edition(tmp_path, SIGNED + PLANS[name])
    simulation = simulate(found, EVENT, world(cancelled=name in ("act", "invoice")))
    cost = simulation_costs(simulation, found.actions)["e-1"]
    assert [step.status for step in simulation.decision.plan] == ["planned"] * len(simulation.decision.plan)
    if name != "mail":
        assert cost.requests >= 1
        assert cost.writes >= 1
    assert cost.reads + cost.writes >= cost.requests
    assert NOON.tzinfo is not None
