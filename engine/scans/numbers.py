"""Numbers of documents in text and in marks. Pure.

Decides what looks like a number of a document: not whose it is, nor whether there is such a document. A rule asks
whether its own act's number is among them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from engine.scans.limits import MOST_NUMBERS, MOST_TEXT

# Letters and digits joined by hyphens or slashes, with a digit among them: А-2026/043, 12/АВР-7, 2026-43.
_JOINED = re.compile(r"(?<![\w/-])(?=[^\s]*\d)[^\W_]{1,12}(?:[-/][^\W_]{1,12}){1,5}(?![\w/-])")
_SIGNED = re.compile(r"(?:№|N[o°º]\.?)\s{0,3}([^\W_](?:[\w/.-]{0,38}[^\W_])?)")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


def numbers_in(text: str) -> Iterator[str]:
    """Yield what looks like a document's number in the text, in order, NFC and with plain hyphens."""
    plain = unicodedata.normalize("NFC", text[:MOST_TEXT]).translate(_DASHES)
    found = [*_SIGNED.finditer(plain), *_JOINED.finditer(plain)]
    for one in sorted(found, key=lambda match: match.end()):
        yield one.group(one.lastindex or 0)


def distinct(numbers: Iterable[str]) -> tuple[str, ...]:
    """Return each number once, in order, and not more than anybody needs."""
    return tuple(dict.fromkeys(numbers))[:MOST_NUMBERS]
