"""The words that a person wrote in an answer, without the letter quoted below them.

Decides where the quotation begins; what it is not sure of it leaves in.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 1000
# «12.03.2026, 10:15, Анна <a@b.ru> пишет:», «On Mon … wrote:», Outlook's rule and its block of headers.
_QUOTE: Final = re.compile(
    r"^\s*(?:>|-{3,}\s*(?:Original Message|Исходное сообщение|Пересылаемое)|_{10,}\s*$"
    r"|.{0,200}(?:пиш(?:ет|ете)|написал(?:а|\(а\))?|wrote):\s*$|(?:От|From|Отправлено|Sent):\s.*@)",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """Return the text above the first quoted line, at most a thousand characters; control characters are gone."""
    lines: list[str] = []
    for line in text.splitlines():
        if _QUOTE.match(line):
            break
        lines.append("".join(one for one in line if one.isprintable() or one == "\t").rstrip())
    said = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
