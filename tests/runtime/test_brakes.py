"""Caps stop a rule before it acts; a person lets it go on. A key that another lane holds is waited for."""

from __future__ import annotations

from pathlib import Path

from engine.runtime.brakes import Brakes
from engine.runtime.intents import DONE, Intents
from tests.runtime.service_case import DEAL, Live, running

ONCE = """
ruleset: test
title: Проверка
rules:
  - id: once
    title: Один раз на всех
    triggers:
      - changed: deal.title
    actions:
      - own.slow: {}
        key: one for all
"""
SLOW = """
import time
from pathlib import Path
from engine import Action, CallChange, Effect, hookimpl

class Slow(Action):
    name = "own.slow"
    parameters = {}
    example = "- own.slow: {}"
    kinds = ("call",)
    irreversible = True

    def effect(self, params, facts):
        return Effect(params, (CallChange("own", "slow"),))

    def probe(self, key, effect):
        yield from ()
        return None

    def perform(self, effect, outside):
        with (Path(__file__).parent / "done").open("a") as file:
            file.write(outside.key + chr(10))
        time.sleep(0.7)

@hookimpl
def reglament_actions(setup):
    return [Slow()]
"""


def titles(live: Live) -> list[int]:
    return [row["id"] for row in live.portal.store.rows("item_2")]


def test_two_lanes_with_one_key_do_it_once(tmp_path: Path) -> None:
    with running(tmp_path, ONCE, SLOW, delays=(0.5,) * 8) as live:
        deals = titles(live)[:3]
        for deal in deals:
            live.person.update(DEAL, deal, {"title": f"Имя {deal}"})
        live.settle(30)
        assert (tmp_path / "plugins" / "done").read_text().splitlines() == ["one for all"]
        assert sorted(step.status for one in live.runs() for step in one.steps) == ["done", "no_op", "no_op"]
        assert Intents(live.service.store).find("one for all").state == DONE


def test_counts_of_hours_gone_by_are_dropped(tmp_path: Path) -> None:
    with running(tmp_path, ONCE, SLOW) as live:
        store, clock = live.service.store, live.service._clock
        store.execute("INSERT INTO spent VALUES ('rule x', 1, 5)")
        Brakes(store, clock, live.service.settings.brakes).forget_before(clock())
        assert store.row("SELECT 1 FROM spent") is None
