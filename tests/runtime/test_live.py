"""The live path over real HTTP: event, effects, echo, follow-up; what happens when the portal or a plugin fails."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.faults import Fault, FaultPlan, Request
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from tests.runtime.service_case import ACT, DEAL, TOKEN, Live, delivery, make_folder, open_service, running

PLAN_FIELD = "ufCrm_1747309879"
RULES = """
ruleset: test
title: Проверка
rules:
  - id: mark
    title: Сделка получила план
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
  - id: second
    title: План записан
    triggers:
      - changed: deal.stage_plan
    actions:
      - notify: {to: "${deal.manager}", text: "План: ${deal.stage_plan}"}
"""
ISSUE = """
ruleset: test
title: Проверка
rules:
  - id: issue
    title: Выпущен акт
    triggers:
      - changed: deal.title
    actions:
      - act.issue: {deal: "${deal}", stage_no: 1}
        as: act
        key: act ${deal.id}/1
      - field.set: {act.title: "Акт № ${act.number}"}
  - id: seen
    title: Акт появился
    triggers:
      - created: act
    actions:
      - notify: {to: "${act.manager}", text: "Акт ${act.number}"}
"""


def told(live: Live) -> list[tuple[str, str, list[str]]]:
    """Event, status and the steps' statuses of every run, the oldest first."""
    return [(run.event, run.status, [step.status for step in run.steps]) for run in live.runs()]


def outcomes(live: Live) -> dict[str, int]:
    """How many events ended how."""
    rows = live.service.store.rows(
        "SELECT outcome, count(*) AS number FROM event WHERE kind <> 'request' GROUP BY outcome"
    )
    return {row["outcome"]: row["number"] for row in rows}


def count_acts(live: Live, deal: int) -> int:
    result = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": deal})
    return len(result["items"])


def failing(live: Live, fault: Fault, times: int, lost: list[str]) -> FaultPlan:
    """Make the first `times` batches fail after the engine took a number: the creation of an act."""

    def plan(request: Request) -> Fault | None:
        has_number = live.service.store.row("SELECT 1 FROM number") is not None
        if request.method != "batch" or not has_number or len(lost) >= times:
            return None
        lost.append(request.method)
        return fault

    return plan


