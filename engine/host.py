"""Finds plugins, checks them, collects their actions.

A plugin file or distribution that fails to load is a diagnostic, not an outage: its actions are missing and the
regulations that use them say so. Two plugins with one action name are an error that names both.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pluggy

import engine.hooks
from engine.action import Action, PluginInfo
from engine.language.diagnostics import Diagnostic, Span
from engine.setup import Setup

ENTRY_POINTS = "reglament.plugins"
ACTION_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")


@dataclass(frozen=True)
class Host:
    """The plugins found, their actions by name, their own events, and what was wrong with any of them."""

    plugins: tuple[PluginInfo, ...]
    actions: Mapping[str, Action]
    received: Mapping[str, Mapping[str, str]]
    diagnostics: tuple[Diagnostic, ...] = field(default=())


def find_plugins(folders: Iterable[Path], setup: Setup, *, with_installed: bool = True) -> Host:
    """Load every `*.py` of `folders` and every installed plugin; return what they supply for `setup`."""
    found: list[Diagnostic] = []
    loaded: list[tuple[str, str, ModuleType]] = []
    for folder in folders:
        for file in sorted(folder.glob("*.py")) if folder.is_dir() else ():
            module = _load_file(file, found)
            if module is not None:
                loaded.append((file.stem, str(file), module))
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name) if with_installed else ():
        try:
            loaded.append((point.name, str(point.dist.name if point.dist else point.value), point.load()))
        except (Exception, SystemExit) as error:  # noqa: BLE001 — whatever a foreign module raises ends it only
            found.append(_broken(point.name, Span(point.value), error))
    return _collect(loaded, setup, found)


def _load_file(file: Path, found: list[Diagnostic]) -> ModuleType | None:
    name = f"reglament_plugin_{file.stem}_{abs(hash(str(file)))}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name while the class body runs.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 — whatever a plugin file raises ends that plugin only
        del sys.modules[name]
        found.append(_broken(file.stem, _place_of(error, file), error))
        return None
    return module


def _collect(loaded: list[tuple[str, str, ModuleType]], setup: Setup, found: list[Diagnostic]) -> Host:
    plugins: list[PluginInfo] = []
    actions: dict[str, Action] = {}
    owners: dict[str, str] = {}
    received: dict[str, Mapping[str, str]] = {}
    for name, origin, module in loaded:
        try:
            supplied, events = _ask(module, name, setup)
        except (Exception, SystemExit) as error:  # noqa: BLE001 — the same: one plugin's fault
            found.append(_broken(name, _place_of(error, Path(origin)), error))
            continue
        kept: list[Action] = []
        for action in supplied:
            problem = _problem(action)
            if problem:
                found.append(Diagnostic("R341", Span(origin), {"plugin": name, "what": problem}))
            elif action.name in owners:
                values = {"action": action.name, "plugin": name, "other": owners[action.name]}
                found.append(Diagnostic("R342", Span(origin), values))
            else:
                owners[action.name] = name
                actions[action.name] = action
                kept.append(action)
        received.update(events)
        plugins.append(PluginInfo(name, origin, tuple(kept)))
    return Host(tuple(plugins), dict(sorted(actions.items())), received, tuple(found))


def _ask(module: ModuleType, name: str, setup: Setup) -> tuple[list[Action], Mapping[str, Mapping[str, str]]]:
    """Ask one plugin alone, so that its failure is its own and no order of plugins matters."""
    manager = pluggy.PluginManager(engine.hooks.PROJECT)
    manager.add_hookspecs(engine.hooks)
    manager.register(module, name)
    manager.check_pending()
    supplied = [action for actions in manager.hook.reglament_actions(setup=setup) for action in actions]
    events = {name: fields for given in manager.hook.reglament_events() for name, fields in given.items()}
    return supplied, events


def _problem(action: object) -> str:
    """Return what is missing from an action, in English, or an empty text."""
    if not isinstance(action, Action):
        return f"{action!r} is not an engine.Action"
    missing = [part for part in ("name", "parameters", "example") if not hasattr(action, part)]
    if missing:
        return f"{type(action).__name__} has no {', '.join(missing)}"
    if not ACTION_NAME.fullmatch(action.name):
        return f"`{action.name}` is not a name of the form plugin.action"
    return ""


def _broken(plugin: str, span: Span, error: BaseException) -> Diagnostic:
    what = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    return Diagnostic("R340", span, {"plugin": plugin, "what": what})


def _place_of(error: BaseException, file: Path) -> Span:
    """Return the line of `file` where it failed: the deepest frame inside it, or the line of a syntax error."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return Span(
            str(file), error.lineno or 1, error.offset or 1, error.lineno or 1, (error.offset or 1) + 1
        )
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
    ]
    line = next((number for number in reversed(lines) if number), 1)
    return Span(str(file), line, 1, line, 1)
