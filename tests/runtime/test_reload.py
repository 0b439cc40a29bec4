"""A changed regulation is in force within a second; a broken one is said, with its place, and changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.runtime.service_case import DEAL, running
from tests.web.console_case import console_page

RULES = """
ruleset: test
title: Проверка
rules:
  - id: mark
    title: Сделка переименована
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
"""
SLOW = """
import time
from engine import Action, CallChange, Effect, hookimpl

class Slow(Action):
    name = "own.slow"
    parameters = {}
    example = "- own.slow: {}"
    kinds = ("call",)

    def effect(self, params, facts):
        return Effect(params, (CallChange("own", "waits"),))

    def perform(self, effect, outside):
        time.sleep(1.5)

@hookimpl
def reglament_actions(setup):
    return [Slow()]
"""


def seconds_until(holds: Callable[[], bool], limit: float = 10.0) -> float:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < limit
        time.sleep(0.01)
    return time.monotonic() - begun


def test_a_changed_file_is_in_force_within_a_second(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        first = live.service.editions.current.edition.hash
        file = tmp_path / "regulations" / "test.yaml"
        file.write_text(RULES.replace("50 %, 50 %", "30 %, 70 %"), "utf-8")
        assert seconds_until(lambda: live.service.editions.current.edition.hash != first) < 1.0
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert live.person.get(DEAL, 118)["ufCrm_1747309879"] == "30 %, 70 %"
        assert live.runs()[0].edition == live.service.editions.current.edition.hash != first


def test_a_new_and_a_removed_file_count_too(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        more = tmp_path / "regulations" / "inner" / "more.yaml"
        more.parent.mkdir()
        more.write_text(RULES.replace("ruleset: test", "ruleset: more"), "utf-8")
        seconds_until(lambda: len(live.service.editions.current.edition.rules) == 2)
        more.unlink()
        seconds_until(lambda: len(live.service.editions.current.edition.rules) == 1)


def test_a_broken_file_leaves_the_last_good_edition_and_says_where(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        good = live.service.editions.current.edition
        file = tmp_path / "regulations" / "test.yaml"
        file.write_text(RULES.replace("field.set:", "field.sett:"), "utf-8")
        assert seconds_until(lambda: live.service.editions.current.is_broken) < 1.0
        assert live.service.editions.current.edition is good
        page = console_page(live.service).text
        assert "regulations/test.yaml:10:9" in page
        assert "Новая редакция не вступила в силу" in page
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert [run.status for run in live.runs()] == ["done"]
        file.write_text(RULES, "utf-8")
        seconds_until(lambda: not live.service.editions.current.is_broken)
        assert "не вступила" not in console_page(live.service).text


def test_running_work_stays_on_its_edition(tmp_path: Path) -> None:
    rules = RULES.replace("actions:\n", "actions:\n      - own.slow: {}\n")
    with running(tmp_path, rules, SLOW) as live:
        first = live.service.editions.current.edition.hash
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        seconds_until(lambda: bool(live.runs()))
        (tmp_path / "regulations" / "test.yaml").write_text(rules.replace("50 %, 50 %", "100 %"), "utf-8")
        seconds_until(lambda: live.service.editions.current.edition.hash != first)
        assert live.runs()[0].status == "running"
        live.settle()
        assert live.runs()[0].edition == first
        assert live.person.get(DEAL, 118)["ufCrm_1747309879"] == "50 %, 50 %"
