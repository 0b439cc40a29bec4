"""Where the portal is called and with what: an inbound webhook, or whatever else opens the door.

Decides how a request is addressed and signed, and what of a moved portal is remembered. It sends nothing; the client
asks here before each request, and again when the portal says that a token has expired.

A webhook's secret is part of its address and never changes. A connected application (`engine/portal/application.py`)
sends a token beside the parameters, which another process may renew at any moment: so nobody keeps what `access`
returned for longer than one request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from engine.portal.errors import PortalError


@dataclass(frozen=True, slots=True)
class Access:
    """One request's address up to the method's name, ending in `/`, and the token sent beside its parameters."""

    base: str = field(repr=False)
    token: str = field(default="", repr=False)


class Credentials(Protocol):
    """What the client asks. Safe between threads."""

    @property
    def address(self) -> str:
        """The portal's own address: `https://portal.example`; empty while nobody knows it."""

    def access(self) -> Access:
        """Return what the next request needs. Raises PortalError where there is nothing to call with."""

    def renew(self, spent: Access) -> bool:
        """The portal called the token of `spent` expired: True once another one is there, False where none can be.

        Raises PortalError where the renewal failed and says what a person does about it.
        """

    def moved(self, base: str) -> None:
        """The portal answers at `base` from now on; for this process, a person corrects the settings."""


class Webhook:
    """The inbound webhook `url` (`https://portal/rest/1/secret/`). Raises PortalError BAD_ADDRESS for no address."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise PortalError("", "BAD_ADDRESS", "the webhook address must begin with https://")
        self._base = url.rstrip("/") + "/"

    def __repr__(self) -> str:
        return f"Webhook({self.address!r})"

    @property
    def address(self) -> str:
        """See `Credentials`."""
        return address_of(self._base)

    def access(self) -> Access:
        """See `Credentials`."""
        return Access(self._base)

    def renew(self, spent: Access) -> bool:  # noqa: ARG002
        """A webhook has nothing to renew: one that has run out is prolonged by a person."""
        return False

    def moved(self, base: str) -> None:
        """See `Credentials`."""
        self._base = base


class Guest:
    """Somebody else's token, for as long as one page of theirs lives: it is never renewed and never kept."""

    def __init__(self, base: str, token: str) -> None:
        self._access = Access(base.rstrip("/") + "/", token)

    def __repr__(self) -> str:
        return f"Guest({self.address!r})"

    @property
    def address(self) -> str:
        """See `Credentials`."""
        return address_of(self._access.base)

    def access(self) -> Access:
        """See `Credentials`."""
        return self._access

    def renew(self, spent: Access) -> bool:  # noqa: ARG002
        """Their browser has the means, we have not."""
        return False

    def moved(self, base: str) -> None:
        """See `Credentials`."""
        self._access = Access(base, self._access.token)


def address_of(base: str) -> str:
    """Return scheme and host of an address: `https://portal.example`; empty for an empty one."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
