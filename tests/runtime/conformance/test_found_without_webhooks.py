"""Both adapters: the first reading, the sweep, stages passed and schedules ask the same of either database."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from engine.language.values import Item
from engine.runtime.schedules import Schedules
from engine.runtime.snapshot import load_snapshot
from engine.runtime.sweep import ADOPTED, CHANGED, GONE, NEW, Sweep
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import DEAL, make_folder, open_service

RULES = """
ruleset: test
title: Без вебхуков
rules:
  - id: sent
    title: Отчёт отправлен
    triggers:
      - changed: deal.stage
        to: report_sent
      - created: deal
    actions:
      - field.set: {deal.stage_plan: "отчёт"}
  - id: morning
    title: Утро
    triggers:
      - every: "0 9 * * *"
        for_each: contract
    conditions:
      - contract.id == "2"
    actions:
      - field.set: {contract.folder: утро}
"""
FRIDAY = datetime(2026, 3, 13, 16, 41, tzinfo=ZONE)


def test_found_without_webhooks(tmp_path: Path, state: str) -> None:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        config, person, now = make_folder(tmp_path, RULES), Person(portal, 2), [FRIDAY]
        text = config.read_text("utf-8").replace("./state/engine.db", state)
        config.write_text("sweep: {every: 0}\n" + text, "utf-8")
        with open_service(config, server.webhook_url, clock=lambda: now[0]) as service:
            assert service.wait_idle(60)
            portal.clock.advance(timedelta(minutes=5))
            for stage in ("C4:UC_REPORT", "C4:UC_DOCS"):
                portal.clock.advance(timedelta(minutes=1))
                person.move(DEAL, 118, stage)
            made = int(str(person.add(DEAL, {"title": "Новая", "categoryId": 4})["id"]))
            person.delete(1046, 1)
            service.store.execute("DELETE FROM snapshot WHERE item = 'deal/119'")
            sweep = Sweep(service.store, service._gateway, service._map, service.inbox, service._clock)
            found = sweep.run().found
            assert found["deal"].items == {
                Item("deal", "118"): CHANGED, Item("deal", str(made)): NEW, Item("deal", "119"): ADOPTED,
            }  # fmt: skip
            assert found["contract"].items == {Item("contract", "1"): GONE}
            assert service.wait_idle(60)
            assert person.get(DEAL, 118)["ufCrm_1747309879"] == "отчёт"
            assert load_snapshot(service.store, Item("contract", "1")) is None
            assert sweep.run(is_whole=True).total == 0
            schedules = Schedules(service.store, service._clock)
            schedules.rearm(service.editions.current.edition)
            schedules.rearm(service.editions.current.edition)
            assert schedules.fire() == 0
            now[0] += timedelta(days=3)
            assert schedules.fire() == 1
            assert schedules.fire() == 0
            service._lanes.look_again()
            assert service.wait_idle(60)
            assert person.get(1046, 2)["ufCrm13Folder"] == "утро"
            runs = sorted((run.event, run.item, run.is_late) for run in service.journal.last_runs())
            assert runs == [
                ("deal.created", f"deal/{made}", True), ("deal.updated", "deal/118", True),
                ("timer", "contract/2", True),
            ]  # fmt: skip
