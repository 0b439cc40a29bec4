"""Steps that need nothing of each other share requests and a commit, each with its own result."""

from __future__ import annotations

from pathlib import Path

from engine.emulator.faults import Fault
from tests.runtime.service_case import DEAL, Live, running

RULES = """
ruleset: test
title: Проверка
rules:
  - id: mark
    title: Отметить
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
      - field.set: {deal.amount: 1000.00 RUB}
      - notify: {to: "${deal.manager}", text: "Отмечено"}
      - field.set: {deal.stage_plan: "30 %, 70 %"}
      - field.set: {deal.stage_plan: "10 %, 90 %"}
"""
TWO = """
ruleset: test
title: Проверка
rules:
  - id: one
    title: Раз
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
      - field.set: {deal.amount: 1000.00 RUB}
"""


def steps_of(live: Live) -> list[str]:
    return [step.status for run in live.runs() for step in run.steps]


def test_fields_travel_together_and_a_notice_comes_after_them(tmp_path: Path) -> None:
    rules = RULES.replace('      - field.set: {deal.stage_plan: "30 %, 70 %"}\n', "").replace(
        '      - field.set: {deal.stage_plan: "10 %, 90 %"}\n', ""
    )
    with running(tmp_path, rules) as live:
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert steps_of(live) == ["done", "done", "done"]
        run = live.service.journal.run(1)
        assert run is not None
        # One request writes both fields, one reads both back, one tells.
        assert run["portal"]["requests"] == 3
        assert run["portal"]["writes"] == 3


def test_a_field_is_not_written_twice_in_one_batch(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert steps_of(live) == ["done"] * 5
        field = live.service.settings.world.entities["deal"].fields["stage_plan"].binding["field"]
        assert live.person.get(DEAL, 118)[field] == "10 %, 90 %", "in the order of the rule"


def test_one_that_fails_takes_nothing_of_the_other(tmp_path: Path) -> None:
    with running(tmp_path, TWO) as live:
        commands: list[str] = []

        def refuse(request: object) -> Fault | None:
            if getattr(request, "method", "") != "crm.item.update":
                return None
            commands.append("update")
            return Fault(400, "ACCESS_DENIED") if len(commands) == 2 else None

        live.portal.command_faults = refuse
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert steps_of(live) == ["done", "failed"]
        assert live.runs()[0].status == "failed"
        live.portal.command_faults = None
        stopped = live.service.journal.run(1)
        assert stopped is not None
        assert "ACCESS_DENIED" in str(stopped["plan"][1])
