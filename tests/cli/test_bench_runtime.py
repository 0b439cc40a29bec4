"""The runtime's benchmark measures what it says: every side does its work, nothing acknowledged is lost."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest

from engine.bench.child import Child
from engine.bench.office import FIRST_ACT, LANES, TOKEN, doorbell, make_office, open_office
from engine.bench.runtime import BOUNDS, Measured, missing_modules
from engine.runtime.delivery import read_delivery

GOOD = Measured(1, {}, dict(BOUNDS))
WEBHOOK = "http://127.0.0.1:9/rest/1/bench/"


def test_bounds():
    assert GOOD.broken_bounds() == []
    assert replace(GOOD, ratios={**BOUNDS, "acks to bare": 0.69}).broken_bounds() == ["acks to bare"]
    assert replace(GOOD, ratios={"2 processes to 1": 1.4}).broken_bounds() == ["2 processes to 1"]


def test_the_company_loads_and_every_doorbell_is_another_act(tmp_path):
    settings, _, built = open_office(make_office(tmp_path, "./state/x.db", lanes=3), WEBHOOK)
    assert (settings.lanes, [rule.id for rule in built.edition.rules]) == (3, ["bench/ping"])
    found = [read_delivery(doorbell(number, 1773478800), settings.world, settings.zone) for number in (1, 2)]
    assert [str(one.item) for one in found] == [f"act/{FIRST_ACT + 1}", f"act/{FIRST_ACT + 2}"]
    assert {one.token for one in found} == {TOKEN}


def test_a_process_that_fails_says_why(tmp_path):
    with pytest.raises(OSError, match=r"(?s)engine\.bench\.served ended: .*nowhere"):
        Child("engine.bench.served", str(tmp_path / "nowhere"), WEBHOOK, errors=tmp_path / "errors")


@pytest.mark.timeout(180)
@pytest.mark.skipif(bool(missing_modules()), reason=f"the extra bench is not installed: {missing_modules()}")
def test_dbos_records_each_step_of_each_run(tmp_path):
    with Child("engine.bench.peers.durable_dbos", str(tmp_path), errors=tmp_path / "errors") as peer:
        assert peer.ask("ordered", count=4)["seconds"] > 0
        assert peer.ask("called", count=2)["seconds"] > 0
    with sqlite3.connect(tmp_path / "dbos.sqlite") as state:
        assert state.execute("SELECT status, count(*) FROM workflow_status GROUP BY 1").fetchall() == [
            ("SUCCESS", 6)
        ]
        assert state.execute("SELECT count(*) FROM operation_outputs").fetchone() == (18,)
    state.close()


@pytest.mark.timeout(180)
def test_ours_alone_from_the_command_line(run):
    ran = run("--lang", "en", "bench", "runtime", "--own", "--quick", "--rounds", "1", "--json")
    assert (ran.code, ran.is_plain) == (0, True), ran.err
    told = json.loads(ran.out)
    assert told["schema"] == "reglament/bench-runtime/1"
    assert min(told["figures"].values()) > 0
    assert {"acks/s", "bare acks/s", "runs/s", "raw rows runs/s"} <= set(told["figures"])
    assert not {name for name in told["figures"] if name.startswith(("DBOS", "Procrastinate"))}
    assert set(told["bounds"]) == set(BOUNDS)


def test_lanes_are_many_enough_to_work_side_by_side():
    assert LANES == 50
