"""Regulations edited and broken while events come and a deadline runs: no run is lost and the last good edition stays."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.emulator.person import Person
from tests.runtime.service_case import DEAL, running

RULES = """
ruleset: test
title: Проверка
rules:
  - id: plan
    title: План по названию
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "PLAN"}
  - id: late
    title: Срок вышел
    triggers:
      - deadline: {after: 2 hours, since: act.sent_at}
    actions:
      - notify: {to: "${deal.manager}", text: "Срок акта вышел"}
"""
PLANS = ("50 %, 50 %", "30 %, 70 %", "10 %, 90 %")
ZONE = ZoneInfo("Europe/Moscow")


def test_no_run_is_lost_and_the_timer_fires_at_its_time(tmp_path: Path) -> None:
    ahead = timedelta()

    def clock() -> datetime:
        return datetime.now(ZONE) + ahead

    with running(tmp_path, RULES.replace("PLAN", PLANS[0]), clock=clock) as live:
        act = Person(live.portal, 2).add(
            1044, {"title": "Акт", "parentId2": 118, **sent_at(live, clock()), "assignedById": 2}
        )["id"]
        live.settle()
        armed = live.service.store.rows(
            "SELECT * FROM timer WHERE state = 'armed' AND item = ?", (f"act/{act}",)
        )
        assert len(armed) == 1
        is_over = threading.Event()

        def edit() -> None:
            file = tmp_path / "regulations" / "test.yaml"
            turn = 0
            while not is_over.wait(0.4):
                turn += 1
                good = RULES.replace("PLAN", PLANS[turn % 3])
                file.write_text("ruleset: [broken" if turn % 4 == 0 else good, "utf-8")

        editing = threading.Thread(target=edit)
        editing.start()
        deals = [row["id"] for row in live.portal.store.rows("item_2")]
        count = 0
        for turn in range(12):
            for deal in deals:
                live.person.update(DEAL, deal, {"title": f"Имя {turn} {deal}"})
                count += 1
            live.settle(60)
        is_over.set()
        editing.join()
        live.settle(60)
        runs = [run for run in live.service.journal.last_runs(10_000) if "plan" in str(run.steps)]
        assert {run.status for run in runs} == {"done"}
        assert len({run.edition for run in runs}) > 1, "other editions came into force meanwhile"
        titles = {row["id"]: row["title"] for row in live.portal.store.rows("item_2")}
        assert all(title == f"Имя 11 {id_}" for id_, title in titles.items())
        told = [row for row in live.portal.store.rows("notice") if "Срок акта" in str(row)]
        assert told == [], "not before its time"
        ahead = timedelta(hours=2, minutes=1)
        live.service.wait_idle(5)
        live.settle(30)
        told = [row for row in live.portal.store.rows("notice") if "Срок акта" in str(row)]
        assert len(told) == 1
        assert count == 12 * len(deals)


def sent_at(live, moment: datetime) -> dict[str, str]:
    field = live.service.settings.world.entities["act"].fields["sent_at"].binding["field"]
    return {field: moment.isoformat(timespec="seconds")}
