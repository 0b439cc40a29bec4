"""A connected application: its tokens, and how they are renewed without ever being lost.

Decides when a token is renewed (only when the portal calls it expired), by whom (one thread of one process, the others
take what it got), and when asking stops. Where tokens are kept it does not know: a `Shelf` does.

A refresh token is good for one use. So the next pair is on the shelf, durably, before anything is sent with it; and a
refusal of ours is first compared with the shelf, since another process may have used the token a moment ago.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

from engine.portal.credentials import Access, address_of
from engine.portal.errors import PortalError
from engine.portal.oauth import Grant, OAuthServer

State: TypeAlias = Literal["installed", "gone", "dead"]
"""`gone`: removed from the portal; `dead`: its refresh token is no longer accepted. Both wait for an install."""

# The portal's bill may be paid, the client's secret corrected on the vendor's side; neither happens within minutes.
_REST = 3600.0
_LOOK_AGAIN = (0.2, 0.5, 1.0, 2.0)
# An install that was refused is repeated by a person; until then the same words hold.
_WORDS = {
    "NOT_INSTALLED": "the application is not installed on a portal yet: press «Install» or «Save» on its page there",
    "APPLICATION_GONE": "the application was removed from the portal: install it again",
    "invalid_grant": "the application's tokens are no longer accepted: open it on the portal, or install it again",
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """An installed application as it is kept: one portal, pinned by `member_id`."""

    member_id: str
    client_endpoint: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    application_token: str = field(repr=False)
    scope: str = ""
    status: str = ""
    user: str = ""
    state: State = "installed"

    def renewed(self, grant: Grant) -> Tokens:
        """Return the same installation with the tokens of `grant`, at the portal's present address."""
        return replace(
            self,
            client_endpoint=grant.client_endpoint,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            scope=grant.scope or self.scope,
            status=grant.status or self.status,
            user=grant.user or self.user,
            state="installed",
        )


class Shelf(Protocol):
    """Where the tokens are kept, for all processes of one engine. Safe between threads."""

    def read(self) -> Tokens | None:
        """Return the installed application, None before the first install."""

    def renewed(self, old: str, tokens: Tokens) -> bool:
        """Keep renewed `tokens`, durably when this returns, if `old` is still the refresh token on the shelf.

        False where it is not: an install has replaced it, whose tokens are the newer ones.
        """

    def alone(self) -> AbstractContextManager[bool]:
        """Yield True to one process at a time; whoever gets False lets the other one renew."""


class Application:
    """Credentials of the application whose tokens are on `shelf`. Safe between threads and processes.

    `sleep` is called while another process renews.
    """

    def __init__(
        self,
        server: OAuthServer,
        shelf: Shelf,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server, self._shelf, self._sleep, self._clock = server, shelf, sleep, clock
        self._lock = threading.Lock()
        self._refused: tuple[str, float, PortalError] | None = None

    def __repr__(self) -> str:
        return f"Application({self._server.client_id!r})"

    @property
    def address(self) -> str:
        """See `Credentials`."""
        tokens = self._shelf.read()
        return address_of(tokens.client_endpoint) if tokens else ""

    def access(self) -> Access:
        """See `Credentials`. Raises PortalError `NOT_INSTALLED`, `APPLICATION_GONE`, or why renewing has stopped."""
        tokens = self._shelf.read()
        if tokens is None:
            raise waiting("NOT_INSTALLED")
        if tokens.state == "gone":
            raise waiting("APPLICATION_GONE")
        if tokens.state == "dead":
            raise waiting("invalid_grant")
        refused = self._refused
        if refused and refused[0] == tokens.refresh_token and self._clock() < refused[1]:
            raise refused[2]
        return Access(tokens.client_endpoint, tokens.access_token)

    def renew(self, spent: Access) -> bool:
        """See `Credentials`. The new tokens are on the shelf before this returns."""
        with self._lock:
            for pause in (*_LOOK_AGAIN, 0.0):
                if self._is_renewed(spent):
                    return True
                with self._shelf.alone() as is_alone:
                    if is_alone:
                        return self._renew(spent)
                self._sleep(pause)
        raise PortalError("oauth.token", "NO_ANSWER", "another process is renewing the tokens", "later")

    def moved(self, base: str) -> None:
        """A moved portal's new address is told by the OAuth server at the next renewal; until then it is followed."""

    def _renew(self, spent: Access) -> bool:
        tokens = self._shelf.read()
        if tokens is None or self._is_renewed(spent):
            return tokens is not None
        try:
            grant = self._server.refresh(tokens.refresh_token)
        except PortalError as error:
            return self._after_refusal(tokens, spent, error)
        if grant.member_id != tokens.member_id:
            text = "the OAuth server's tokens are of another portal"
            raise PortalError("oauth.token", "FOREIGN_PORTAL", text, "later", _REST)
        if self._shelf.renewed(tokens.refresh_token, tokens.renewed(grant)):
            return True
        return self._is_renewed(spent)

    def _after_refusal(self, tokens: Tokens, spent: Access, error: PortalError) -> bool:
        """Somebody without our lock (a command beside the engine) may have renewed: then all is well."""
        if error.code == "invalid_grant":
            for pause in _LOOK_AGAIN:
                if self._is_renewed(spent):
                    return True
                self._sleep(pause)
            self._shelf.renewed(tokens.refresh_token, replace(tokens, state="dead"))
            raise waiting("invalid_grant") from None
        if error.retry == "never":
            # What waits for the portal goes on waiting; only the asking rests.
            error = PortalError(error.method, error.code, error.description, "later", _REST)
            self._refused = (tokens.refresh_token, self._clock() + _REST, error)
        if error.retry == "unknown":
            # Renewing changes nothing on the portal: it is asked again, and a spent token then says so.
            error = PortalError(error.method, error.code, error.description, "later")
        raise error

    def _is_renewed(self, spent: Access) -> bool:
        tokens = self._shelf.read()
        return tokens is not None and tokens.access_token != spent.token


def waiting(code: str) -> PortalError:
    """Return the error of work that waits for an install: it did not happen, and is tried again."""
    return PortalError("", code, _WORDS[code], "later", 60.0)
