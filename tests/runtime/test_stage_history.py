"""Stages passed between two readings: which rows of the history are news, and what rules see of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.emulator.faults import Fault, Request
from engine.emulator.methods.item import METHODS
from engine.language.values import Item
from engine.runtime.stage_history import Move, history_command, moves_in, passed_since, stage_field
from tests.portal.portal_case import MAP, WORLD, ZONE
from tests.runtime.service_case import DEAL, Live, delivery, running

DEAL_118 = Item("deal", "118")
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)
RULES = """
ruleset: test
title: Стадии
rules:
  - id: sent
    title: Отчёт отправлен
    triggers:
      - changed: deal.stage
        to: report_sent
    actions:
      - notify: {to: "${deal.manager}", text: "Отчёт: ${deal.stage}"}
  - id: documents
    title: Документы отправлены
    triggers:
      - changed: deal.stage
        from: report_sent
        to: documents_sent
    actions:
      - notify: {to: "${deal.manager}", text: "Документы: ${deal.stage}"}
"""
PLAN_FIELD = "ufCrm_1747309879"
BACKWARD = """
ruleset: test
title: Стадии
rules:
  - id: on
    title: Отчёт отправлен, значит документы
    triggers:
      - changed: deal.stage
        to: report_sent
    actions:
      - deal.move: {stage: documents_sent}
