"""The running engine on both adapters: killed and gone on with, in order, patient, reloaded, paused, on time."""

from __future__ import annotations

import threading
from pathlib import Path

from engine.emulator.demo import set_receiver
from engine.emulator.faults import Fault
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.brakes import ALL, pause, release
from engine.runtime.requests import ask, wait_for_answer
from tests.runtime.conformance.engine_case import PLUGIN, Engine, order_breaks, until
from tests.runtime.service_case import ACT, DEAL, TOKEN, Live, delivery, make_folder, open_service, running
from tests.runtime.timer_case import FRIDAY, Clock

RULES = """
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
      - own.once: {}
      - field.set: {act.title: "Акт № ${act.number}"}
"""
NOTICES = """
ruleset: test
title: Проверка
rules:
  - id: deal
    title: Сделка
    triggers:
      - changed: deal.title
    actions:
      - notify: {to: "${deal.manager}", text: "Сделка ${deal.title}"}
  - id: act
    title: Акт
    triggers:
      - changed: act.title
    actions:
      - notify: {to: "${act.manager}", text: "Акт ${act.title}"}
"""
MADE = """
ruleset: test
title: Проверка
rules:
  - id: made
    title: Новый акт
    triggers:
      - created: act
    actions:
      - own.once: {}
  - id: deal
    title: Сделка
    triggers:
      - changed: deal.title
    actions:
      - notify: {to: "${deal.manager}", text: "Сделка ${deal.title}"}
"""
PLAN = """
ruleset: test
title: Проверка
rules:
  - id: plan
    title: План по сумме
    triggers:
      - changed: deal.amount
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
"""
REMIND = """
ruleset: test
title: Сроки
rules:
  - id: remind
    title: Акт не вернулся в срок
    triggers:
      - deadline: {after: 5 workdays, since: act.sent_at}
    actions:
      - notify: {to: "${act.manager}", text: "Акт ${act.number} не вернулся"}
"""


def acts_of(live: Live, deal: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": deal})[
        "items"
    ]
    return found


def statuses(live: Live) -> list[tuple[str, list[str]]]:
    return [(run.status, [step.status for step in run.steps]) for run in live.runs()]


def test_a_killed_engine_is_gone_on_with_and_nothing_is_done_twice(
    tmp_path: Path, portal: Portal, state: str
) -> None:
    config = make_folder(tmp_path, RULES, PLUGIN, state)
    with PortalServer(portal) as server, Engine(config, server.webhook_url) as first:
        set_receiver(portal, first.events_url, TOKEN)
        with_events = tmp_path / "plugins" / "begun"
        Person(portal, 6).update(DEAL, 118, {"title": "Другое имя"})
        until(with_events.exists)
        first.kill()
        (tmp_path / "plugins" / "gate").touch()
        with open_service(config, server.webhook_url) as service:
            live = Live(portal, server, service, Person(portal, 6), tmp_path)
            live.settle()
            assert [act["title"] for act in acts_of(live, 118)] == ["Акт № А-2026/019"]
            assert statuses(live) == [("done", ["done", "done", "done"])]
        assert len(with_events.read_text().split()) == 2, (
            "a step that only its process knew of is begun again"
        )


def test_events_of_a_deal_and_its_acts_are_one_row(tmp_path: Path, state: str) -> None:
    with running(tmp_path, NOTICES, state=state) as live:
        acts = [int(str(act["id"])) for act in acts_of(live, 122)]
        for number in range(12):
            live.person.update(DEAL, 122, {"title": f"Имя {number}"})
            assert live.portal.deliveries.settle(10)
            live.person.update(ACT, acts[number % len(acts)], {"title": f"Акт {number}"})
            assert live.portal.deliveries.settle(10)
        live.person.update(DEAL, 118, {"title": "Чужая"})
        live.settle()
        lanes = {row["lane"] for row in live.service.store.rows("SELECT lane FROM event")}
        assert lanes == {"deal/122", "deal/118"}
        assert len(live.runs()) >= 4, "some are met together"
        assert order_breaks(live.service.store) == []


def test_an_item_never_seen_goes_to_the_lane_of_its_deal(tmp_path: Path, state: str) -> None:
    with running(tmp_path, NOTICES, state=state) as live:
        made = live.person.add(ACT, {"title": "Новый", "parentId2": 118})
        live.settle()
        rows = live.service.store.rows("SELECT lane FROM event WHERE item = ?", (f"act/{made['id']}",))
        assert {row["lane"] for row in rows} == {"deal/118"}


