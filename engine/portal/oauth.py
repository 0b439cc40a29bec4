"""The vendor's OAuth server: a refresh token becomes the next pair of tokens.

Decides what its answers mean and which of them no further asking will change. It keeps nothing. The server's address
is the one of the settings, never one that came with a post: whoever may say where tokens are checked may pass any.

The refresh token and the client's secret go in a POST body: PROTOCOL §1 prints a GET, but what stands in an address is
written into the logs of every machine on the way. `GET` remains for a server that takes nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from engine import __version__
from engine.portal.errors import PortalError

VENDOR: Final = "https://oauth.bitrix.info"
_PATH: Final = "/oauth/token/"
_PATIENCE = 20.0
_METHOD: Final = "oauth.token"
# Asked again with the same words, the server answers the same: a person must do something first.
_FINAL: Final = frozenset(
    {
        "invalid_grant", "invalid_client", "wrong_client", "invalid_request", "invalid_scope", "insufficient_scope",
        "PAYMENT_REQUIRED",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grant:
    """What the OAuth server vouches for: the tokens, and which portal (`member_id`, `client_endpoint`) they open.

    `user` is the employee on whose behalf they act; empty where the server did not say.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    member_id: str
    client_endpoint: str
    scope: str = ""
    status: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class OAuthServer:
    """The server at `address` for one client. `transport` is for tests."""

    client_id: str
    client_secret: str = field(repr=False)
    address: str = VENDOR
    transport: httpx.BaseTransport | None = field(default=None, repr=False)

    def refresh(self, refresh_token: str) -> Grant:
        """Return the next tokens; the one given is spent from then on.

        Raises PortalError: `retry="never"` where only a person can help, `"later"` where the server could not be
        reached or has its own trouble, `"unknown"` where the answer was lost and the token may be spent.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": refresh_token,
        }
        headers = {"User-Agent": f"reglament/{__version__}", "Accept": "application/json"}
        with httpx.Client(
            timeout=_PATIENCE, follow_redirects=False, headers=headers, transport=self.transport
        ) as http:
            response = self._ask(http, form)
        return _read(response)

    def _ask(self, http: httpx.Client, form: Mapping[str, str]) -> httpx.Response:
        url = self.address.rstrip("/") + _PATH
        try:
            response = http.post(url, data=dict(form))
            if response.status_code in (404, 405, 501):
                response = http.get(url, params=dict(form))
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
        ) as error:
            raise PortalError(
                _METHOD, "NO_CONNECTION", f"cannot reach the OAuth server: {error}", "later"
            ) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            text = f"the OAuth server did not answer: {error or type(error).__name__}"
            raise PortalError(_METHOD, "NO_ANSWER", text, "unknown") from None
        return response


def _read(response: httpx.Response) -> Grant:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        text = f"HTTP {response.status_code}, {len(response.content)} bytes instead of tokens"
        raise PortalError(_METHOD, "NOT_JSON", text, "unknown" if response.status_code < 400 else "later")
    if body.get("error"):
        code = str(body["error"])
        is_final = code in _FINAL and response.status_code < 500
        raise PortalError(
            _METHOD, code, str(body.get("error_description") or ""), "never" if is_final else "later"
        )
    names = ("access_token", "refresh_token", "member_id", "client_endpoint")
    access, refresh, member, endpoint = (str(body.get(name) or "") for name in names)
    if not (access and refresh and member and endpoint.startswith(("https://", "http://"))):
        raise PortalError(_METHOD, "NOT_JSON", "the OAuth server's answer has no tokens", "unknown")
    return Grant(
        access, refresh, member, endpoint.rstrip("/") + "/",
        str(body.get("scope") or ""), str(body.get("status") or ""), str(body.get("user_id") or ""),
    )  # fmt: skip
