"""The list of plugins as text and as JSON (`reglament/plugins/1`). Only shapes; plugins were found by the host."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.words import word

if TYPE_CHECKING:
    from engine.action import Action
    from engine.workshop import Workshop


def list_json(workshop: Workshop) -> str:
    """Return all plugins as a JSON object: name, origin, actions with parameters; and the events they deliver."""
    plugins = [
        {
            "name": one.name,
            "origin": origin_of(workshop, one.origin),
            "actions": [_as_json(a) for a in one.actions],
        }
        for one in workshop.host.plugins
    ]
    events = {name: dict(fields) for name, fields in workshop.host.received.items()}
    form = {"schema": "reglament/plugins/1", "plugins": plugins, "events": events}
    return json.dumps(form, ensure_ascii=False, indent=2) + "\n"


def list_text(workshop: Workshop, language: str) -> str:
    """Return all plugins as text for people."""
    lines: list[str] = []
    for plugin in workshop.host.plugins:
        lines.append(f"{word('plugin', language, name=plugin.name)}  ({origin_of(workshop, plugin.origin)})")
        if not plugin.actions:
            lines.append(f"  {word('no_actions', language)}")
        for action in plugin.actions:
            lines.extend(_action_lines(action, language))
        lines.append("")
    for name, fields in workshop.host.received.items():
        lines.append(word("receives", language, name=name, fields=_fields(fields)))
    return "\n".join(lines).rstrip() + "\n"


def origin_of(workshop: Workshop, origin: str) -> str:
    """Return where a plugin came from as a person calls it: its file beside the config, else file or distribution."""
    return workshop.name_of(Path(origin)) if origin.endswith(".py") else origin


def _as_json(action: Action) -> dict[str, object]:
    parameters = {
        name: {"type": one.type, "doc": one.doc, "required": one.required}
        for name, one in action.parameters.items()
    }
    return {
        "name": action.name,
        "doc": inspect.getdoc(type(action)) or "",
        "parameters": parameters,
        "open_parameters": action.open_parameters,
        "result": action.result,
        "kinds": list(action.kinds),
        "irreversible": action.irreversible,
        "needs_key": action.needs_key,
        "example": action.example,
    }


def _action_lines(action: Action, language: str) -> Iterator[str]:
    result = f" → {action.result}" if action.result else ""
    yield f"  {action.name}{result}"
    # Russian first, then English, each a paragraph: see the shipped plugins.
    paragraphs = (inspect.getdoc(type(action)) or "").split("\n\n")
    doc = paragraphs[0] if language == "ru" or len(paragraphs) == 1 else "\n".join(paragraphs[1:])
    yield from (f"    {line}" for line in doc.splitlines())
    width = max((len(name) for name in action.parameters), default=0)
    for name, one in action.parameters.items():
        need = word("required" if one.required else "optional", language)
        yield f"    {name:<{width}}  {one.type}, {need} — {one.doc}"
    if action.open_parameters:
        yield f"    …  {word('open_parameters', language)}"
    example = action.example.strip().splitlines()
    yield f"    {word('example', language)}:"
    yield from (f"      {line}" for line in example)


def _fields(fields: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in fields.items())
