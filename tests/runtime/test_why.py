"""`engine why`: a scene for each gate, and that every question has one answer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.effects import Said
from engine.language.values import Item, Undecided, Value
from engine.runtime.brakes import pause
from engine.runtime.runs import Runs
from engine.runtime.snapshot import drop_snapshot
from engine.runtime.timers import Timers
from engine.runtime.why_case import HAPPENED
from engine.runtime.why_words import GATES
from tests.runtime.why_case import ACT, DEAL, Office, office

RULES = """
ruleset: test
title: Проверка
scope: {if: deal.stage != "lost", else: проигранных не трогает}
rules:
  - id: mark
    title: Акт с названием
    triggers:
      - changed: act.title
    conditions:
      - if: act.signed == false
        else: акт ${act.number} уже подписан
      - act.number != "0"
    actions:
      - notify: {to: "${deal.manager}", text: "Название ${act.title}"}
        when: act.title != "тихо"
      - field.set: {act.refusal: "${act.title}"}
        when: act.title != "тихо"
  - id: other
    title: Сделка переименована
    triggers:
      - changed: deal.title
    actions:
      - notify: {to: "${deal.manager}", text: "x"}
  - id: same
    title: Уже так
    triggers:
      - changed: act.title
    actions:
      - field.set: {act.signed: false}
  - id: late
    title: Срок
    triggers:
      - deadline: {after: 5 days, since: act.sent_at}
    conditions:
      - act.signed == false
    actions:
      - notify: {to: "${deal.manager}", text: "срок"}
  - id: signed
    title: Подписан
    triggers:
      - changed: act.signed
        to: true
    actions:
      - field.set: {act.refusal: "нет"}
"""
FIGHT = """
ruleset: test
title: Спор
rules:
  - id: mark
    title: Хочет одного
    triggers: [changed: act.title]
    actions:
      - field.set: {act.refusal: "${act.number}"}
  - id: other
    title: Хочет другого
    triggers: [changed: act.title]
    actions:
      - field.set: {act.refusal: "${act.title}"}
"""
COMMAND = """
ruleset: test
title: Команда
rules:
  - id: mark
    title: Напомнить
    triggers: [command: remind]
    actions:
      - notify: {to: "1", text: "x"}
"""
ELSEWHERE = """
ruleset: test
title: Чужой элемент
rules:
  - id: mark
    title: Название компании
    triggers: [changed: company.name]
    actions:
      - notify: {to: "1", text: "x"}
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path, RULES) as found:
        yield found


