"""Names for what the portal calls in people's words: «Номер акта» → `nomer_akta`.

Decides how a title becomes a name that a regulation can write, and how two that would be one stay apart. Pure.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection

from engine.language.world import RESERVED

_LETTERS = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        (
            "a", "b", "v", "g", "d", "e", "yo", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u",
            "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya",
        ),
        strict=True,
    )
)  # fmt: skip
_LONGEST = 40


def propose(title: str, taken: Collection[str], fallback: str) -> str:
    """Return a name made of `title`, or of `fallback` where no letter of it remains; none of those taken."""
    name = _snake(title) or _snake(fallback) or "field"
    if name in RESERVED or keyword.iskeyword(name):
        name += "_"
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _snake(text: str) -> str:
    latin = "".join(_LETTERS.get(letter, letter) for letter in text.lower())
    name = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")
    if len(name) > _LONGEST:
        name = name[:_LONGEST].rpartition("_")[0] or name[:_LONGEST]
    return f"n_{name}" if name[:1].isdigit() else name
