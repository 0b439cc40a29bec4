"""The story of contracts as a user runs it, and that it does not hold where a rule is broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.story.test_story import copy_regulations

pytestmark = [pytest.mark.story, pytest.mark.timeout(300)]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.parametrize(("language", "last"), [("ru", "верно"), ("en", "hold")])
def test_story_exits_0_in_an_empty_folder(tmp_path: Path, language: str, last: str) -> None:
    done = run(tmp_path, "--lang", language, "demo", "--story", "contracts")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(f"{last}.")
    assert "✗" not in done.stdout
    assert " act/" not in done.stdout
    assert done.stdout.count("\n   ") >= 18
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("good", "bad", "lost"),
    [
        ("      - field.set: {contract.signed_by_them: true}\n", "", "✗ contract К-2026/031: signed by both"),
        ("{after: 1 days, since", "{after: 90 days, since", "✗ the manager was told once: «истёк»"),
        (
            "      - contract.scan.sha256 != contract.document.sha256    # неподписанный оригинал — не подписанный договор\n",
            "",
            "✗ the unsigned file was not filed",
        ),
    ],
)
def test_story_exits_1_where_a_rule_is_broken(tmp_path: Path, good: str, bad: str, lost: str) -> None:
    copy_regulations(tmp_path)
    file = tmp_path / "regulations" / "contracts.yaml"
    text = file.read_text("utf-8")
    assert good in text
    file.write_text(text.replace(good, bad), "utf-8")
    done = run(tmp_path, "--lang", "en", "demo", "--story", "contracts")
    assert done.returncode == 1, done.stdout + done.stderr
    assert lost in done.stdout


def test_an_unknown_story_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = run(tmp_path, "--lang", "en", "demo", "--story", "nothing")
    assert done.returncode == 2
    assert "contracts" in done.stderr
