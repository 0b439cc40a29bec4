"""One config file as its values are asked for by section and key; a miss is a diagnostic with a place.

Decides how a value is read (`${NAME}`, `NAME_FILE`), and that what is shown of a wrong one is no secret. It knows no
setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from engine.hiding import hide, secret_values
from engine.language.shape import Findings
from engine.language.source import MapNode, Node, ScalarNode

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")


class SettingValues:
    """One reading of a config file; it goes on after a miss, to find the next."""

    def __init__(self, top: MapNode, variables: Mapping[str, str], folder: Path) -> None:
        self.top = top
        self.variables = variables
        self.folder = folder
        self.findings = Findings()

    def node(self, section: str, key: str) -> Node | None:
        """Return what stands under a key of a section (empty: of the top), None where nothing does."""
        holder = self.top.get(section) if section else self.top
        return holder.get(key) if isinstance(holder, MapNode) else None

    def text(self, section: str, key: str, default: str = "") -> str:
        """Return a text with its variables filled in. Raises OSError for a secret file that cannot be read."""
        node = self.node(section, key)
        if node is None:
            return default
        if not isinstance(node, ScalarNode):
            self.findings.text(node)
            return default
        return _VARIABLE.sub(lambda m: self.variable(m.group(1)) or m.group(2) or "", node.text)

    def variable(self, name: str) -> str:
        """Return a variable's value, from the file that NAME_FILE names where it has none. Raises OSError."""
        given = self.variables.get(name, "")
        file = self.variables.get(f"{name}_FILE", "")
        return given if given or not file else Path(file).read_text("utf-8").strip()

    def refuse(self, node: Node | None, value: str, wanted_ru: str, wanted_en: str) -> None:
        """Note that a value does not fit, and what is needed."""
        span = node.span if node is not None else self.top.span
        # The value may be a secret that went to the wrong place.
        shown = hide(value, secret_values(self.variables))
        self.findings.say("R320", span, value=shown, wanted_ru=wanted_ru, wanted_en=wanted_en)

    def one_of(self, section: str, key: str, options: tuple[str, ...], default: str) -> str:
        """Return one of the words allowed."""
        value = self.text(section, key, default)
        if value not in options:
            listed = ", ".join(options)
            self.refuse(self.node(section, key), value, f"одно из: {listed}", f"one of: {listed}")
            return default
        return value

    def number(self, section: str, key: str, default: int) -> int:
        """Return a whole number."""
        value = self.text(section, key, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value):
            self.refuse(self.node(section, key), value, "целое число", "a whole number")
            return default
        return int(value)

    def path(self, key: str, default: str) -> Path:
        """Return a path as it is seen from the config's folder."""
        return (self.folder / self.text("", key, default)).resolve()


def is_readable(address: str) -> bool:
    """True where an address can be taken apart: who does so later need not fear for it."""
    try:
        urlsplit(address)
    except ValueError:
        return False
    return True
