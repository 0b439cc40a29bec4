"""The portal says that our application was installed or removed: believed only after asking somebody else.

Decides which install is accepted. The address is public, so whatever a post says may be said by anybody: its tokens,
its portal's address, its OAuth server. Therefore nothing of it is believed but one thing, the refresh token, and that
is not believed either but redeemed, at the OAuth server of our own settings, with our client's secret. The server
gives tokens for a refresh token of this client alone, and says itself which portal they open (`member_id`,
`client_endpoint`): a stranger has no refresh token of our client, and with one of another client gets `invalid_grant`.
(`app.info` asked with the posted access token would prove less: that the token is good somewhere, not for whom.)

What is left: an employee of our own portal, whose browser holds a refresh token of theirs whenever a page of the
application is open, might post it to have the engine act with their rights. So the new tokens are used once, to ask
the portal whose they are; only an administrator's are kept, and nobody else can install an application anyway.

The first portal is pinned by its `member_id`; a reinstall there replaces the tokens, every other portal is refused.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from engine.portal.application import Tokens
from engine.portal.client import PortalClient
from engine.portal.credentials import Guest
from engine.portal.errors import PortalError
from engine.portal.oauth import Grant, OAuthServer
from engine.runtime.credential import CredentialShelf, Trust
from engine.runtime.logs import Log

INSTALLED, REMOVED = "ONAPPINSTALL", "ONAPPUNINSTALL"
_LONGEST = 2000
_PATIENCE = 20.0
_WAIT = 30.0


@dataclass(frozen=True)
class Installing:
    """Takes posts of installs for the application behind `server`.

    `pinned` is an application token that must come (empty: any), `portal` an address it must be (empty: any, until the
    first install). `count` counts refusals, `changed` is called after an install or a removal was stored.
    """

    server: OAuthServer
    shelf: CredentialShelf
    trust: Trust
    pinned: str
    portal: str
    count: Callable[[str], None]
    changed: Callable[[], None]
    log: Log
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, form: Mapping[str, str]) -> int:
        """Return the HTTP status of a post as flat names and values.

        200 once the tokens are stored durably; 400 for what is no install, 403 for a stranger's portal or an employee
        who is no administrator, 503 where OAuth server or portal could not be asked: install again then.
        """
        if form.get("event", "").upper() == REMOVED:
            return self.remove(form.get("auth[application_token]", ""), form.get("auth[member_id]", ""))
        is_page = "AUTH_ID" in form
        if not is_page and form.get("event", "").upper() != INSTALLED:
            return self._refuse(400, "no install")
        names = _PAGE if is_page else _EVENT
        member, refresh, own = (form.get(name, "") for name in names)
        if not member or not refresh or not own or max(len(one) for one in (member, refresh, own)) > _LONGEST:
            return self._refuse(400, "an install without tokens")
        if self.pinned and not hmac.compare_digest(own.encode(), self.pinned.encode()):
            return self._refuse(403, "another application_token than the pinned one")
        known = self.shelf.read()
        if known is not None and known.member_id != member:
            return self._refuse(403, "another portal than the one that was connected")
        # One at a time: redeeming costs requests of ours, and anybody may ask for it.
        if not self.lock.acquire(timeout=_WAIT):
            return self._refuse(503, "busy with another install")
        try:
            return self._install(refresh, own)
        finally:
            self.lock.release()

    def remove(self, token: str, member: str) -> int:
        """Return the status of the portal's word that the application is gone; its tokens are forgotten then."""
        if not self.trust.is_ours(token, member):
            return self._refuse(403, "wrong application_token")
        self.removed()
        return 200

    def removed(self) -> None:
        """Our portal has said that the application is gone: nothing is called until it is installed again."""
        self.shelf.remove()
        self._changed()
        self.log.warning("application removed")

    def _install(self, refresh: str, own: str) -> int:
        try:
            grant = self.server.refresh(refresh)
            if self.portal and not _same_host(grant.client_endpoint, self.portal):
                return self._refuse(403, "another portal than the settings name")
            known = self.shelf.read()
            if known is not None and known.member_id != grant.member_id:
                return self._refuse(403, "another portal than the one that was connected")
            if not self._is_administrator(grant):
                return self._refuse(403, "the tokens are of an employee who is no administrator")
        except PortalError as error:
            status = 403 if error.retry == "never" else 503
            return self._refuse(status, f"the tokens could not be checked: {error}")
        tokens = Tokens(
            grant.member_id, grant.client_endpoint, grant.access_token, grant.refresh_token, own,
            grant.scope, grant.status, grant.user,
        )  # fmt: skip
        if not self.shelf.install(tokens):
            return self._refuse(403, "another portal than the one that was connected")
        self._changed()
        self.log.info(
            "application installed", portal=urlsplit(grant.client_endpoint).netloc, scope=grant.scope
        )
        return 200

    def _is_administrator(self, grant: Grant) -> bool:
        """Ask the portal that the OAuth server named, with the tokens it gave."""
        guest = Guest(grant.client_endpoint, grant.access_token)
        with PortalClient(guest, timeout=_PATIENCE, transport=self.server.transport) as client:
            result = client.call("profile", {})["result"]
        return isinstance(result, Mapping) and result.get("ADMIN") in (True, "Y", "1", 1)

    def _changed(self) -> None:
        self.trust.forget()
        self.changed()

    def _refuse(self, status: int, why: str) -> int:
        self.count(f"install_refused_{status}")
        self.log.warning("install refused", status=status, why=why)
        return status


_PAGE = ("member_id", "REFRESH_ID", "APPLICATION_TOKEN")
_EVENT = ("auth[member_id]", "auth[refresh_token]", "auth[application_token]")


def _same_host(one: str, other: str) -> bool:
    return (urlsplit(one).netloc or one).lower() == (urlsplit(other).netloc or other).lower()
