"""The benchmark measures what it says: real rules, the same few firing, bounds that can break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.bench.decision import FEW, Measured, _Bed
from engine.bench.rules import FILE_RULES, edited, regulation_files
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
