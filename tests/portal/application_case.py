"""An application on the demo portal, and the engine's side of it, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from engine.emulator import open_portal
from engine.emulator.application_auth import auth_block
from engine.emulator.applications import Registration
from engine.emulator.company import demo_company
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.portal.application import Application, Tokens
from engine.portal.client import PortalClient
from engine.portal.oauth import OAuthServer
from engine.runtime.credential import CredentialShelf
from engine.runtime.embedded import EmbeddedStore

SCOPES = ("crm", "disk", "im", "log", "user_basic", "placement", "bizproc")


class Wire(httpx.BaseTransport):
    """The real network, which remembers what was sent; `before` is called ahead of every request.

    Several clients share it: one of them that is done (the OAuth server's is after each request) must not cut the
    others off, so only `end` closes it.
    """

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.before: list[Any] = []
        self._real = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for one in self.before:
            one(request)
        self.sent.append(request)
        return self._real.handle_request(request)

    def end(self) -> None:
        self._real.close()

    def count(self, part: str) -> int:
        """How many requests went to an address that holds `part`."""
        return sum(part in str(request.url) for request in self.sent)


@dataclass
class Case:
    """The portal, its application, the engine's store with the tokens, and what goes over the wire."""

    portal: Portal
    row: Mapping[str, Any]
    store: EmbeddedStore
    shelf: CredentialShelf
    server: OAuthServer
    wire: Wire

    def application(self, **more: Any) -> Application:
        return Application(self.server, self.shelf, sleep=lambda _: None, **more)

    def client(self, application: Application | None = None) -> PortalClient:
        return PortalClient(application or self.application(), sleep=lambda _: None, transport=self.wire)

    def tokens(self, user: int = 1) -> Tokens:
        """What an install would bring; each call is another pair."""
        block = auth_block(self.portal, self.row, user)
        names = ("member_id", "client_endpoint", "access_token", "refresh_token")
        member, endpoint, access, refresh = (str(block[name]) for name in names)
        return Tokens(member, endpoint, access, refresh, str(self.row["application_token"]))

    def pass_hours(self, hours: float) -> None:
        self.portal.clock.advance(timedelta(hours=hours))


@contextmanager
def running_case(folder: Path, *, installed: bool = True) -> Iterator[Case]:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        row = portal.install_application(Registration(SCOPES))
        store = EmbeddedStore(folder / "engine.db")
        wire = Wire()
        oauth = OAuthServer(str(row["code"]), str(row["client_secret"]), server.url, wire)
        shelf = CredentialShelf(store, lambda: datetime.now(UTC))
        case = Case(portal, row, store, shelf, oauth, wire)
        if installed:
            assert shelf.install(case.tokens())
        try:
            yield case
        finally:
            wire.end()
            store.close()
