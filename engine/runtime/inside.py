"""What a connected application has inside its portal: robots that call the rules, our page, its registrations.

Decides how these parts are tied to the running engine and when they work. A webhook has none of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from engine.portal.application import waiting
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.credentials import Guest
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.registers.opening import Office, open_registers
from engine.runtime.connection import Connection
from engine.runtime.deal_view import DealView
from engine.runtime.duties import Duty
from engine.runtime.editions import Editions
from engine.runtime.engine_methods import EngineMethods
from engine.runtime.installing import Installing
from engine.runtime.journal import Journal
from engine.runtime.logs import Log
from engine.runtime.presence import Presence
from engine.runtime.robots import RobotAnswers, RobotCalls
from engine.runtime.store import Store
from engine.runtime.viewing import Viewing
from engine.workshop import Workshop

_LOOK_EVERY, _ROBOTS_EVERY = 2.0, 1.0
# An update of the application makes the portal forget what was registered; nobody tells us.
_RENEW_EVERY, _TRY_AGAIN = 3600.0, 30.0


@dataclass(frozen=True)
class Parts:
    """What the running engine lends."""

    store: Store
    gateway: Gateway
    contents: Contents
    methods: EngineMethods
    portal: PortalMap
    editions: Editions
    clock: Callable[[], datetime]
    wake: Callable[[str], None]
    log: Log
    workshop: Workshop


@dataclass
class Inside:
    """`calls` and `tab` answer the public listener, `duties` the rest."""

    calls: RobotCalls
    answers: RobotAnswers
    presence: Presence
    tab: Viewing
    _due: threading.Event = field(default_factory=threading.Event)
    _next: float = 0.0

    @staticmethod
    def open(parts: Parts, connection: Connection, address: str) -> Inside | None:
        """Return the parts for an application that the portal reaches at `address`; None for a webhook."""
        installing = connection.installing
        if installing is None:
            return None
        store, log, trust = parts.store, parts.log, connection.trust
        calls = RobotCalls(
            store, lambda: parts.editions.current.edition, trust.is_ours, parts.clock, parts.wake, log
        )
        return Inside(
            calls,
            RobotAnswers(store, parts.gateway, parts.clock, log),
            Presence(
                store, parts.gateway, address, lambda: _user(installing),
                lambda: parts.editions.current.edition, log,
            ),
            Viewing(
                DealView(parts.portal, Journal(store), _office(parts)), trust.is_ours,
                lambda token: _viewer(parts, installing, token), lambda: connection.credentials.address,
                parts.clock, log,
            ),
        )  # fmt: skip

    def look_again(self) -> None:
        """An install, or another edition: what is registered may have to change."""
        self._due.set()

    def duties(self) -> list[Duty]:
        """Return the work that comes back."""
        return [
            Duty("robots", _ROBOTS_EVERY, self.answers.send),
            Duty("registration", _LOOK_EVERY, self._renew, is_shared=True),
        ]

    def _renew(self) -> None:
        if not self._due.is_set() and time.monotonic() < self._next:
            return
        self._due.clear()
        is_renewed = self.presence.renew() is not None
        self._next = time.monotonic() + (_RENEW_EVERY if is_renewed else _TRY_AGAIN)


def _office(parts: Parts) -> Office | None:
    """Return the registers, None where the map has no acts."""
    if "act" not in parts.portal.world.entities:
        return None
    return open_registers(parts.workshop, parts.store, parts.clock)


def _user(installing: Installing) -> int:
    """Return the id of who connected the application, 0 while nobody has."""
    found = installing.shelf.read()
    if found is None or found.state != "installed" or not found.user.isdigit():
        return 0
    return int(found.user)


def _viewer(parts: Parts, installing: Installing, token: str) -> Gateway:
    """Return a way to the portal with a person's own token, at the address that the OAuth server gave."""
    found = installing.shelf.read()
    if found is None:
        raise waiting("NOT_INSTALLED")
    client = parts.gateway.client
    guest = Guest(found.client_endpoint, token)
    return Gateway(
        PortalClient(guest, pace=client.pace, transport=installing.server.transport),
        parts.contents,
        parts.methods,
    )
