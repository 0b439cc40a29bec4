"""A stop while many runs wait for their turn at the portal: prompt, and every run goes on at the next start."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from engine.decision.event import Event
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.serve import PortalServer
from engine.language.values import Item
from engine.portal.pace import Pace
from tests.runtime.service_case import DEAL, make_folder, open_service

RULES = """
ruleset: test
title: Проверка
rules:
  - id: tell
    title: Сказать менеджеру
    triggers:
      - command: tell
        for_each: deal
    actions:
      - notify: {to: "${deal.manager}", text: "${deal.title}"}
"""
TIMES = 4


def test_a_stop_ends_the_waiting_and_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.limits = "real"
        config = make_folder(tmp_path, RULES)
        deals = [str(row["id"]) for row in portal.store.rows(f"item_{DEAL}")]
        with open_service(config, server.webhook_url, pace=Pace()) as service:
            assert service.wait_idle(60)
            for time_ in range(TIMES):
                for deal in deals:
                    event = Event(
                        "command", f"c{time_} {deal}", service._clock(), Item("deal", deal), detail="tell"
                    )
                    service.inbox.put(event, origin="person")
            deadline = time.monotonic() + 20
            while not service.journal.last_runs(1):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert service.inbox.waiting() > 0, "the backlog is to be cut"
            begun = time.monotonic()
        assert time.monotonic() - begun < 5
        portal.limits = "off"
        with open_service(config, server.webhook_url) as service:
            assert service.wait_idle(60)
            runs = service.journal.last_runs(1000)
            steps = service.store.rows("SELECT status FROM step")
        notices = len(list(portal.store.rows("notice")))
    assert Counter(run.status for run in runs) == {"done": TIMES * len(deals)}
    told = sum(row["status"] == "done" for row in steps)
    assert told == notices
    assert told > 0