class Scenes:
    """What to do to an office so that the rule `mark`, or the one it names, is stopped at the gate of that name."""

    @staticmethod
    def rule_unknown(_: Office) -> str:
        return "mrak"

    @staticmethod
    def rule_disabled(place: Office) -> None:
        place.write(RULES.replace("  - id: mark\n", "  - id: mark\n    enabled: false\n"))
        place.happen(title="Н")

    @staticmethod
    def rule_elsewhere(place: Office) -> None:
        place.write(ELSEWHERE)

    @staticmethod
    def not_in_force(place: Office) -> None:
        place.write(RULES.replace("  - id: mark\n", "  - id: mark\n    in_force: {from: 2027-01-01}\n"))
        place.happen(title="Н")

    @staticmethod
    def no_event(_: Office) -> None:
        return None

    @staticmethod
    def event_waiting(place: Office) -> None:
        place.put(before={"number": "1"})
        place.put(before={"title": "Н"})

    @staticmethod
    def event_delayed(place: Office) -> None:
        n = place.put()
        place.inbox.wait(n, place.now.timestamp() + 60, "портал не ответил")

    @staticmethod
    def event_running(place: Office) -> None:
        place.put()
        place.inbox.take(str(DEAL), place.workshop.settings.zone)

    @staticmethod
    def paused(place: Office) -> None:
        place.put()
        pause(place.store, place.now, "Елена")

    @staticmethod
    def event_failed(place: Office) -> None:
        place.inbox.finish(place.put(), "failed", "портал отказал")

    @staticmethod
    def item_gone(place: Office) -> None:
        place.inbox.finish(place.put(), "gone")

    @staticmethod
    def no_difference(place: Office) -> None:
        place.inbox.finish(place.put(), "no_change")

    @staticmethod
    def rule_not_there_then(place: Office) -> None:
        place.write(
            RULES.replace("id: mark", "id: before").replace("changed: act.title", "changed: act.amount")
        )
        place.happen(title="Н")
        place.write(RULES)
        place.happen(number="5")

    @staticmethod
    def no_trigger(place: Office) -> None:
        place.happen(number="5")

    @staticmethod
    def timer_armed(place: Office) -> str:
        _arm(place)
        return "late"

    @staticmethod
    def timer_held(place: Office) -> str:
        _arm(place)
        place.know(ACT, signed=True)
        _follow(place)
        return "late"

    @staticmethod
    def timer_passed(place: Office) -> str:
        _arm(place)
        place.store.execute("UPDATE timer SET state = 'passed'")
        return "late"

    @staticmethod
    def timer_none(_: Office) -> str:
        return "late"

    @staticmethod
    def schedule(place: Office) -> None:
        place.write(
            RULES.replace(
                "- changed: act.title\n    conditions",
                '- every: "0 9 * * 1-5"\n        for_each: act\n    conditions',
            )
        )

    @staticmethod
    def trigger_undecided(place: Office) -> str:
        place.happen(signed=Undecided("act.signed"))
        return "signed"

    @staticmethod
    def scope_false(place: Office) -> None:
        place.know(DEAL, stage="lost")
        place.happen(title="Н")

    @staticmethod
    def condition_false(place: Office) -> None:
        place.know(ACT, signed=True)
        place.happen(title="Н")
        place.happen(number="6")

    @staticmethod
    def undecided(place: Office) -> None:
        place.known[ACT]["number"] = Undecided("act.number")
        place.happen(title="Н")

    @staticmethod
    def conflict(place: Office) -> None:
        place.write(FIGHT)
        place.happen(title="Н")

    @staticmethod
    def loop(place: Office) -> None:
        _unplanned(place, "loop")

    @staticmethod
    def plugin_failed(place: Office) -> None:
        _unplanned(place, "failed")

    @staticmethod
    def brake(place: Office) -> None:
        place.happen(statuses=["planned", "planned"], status="held", title="Н")

    @staticmethod
    def step_undecided(place: Office) -> None:
        place.known[DEAL]["manager"] = Undecided("deal.manager")
        place.happen(title="Н")

    @staticmethod
    def step_skipped(place: Office) -> None:
        place.happen(title="тихо")

    @staticmethod
    def step_no_op(place: Office) -> str:
        place.happen(title="Н")
        return "same"

    @staticmethod
    def step_waiting(place: Office) -> None:
        place.happen(statuses=["planned", "planned"], status="waiting", title="Н")

    @staticmethod
    def step_not_reached(place: Office) -> str:
        place.happen(statuses=["failed", "planned"], status="failed", title="Н")
        return "act.refusal"

    @staticmethod
    def step_failed(place: Office) -> None:
        place.happen(statuses=["failed", "planned"], status="failed", reason="нет прав", title="Н")

    @staticmethod
    def step_unknown(place: Office) -> None:
        place.happen(statuses=["unknown", "planned"], status="unknown", reason="нет ответа", title="Н")

    @staticmethod
    def no_such_step(place: Office) -> str:
        place.happen(title="Н")
        place.store.execute("UPDATE step SET action = 'gone.action' WHERE action = 'notify'")
        return "notify"

    @staticmethod
    def undone(place: Office) -> None:
        place.happen(status="undone", title="Н")

    @staticmethod
    def happened(place: Office) -> None:
        place.happen(title="Н")


def _unplanned(place: Office, status: str) -> None:
    """A run whose rule fired and that has no steps: the chain was cut, or a plugin failed while deciding."""
    run = place.happen(title="Н")
    place.store.execute("DELETE FROM step")
    Runs(place.store, lambda: place.now).close(run, status, Said("Так и так.", "So and so."))


def _arm(place: Office) -> None:
    place.know(ACT, sent_at=place.now)
    _follow(place)


def _follow(place: Office) -> None:
    from engine.decision.event import Event

    facts = place.facts(Event("act.updated", "e", place.now, ACT))
    Timers(place.store, lambda: place.now).arm(place.edition, facts, ACT)


@pytest.mark.parametrize("gate", GATES)
def test_the_first_gate_that_stopped_it(place: Office, gate: str) -> None:
    what = getattr(Scenes, gate)(place) or "mark"
    answers = [
        one for one in place.why().explain(ACT, what) if one.rule is None or one.rule.id != "test/other"
    ]
    stopped = answers[0].finding
    assert stopped.gate == gate, stopped.said
    for text in (stopped.said.ru, stopped.said.en):
        assert text
        assert "{" not in text


