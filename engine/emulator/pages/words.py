"""How the pages print values: money, days, times, sizes, the portal's markup.

Decides text only; reads nothing. Russian, as the demo company's portal is.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from markupsafe import Markup, escape

_SPACE = "\u00a0"
_SIGNS = {"RUB": "₽"}
_TOKEN = re.compile(
    r"\[url=(?P<to>[^\]\s]+)\](?P<title>.*?)\[/url\]"
    r"|\[b\](?P<bold>.*?)\[/b\]"
    r"|(?P<bare>https?://[^\s<>\[\]«»\"]*[^\s<>\[\]«»\".,;:!?)])",
    re.IGNORECASE | re.DOTALL,
)
_SAFE = re.compile(r"https?://|/(?!/)", re.IGNORECASE)


def read_money(stored: object) -> Decimal:
    """Roubles of a stored ``48500.00|RUB`` or ``48500.00``; 0 where it is empty or no number."""
    try:
        return Decimal(str(stored or "0").split("|")[0])
    except InvalidOperation:
        return Decimal(0)


def money(amount: Decimal, currency: str = "RUB") -> str:
    """`154351.5` gives `154 351,50 ₽`, its spaces unbreakable."""
    digits = f"{amount:,.2f}".replace(",", _SPACE).replace(".", ",")
    return f"{digits}{_SPACE}{_SIGNS.get(currency, currency)}"


def day(stored: object) -> str:
    """`2026-03-14` gives `14.03.2026`; empty stays empty."""
    return date.fromisoformat(str(stored)[:10]).strftime("%d.%m.%Y") if stored else ""


def moment(stored: object) -> str:
    """An ISO moment gives `14.03.2026 16:41`, in the portal's own time; empty stays empty."""
    return datetime.fromisoformat(str(stored)).strftime("%d.%m.%Y %H:%M") if stored else ""


def size(count: object) -> str:
    """Bytes as a person reads them."""
    number = int(str(count or 0))
    if number < 1024:
        return f"{number}{_SPACE}Б"
    if number < 1024 * 1024:
        return f"{number / 1024:.1f}{_SPACE}КБ".replace(".", ",")
    return f"{number / 1024 / 1024:.1f}{_SPACE}МБ".replace(".", ",")


def markup(text: object) -> Markup:
    """The portal's ``[URL=…]…[/URL]`` and ``[B]…[/B]`` and bare addresses as HTML; all else is escaped.

    A link of another scheme than http, https or the portal's own path stays plain text.
    """
    source = str(text)
    found, end = Markup(), 0
    for match in _TOKEN.finditer(source):
        found += escape(source[end : match.start()]) + _element(match)
        end = match.end()
    return found + escape(source[end:])


def _element(match: re.Match[str]) -> Markup:
    if match["bold"] is not None:
        return Markup("<b>{}</b>").format(match["bold"])
    target = match["to"] or match["bare"]
    if not _SAFE.match(target):
        return escape(match["title"])
    return Markup('<a href="{}">{}</a>').format(target, match["title"] or target)
