"""Groups of conditions answer by Kleene's tables, whatever stands in them and in whatever order."""

from itertools import product

import pytest

from engine.decision.explain import explain
from engine.decision.index import evaluate_gate
from engine.decision.plan import decide
from engine.language.values import Item, Undecided
from tests.decision.world_case import edition_of, facts_of, updated

ACT, DEAL = Item("act", "1"), Item("deal", "2")
FIELDS = ("signed", "cancelled")
TRUE, FALSE, OPEN = True, False, "undecided"


def expected(kind, answers):
    if kind == "all":
        return FALSE if FALSE in answers else (OPEN if OPEN in answers else TRUE)
    some = TRUE if TRUE in answers else (OPEN if OPEN in answers else FALSE)
    return some if kind == "any" or some == OPEN else not some


def facts(answers):
    known = {name: answer for name, answer in zip(FIELDS, answers, strict=True) if answer != OPEN}
    return facts_of({ACT: {**known, "number": "7", "deal": DEAL}}, {"act": ACT, "deal": DEAL})


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    def build(group):
        text = f"ruleset: s\ntitle: t\nrules:\n  - id: r\n    title: t\n    triggers: [{{changed: act.number}}]\n    conditions:\n      - {group}\n    actions: [{{field.set: {{act.folder: x}}}}]\n"
        return edition_of(tmp_path_factory.mktemp("rules"), s=text)

    plain = {kind: build(f"{kind}: [act.signed, act.cancelled]") for kind in ("all", "any", "none")}
    nested = {
        kind: build(f"none: [{{{kind}: [act.signed, act.cancelled]}}]") for kind in ("all", "any", "none")
    }
    return plain, nested


@pytest.mark.parametrize("answers", list(product((TRUE, FALSE, OPEN), repeat=2)))
@pytest.mark.parametrize("kind", ["all", "any", "none"])
def test_a_group_answers_by_kleenes_tables(editions, kind, answers):
    plain, nested = editions
    wanted = expected(kind, answers)
    turned = wanted if wanted == OPEN else not wanted
    for edition, want in ((plain[kind], wanted), (nested[kind], turned)):
        known = facts(answers)
        answer = evaluate_gate(edition.rules[0].conditions[0], known)
        assert (OPEN if isinstance(answer, Undecided) else answer) == want
        decision = decide(edition, updated(ACT, {"number": "6"}), known)
        assert ([bool(decision.fired), bool(decision.undecided)]) == [want is True, want == OPEN]
        outcome = explain(edition, decision, known)[0].outcome
        assert outcome == {TRUE: "fired", FALSE: "condition_false", OPEN: "undecided"}[want]


def test_a_rule_that_contradicts_itself_is_shown_undecided_among_many(tmp_path):
    rule = "  - id: r{n}\n    title: t\n    triggers: [{{changed: act.number}}]\n    conditions: {gates}\n    actions: [{{field.set: {{act.folder: x}}}}]\n"
    stages = ["new", "in_work", "report_sent", "documents_sent", "invoice_paid"] * 2
    gates = [f"['deal.stage == \"{stage}\"']" for stage in stages]
    both = "['deal.stage == \"new\"', 'deal.stage in [\"lost\"]']"
    text = "ruleset: s\ntitle: t\nrules:\n" + "".join(
        rule.format(n=n, gates=one) for n, one in enumerate([*gates, both])
    )
    edition = edition_of(tmp_path, s=text)
    known = facts((OPEN, OPEN))
    decision = decide(edition, updated(ACT, {"number": "6"}), known)
    assert {one.id for one, _ in decision.undecided} == {
        one.rule.id for one in explain(edition, decision, known)
    }
