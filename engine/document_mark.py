"""The mark that our documents carry in their QR code: what the sheet is, said so that a scan can be told apart.

Decides how the mark is written and whether a text is one. It draws nothing, reads no picture, and proves nothing
about who signed: anyone can draw such a code, so a mark tells the right act from a wrong one, never a true
document from a false one.

>>> mark_text("act", "А-2026/043", "43")
'reglament:act:А-2026/043:43:6d58619c'
>>> read_mark("reglament:act:А-2026/043:43:6d58619c")
Mark(kind='act', number='А-2026/043', id='43')
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import unquote

WORD = "reglament"
CHECK_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """A document by its kind (`act`), its number as printed, and its item's id on the portal."""

    kind: str
    number: str
    id: str


def mark_text(kind: str, number: str, id: str) -> str:
    """Return `reglament:KIND:NUMBER:ID:CHECK`; a colon or percent sign inside a part is escaped as in an address.

    The number is NFC without outer blanks, so that one number gives one mark whatever typed it.
    """
    parts = [_escaped(part) for part in (kind, _normal(number), id)]
    return ":".join((WORD, *parts, _check(parts)))


def read_mark(text: str) -> Mark | None:
    """Return what a code says, None where it is not ours or is damaged (the check does not agree)."""
    word, *parts = text.strip().split(":")
    if word != WORD or len(parts) != 4 or parts[3] != _check(parts[:3]):
        return None
    kind, number, identity = (unquote(part) for part in parts[:3])
    return Mark(kind, number, identity)


def _normal(number: str) -> str:
    return unicodedata.normalize("NFC", number).strip()


def _escaped(part: str) -> str:
    # Only what would break the parts: a shorter code has bigger squares, and those survive a bad scanner.
    return re.sub(r"[:%\x00-\x1f]", lambda found: f"%{ord(found[0]):02X}", part)


def _check(parts: list[str]) -> str:
    return sha256(":".join(parts).encode()).hexdigest()[:CHECK_LENGTH]
