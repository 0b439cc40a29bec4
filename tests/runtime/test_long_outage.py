"""The portal is away for longer than the engine's tries: what nobody would tell again waits for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.decision.event import Event
from engine.emulator.faults import Fault, Request
from engine.language.values import Item
from tests.runtime.service_case import Live, running
from tests.runtime.test_stage_history import RULES

pytestmark = pytest.mark.timeout(90)


def out_of_order(_: Request) -> Fault:
    return Fault(500, text="Internal server error")


def wait_for(live: Live, sql: str) -> None:
    deadline = time.monotonic() + 40
    while not live.service.store.rows(sql):
        assert time.monotonic() < deadline, sql
        time.sleep(0.02)


def test_an_event_of_our_own_is_not_given_up(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False, delays=(0.02, 0.02)) as live:
        item, now = Item("deal", "118"), live.portal.clock.now()
        live.person.move(2, 118, "C4:UC_REPORT")
        live.portal.faults = out_of_order
        live.service.deliver(Event("deal.updated", "own-1", now, item, {"stage": "in_work"}))
        wait_for(live, "SELECT 1 FROM event WHERE id = 'own-1' AND tries > 2")
        live.portal.faults = None
        live.settle()
        row = live.service.store.row("SELECT state, outcome FROM event WHERE id = 'own-1'")
        assert row is not None
        assert (row["state"], row["outcome"]) == ("done", "run")


def test_a_doorbell_is_given_up_and_the_lane_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False, delays=(0.02, 0.02)) as live:
        live.person.move(2, 118, "C4:UC_REPORT")
        live.portal.faults = out_of_order
        live.service.inbox.ring(Item("deal", "118"), "updated", live.portal.clock.now())
        wait_for(live, "SELECT 1 FROM event WHERE outcome = 'failed'")
        live.portal.faults = None
        live.service.inbox.ring(Item("deal", "118"), "updated", live.portal.clock.now())
        live.settle()
        assert [run.status for run in live.runs()] == ["done"]