def test_words_say_what_a_person_needs(place: Office) -> None:
    place.know(ACT, signed=True)
    place.happen(title="Н")
    found = place.ask()
    assert found.finding.said.ru == "условие не выполнено: act.signed == false — акт А-043 уже подписан"
    assert found.finding.at == "regulations/test.yaml:11:13"
    assert found.finding.run == 1
    assert found.finding.conditions[1]["values"] == {"act.signed": True}


def test_no_trigger_names_what_changed_and_what_it_waits_for(place: Office) -> None:
    place.happen(number="5", amount=None)
    said = place.ask("signed").finding.said
    assert said.ru.endswith("изменилось act.number, act.amount, а ждёт оно: act.signed изменится на yes")
    assert "act.signed to change to yes" in said.en


def test_conditions_are_asked_of_the_facts_known_last(place: Office) -> None:
    place.know(ACT, signed=True)
    now = place.ask().now
    assert [(one["text"], one["result"]) for one in now] == [
        ('deal.stage != "lost"', True),
        ("act.signed == false", False),
        ('act.number != "0"', True),
    ]


def test_lists_are_those_of_the_snapshots(place: Office) -> None:
    place.happen(DEAL, title="Ещё без актов")
    place.write(
        RULES.replace(
            '      - act.number != "0"\n',
            '      - act.number != "0"\n      - any(a.signed for a in deal.acts)\n',
        )
    )
    place.know(Item("act", "44"), number="44", signed=True, deal=DEAL)
    now = place.ask().now
    assert now[-1]["result"] is True
    assert now[-1]["values"] == {"deal.acts": ["act/43", "act/44"]}


def test_live_facts_take_their_place(place: Office) -> None:
    def live(_: Item) -> Mapping[Item, Mapping[str, Value]]:
        return {
            ACT: {"id": "43", "signed": True, "number": "0", "deal": DEAL},
            DEAL: {"id": "118", "stage": "lost"},
        }

    answer = place.why(live).explain(ACT, "mark")[0]
    assert answer.is_live
    assert [one["result"] for one in answer.now] == [False, False, False]


def test_what_was_done_stays_done_and_the_later_gate_is_told(place: Office) -> None:
    place.happen(title="Н")
    place.know(ACT, signed=True)
    place.happen(title="Н2")
    found = place.ask()
    assert (found.finding.gate, found.finding.run) == (HAPPENED, 1)
    assert found.later is not None
    assert (found.later.gate, found.later.run) == ("condition_false", 2)


def test_a_deal_hears_of_what_its_acts_did(place: Office) -> None:
    place.happen(title="Н")
    assert place.ask(item=DEAL).finding.run == 1
    assert place.ask("other", item=ACT).finding.gate == "no_event"
    place.happen(DEAL, title="Сделка")
    assert place.ask("other", item=ACT).finding.gate == HAPPENED


def test_what_can_be_asked(place: Office) -> None:
    why = place.why()

    def rules(what: str) -> list[str]:
        return [one.rule.id for one in why.explain(ACT, what) if one.rule]

    assert rules("") == ["test/mark", "test/same", "test/late", "test/signed"]
    assert rules("test/mark") == rules("mark") == rules("Акт с названием") == ["test/mark"]
    assert rules("act.refusal") == ["test/mark", "test/signed"]
    assert rules("notify") == ["test/mark", "test/other", "test/late"]
    assert rules("won_review_requested") == []
    assert why.explain(ACT, "mrak")[0].finding.said.en.endswith("mrak; perhaps mark")


def test_an_item_by_its_number_or_title(place: Office) -> None:
    ask = place.why().questions.find_items
    assert ask("act/43") == ask("А-043") == ask("Акт 43") == [ACT]
    assert ask("Доработка") == [DEAL]
    assert ask("50 %_!") == []


def test_a_run_taken_up_again_speaks_for_the_first(place: Office) -> None:
    place.happen(statuses=["failed", "planned"], status="failed", title="Н")
    place.store.execute("UPDATE run SET status = 'retried'")
    place.happen(title="Н2")
    assert (place.ask().finding.gate, place.ask().finding.run) == (HAPPENED, 2)


def test_a_run_of_long_ago_is_found_among_hundreds(place: Office) -> None:
    place.happen(title="Н")
    with place.store.transaction():
        for _ in range(220):
            place.happen(number="5")
    assert place.ask().finding.gate == HAPPENED


