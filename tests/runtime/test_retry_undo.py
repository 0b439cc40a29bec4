"""A person takes up what stopped, takes back what should not have been, and holds or lets go of the brakes."""

from __future__ import annotations

from pathlib import Path

from engine.emulator.faults import Fault
from engine.language.values import Item
from engine.runtime.brakes import ALL, pause, release
from engine.runtime.requests import ask, wait_for_answer
from engine.runtime.retry import resume_held
from tests.runtime.service_case import ACT, DEAL, Live, running

RULES = """
ruleset: test
title: Проверка
rules:
  - id: plan
    title: План по названию
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
      - notify: {to: "${deal.manager}", text: "План записан"}
"""
PING_PONG = """
ruleset: test
title: Проверка
rules:
  - id: shout
    title: Ответить
    triggers:
      - changed: deal.title
    actions:
      - notify: {to: "${deal.manager}", text: "Сделка ${deal.title}"}
"""


def request(live: Live, verb: str, lane: str = "deal/118", **params: object):
    number = ask(live.service.store, verb, params, live.service._clock(), lane=lane)
    answer = wait_for_answer(live.service.store, number, 20)
    live.settle()
    return answer


def statuses(live: Live) -> list[tuple[str, list[str]]]:
    return [(run.status, [step.status for step in run.steps]) for run in live.runs()]


def plan_of(live: Live) -> str:
    item = live.person.get(DEAL, 118)
    return next(str(value) for name, value in item.items() if name == plan_field(live))


def plan_field(live: Live) -> str:
    return live.service.settings.world.entities["deal"].fields["stage_plan"].binding["field"]


def test_a_run_that_failed_is_gone_on_with_and_repeats_nothing(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        live.portal.faults = lambda seen: Fault(403, "ACCESS_DENIED") if "notify" in seen.method else None
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert statuses(live) == [("failed", ["done", "failed"])]
        live.portal.faults = None
        before = len(live.portal.store.rows("notice"))
        assert request(live, "retry", run="1") == {"run": 1}
        assert statuses(live) == [("done", ["done", "done"])]
        assert len(live.portal.store.rows("notice")) == before + 1


def test_a_run_is_decided_anew_by_the_edition_in_force(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        live.portal.faults = lambda seen: Fault(403, "ACCESS_DENIED") if "notify" in seen.method else None
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        live.portal.faults = None
        before = live.service.editions.current.edition.hash
        rule = tmp_path / "regulations" / "test.yaml"
        rule.write_text(RULES.replace("План записан", "Записано иначе"), "utf-8")
        for _ in range(200):
            if live.service.editions.current.edition.hash != before:
                break
            live.service._stopping.wait(0.05)
        request(live, "retry", run="1", present=True)
        assert statuses(live) == [("retried", ["done", "failed"]), ("done", ["no_op", "done"])]
        assert "Записано иначе" in str(live.portal.store.rows("notice")[-1])
        assert request(live, "retry", run="1") == {"error": "run 1 is retried: there is nothing to retry"}


def test_undo_takes_back_what_nobody_has_changed_since(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        was = live.person.get(DEAL, 118)[plan_field(live)]
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert plan_of(live) == "50 %, 50 %"
        dry = request(live, "undo", run="1", dry=True)
        assert [line["step"] for line in dry["taken_back"]] == [1]
        assert [line["step"] for line in dry["left"]] == [2]
        assert plan_of(live) == "50 %, 50 %"
        request(live, "undo", run="1")
        assert live.person.get(DEAL, 118)[plan_field(live)] == was
        assert statuses(live) == [("undone", ["undone", "done"])]


def test_undo_leaves_what_somebody_changed_since(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        live.person.update(DEAL, 118, {plan_field(live): "10 %, 90 %"})
        live.settle()
        answer = request(live, "undo", run="1")
        assert answer["taken_back"] == []
        assert "deal/118.stage_plan" in str(answer["left"])
        assert plan_of(live) == "10 %, 90 %"


def test_a_pause_stops_acting_and_events_wait(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        assert pause(live.service.store, live.service._clock(), "")
        live.person.update(DEAL, 118, {"title": "Раз"})
        assert live.portal.deliveries.settle(10)
        assert not live.service.wait_idle(1.5)
        assert live.runs() == []
        assert release(live.service.store, ALL)
        live.settle()
        assert statuses(live) == [("done", ["done", "done"])]


def test_a_rule_that_answers_a_robot_of_the_portal_trips_its_brake(tmp_path: Path) -> None:
    with running(tmp_path, PING_PONG) as live:
        for number in range(25):
            live.person.update(DEAL, 118, {"title": f"Имя {number}"})
            live.settle()
        found = [run.status for run in live.runs()]
        assert found == ["done"] * 20 + ["held"] * 5
        assert "робот" in live.runs()[-1].verdict_ru
        told = [row for row in live.portal.store.rows("notice") if "Регламент" in str(row)]
        assert len(told) == 5, "the person who answers for the deal is told of every run that stopped"
        assert release(live.service.store, "test/shout")
        assert resume_held(live.service.store, "test/shout", live.service._clock()) == 5
        live.settle()
        assert [run.status for run in live.runs()] == ["done"] * 25


def test_moving_an_act_to_another_deal_keeps_both_in_order(tmp_path: Path) -> None:
    rules = PING_PONG.replace("deal.title", "act.deal").replace("${deal.title}", "${act.number}")
    with running(tmp_path, rules.replace("deal.manager", "act.manager")) as live:
        act = next(row for row in live.portal.store.rows(f"item_{ACT}"))
        live.person.update(ACT, act["id"], {"parentId2": 118 if act["parentId2"] != 118 else 119})
        live.settle()
        row = live.service.store.row("SELECT lane, also FROM event WHERE kind = 'delivery' ORDER BY n DESC")
        assert {row["lane"], row["also"]} >= {f"deal/{act['parentId2']}"}
        lane = live.service.store.row(
            "SELECT lane FROM snapshot WHERE item = ?", (str(Item("act", str(act["id"]))),)
        )
        assert lane["lane"] == row["also"]
