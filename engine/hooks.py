"""The hook specifications: what a plugin may supply. Nothing else.

A plugin is a module (a file of `plugins/`, or an installed distribution with an entry point in the group
`reglament.plugins`) whose functions carry `@hookimpl`. All of its engine imports come from `engine`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from engine.action import Action
    from engine.setup import Setup

PROJECT = "reglament"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def reglament_actions(setup: Setup) -> Sequence[Action]:  # type: ignore[empty-body]
    """Return the actions this plugin supplies, built for `setup`. Called once an edition of the plugins."""


@hookspec
def reglament_events() -> Mapping[str, Mapping[str, str]]:  # type: ignore[empty-body]
    """Return the plugin's own events: name (`bank.payment`) → root fields of `received:` by name and type."""
