"""What the public address does with a post of the portal: judge it, store it, then answer.

Decides the status of every answer. It runs nothing: a row in the inbox is all that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from engine.language.types import World
from engine.runtime.delivery import BrokenBody, Delivery, read_delivery
from engine.runtime.inbox import Inbox
from engine.runtime.logs import Log
from engine.runtime.store import Store

LARGEST_BODY = 1 << 20
_REMOVED = "ONAPPUNINSTALL"


@dataclass(frozen=True)
class Intake:
    """Takes posts for `inbox`; `is_ours` judges `application_token` and `member_id` of a post.

    `removed` is told that the application is gone from the portal.
    """

    is_ours: Callable[[str, str], bool]
    inbox: Inbox
    store: Store
    world: World
    zone: tzinfo
    log: Log
    removed: Callable[[], None] = lambda: None

    def take_all(self, bodies: Sequence[bytes]) -> list[int]:
        """Return the HTTP status of each post, in their order.

        200 once its event is durably stored, all in one transaction; 400, 403, 413, 503 as CONTRACT says; 500 where
        the state could not be written.
        """
        judged = [self._judge(body) for body in bodies]
        good = [one for one in judged if isinstance(one, Delivery)]
        try:
            stored = iter(self.inbox.accept_all(good))
        except Exception as error:
            self.log.warning("fault", exc_info=error)
            return [one if isinstance(one, int) else 500 for one in judged]
        return [
            one
            if isinstance(one, int)
            else 200
            if next(stored) is not None
            else self._refuse(503, "the inbox is full")
            for one in judged
        ]

    def take(self, body: bytes) -> int:
        """Return the status of one post."""
        return self.take_all([body])[0]

    def _judge(self, body: bytes) -> Delivery | int:
        if len(body) > LARGEST_BODY:
            return self._refuse(413, "too large")
        try:
            delivery = read_delivery(body, self.world, self.zone)
        except BrokenBody as error:
            return self._refuse(400, str(error))
        if not self.is_ours(delivery.token, delivery.member):
            return self._refuse(403, "wrong application_token")
        if delivery.event == _REMOVED:
            self.removed()
        return delivery

    def _refuse(self, status: int, why: str) -> int:
        self.store.count(f"refused_{status}")
        self.log.warning("refused", status=status, why=why)
        return status
