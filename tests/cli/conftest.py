"""The installed program as a person runs it: `python -m engine` in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def is_plain(self) -> bool:
        return "Traceback" not in self.out + self.err


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `engine` with the arguments in `cwd` (the test's own folder); no locale and no secret of this machine."""

    def run_engine(*arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> Ran:
        return start(arguments, cwd or tmp_path, env)

    return run_engine


def start(arguments: tuple[object, ...], cwd: Path, env: dict[str, str] | None = None) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        check=False,
        timeout=100,
        encoding="utf-8",
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def environment(env: dict[str, str] | None = None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", **(env or {})}


RULES = """\
ruleset: acts
title: Акты

rules:
  - id: tell
    title: Сделка в работе
    triggers:
      - changed: deal.stage
        to: in_work
    conditions:
      - deal.pipeline == "customisation"
    actions:
      - notify: {to: "${deal.manager}", text: "В работе: ${deal.title}"}
"""
BROKEN_RULES = RULES.replace("notify:", "notfy:")
WARNED_RULES = RULES.replace(
    "      - deal.pipeline", '      - deal.title == "a"\n      - deal.title == "b"\n      - deal.pipeline'
)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A company's folder: the example config as its own, one small rule set, no plugins of its own."""
    folder = tmp_path / "company"
    (folder / "regulations").mkdir(parents=True)
    shutil.copy(ROOT / "config.example.yaml", folder / "config.yaml")
    (folder / "regulations" / "acts.yaml").write_text(RULES, "utf-8")
    return folder
