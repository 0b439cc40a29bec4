"""A connected application as its own server sees the portal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from engine.emulator.applications import Registration

CLIENT, SECRET = "local.test.1", "s3cret"
SCOPES = ("crm", "disk", "user", "placement")


def registration(**given: Any) -> Registration:
    """A local application without pages."""
    return Registration(**({"scopes": SCOPES, "client_id": CLIENT, "client_secret": SECRET} | given))


@dataclass
class Application:
    """Calls by an access token; ``url`` is the portal's base."""

    url: str
    token: str
    refresh: str = ""

    def post(self, method: str, **params: Any) -> httpx.Response:
        return httpx.post(
            f"{self.url}/rest/{method}.json", json={"auth": self.token} | params, trust_env=False
        )

    def result(self, method: str, **params: Any) -> Any:
        answer = self.post(method, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def refusal(self, method: str, **params: Any) -> tuple[int, Any, str]:
        answer = self.post(method, **params)
        body = answer.json()
        return answer.status_code, body["error"], body.get("error_description", "")


def token(url: str, **query: Any) -> httpx.Response:
    """A call of the authorization server."""
    given = {"client_id": CLIENT, "client_secret": SECRET} | query
    return httpx.get(f"{url}/oauth/token/", params=given, trust_env=False)


def connect(portal: Any, url: str, user: int = 1, **given: Any) -> Application:
    """The application installed, and authorized by an employee through the browser's way."""
    portal.install_application(registration(**given))
    return sign_in(url, user)


def sign_in(url: str, user: int = 1) -> Application:
    """One more authorization, by the code that the portal shows where an application has no address."""
    page = httpx.get(f"{url}/oauth/authorize/", params={"client_id": CLIENT, "user": user}, trust_env=False)
    code = page.text.strip()
    pair = token(url, grant_type="authorization_code", code=code).json()
    return Application(url, pair["access_token"], pair["refresh_token"])
