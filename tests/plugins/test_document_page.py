"""The page about documents: it names every paper, parameter and picture there is, and its rules load."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from engine.language.load import load_regulation
from tests.docs.docs_case import ROOT
from tests.plugins.action_case import WORLD, make_setup
from tests.plugins.document_facts import PAPERS, document
from tests.plugins.document_pictures import DOTS, FOLDER, MOST_BYTES, draw, small

PAGE = (ROOT / "docs" / "documents.md").read_text("utf-8")
BLOCKS: list[Any] = [yaml.safe_load(text) for text in re.findall(r"(?ms)^```yaml\n(.*?)^```", PAGE)]


def test_every_paper_and_parameter_has_its_row() -> None:
    told = set(re.findall(r"(?m)^\| `(\w+)` \| \[", PAGE))
    assert told == set(PAPERS) == set(document.FILE_WORDS)
    section = PAGE.split("## Параметры")[1].split("##")[0]
    named = {
        name
        for row in re.findall(r"(?m)^\| ([^|]*`[^|]*) \|", section)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert named == set(document.Render.parameters)


def test_every_setting_of_the_plugin_is_shown() -> None:
    own = next(block for block in BLOCKS if isinstance(block, dict) and "plugins_settings" in block)
    text = (ROOT / "plugins" / "document.py").read_text("utf-8")
    assert set(own["plugins_settings"]["document"]) == set(
        re.findall(r'(?<!setup\.)\bown\.get\("(\w+)"', text)
    )


@pytest.mark.parametrize("number", range(2))
def test_the_rules_of_the_page_load(number: int) -> None:
    text = re.findall(r"(?ms)^```yaml\n(- document.*?)^```", PAGE)[number]
    rule = "ruleset: probe\nrules:\n  - id: one\n    triggers: [{filled: act.scan}]\n    actions:\n"
    whole = rule + "".join(f"      {line}\n" for line in text.splitlines())
    actions = {one.name: one for one in document.reglament_actions(make_setup())}
    _, found = load_regulation({"probe.yaml": whole.encode()}, WORLD, actions, {})
    assert [one for one in found if one.is_error] == []


@pytest.mark.parametrize("template", PAPERS)
def test_every_page_has_its_picture_of_now(template: str) -> None:
    pages = draw(template)
    for number, page in enumerate(pages, 1):
        name = f"{template}{'' if number == 1 else f'-{number}'}.png"
        held = (FOLDER / name).read_bytes()
        assert f"pictures/documents/{name}" in PAGE
        assert held == small(page), f"python -m tests.plugins.document_pictures ({DOTS} dpi)"
        assert len(held) <= MOST_BYTES
    assert not (FOLDER / f"{template}-{len(pages) + 1}.png").exists()
