"""What the public address does with a post of the portal: judge it, store it, then answer.

Decides the status of every answer. It runs nothing: a row in the inbox is all that follows.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import tzinfo

from engine.language.types import World
from engine.runtime.delivery import BrokenBody, read_delivery
from engine.runtime.inbox import Inbox, InboxFull
from engine.runtime.logs import Log
from engine.runtime.store import Store

LARGEST_BODY = 1 << 20


@dataclass(frozen=True)
class Intake:
    """Takes posts for `inbox`; `token` is the only `application_token` that is believed (no token: none is)."""

    token: str
    inbox: Inbox
    store: Store
    world: World
    zone: tzinfo
    log: Log

    def take(self, body: bytes) -> int:
        """Return the HTTP status: 200 once the event is durably stored, 400, 403, 413 or 503 as CONTRACT says."""
        if len(body) > LARGEST_BODY:
            return self._refuse(413, "too large")
        try:
            delivery = read_delivery(body, self.world, self.zone)
        except BrokenBody as error:
            return self._refuse(400, str(error))
        if not self.token or not hmac.compare_digest(delivery.token.encode(), self.token.encode()):
            return self._refuse(403, "wrong application_token")
        try:
            self.inbox.accept(delivery)
        except InboxFull:
            return self._refuse(503, "the inbox is full")
        return 200

    def _refuse(self, status: int, why: str) -> int:
        self.store.count(f"refused_{status}")
        self.log.warning("refused", status=status, why=why)
        return status

    def refuse_large(self) -> int:
        """Count a body that was not even read."""
        return self._refuse(413, "too large")
