"""docs/operations.md and contrib/: every command, option, setting, metric and file that they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import yaml

from engine.cli import COMMANDS, main
from engine.settings import _KEYS as SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
JOURNAL = (ROOT / "docs" / "journal.md").read_text("utf-8")
ALERTS = yaml.safe_load((ROOT / "contrib" / "alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
METRICS = set(re.findall(r"(?m)^\| `(reglament_\w+)`", JOURNAL))


def _calls() -> list[str]:
    code = re.findall(r"`(engine [^`]+)`", PAGE.replace("\n", " "))
    blocks = re.findall(r"(?ms)^```(?:sh|text)\n(.*?)^```", PAGE)
    lines = [
        line.split("  #")[0] for block in blocks for line in block.splitlines() if not line.startswith("#")
    ]
    return code + [
        found[0] for line in lines for found in re.finditer(r"(?<![\w-])engine (?!engine)[a-z].*$", line)
    ]


@pytest.mark.parametrize("call", sorted(set(_calls())))
def test_a_command_of_the_page_exists(call: str) -> None:
    words = call.split()[1:]
    if words[0] == "is":
        return
    assert words[0] in COMMANDS, call
    command = main.get_command(click.Context(main), words[0])
    assert command is not None
    if isinstance(command, click.Group) and len(words) > 1 and not words[1].startswith("-"):
        assert words[1] in command.commands, call
        command = command.commands[words[1]]
    options = {option for one in command.params for option in one.opts}
    assert {word for word in words if word.startswith("-")} <= options, call


def test_the_alerts_ask_for_metrics_that_are_told() -> None:
    asked = {name for rule in ALERTS for name in re.findall(r"reglament_\w+", rule["expr"])}
    assert asked
    assert asked <= METRICS
    assert set(re.findall(r"reglament_[a-z_]+", PAGE)) <= METRICS
    rows = set(re.findall(r"(?m)^\| `(Reglament\w+)`", PAGE))
    assert rows == {rule["alert"] for rule in ALERTS}


def test_settings_files_and_links_of_the_page() -> None:
    for section, key in re.findall(r"`([a-z]+)\.([a-z_]+)`", PAGE):
        if section in SETTINGS:
            assert key in SETTINGS[section], f"{section}.{key}"
    for name in set(re.findall(r"(?:contrib/[\w.]+|Containerfile|compose\.yaml)", PAGE)):
        assert (ROOT / name).exists(), name
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"(?m)^#+ (.+)$", PAGE)
    }
    for target in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert target in anchors, target
    for name in re.findall(r"\]\((\w+)\.md", PAGE):
        assert (ROOT / "docs" / f"{name}.md").exists(), name
