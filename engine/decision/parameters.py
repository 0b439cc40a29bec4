"""Parameters of an action call, filled in from facts.

Knows templates and defaults; does not know what any action does with the values.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.action import Action
from engine.decision.edition import Edition
from engine.decision.facts import Facts
from engine.language.rules import ActionCall, ParamTree
from engine.language.template import Template
from engine.language.values import Item, Undecided, Value

Params = Mapping[str, "Value | Mapping[str, Value]"]


def void(name: str) -> Undecided:
    """Return the result of a step that will not run: lists leave it out, a step that needs it is skipped."""
    return Undecided(name, is_void=True)


def render_params(call: ActionCall, facts: Facts, edition: Edition) -> Params | Undecided:
    """Return the values of every parameter, or the first that is void or undecided.

    Defaults the engine fills in where the regulation leaves a declared parameter out: one that is called as a root
    in scope (`deal`) takes that item. For `open_parameters` the items that the keys name stand under `@ROOT`.
    """
    action = edition.actions[call.action]
    rendered: dict[str, Value | Mapping[str, Value]] = {}
    for name, tree in call.params.items():
        value = _render(tree, facts, is_path=_is_path(action, name))
        if isinstance(value, Undecided):
            return value
        rendered[name] = value
    for name, declared in action.parameters.items():
        if name not in rendered and declared.type in edition.world.entities and name in facts.roots:
            value = facts.root(name)
            if isinstance(value, Item):
                rendered[name] = value
    if action.open_parameters:
        for root in {name.partition(".")[0] for name in call.params if "." in name}:
            value = facts.root(root)
            if isinstance(value, Undecided):
                return value
            rendered["@" + root] = value
    return rendered


def _is_path(action: Action, name: str) -> bool:
    declared = action.parameters.get(name)
    return declared is not None and declared.type == "path"


def _render(tree: ParamTree, facts: Facts, *, is_path: bool) -> Value | Mapping[str, Value]:
    if isinstance(tree, Template):
        return tree.render_path(facts) if is_path else tree.render(facts)
    if isinstance(tree, Mapping):
        inner: dict[str, Value] = {}
        for name, member in tree.items():
            found = _render(member, facts, is_path=False)
            if isinstance(found, Undecided):
                return found
            inner[name] = found if not isinstance(found, Mapping) else tuple(found.values())
        return inner
    members: list[Value] = []
    for member in tree:
        value = _render(member, facts, is_path=False)
        if isinstance(value, Undecided):
            if value.is_void:
                continue
            return value
        if not isinstance(value, Mapping):
            members.append(value)
    return tuple(members)
