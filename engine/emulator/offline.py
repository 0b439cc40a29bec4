"""The queue of events a portal keeps for an application until it asks for them.

Decides what is one entry (an object, an event, one queue), what a reservation is, and when the application is told
that there is something. Entries are written in the transaction of the change itself: nothing is lost here.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING

from engine.emulator.application_auth import now_of
from engine.emulator.calling import to_int
from engine.emulator.condition import read_condition
from engine.emulator.events import Event
from engine.emulator.store import Record
from engine.emulator.subscriptions import is_installed

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

PING = "ONOFFLINEEVENT"
_RESERVED = timedelta(days=30)


def keep_offline(portal: Portal, events: list[Event]) -> set[int]:
    """Put a change's events into the queues that want them; the applications that have got something new."""
    told: set[int] = set()
    wanting = [row for row in portal.store.rows("subscription") if row["offline"]]
    if not wanting:
        return told
    has_connectors = read_condition(portal.store).rest_auth_connector
    for event in events:
        for row in wanting:
            is_own = has_connectors and row["connector"] and row["connector"] == event.connector
            if row["event"] == event.name and not is_own and is_installed(portal, row):
                _keep(portal, row, event)
                told.add(to_int(row["application"]))
    return told


def _keep(portal: Portal, row: Mapping[str, object], event: Event) -> None:
    """One entry for an object and an event; a reserved one is being worked on and gets a twin instead."""
    detail = json.dumps([row["application"], event.name, event.payload], sort_keys=True, ensure_ascii=False)
    message, stamp = sha256(detail.encode()).hexdigest()[:32], portal.clock.stamp()
    for known in portal.store.rows("offlineevent"):
        is_same = (known["message"], known["connector"]) == (message, row["connector"])
        if is_same and not known["process"]:
            portal.store.put("offlineevent", to_int(known["id"]), known | {"time": stamp})
            return
    number = portal.store.next_id("offlineevent")
    entry: Record = {"id": number, "application": row["application"], "connector": row["connector"]}
    entry |= {"event": event.name, "payload": dict(event.payload), "message": message, "time": stamp}
    portal.store.put("offlineevent", number, entry | {"process": "", "reserved": "", "error": 0})


def entries(portal: Portal, application: int, connector: str | None = None) -> list[Record]:
    """The entries of an application, oldest first; with `connector` those of that one queue.

    A reservation that nobody cleared in time is over, and its entry free again.
    """
    found, now = [], portal.clock.now()
    for row in portal.store.rows("offlineevent"):
        if row["application"] != application or (connector is not None and row["connector"] != connector):
            continue
        is_over = row["process"] and now - datetime.fromisoformat(str(row["reserved"])) >= _RESERVED
        found.append(row | {"process": "", "reserved": ""} if is_over else row)
    return found


def reserve(portal: Portal, rows: list[Record]) -> str:
    """These entries are one process's from now on; its id, 32 characters."""
    process, stamp = token_hex(16), portal.clock.stamp()
    with portal.store.transaction():
        for row in rows:
            changed = row | {"process": process, "reserved": stamp}
            portal.store.put("offlineevent", to_int(row["id"]), changed)
    return process


def drop(portal: Portal, rows: list[Record]) -> None:
    """These entries are gone."""
    with portal.store.transaction():
        for row in rows:
            portal.store.remove("offlineevent", to_int(row["id"]))


def mark_failed(portal: Portal, rows: list[Record]) -> None:
    """These entries are kept as failed; only who asks for failures gets them."""
    with portal.store.transaction():
        for row in rows:
            portal.store.put("offlineevent", to_int(row["id"]), row | {"error": 1})


class Doorbell:
    """Tells applications that their queue has something, each handler at most once in its own ``minTimeout``."""

    def __init__(self, portal: Portal, now: Callable[[], float] = time.monotonic) -> None:
        self._portal, self._now = portal, now
        self._lock = threading.Lock()
        # Seconds of `now` at which each subscription was, or will be, told.
        self._told: dict[int, float] = {}

    def ring(self, applications: set[int]) -> None:
        """Post ONOFFLINEEVENT for these applications: at once, or when the pause since the last one is over."""
        for row in self._portal.store.rows("subscription"):
            if row["event"] != PING or row["offline"] or row["application"] not in applications:
                continue
            late = self._pause(to_int(row["id"]), to_int(row["minTimeout"]))
            if late is not None:
                event = Event(PING, {}, now_of(self._portal))
                self._portal.deliveries.send_to(event, row, late)

    def _pause(self, number: int, shortest: int) -> float | None:
        """Seconds until a subscription may be told again; None where it is going to be told anyway."""
        with self._lock:
            now, last = self._now(), self._told.get(number)
            if last is not None and last > now:
                return None
            due = now if last is None else max(now, last + shortest)
            self._told[number] = due
            return due - now
