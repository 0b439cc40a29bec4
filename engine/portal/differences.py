"""What a taking over found, with the edits that follow from it.

Decides nothing: `pull.py` and `pull_stages.py` gather here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from engine.effects import Said
from engine.portal.map_text import Edit

Kind: TypeAlias = Literal["new", "changed", "gone", "kept"]
GONE = "нет на портале / gone from the portal"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the map differed: `new` on the portal, `changed`, `gone`; `kept` where a person decides."""

    kind: Kind
    where: str
    what: Said


@dataclass(slots=True)
class Changes:
    """Edits being gathered. `gone` are those that may turn out impossible: the map may stand on what they take away."""

    edits: list[Edit] = field(default_factory=list)
    found: list[Difference] = field(default_factory=list)
    gone: list[tuple[Edit, Difference]] = field(default_factory=list)

    def add(self, kind: Kind, where: str, ru: str, en: str, *edits: Edit) -> None:
        """Note a difference and what it changes in the text."""
        self.edits += edits
        self.found.append(Difference(kind, where, Said(ru, en)))

    def lose(self, where: str, ru: str, en: str, edit: Edit) -> None:
        """Note something that is to be commented out if it can."""
        self.gone.append((edit, Difference("gone", where, Said(ru, en))))
