"""The benchmark of the registers measures what it says, and a bound that is missed is named."""

from __future__ import annotations

import json
from pathlib import Path

from engine.bench.registers import FILTERS, Figure
from tests.cli.conftest import start


def test_every_filter_and_both_files_are_measured(tmp_path: Path) -> None:
    ran = start(("bench", "registers", "--acts", "200", "--json"), tmp_path)
    assert ran.code == 0, ran.err
    figures = {one["name"]: one for one in json.loads(ran.out)["figures"]}
    assert {*FILTERS, "xlsx of all", "csv of all", "memory of an export"} <= set(figures)
    assert all(one["value"] > 0 for one in figures.values())


def test_a_bound_is_judged() -> None:
    assert not Figure("slow", 0.31, 0.3, "s").is_met
    assert Figure("free", 9.0, None, "s").is_met
