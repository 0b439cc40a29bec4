"""Every code of the config and the plugins has a broken folder and a golden rendering in both languages.

`REGENERATE=1 pytest tests/cli/test_setup_goldens.py` writes the renderings anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.language.pages import list_codes
from tests.cli.conftest import ROOT
from tests.cli.test_neighbours import install
from tests.cli.test_plugins import GREET

BAD = ROOT / "tests" / "bad_setup"
CODES = ("R320", "R321", "R340", "R341", "R342", "R343")


def break_config(company: Path) -> None:
    config = company / "config.yaml"
    text = (
        config.read_text("utf-8").replace("Europe/Moscow", "Moscow").replace("language: ru", "language: de")
    )
    config.write_text(text, "utf-8")


def write_plugin(name: str, text: str):
    def deed(company: Path) -> None:
        (company / "plugins").mkdir(exist_ok=True)
        (company / "plugins" / name).write_text(text, "utf-8")

    return deed


DEEDS = {
    "R320": break_config,
    "R321": lambda company: None,
    "R340": write_plugin("bad.py", "from engine import hookimpl\n\nimport no_such_module\n"),
    "R341": write_plugin("bad.py", GREET.replace('"greet.say"', '"Greet Say"')),
    "R342": write_plugin("bad.py", GREET.replace('"greet.say"', '"deal.move"')),
    "R343": lambda company: install(company / "site", "other-engine", ["engine/__init__.py"]),
}


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("code", CODES)
def test_rendering_is_as_it_was(run, company, code, language):
    DEEDS[code](company)
    paths = ["regulations/nothing.yaml"] if code == "R321" else []
    env = {"PYTHONPATH": f"{ROOT}:{company / 'site'}"}
    ran = run("check", "--lang", language, *paths, cwd=company, env=env)
    assert ran.code == (0 if code == "R343" else 1)
    assert ran.is_plain
    shown = ran.out.replace(str(company), "")
    assert f"[{code}]" in shown
    golden = BAD / f"{code}.{language}.txt"
    if os.environ.get("REGENERATE"):
        BAD.mkdir(exist_ok=True)
        golden.write_text(shown, "utf-8")
    assert golden.read_text("utf-8") == shown


def test_every_code_of_the_product_has_a_golden_rendering():
    shown = {
        path.name[:4]
        for name in ("bad", "bad_events", "bad_setup")
        for path in (ROOT / "tests" / name).glob("*.ru.txt")
    }
    assert sorted(set(list_codes()) - shown) == []