def test_event_effect_follow_up_and_a_silent_echo(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert told(live) == [("deal.updated", "done", ["done"]), ("deal.updated", "done", ["done"])]
        assert live.person.get(DEAL, 118)[PLAN_FIELD] == "50 %, 50 %"
        assert len(live.portal.store.rows("notice")) == 1
        assert outcomes(live) == {"no_change": 1, "run": 2}
        first, second = live.runs()
        assert (first.by, second.by) == ("user/2", "engine")
        assert second.verdict_ru == "План записан."
        form: Any = live.service.journal.run(1)
        assert form is not None
        assert form["effects"] == [
            {"kind": "field", "item": "deal/118", "field": "stage_plan", "before": None, "after": "50 %, 50 %",
             "rule": "test/mark", "step": 1}
        ]  # fmt: skip
        assert form["plan"][0]["status"] == "done"
        assert form["portal"]["writes"] == 1


def test_a_doubled_and_a_late_webhook_change_nothing(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        assert live.post(delivery(118)) == 200
        live.settle()
        for moment in ("1773478800", "1773478801", "1773478802"):
            assert live.post(delivery(118, ts=moment)) == 200
        live.settle()
        assert len(live.runs()) == 2
        assert len(live.portal.store.rows("notice")) == 1


def test_what_stood_before_the_engine_came_wakes_nothing(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        assert live.post(delivery(118)) == 200
        assert live.post(delivery(999999)) == 200
        assert live.post(delivery(118, "ONTASKADD")) == 200
        live.settle()
        assert live.runs() == []
        assert outcomes(live) == {"gone": 1, "no_change": 1}


def test_a_created_item_wakes_its_rules_once(tmp_path: Path) -> None:
    with running(tmp_path, ISSUE) as live:
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert told(live) == [("deal.updated", "done", ["done", "done"]), ("act.created", "done", ["done"])]
        acts = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": 118})["items"]
        assert [act["title"] for act in acts] == ["Акт № А-2026/019"]


def test_a_key_is_done_once_and_free_again_when_the_act_is_cancelled(tmp_path: Path) -> None:
    with running(tmp_path, ISSUE) as live:
        for title in ("Раз", "Два"):
            live.person.update(DEAL, 118, {"title": title})
            live.settle()
        assert count_acts(live, 118) == 1
        act = live.service.store.rows("SELECT item FROM number")[0]["item"].partition("/")[2]
        live.person.update(ACT, int(act), {"ufCrm12Cancelled": "Y"})
        live.settle()
        live.person.update(DEAL, 118, {"title": "Три"})
        live.settle()
        assert count_acts(live, 118) == 2
        numbers = [
            (row["text"], row["state"]) for row in live.service.store.rows("SELECT * FROM number ORDER BY n")
        ]
        assert numbers == [("А-2026/019", "used"), ("А-2026/020", "used")]


def test_a_busy_portal_is_asked_again_and_the_number_has_no_gap(tmp_path: Path) -> None:
    with running(tmp_path, ISSUE) as live:
        lost: list[str] = []
        live.portal.faults = failing(live, Fault(503, "OVERLOAD_LIMIT"), 2, lost)
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert len(lost) == 2
        assert told(live)[0] == ("deal.updated", "done", ["done", "done"])
        assert count_acts(live, 118) == 1
        assert [(row["text"], row["state"]) for row in live.service.store.rows("SELECT * FROM number")] == [
            ("А-2026/019", "used")
        ]


def test_an_answer_lost_after_the_act_was_made_is_looked_up_not_repeated(tmp_path: Path) -> None:
    with running(tmp_path, ISSUE) as live:
        lost: list[str] = []
        live.portal.faults = failing(live, Fault(None, executes=True), 1, lost)
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert lost
        assert count_acts(live, 118) == 1
        assert told(live)[0][:2] == ("deal.updated", "done")
        assert [row["text"] for row in live.service.store.rows("SELECT * FROM number")] == ["А-2026/019"]


def test_an_answer_lost_before_anything_was_made_is_tried_again_with_the_same_number(tmp_path: Path) -> None:
    with running(tmp_path, ISSUE) as live:
        lost: list[str] = []
        live.portal.faults = failing(live, Fault(None), 1, lost)
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert lost
        assert count_acts(live, 118) == 1
        assert [row["text"] for row in live.service.store.rows("SELECT * FROM number")] == ["А-2026/019"]


def test_a_portal_that_stays_busy_ends_the_run_and_the_next_event_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, ISSUE) as live:
        live.portal.faults = failing(live, Fault(503, "OVERLOAD_LIMIT"), 3, [])
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert told(live) == [("deal.updated", "failed", ["failed", "planned"])]
        assert "Нужен человек: остановлено на шаге 1 (act.issue)" in live.runs()[0].verdict_ru
        live.person.update(DEAL, 118, {"title": "Два"})
        live.settle()
        assert told(live)[1] == ("deal.updated", "done", ["done", "done"])
        assert count_acts(live, 118) == 1


LOOP = """
ruleset: test
title: Круг
rules:
  - id: there
    title: Туда
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "${deal.title}+"}
  - id: back
    title: Обратно
    triggers:
      - changed: deal.stage_plan
    actions:
      - field.set: {deal.title: "${deal.stage_plan}+"}
"""


def test_a_loop_ends_and_names_its_rules(tmp_path: Path) -> None:
    with running(tmp_path, LOOP) as live:
        live.person.update(DEAL, 118, {"title": "A"})
        live.settle()
        runs = live.runs()
        assert [run.status for run in runs] == ["done"] * 11 + ["loop"]
        assert "правила вызывают друг друга без конца: test/there, test/back" in runs[-1].verdict_ru.lower()
        live.person.update(DEAL, 120, {"title": "B"})
        live.settle()
        assert live.runs()[-1].status == "loop"


PLUGIN = """
from engine import Action, CallChange, Effect, hookimpl

class Broken(Action):
    name = "own.broken"
    parameters = {}
    example = "- own.broken: {}"
    kinds = ("call",)

    def effect(self, params, facts):
        return Effect(params, (CallChange("own", "breaks"),))

    def perform(self, effect, outside):
        raise RuntimeError("сломалось")

class Acts(Action):
    name = "own.acts"
    parameters = {}
    example = "- own.acts: {}"
    kinds = ("call",)

    def effect(self, params, facts):
        open("note.txt", "w")
        return Effect(params)

@hookimpl
def reglament_actions(setup):
    return [Broken(), Acts()]
"""
OWN = """
ruleset: test
title: Свой плагин
rules:
  - id: broken
    title: Ломается
    triggers:
      - changed: deal.title
    conditions:
      - deal.title == "сломай"
    actions:
      - field.set: {deal.stage_plan: "100 %"}
      - own.broken: {}
      - field.set: {deal.stage_plan: "50 %, 50 %"}
  - id: acts
    title: Действует раньше времени
    triggers:
      - changed: deal.title
    conditions:
      - deal.title == "действуй"
    actions:
      - own.acts: {}
  - id: follows
    title: План записан
    triggers:
      - changed: deal.stage_plan
    actions:
      - notify: {to: "${deal.manager}", text: "План: ${deal.stage_plan}"}
"""


def test_a_plugins_fault_ends_its_run_only(tmp_path: Path) -> None:
    with running(tmp_path, OWN, PLUGIN) as live:
        live.person.update(DEAL, 118, {"title": "сломай"})
        live.settle()
        # What was done before the fault is real, and its follow-up wakes its rule.
        assert told(live) == [
            ("deal.updated", "failed", ["done", "failed", "planned"]),
            ("deal.updated", "done", ["done"]),
        ]
        assert "остановлено на шаге 2 (own.broken): RuntimeError: сломалось" in live.runs()[0].verdict_ru
        live.person.update(DEAL, 120, {"title": "действуй"})
        live.settle()
        assert told(live)[2] == ("deal.updated", "failed", [])
        assert "must not act" in live.runs()[2].verdict_ru
        live.person.update(DEAL, 122, {"title": "сломай"})
        live.settle()
        assert len(live.runs()) == 5


DELETED = """
ruleset: test
title: Удаление
rules:
  - id: gone
    title: Акт удалён
    triggers:
      - deleted: act
    actions:
      - notify: {to: "${deal.manager}", text: "Акт ${act.number} удалён"}
"""


def test_a_deleted_item_is_seen_as_it_was(tmp_path: Path) -> None:
    with running(tmp_path, DELETED) as live:
        acts = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": 122})["items"]
        live.person.delete(ACT, int(acts[0]["id"]))
        live.settle()
        assert told(live) == [("act.deleted", "done", ["done"])]
        assert acts[0]["ufCrm12Number"] in str(live.portal.store.rows("notice"))


def test_a_read_that_fails_for_a_while_loses_no_change(tmp_path: Path) -> None:
    with running(tmp_path, RULES, delays=(0.05,) * 4) as live:
        left = ["batch", "batch", "crm.item.get"]

        def plan(request: Request) -> Fault | None:
            if request.method not in left:
                return None
            left.remove(request.method)
            return Fault(503, "OVERLOAD_LIMIT")

        live.portal.faults = plan
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert left == []
        assert told(live) == [("deal.updated", "done", ["done"]), ("deal.updated", "done", ["done"])]


def test_a_stopped_engine_goes_on_where_it_was(tmp_path: Path) -> None:
    with running(tmp_path, ISSUE, delays=(0.5, 0.5)) as live:
        live.portal.faults = failing(live, Fault(503, "OVERLOAD_LIMIT"), 1, [])
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        assert live.portal.deliveries.settle(10)
        while not live.runs() or live.runs()[0].status != "waiting":
            time.sleep(0.01)
        live.service.stop()
        with open_service(tmp_path / "config.yaml", live.server.webhook_url) as again:
            live.service = again
            set_receiver(live.portal, again.public_url + "/portal/events", TOKEN)
            live.settle()
            assert told(live)[0] == ("deal.updated", "done", ["done", "done"])
            assert count_acts(live, 118) == 1


def test_it_stops_within_ten_seconds_whatever_the_portal_does_and_loses_nothing(tmp_path: Path) -> None:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        config = make_folder(tmp_path, ISSUE)
        hanging = threading.Event()

        def hang(request: Request) -> Fault | None:
            if hanging.is_set() or request.method != "batch":
                return None
            if first.store.row("SELECT 1 FROM number") is None:
                return None
            hanging.set()
            return Fault(executes=True, delay=15.0)

        first = open_service(config, server.webhook_url)
        first.start()
        assert first.wait_idle(30)
        set_receiver(portal, first.public_url + "/portal/events", TOKEN)
        portal.faults = hang
        Person(portal, 6).update(DEAL, 118, {"title": "Раз"})
        assert hanging.wait(10)
        begun = time.monotonic()
        first.stop()
        assert time.monotonic() - begun < 10
        with open_service(config, server.webhook_url) as second:
            assert second.wait_idle(30)
            assert [(run.status, len(run.steps)) for run in second.journal.last_runs()][-1:] == [("done", 2)]
        acts = [row for row in portal.store.rows(f"item_{ACT}") if row.get("parentId2") == 118]
        assert len(acts) == 1


def test_who_changed_a_child_of_the_deal_is_known_though_its_row_is_read_twice(tmp_path: Path) -> None:
    rules = RULES.replace("changed: deal.title", "changed: act.title")
    with running(tmp_path, rules) as live:
        act = live.portal.store.rows(f"item_{ACT}")[0]
        live.person.update(ACT, act["id"], {"title": "Другое имя"})
        live.settle()
        assert live.runs()[0].by == "user/2"
