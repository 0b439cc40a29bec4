"""The gateway's benchmark measures what it says: all is done on the portal, and what is not is named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.bench.child import Child
from engine.bench.office import make_office, open_office
from engine.bench.portal import BOUNDS, TWIN, Measured, missing_modules
from engine.bench.portal_work import DEALS, FIRST_DEAL, KINDS, PLAN_FIELD, PLUGIN, RULES, asked, wanted

GOOD = Measured(1000, 64, dict(BOUNDS), {"refused": 0})


def test_bounds():
    assert GOOD.broken_bounds() == []
    assert replace(GOOD, faults={"refused": 1}).broken_bounds() == ["refused"]
    low = {**BOUNDS, "commands a batch": 39.9}
    assert replace(GOOD, figures=low).broken_bounds() == ["commands a batch"]


def test_the_work_is_mixed_and_its_rules_load(tmp_path):
    events = asked(600)
    assert {one.kind for one in events} == set(KINDS)
    assert {one.deal for one in events} == set(range(FIRST_DEAL, FIRST_DEAL + DEALS))
    last = [one for one in events if one.deal == FIRST_DEAL and one.kind == "plan"][-1]
    assert wanted(events)[str(FIRST_DEAL)][PLAN_FIELD] == last.note
    config = make_office(tmp_path, "./state/x.db", lanes=None, rules=RULES, plugin=PLUGIN)
    settings, _, built = open_office(config, "http://127.0.0.1:9/rest/1/bench/")
    assert settings.lanes == 64
    assert len(built.edition.rules) == len(KINDS)


@pytest.mark.skipif(bool(missing_modules()), reason=f"the extra bench is not installed: {missing_modules()}")
def test_the_peer_does_the_work(tmp_path):
    errors = tmp_path / "errors"
    with Child(TWIN, errors=errors) as twin:
        webhook = twin.ready["webhook"]
        with Child("engine.bench.peers.lists_fast_bitrix24", webhook, errors=errors) as peer:
            assert peer.ask("run", count=9)["seconds"] > 0
        state = twin.ask("state")
        assert twin.ask("counts")["requests"] >= 4
    for deal, fields in wanted(asked(9)).items():
        assert {name: state[deal][name] for name in fields} == fields


@pytest.mark.timeout(180)
def test_ours_alone_from_the_command_line(run):
    ran = run("--lang", "en", "bench", "portal", "--own", "--events", "30", "--json")
    assert (ran.code, ran.is_plain) == (0, True), ran.err
    told = json.loads(ran.out)
    assert told["schema"] == "reglament/bench-portal/1"
    assert told["faults"] == {"refused": 0, "wrong on the portal": 0, "events not done": 0}
    assert told["figures"]["commands a batch"] > 5
