"""The index gives exactly what evaluating every rule alone gives, whatever the rules and the facts."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.event import stirs
from engine.decision.explain import FIRED, UNDECIDED, explain_rule
from engine.decision.index import GROUP_SIZE, Index
from engine.language.load import load_regulation
from engine.language.values import Item, Money
from tests.decision.world_case import facts_of, updated, workshop

GATES = [
    'deal.stage == "in_work"', 'deal.stage == "report_sent"', 'deal.stage != "lost"', 'deal.title == "a"',
    'deal.title in ["a", "b"]', "deal.title == empty", 'deal.title == ""', "act.signed", "not act.signed",
    "act.signed == true", "act.signed == false", "act.stage_no == 1", "act.stage_no == 0", "act.stage_no in [1, 2]",
    "act.stage_no > 1", "act.stage_no >= 2", "act.stage_no < 2", "act.stage_no <= 0", "2 > act.stage_no",
    'deal.amount > money(10, "RUB")', 'deal.amount <= money(10, "RUB")', "deal.amount > 0", "deal.amount == 0",
    'deal.amount < money(10, "USD")', 'act.date >= date("2026-03-01")', 'act.date < date("2026-03-01")',
    'act.scan.kind in ["pdf", "jpg"]', "act.scan == empty", 'act.signed and deal.title == "a"',
    'deal.title == "a" or deal.title == "b"', "any(a.signed for a in deal.acts)", 'act.form == "paper"',
]  # fmt: skip
TRIGGERS = [
    "- changed: act.signed", "- changed: act.signed\n        to: true", "- changed: act.stage_no",
    "- changed: act.signed\n        by: person", "- filled: act.scan", "- cleared: act.scan", "- created: act",
    "- changed: act.form\n        from: scan\n        to: paper",
]  # fmt: skip
gates = st.lists(st.sampled_from(GATES), max_size=4)


@st.composite
def rules(draw):
    lines = []
    for number in range(draw(st.integers(1, 14))):
        triggers = draw(st.lists(st.sampled_from(TRIGGERS), min_size=1, max_size=2, unique=True))
        lines += [
            f"  - id: r{number}",
            "    title: t",
            "    triggers:",
            *(f"      {one}" for one in triggers),
        ]
        chosen = draw(gates)
        if chosen:
            lines += ["    conditions:", *(f"      - {gate}" for gate in chosen)]
            if draw(st.booleans()):
                kind = draw(st.sampled_from(["any", "all", "none"]))
                lines += [
                    f"      - {kind}:",
                    *(f"          - {gate}" for gate in draw(gates) or ["act.signed"]),
                ]
        lines += ["    actions:", '      - notify: {to: "${deal.manager}", text: x}']
    return "ruleset: s\ntitle: t\nrules:\n" + "\n".join(lines) + "\n"


ABSENT = object()


def maybe(*values):
    return st.sampled_from([*values, None, ABSENT])


@st.composite
def cases(draw):
    def known(**fields):
        drawn = {name: draw(values) for name, values in fields.items()}
        return {name: value for name, value in drawn.items() if value is not ABSENT}

    from engine.language.values import File

    money = maybe(
        Money(Decimal(0), "RUB"),
        Money(Decimal(10), "RUB"),
        Money(Decimal(11), "RUB"),
        Money(Decimal(5), "USD"),
        Money(Decimal(0)),
    )
    act = known(
        signed=maybe(True, False), stage_no=maybe(Decimal(0), Decimal(1), Decimal("1.0"), Decimal(2), Decimal(3)),
        date=maybe(date(2026, 3, 1), date(2026, 2, 1)), form=maybe("scan", "paper"),
        scan=maybe(File("a.pdf", 1, "pdf", "x"), File("a", None, None, None)),
    )  # fmt: skip
    deal = known(stage=maybe("in_work", "report_sent", "lost"), title=maybe("a", "b", "", "c"), amount=money,
                 acts=maybe((Item("act", "1"),), ()))  # fmt: skip
    before = draw(
        st.dictionaries(
            st.sampled_from(["signed", "stage_no", "scan", "form"]),
            st.sampled_from([None, False, Decimal(9), "scan"]),
            min_size=1,
        )
    )
    return act, deal, before, draw(st.sampled_from(["", "engine", "user/5"]))


@settings(max_examples=400, deadline=None)
@given(rules(), cases(), st.sampled_from([2, GROUP_SIZE]))
def test_index_equals_evaluating_every_rule(text, case, group_size):
    shop = workshop()
    sets, found = load_regulation({"s.yaml": text.encode()}, shop.settings.world, shop.actions, {})
    assert not [one for one in found if one.is_error], found
    act, deal, before, by = case
    item, its_deal = Item("act", "1"), Item("deal", "2")
    facts = facts_of({item: {**act, "deal": its_deal}, its_deal: deal}, {"act": item, "deal": its_deal})
    event = updated(item, before, by=by)
    woken = Index(sets[0].rules, group_size).decide(event, facts)
    indexed = {rule.id: FIRED for rule in woken.fired} | {rule.id: UNDECIDED for rule, _ in woken.undecided}
    assert len(indexed) == len(woken.fired) + len(woken.undecided)
    file_order = [rule.id for rule in sets[0].rules]
    for ids in ([rule.id for rule in woken.fired], [rule.id for rule, _ in woken.undecided]):
        assert ids == sorted(ids, key=file_order.index)
    assert all(why for _, why in woken.undecided)
    raised = tuple(stirs(event, facts))
    alone = {
        rule.id: explain_rule(rule, event, facts, raised, is_in_conflict=False).outcome
        for rule in sets[0].rules
    }
    assert indexed == {name: outcome for name, outcome in alone.items() if outcome in (FIRED, UNDECIDED)}
