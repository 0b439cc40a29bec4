"""The portal's own queue of events for a connected application: the one way of telling that loses nothing.

Decides how it is emptied: a portion is reserved, a doorbell for each of its items is stored, and only then is it
cleared; whoever dies in between finds it again. What a doorbell means is said by the item's reading, as always, so
that an event told here and at the address as well is acted on once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.action import Command
from engine.language.types import World
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.runtime.delivery import BrokenBody, item_in
from engine.runtime.inbox import Inbox
from engine.runtime.listing import read_time

_PORTION = 50
_MOST_PORTIONS = 200
# A plan without it, an application whose owner is no administrator, a missing scope.
_NO_QUEUE = frozenset({"ACCESS_DENIED", "WRONG_AUTH_TYPE", "ERROR_METHOD_NOT_FOUND", "insufficient_scope"})


@dataclass(frozen=True)
class OfflineQueue:
    """Empties the queue into `inbox`. `is_connected` says whether there is an application, which alone has one."""

    inbox: Inbox
    world: World
    clock: Callable[[], datetime]
    is_connected: Callable[[], bool]

    def try_to_empty(self, gateway: Gateway) -> tuple[int | None, str]:
        """Return how many doorbells the queue gave, and why it could not be emptied, if so.

        None without an application, or where its portal has no such queue: the sweep's own readings remain.
        """
        if not self.is_connected():
            return None, ""
        try:
            return self.empty(gateway), ""
        except PortalError as error:
            return (None, "") if error.code in _NO_QUEUE else (0, str(error))

    def empty(self, gateway: Gateway) -> int:
        """Put a doorbell for every queued event of the map's items; return how many. Raises PortalError."""
        total = 0
        for _ in range(_MOST_PORTIONS):
            [answer] = gateway.send([Command("get", "event.offline.get", {"clear": 0, "limit": _PORTION})])
            found = answer.result if isinstance(answer.result, Mapping) else {}
            rows = [row for row in _list(found.get("events")) if isinstance(row, Mapping)]
            if not rows:
                break
            total += sum(self._ring(row) for row in rows)
            ids = [row["ID"] for row in rows if "ID" in row]
            params: dict[str, object] = {"process_id": str(found.get("process_id", "")), "id": ids}
            gateway.send([Command("clear", "event.offline.clear", params, writes=True)])
            if len(rows) < _PORTION:
                break
        return total

    def _ring(self, row: Mapping[str, object]) -> bool:
        data = row.get("EVENT_DATA")
        fields = data.get("FIELDS") if isinstance(data, Mapping) else None
        given = fields if isinstance(fields, Mapping) else {}
        name, number = str(row.get("EVENT_NAME", "")), str(given.get("ID", ""))
        try:
            item, verb = item_in(name, number, str(given.get("ENTITY_TYPE_ID", "")), self.world)
        except BrokenBody:
            return False
        if item is None:
            return False
        now = self.clock()
        time = (read_time(row.get("TIMESTAMP_X")) or now).astimezone(now.tzinfo)
        return self.inbox.ring(item, verb, time, origin="offline", late=True)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
