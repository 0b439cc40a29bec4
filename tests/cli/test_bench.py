"""The benchmark measures what it says: real rules, the same few firing, bounds that can break."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest

from engine.bench.decision import FEW, Measured, _Bed
from engine.bench.ours import Ours
from engine.bench.race import BOUNDS, REGIMES, Lap, Race, missing_modules, race
from engine.bench.rules import FILE_RULES, edited, regulation_files
from engine.bench.workload import FEW as FEW_FIRE
from engine.bench.workload import ONE_PERCENT, cases, fires, is_undecided, rules
from engine.cli.opening import Opening
from engine.cli.options import Options
from tests.cli.conftest import ROOT

GOOD = Measured(1, 1.0, 0.1, 100.0, 110.0, 1.1)


def test_bounds():
    assert GOOD.broken_bounds() == []
    assert replace(GOOD, reload_seconds=0.31).broken_bounds() == ["reload_seconds"]
    assert replace(GOOD, load_seconds=6.0, ratio=2.0).broken_bounds() == ["load_seconds", "ratio"]


def test_generated_files_are_the_same_every_time_and_an_edit_is_small():
    files = regulation_files(250)
    assert files == regulation_files(250)
    assert [text.count("  - id: ") for text in files.values()] == [FILE_RULES, FILE_RULES, 50]
    text = files["set-0001.yaml"]
    assert edited(text) != text
    assert edited(text).replace("Исправленное правило", "Правило") == text


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    settings = Opening(Options(ROOT / "config.example.yaml", "en")).settings()
    return _Bed(settings, tmp_path_factory.mktemp("bench") / "few", FEW)


def test_the_rules_are_sound_and_quiet(bed):
    built = bed.workshop.build()
    assert built.diagnostics == ()
    assert len(built.edition.rules) == FEW


def test_a_reload_is_another_edition_and_reads_less(bed):
    before = bed.edition.hash
    whole, again = bed.load(), bed.reload()
    assert bed.edition.hash != before
    assert again < whole


SMALL = 1_200


@pytest.fixture(scope="module")
def example():
    return Opening(Options(ROOT / "config.example.yaml", "en")).settings()


@pytest.mark.parametrize("count", [SMALL, 10_000])
def test_the_workload_fires_what_its_regimes_say(count):
    asked = rules(count)
    assert len({rule.id for rule in asked}) == count
    few, percent = (
        [sum(fires(rule, case) for rule in asked) for case in cases(count, regime)]
        for regime in (FEW_FIRE, ONE_PERCENT)
    )
    assert all(2 <= fired <= 4 for fired in few)
    assert 0.8 <= sum(percent) / len(percent) / count * 100 <= 1.5
    assert any(is_undecided(rule, case) for rule in asked for case in cases(count, ONE_PERCENT))


def test_we_answer_as_the_oracle_does_rule_by_rule(example, tmp_path):
    asked = rules(SMALL)
    ours = Ours(asked, example, tmp_path)
    for case in (*cases(SMALL, FEW_FIRE), *cases(SMALL, ONE_PERCENT)):
        ready = ours.prepare(case)
        assert ours.fired(ready) == {rule.id for rule in asked if fires(rule, case)}
        assert ours.undecided(ready) == {rule.id for rule in asked if is_undecided(rule, case)}


@pytest.mark.skipif(bool(missing_modules()), reason=f"the extra bench is not installed: {missing_modules()}")
def test_the_race_times_every_engine_on_answers_that_agree(example):
    raced = race(example, rounds=1, sizes=(60, SMALL), passes=1)
    assert [(lap.engine, lap.count) for lap in raced.laps] == [
        (name, count)
        for name in ("reglament", "clipspy", "datalogic-py", "zen-engine")
        for count in (60, SMALL)
    ]
    assert all(lap.microseconds[regime] > 0 for lap in raced.laps for regime in REGIMES)
    assert raced.times_few > 0


@pytest.mark.skipif(bool(missing_modules()), reason=f"the extra bench is not installed: {missing_modules()}")
def test_an_engine_that_answers_otherwise_stops_the_race(example, monkeypatch):
    from engine.bench.peers.rete import Rete

    honest = Rete.fired
    monkeypatch.setattr(Rete, "fired", lambda self, ready: honest(self, ready) | {"set-0000/rule-59"})
    with pytest.raises(ValueError, match="clipspy answers otherwise than the oracle"):
        race(example, rounds=1, sizes=(60,), passes=1)


def test_peers_that_are_not_installed_are_named_with_the_way_to_get_them(run, tmp_path):
    # Python runs this file at start: the package is there for all but the one who asks whether it is.
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import importlib.util as u\nfind = u.find_spec\n"
                      "u.find_spec = lambda name, *a: None if name == 'zen' else find(name, *a)\n")  # fmt: skip
    ran = run(
        "--lang", "en", "bench", "decision", "--peers", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    )
    assert ran.code == 2
    assert re.search(r"missing: [a-z_, ]*\bzen\b", ran.err)
    assert "pip install 'reglament[bench]'" in ran.err


def test_a_race_is_judged_by_its_bounds():
    lap = Lap("reglament", 1, dict.fromkeys(REGIMES, 1.0))
    good = Race(5, (lap,), BOUNDS["times_few"], BOUNDS["times_1_percent"], BOUNDS["growth_few"])
    assert good.broken_bounds() == []
    assert replace(good, times_few=14.9, growth_few=1.51).broken_bounds() == ["times_few", "growth_few"]
    assert replace(good, times_1_percent=14.9).broken_bounds() == ["times_1_percent"]