def test_what_an_item_never_seen_has_under_way_is_not_begun_again_by_its_deal(
    tmp_path: Path, state: str
) -> None:
    with running(tmp_path, MADE, PLUGIN, state=state) as live:
        live.person.add(ACT, {"title": "Новый", "parentId2": 118})
        begun = tmp_path / "plugins" / "begun"
        until(begun.exists)
        live.person.update(DEAL, 118, {"title": "Раз"})
        assert live.portal.deliveries.settle(10)
        assert not live.service.wait_idle(1.0)
        (tmp_path / "plugins" / "gate").touch()
        live.settle()
        assert len(begun.read_text().split()) == 1
        assert [run.status for run in live.runs()] == ["done", "done"]
        assert order_breaks(live.service.store) == []


def test_a_step_that_waits_holds_its_deal_and_no_other(tmp_path: Path, state: str) -> None:
    with running(tmp_path, PLAN + NOTICES.partition("rules:")[2], state=state, delays=[0.5] * 40) as live:
        live.portal.faults = lambda seen: Fault(503, "OVERLOADED") if "notify" in seen.method else None
        live.person.update(DEAL, 118, {"title": "Раз"})
        until(lambda: any(run.status == "waiting" for run in live.runs()), 40)
        live.person.update(DEAL, 118, {"title": "Два"})
        live.person.update(DEAL, 122, {"opportunity": "17"})
        until(lambda: any(run.item == "deal/122" and run.status == "done" for run in live.runs()))
        assert [run.status for run in live.runs() if run.item == "deal/118"] == ["waiting"]
        live.portal.faults = None
        live.settle()
        assert [run.status for run in live.runs()] == ["done"] * 3
        assert order_breaks(live.service.store) == []


def test_rules_change_under_load_and_no_event_is_lost(tmp_path: Path, state: str) -> None:
    with running(tmp_path, NOTICES, state=state) as live:
        rules = tmp_path / "regulations" / "test.yaml"
        for number in range(12):
            live.person.update(DEAL, 118 if number % 2 else 122, {"title": f"Имя {number}"})
            text = NOTICES.replace("Сделка ${", f"Правка {number} ${{") if number % 4 else "rules: ["
            rules.write_text(text, "utf-8")
        live.settle()
        assert {run.status for run in live.runs()} == {"done"}
        for deal, title in ((118, "Имя 11"), (122, "Имя 10")):
            assert any(title in run.verdict_ru or run.item == f"deal/{deal}" for run in live.runs())
        assert live.service.inbox.waiting() == 0
        assert order_breaks(live.service.store) == []


def test_deliveries_that_come_together_are_all_kept(tmp_path: Path, state: str) -> None:
    with running(tmp_path, NOTICES, state=state, subscribed=False) as live:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(live.post(delivery(n)))) for n in range(1, 33)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        live.settle()
        assert answers == [200] * 32
        assert live.service.store.counts()["accepted"] == 32
        done = live.service.store.row("SELECT count(*) FROM event WHERE state = 'done'")
        assert done is not None
        assert done[0] == 32


def test_a_person_takes_up_a_run_that_failed(tmp_path: Path, state: str) -> None:
    with running(tmp_path, NOTICES, state=state) as live:
        live.portal.faults = lambda seen: Fault(403, "ACCESS_DENIED") if "notify" in seen.method else None
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert statuses(live) == [("failed", ["failed"])]
        live.portal.faults = None
        store = live.service.store
        number = ask(store, "retry", {"run": "1"}, live.service._clock(), lane="deal/118")
        assert wait_for_answer(store, number, 20) == {"run": 1}
        live.settle()
        assert statuses(live) == [("done", ["done"])]


def test_a_pause_stops_acting_and_events_wait(tmp_path: Path, state: str) -> None:
    with running(tmp_path, NOTICES, state=state) as live:
        assert pause(live.service.store, live.service._clock(), "")
        live.person.update(DEAL, 118, {"title": "Раз"})
        assert live.portal.deliveries.settle(10)
        assert not live.service.wait_idle(1.0)
        assert live.runs() == []
        assert release(live.service.store, ALL)
        live.settle()
        assert statuses(live) == [("done", ["done"])]


def test_a_deadline_fires_once_whatever_looks_at_the_clock(tmp_path: Path, state: str, adapter: str) -> None:
    clock = Clock()
    with running(tmp_path, REMIND, state=state, clock=clock) as live:
        acts = [int(str(act["id"])) for act in acts_of(live, 122)]
        for act in acts:
            live.person.update(ACT, act, {"ufCrm12Sentat": FRIDAY.isoformat()})
        live.settle()
        others = [] if adapter == "embedded" else [
            open_service(tmp_path / "config.yaml", live.server.webhook_url, clock=clock) for _ in range(2)
        ]  # fmt: skip
        for other in others:
            other.start()
            assert other.wait_idle(20)
        clock.push(days=7)
        live.settle()
        fired = [run.item for run in live.runs()]
        clock.push(days=7)
        live.settle()
        for other in others:
            other.stop()
        assert len(live.runs()) == len(fired)
        assert len(set(fired)) == len(fired)
        assert set(fired) >= {f"act/{act}" for act in acts}
