"""A connected application in tests of robots and placements: installed without a word, calling for an employee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from engine.emulator.application_auth import auth_block
from engine.emulator.applications import Registration, install
from engine.emulator.portal import Portal

SCOPES = ("bizproc", "crm", "disk", "placement", "user")


@dataclass
class Connected:
    """`row` is the portal's; calls go over HTTP with a new token each."""

    portal: Portal
    url: str
    http: httpx.Client
    row: dict[str, Any]
    user: int = 1

    def post(self, method: str, **params: Any) -> httpx.Response:
        token = auth_block(self.portal, self.row, self.user)["access_token"]
        return self.http.post(f"{self.url}/rest/{method}", json={**params, "auth": token})

    def result(self, method: str, **params: Any) -> Any:
        answer = self.post(method, **params)
        body = answer.json()
        assert "error" not in body, answer.text
        return body["result"]

    def refusal(self, method: str, **params: Any) -> tuple[int, Any, str]:
        answer = self.post(method, **params)
        return answer.status_code, answer.json()["error"], answer.json()["error_description"]


def installed(portal: Portal, url: str, http: httpx.Client, handler: str, **more: Any) -> Connected:
    """An application whose address is `handler`."""
    form = Registration(**({"scopes": SCOPES, "handler": handler} | more))
    row = install(portal, form, is_quiet=True)
    return Connected(portal, url, http, row)
