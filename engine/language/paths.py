"""Safe names for folders and files: whatever a client is called, a path stays inside its folder.

The rules are LANGUAGE's "Paths": no value can add a level, climb one, hide itself or look like another name.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from typing import Final

from engine.language.values import Mixed, Pending

MAX_NAME: Final = 200
_REPLACED: Final = re.compile(r'[/\\<>:"|?*]')
_DOTS: Final = re.compile(r"\.{2,}")
# Control, format (zero width, direction), lone surrogates, line ends: none shows in a name.
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_RESERVED: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])(?=\.|$| *\.| *$)", re.IGNORECASE
)


def safe_name(text: str) -> str:
    """Return one safe folder or file name made of `text`; empty where nothing is left, which is to be
    refused.

    The name has at most 200 characters; a longer one is cut and ends in `~` and eight letters of its hash, so
    that two long names do not become one. Doing it twice changes nothing more.
    """
    name = _characters(text).lstrip(".- ").rstrip(". ")
    reserved = _RESERVED.match(name)
    if reserved:
        name = f"{name[: reserved.end()]}_{name[reserved.end() :]}"
    if len(name) > MAX_NAME:
        mark = "~" + sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = name[: MAX_NAME - len(mark)] + mark
    return name


def _characters(text: str) -> str:
    """Return `text` with every character and run of dots that a name may not have replaced or dropped."""
    kept = []
    for character in unicodedata.normalize("NFC", _REPLACED.sub("-", text)):
        category = unicodedata.category(character)
        if category not in _DROPPED:
            kept.append(" " if category == "Zs" else character)
    # A dropped character may have stood between a letter and its mark, so they are joined again.
    return unicodedata.normalize("NFC", _DOTS.sub("", "".join(kept)))


def safe_parts(text: Mixed) -> Mixed:
    """Return a name with pending parts, its texts safe; `safe_name` has to follow once all is known."""
    return Mixed(tuple(part if isinstance(part, Pending) else _characters(part) for part in text.parts))
