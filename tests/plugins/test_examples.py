"""Every action of these plugins: its example loads through the real loader, its words are there, its effect is pure."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Action
from engine.language.load import load_regulation
from tests.plugins.action_case import WORLD, load_plugin, make_setup

PLUGINS = ("deal", "field", "item", "act", "invoice", "disk", "notify")
SETUP = make_setup()
ACTIONS: dict[str, Action] = {
    action.name: action for plugin in PLUGINS for action in load_plugin(plugin).reglament_actions(SETUP)
}
KINDS = {"field", "stage", "item", "document", "folder", "file", "notice", "feed", "mail", "timer", "call"}
# Examples speak of what an earlier step of the same rule made.
EARLIER = {
    "disk.save_file": '- disk.ensure_folder: {path: "Акты"}\n  as: folder',
}


@pytest.mark.parametrize("name", ACTIONS)
def test_the_example_loads(name: str) -> None:
    entries = "\n".join(one for one in (EARLIER.get(name), ACTIONS[name].example) if one)
    body = "\n".join("      " + row for row in entries.splitlines())
    text = (
        "ruleset: probe\ntitle: Проба\nrules:\n  - id: one\n    title: Один\n    triggers:\n      - filled: act.scan\n"
        f"    actions:\n{body}\n"
    )
    rule_sets, found = load_regulation({"probe.yaml": text.encode()}, WORLD, ACTIONS, {})
    assert [one for one in found if one.is_error] == [], found
    assert rule_sets[0].rules[0].actions[-1].action == name


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_says_what_it_is(name: str) -> None:
    action = ACTIONS[name]
    assert action.__doc__
    assert "\n\n" in action.__doc__  # Russian for the office, then English
    assert set(action.kinds) <= KINDS
    assert action.kinds
    assert all(param.doc.endswith(".") for param in action.parameters.values())


def test_no_plugin_reaches_past_the_public_door() -> None:
    folder = Path(__file__).parents[2] / "plugins"
    for plugin in PLUGINS:
        text = (folder / f"{plugin}.py").read_text(encoding="utf-8")
        imports = [row for row in text.splitlines() if row.startswith(("import ", "from "))]
        assert not [row for row in imports if "engine." in row or "plugins" in row], plugin
