"""The sections `registers:` and `roles:` of config.yaml: columns and presets of a company, and who sees what.

Decides what may stand there; whether a path or a condition means something is judged over the map, by the registers.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.language.source import ListNode, MapNode, Node, ScalarNode
from engine.setting_values import SettingValues
from engine.setup import RegisterSetup

REGISTERS = ("acts", "contracts")
ROLES = ("own", "department", "all", "none")


def read_registers(values: SettingValues) -> Mapping[str, RegisterSetup]:
    """Return what the settings say of each register; misses are noted with their places."""
    found: dict[str, RegisterSetup] = {}
    top = values.top.get("registers")
    node = values.findings.map(top) if top is not None else None
    if node is None:
        return found
    values.findings.keys(node, REGISTERS)
    for name, (_, value) in node.entries.items():
        one = values.findings.map(value)
        if one is not None:
            values.findings.keys(one, ("columns", "presets", "where"))
            found[name] = RegisterSetup(
                _columns(values, one.get("columns")),
                _presets(values, one.get("presets")),
                _text(one.get("where")),
            )
    return found


def read_roles(values: SettingValues) -> Mapping[str, str]:
    """Return the role of each user by id: own, department, all or none; misses are noted with their places."""
    found: dict[str, str] = {}
    top = values.top.get("roles")
    node = values.findings.map(top) if top is not None else None
    for name, (key, value) in node.entries.items() if node is not None else ():
        role = values.findings.text(value)
        if not (name.isascii() and name.isdigit()):
            values.refuse(key, name, "номер сотрудника на портале", "a user's number on the portal")
        elif role is not None and role.text not in ROLES:
            listed = ", ".join(ROLES)
            values.refuse(role, role.text, f"одно из: {listed}", f"one of: {listed}")
        elif role is not None:
            found[name] = role.text
    return found


def _columns(values: SettingValues, node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    listed: ListNode | None = values.findings.list(node)
    return tuple(one.text.strip() for one in listed.members if isinstance(one, ScalarNode)) if listed else ()


def _presets(values: SettingValues, node: Node | None) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    listed: MapNode | None = values.findings.map(node) if node is not None else None
    for name, (_, value) in listed.entries.items() if listed is not None else ():
        one = values.findings.map(value)
        if one is None:
            continue
        values.findings.keys(one, ("title", "where"))
        where = values.findings.text(values.findings.require(one, "where"))
        if where is not None:
            found[name] = (_text(one.get("title")) or name, where.text)
    return found


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, ScalarNode) else ""
