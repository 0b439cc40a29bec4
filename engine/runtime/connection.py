"""How this engine stands to its portal: by a webhook, or as an application that is installed there.

Decides which of the two the settings mean (an application, where both are given) and ties its parts together. It calls
nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.portal.application import Application
from engine.portal.credentials import Credentials, Webhook
from engine.portal.oauth import OAuthServer
from engine.runtime.credential import CredentialShelf, Trust
from engine.runtime.installing import Installing
from engine.runtime.logs import Log
from engine.runtime.store import Store
from engine.settings import Settings


@dataclass(frozen=True)
class Connection:
    """What the client calls with, which posts are believed, and, for an application, who judges its installs."""

    credentials: Credentials
    trust: Trust
    installing: Installing | None
    log: Log

    @staticmethod
    def open(
        settings: Settings,
        store: Store,
        clock: Callable[[], datetime],
        log: Log,
        sleep: Callable[[float], None] = time.sleep,
        changed: Callable[[], None] = lambda: None,
    ) -> Connection:
        """Return the connection of the settings; `changed` is called after an install or a removal.

        Raises MissingSecret where neither an application nor a webhook is set, PortalError for a webhook that is none.
        """
        if not settings.application:
            return Connection(
                Webhook(settings.require_portal()), Trust(settings.application_token), None, log
            )
        if settings.webhook_url:
            log.warning("both credentials", used="application", ignored="BITRIX24_WEBHOOK_URL")
        shelf = CredentialShelf(store, clock)
        trust = Trust(settings.application_token, shelf)
        server = server_of(settings)
        installing = Installing(
            server, shelf, trust, settings.application_token, settings.portal, store.count, changed, log
        )
        if shelf.read() is None:
            log.warning("not installed", waits_at="/portal/install")
        return Connection(Application(server, shelf, sleep=sleep), trust, installing, log)

    @property
    def install(self) -> Callable[[Mapping[str, str]], int] | None:
        """What judges a post to `/portal/install`; None for a webhook, which is not installed."""
        return self.installing.take if self.installing else None

    def removed(self) -> None:
        """Our portal has said that the application is gone."""
        if self.installing:
            self.installing.removed()

    def told(self, host: str) -> None:
        """Tell a person that the portal has another name now, and where it is to be corrected."""
        self.log.warning("portal moved", now=host, correct="BITRIX24_WEBHOOK_URL / BITRIX24_PORTAL")

    @property
    def is_connected(self) -> bool:
        """True where an application is installed, which alone has the offline queue, robots and places."""
        if self.installing is None:
            return False
        found = self.installing.shelf.read()
        return found is not None and found.state == "installed"


def server_of(settings: Settings) -> OAuthServer:
    """Return the OAuth server of the settings' application."""
    one = settings.application
    return OAuthServer(one.client_id, one.client_secret, one.oauth_server)


def credentials_of(settings: Settings, store: Store | None, clock: Callable[[], datetime]) -> Credentials:
    """Return what a command beside the engine calls with; an application needs the `store` with its tokens.

    Raises MissingSecret where nothing is set.
    """
    if settings.application and store is not None:
        return Application(server_of(settings), CredentialShelf(store, clock))
    return Webhook(settings.require_portal())