def test_refused_posts_are_a_hint_where_nothing_came(place: Office) -> None:
    assert "Отказано" not in place.ask().finding.said.ru
    place.store.count("refused_403", 3)
    assert place.ask().finding.said.en.endswith("3 with a wrong token, 0 while the inbox was full")


def test_a_rule_that_waits_for_no_item_names_what_it_waits_for(place: Office) -> None:
    place.write(COMMAND)
    assert place.ask().finding.said.ru.startswith("ни одного события remind не приходило")
    run = place.happen(name="command", detail="remind")
    # Nothing is known of user 1: the rule was woken, and waits for that.
    assert (place.ask().finding.gate, place.ask().finding.run) == ("step_undecided", run)


def test_an_edition_without_the_rule_does_not_hide_what_stopped_it_before(place: Office) -> None:
    place.know(ACT, signed=True)
    place.happen(title="Н")
    place.write(RULES.replace("id: mark", "id: before").replace("changed: act.title", "changed: act.amount"))
    place.happen(number="5")
    place.write(RULES)
    assert place.ask().finding.gate == "condition_false"


def test_what_was_done_is_named(place: Office) -> None:
    place.happen(title="Н")
    assert place.ask().finding.said.ru == "это сделано: notify, field.set"
    assert place.why().explain(ACT, "act.refusal")[0].finding.said.en == "it was done: field.set"


def test_an_item_that_nobody_knows(place: Office) -> None:
    drop_snapshot(place.store, ACT)
    assert "движок такого элемента не знает" in place.ask().finding.said.ru


STEPS = ("done", "failed", "unknown", "planned", "undone")
MOVES = st.one_of(
    st.tuples(
        st.just("title"), st.sampled_from(["а", "б", "тихо"]), st.lists(st.sampled_from(STEPS), max_size=2)
    ),
    st.tuples(st.just("number"), st.sampled_from(["0", "1"]), st.just([])),
    st.tuples(st.just("signed"), st.booleans(), st.just([])),
    st.tuples(st.just("stage"), st.sampled_from(["lost", "new"]), st.just([])),
    st.tuples(
        st.just("row"), st.sampled_from(["waiting", "failed", "gone", "no_change", "coalesced"]), st.just([])
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves=st.lists(MOVES, max_size=8), is_paused=st.booleans())
def test_there_is_a_run_that_did_it_or_one_gate(
    moves: list[tuple[str, Value, list[str]]], *, is_paused: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder, office(Path(folder), RULES) as place:
        for kind, value, statuses in moves:
            play(place, kind, value, statuses)
        if is_paused:
            pause(place.store, place.now, "")
        why = place.why()
        for rule in place.edition.rules:
            for item in (ACT, DEAL):
                answer = why.of_rule(item, rule)
                assert answer.finding.gate in GATES
                subjects = {str(one) for one in why.questions.subjects(rule, item)}
                assert (answer.finding.gate == HAPPENED) == bool(done_by(place, rule.id, subjects)), (
                    answer.finding
                )
                if answer.finding.gate == HAPPENED:
                    assert answer.finding.run in done_by(place, rule.id, subjects)


def play(place: Office, kind: str, value: Value, statuses: list[str]) -> None:
    place.now += timedelta(seconds=1)
    if kind == "row":
        n = place.put()
        if value != "waiting":
            place.inbox.finish(n, str(value), "так вышло")
    elif kind == "stage":
        place.happen(DEAL, stage=value)
    else:
        worst = next((one for one in ("failed", "unknown", "undone") if one in statuses), "done")
        worst = "waiting" if worst == "done" and "planned" in statuses else worst
        place.happen(ACT, statuses, status=worst, **{kind: value})


def done_by(place: Office, rule: str, subjects: set[str]) -> set[int]:
    """The runs that did what the rule says: at least one of its steps is done and none is open, failed or undone."""
    rows = place.store.rows(
        "SELECT step.run AS run, step.status AS status, run.item AS item, run.status AS whole FROM step"
        " JOIN run ON run.n = step.run WHERE step.rule = ?",
        (rule,),
    )
    runs: dict[int, set[str]] = {}
    for row in rows:
        if row["item"] in subjects and row["whole"] != "undone":
            runs.setdefault(row["run"], set()).add(row["status"])
    return {run for run, seen in runs.items() if "done" in seen and seen <= {"done", "skipped", "no_op"}}
