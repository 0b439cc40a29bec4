"""The name of an attachment, in the forms that mail programs read.

Decides how a Russian file name is written into a letter's headers; it does not know what is in the file.
"""

from __future__ import annotations

import re
from email.header import Header
from email.message import EmailMessage
from typing import Final
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9 ._()+-]{1,60}")
_LONGEST: Final = 300
_LONGEST_ENDING: Final = 16


def name_attachment(part: EmailMessage, kind: str, name: str) -> None:
    """Give a part its name in the forms that mail programs read.

    RFC 2231 (`filename*`) is the standard, and new programs read it; Outlook and old web mail read the encoded word
    in the type's `name` (RFC 2047) that the standard forbids there. A second, ASCII `filename` beside `filename*` is
    for the web: several mail programs take whichever comes first.
    """
    if _PLAIN.fullmatch(name):
        plain, star = name, f'filename="{name}"'
    else:
        # Each byte is at most three characters, and a line may have 998.
        short = shorten(name, _LONGEST)
        plain = Header(short, "utf-8", maxlinelen=74).encode(linesep="\r\n")
        star = f"filename*=utf-8''{quote(short, safe='')}"
    for header in ("Content-Type", "Content-Disposition"):
        del part[header]
    part.set_raw("Content-Type", f'{kind};\r\n name="{plain}"')
    part.set_raw("Content-Disposition", f"attachment;\r\n {star}")


def shorten(name: str, size: int) -> str:
    """Return a file's name of at most `size` bytes in UTF-8; what tells its kind stays at its end."""
    if len(name.encode()) <= size:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if stem and len(ending.encode()) <= _LONGEST_ENDING else ""
    whole = stem if tail else name
    return whole.encode()[: size - len(tail.encode())].decode("utf-8", "ignore").rstrip() + tail
