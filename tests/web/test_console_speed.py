"""Pages among many rows and runs: measured as `engine bench console` does, by a bound that a busy machine can keep."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from engine.bench.console import PAGES, PARTS, measure
from engine.bench.registers import fill_state
from engine.registers.opening import open_registers
from engine.registers.query import EVERYTHING, Query
from engine.runtime.desk_opening import DeskLine, open_desk
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.logs import open_log
from engine.web.console.register_numbers import Numbers
from engine.workshop import open_workshop
from tests.browser.conftest import demo_settings
from tests.cli.conftest import start
from tests.runtime.service_case import ACT, Live, running
from tests.web.test_listeners import RULES

ACTS, RUNS, GENEROUS = 5_000, 20_000, 0.5


def test_pages_stay_quick_among_many_rows_and_runs(tmp_path: Path) -> None:
    figures = {
        one.name: one
        for one in measure(demo_settings(), tmp_path, open_log(io.StringIO()), ACTS, RUNS, rounds=2)
    }
    assert set(figures) == {*PAGES, *PARTS}
    slow = {name: one.value for name, one in figures.items() if name in PAGES and one.value > GENEROUS}
    assert not slow


def test_the_measurement_is_a_command(tmp_path: Path) -> None:
    ran = start(("bench", "console", "--acts", "100", "--runs", "100", "--json"), tmp_path)
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["schema"] == "reglament/bench-console/1"
    assert {one["name"] for one in told["figures"]} == {*PAGES, *PARTS}


class Ticking:
    """A clock that goes on by `step` seconds with each look."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with running(tmp_path, RULES) as found:
        found.settle()
        yield found


def test_counts_are_kept_until_something_changes_and_half_a_minute_at_most(live: Live) -> None:
    service, clock = live.service, Ticking()
    line = DeskLine(service._client, service._gateway, service._reader)
    desk = open_desk(
        service.workshop, service.status, service.accounts, line, lambda _lane: None, lambda: None
    )
    numbers, query = Numbers(desk, clock), Query("acts", viewer=EVERYTHING)
    registers = desk.counter.office.registers
    for _ in range(100):
        # The engine may be filling the tables at this moment: then it alone does.
        numbers.refresh()
        if registers.is_ready and registers.ids(replace(query, preset="unsigned")):
            break
        time.sleep(0.05)
    assert registers.is_ready
    clock.step = 1.0
    first = numbers.at_hand(query)
    assert first
    assert first == registers.counts(query)
    clock.step = 0.0
    # It took long, so a page asks for it afterwards unless it is kept.
    assert numbers.at_hand(query) == first
    act = registers.ids(replace(query, preset="unsigned"))[0]
    live.person.update(ACT, int(act), {"ufCrm12Signed": "Y"})
    live.settle()
    numbers.refresh()
    assert numbers.at_hand(query) is None
    changed = numbers.counts(query)
    assert changed["unsigned"] == first["unsigned"] - 1
    assert numbers.at_hand(query) == changed
    clock.now += 31
    clock.step = 1.0
    numbers.counts(query)
    clock.step = 0.0
    clock.now += 31
    assert numbers.at_hand(query) is None


def test_a_register_opened_before_the_first_reading_is_ready_after_it(tmp_path: Path) -> None:
    settings = demo_settings()
    workshop, _ = open_workshop(settings)
    store = EmbeddedStore(tmp_path / "engine.db")
    try:
        now = datetime.now(settings.zone)
        office = open_registers(workshop, store, lambda: now)
        office.refresh()
        assert not office.registers.is_ready
        fill_state(workshop, store, now, 100)
        office.refresh()
        assert office.registers.is_ready
    finally:
        store.close()
