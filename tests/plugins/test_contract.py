"""A walk over every shipped action: what it promises to look up, to prove and to take back, or why it cannot."""

from __future__ import annotations

import inspect

import pytest

from engine import Action
from tests.plugins.action_case import ROOT, load_plugin, make_setup


def supplied(name: str) -> list[Action]:
    """The actions of a plugin, asked for as pluggy does: a hook takes the arguments that it names."""
    hook = load_plugin(name).reglament_actions
    return list(hook(make_setup()) if inspect.signature(hook).parameters else hook())


ACTIONS = {
    action.name: action for file in sorted((ROOT / "plugins").glob("*.py")) for action in supplied(file.stem)
}
OF_ITEMS = frozenset({"field", "stage", "item"})
# What cannot be taken back, and why.
LASTING = {
    "mail.send": "a letter that a server has accepted cannot be called back",
    "register.note": "nothing was changed",
}
# What has nothing to read back, and why.
UNPROVEN = {
    "mail.send": "the server's answer is all that there is to know",
    "document.render": "the file lies in the engine's own store, under its own digest",
    "document.to_pdf": "the file lies in the engine's own store, under its own digest",
    "register.note": "nothing changes: the run itself is the note",
}


def overrides(action: Action, method: str) -> bool:
    return getattr(type(action), method) is not getattr(Action, method)


def test_the_walk_sees_the_actions() -> None:
    assert {"act.issue", "mail.send", "notify", "feed.post", "disk.save_file", "field.set"} <= set(ACTIONS)
    assert set(LASTING) | set(UNPROVEN) <= set(ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_irreversible_action_looks_for_an_earlier_try(name: str) -> None:
    assert not ACTIONS[name].irreversible or overrides(ACTIONS[name], "probe")


@pytest.mark.parametrize("name", ACTIONS)
def test_what_changes_an_item_is_read_back_and_can_be_taken_back(name: str) -> None:
    if OF_ITEMS & set(ACTIONS[name].kinds):
        assert overrides(ACTIONS[name], "verify")
        assert overrides(ACTIONS[name], "undo")


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_proven_and_taken_back_or_says_why_not(name: str) -> None:
    assert overrides(ACTIONS[name], "verify") is (name not in UNPROVEN)
    assert overrides(ACTIONS[name], "undo") is (name not in LASTING)