"""


def moves(*stages: str, start: int = 0) -> list[Move]:
    """Moves a minute apart: `A` at noon, `B` a minute later, …"""
    return [
        Move(NOON + timedelta(minutes=start + number), {"stage": stage})
        for number, stage in enumerate(stages)
    ]


def names(found: Sequence[Move]) -> str:
    return "".join(str(move.values["stage"]) for move in found)


@pytest.mark.parametrize(
    ("history", "old", "new", "minute", "passed"),
    [
        ("ABC", "A", "C", 0, "BC"),
        ("AB", "A", "B", 0, "B"),
        ("ABAC", "A", "C", 0, "BAC"),  # a stage visited twice: the visit is told by the portal's time
        ("ABAC", "A", "C", 2, "C"),
        ("ABA", "A", "A", 0, "BA"),  # away and back
        ("ABA", "A", "A", 2, ""),
        ("ABAC", "A", "C", None, "C"),  # which visit, nobody knows: the last, so that nothing happens twice
        ("BC", "A", "C", -5, "BC"),  # the history does not go back so far
        ("BC", "A", "C", None, ""),
        ("AC", "A", "B", 0, ""),  # the history does not know how it came there
        ("ABCD", "A", "C", 0, "BC"),  # moved on after the item was read
        ("XAB", "A", "B", 0, "B"),  # X→A was our own write, which leaves the mark where it was
        ("AABBC", "A", "C", 0, "BC"),  # a change of the pipeline writes two rows
        ("", "A", "B", 0, ""),
    ],
)
def test_what_is_news(history: str, old: str, new: str, minute: int | None, passed: str) -> None:
    moved = None if minute is None else NOON + timedelta(minutes=minute)
    assert names(passed_since(moves(*history), "stage", old, new, moved)) == passed


@pytest.mark.parametrize("skew", [-1, 0, 1])
def test_item_and_history_may_be_a_second_apart(skew: int) -> None:
    moved = NOON + timedelta(seconds=skew)
    assert names(passed_since(moves("A", "B", "A", "C"), "stage", "A", "C", moved)) == "BAC"


@pytest.mark.parametrize("as_text", [False, True])
def test_rows_are_read_in_their_order_whatever_their_form(*, as_text: bool) -> None:
    rows = [
        {
            "ID": number,
            "STAGE_ID": code,
            "CATEGORY_ID": 4,
            "CREATED_TIME": f"2026-03-14T09:0{minute}:00+00:00",
        }
        for number, code, minute in ((12, "C4:UC_DOCS", 3), (9, "C4:UC_WORK", 1), (11, "C4:GONE", 2))
    ]
    shown = [{name: str(value) for name, value in row.items()} for row in rows] if as_text else rows
    found = moves_in({"items": [*shown, "nonsense", {"ID": "x"}]}, MAP, DEAL_118, ZONE)
    assert [move.values for move in found] == [
        {"stage": "in_work", "pipeline": "customisation"},
        {"stage": "documents_sent", "pipeline": "customisation"},
    ]
    assert found[0].time == datetime(2026, 3, 14, 12, 1, tzinfo=ZONE)


def test_no_history_is_asked_of_what_has_none() -> None:
    assert stage_field(WORLD.entities["deal"]) == "stage"
    assert [name for name, spec in WORLD.entities.items() if stage_field(spec)] == ["deal"]
    command = history_command(WORLD.entities["deal"], DEAL_118)
    assert command.method in {method.name for method in METHODS}
    assert not command.writes


def texts(live: Live) -> list[str]:
    return [str(row["MESSAGE"]).partition("\n")[0] for row in live.portal.store.rows("notice")]


def add_deal(live: Live) -> int:
    """A new deal with the manager of deal 118; return its id."""
    manager = live.person.get(DEAL, 118)["assignedById"]
    fields = {"title": "Новая", "categoryId": 4, "assignedById": manager}
    return int(str(live.person.add(DEAL, fields)["id"]))


def move(live: Live, *codes: str) -> None:
    """A person moves the deal again and again, a minute apart."""
    for code in codes:
        live.portal.clock.advance(timedelta(minutes=1))
        live.person.move(DEAL, 118, code)


def test_a_deal_moved_twice_before_it_was_read_is_two_events_in_order(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        move(live, "C4:UC_REPORT", "C4:UC_DOCS")
        assert live.post(delivery(118)) == 200
        live.settle()
        assert [line.status for line in live.runs()] == ["done", "done"]
        assert texts(live) == ["Отчёт: report_sent", "Документы: documents_sent"]
        assert [line.by for line in live.runs()] == ["", "user/2"]
        # The webhooks of both moves, late: they find nothing new.
        for moment in ("1773478900", "1773478901"):
            assert live.post(delivery(118, ts=moment)) == 200
        live.settle()
        assert len(live.runs()) == 2


def read_for_registers(live: Live) -> None:
    """Wait for the first reading of people and requisites, which goes on beside the duties."""
    until = time.monotonic() + 20
    while live.service.store.row("SELECT 1 FROM register_person") is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.3)


def test_one_request_tells_that_nothing_changed(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        read_for_registers(live)
        cost = live.service._gateway.cost.requests
        assert live.post(delivery(118)) == 200
        live.settle()
        assert live.service._gateway.cost.requests == cost + 1


def test_away_and_back_is_told_too(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        number = add_deal(live)
        assert live.post(delivery(number, "ONCRMDEALADD")) == 200
        live.settle()
        for code in ("C4:UC_REPORT", "C4:NEW"):
            live.portal.clock.advance(timedelta(minutes=1))
            live.person.move(DEAL, number, code)
        assert live.post(delivery(number, ts="1773478900")) == 200
        live.settle()
        assert texts(live) == ["Отчёт: report_sent"]
        assert live.post(delivery(number, ts="1773478999")) == 200
        live.settle()
        assert texts(live) == ["Отчёт: report_sent"]


def test_a_deal_made_and_moved_before_it_was_read(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        live.portal.clock.advance(timedelta(minutes=1))
        number = add_deal(live)
        for code in ("C4:UC_REPORT", "C4:UC_DOCS"):
            live.portal.clock.advance(timedelta(minutes=1))
            live.person.move(DEAL, number, code)
        assert live.post(delivery(number)) == 200
        live.settle()
        assert texts(live) == ["Отчёт: report_sent", "Документы: documents_sent"]


def test_what_is_decided_late_never_moves_a_deal_backward(tmp_path: Path) -> None:
    with running(tmp_path, BACKWARD, subscribed=False) as live:
        move(live, "C4:UC_REPORT", "C4:WON")
        assert live.post(delivery(118)) == 200
        live.settle()
        assert live.person.get(DEAL, 118)["stageId"] == "C4:WON"


def test_nor_does_what_was_decided_late_and_goes_on_later(tmp_path: Path) -> None:
    failed: list[Request] = []

    def once(request: Request) -> Fault | None:
        if PLAN_FIELD in request.fields and not failed:
            failed.append(request)
            return Fault(500)
        return None

    first = "      - field.set: {deal.stage_plan: отчёт}\n"
    rules = BACKWARD.replace("    actions:\n", "    actions:\n" + first)
    with running(tmp_path, rules, subscribed=False) as live:
        move(live, "C4:UC_REPORT", "C4:WON")
        live.portal.faults = live.portal.command_faults = once
        assert live.post(delivery(118)) == 200
        live.settle()
        assert failed
        (run,) = live.runs()
        assert [step.status for step in run.steps] == ["done", "no_op"]
        assert live.person.get(DEAL, 118)["stageId"] == "C4:WON"
