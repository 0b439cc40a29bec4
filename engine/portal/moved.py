"""A portal that sends us elsewhere: whether a request may follow, and where to.

Decides by address alone. A renamed portal answers 302 (301, 307, 308) with its new name, and the same POST goes there
again, body and secret included. So a redirect is a way to steal the secret: it is followed only where whoever answers
there is the portal already trusted, that is the same host, or another name under the same vendor's domain
(`*.bitrix24.ru` to `*.bitrix24.ru`, `.com`, `.eu`, …, where customers get no machines of their own). A portal on a
company's own server that changes its name needs a person: the address in the settings is corrected by hand.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from engine.portal.errors import PortalError, redact

REDIRECTS = (301, 302, 307, 308)
MOST_HOPS = 4
# PROTOCOL §1: the cloud's portals are third-level names of bitrix24.<country>, of two labels for some countries.
_VENDOR = re.compile(
    r"[a-z0-9-]+\.bitrix24\.(?:com|ru|eu|de|fr|es|it|pl|by|kz|ua|uz|in|cn|mx|co|vn|id|jp|tr|site|tech"
    r"|com\.br|com\.tr)"
)


def next_address(method: str, url: str, location: str) -> str:
    """Return where the request to `url` goes instead. Raises PortalError BAD_REDIRECT where it must not."""
    try:
        new = urljoin(url, location)
        there, here = urlsplit(new), urlsplit(url)
        is_known = _is_same_portal(here.hostname or "", there.hostname or "")
    except ValueError:
        raise _bad(method, location, "which is no address") from None
    if not location or there.scheme not in ("http", "https") or not there.netloc:
        raise _bad(method, location, "which is no address")
    if there.scheme == "http" and here.scheme == "https":
        raise _bad(method, new, "without encryption")
    if "/rest/" not in there.path:
        raise _bad(method, new, "which is no REST address")
    if not is_known:
        raise _bad(method, new, "a stranger's address, where the secret must not go")
    return new


def new_base(base: str, asked: str, answered: str) -> str | None:
    """Return the base that stands for `base` now: the request to `asked` was answered at `answered` in the end.

    None where the two differ in more than the address before the method: such a redirect is followed once more next
    time.
    """
    method = asked.removeprefix(base)
    found = answered.removesuffix(method)
    return found if asked.startswith(base) and method and found not in (answered, base) else None


def _is_same_portal(here: str, there: str) -> bool:
    if here.lower() == there.lower():
        return True
    return bool(_VENDOR.fullmatch(here.lower()) and _VENDOR.fullmatch(there.lower()))


def _bad(method: str, address: str, why: str) -> PortalError:
    return PortalError(
        method, "BAD_REDIRECT", f"the portal sends us to {redact(address) or 'nowhere'}, {why}"
    )
