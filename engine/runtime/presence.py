"""The engine's standing at the portal: what a connected application registers there, kept as it should be.

Decides when it is looked at: as the engine starts, when another edition is in force, and once in a while, since an
update of the application makes the portal forget. What it should be is `registration.py`'s.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.decision.edition import Edition
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.registration import Registered, register, robots_of
from engine.runtime.logs import Log
from engine.runtime.robots import forms_of, keep_forms
from engine.runtime.store import Store


@dataclass
class Presence:
    """`address` is where the portal reaches us; `user` gives who connected the application, 0 while nobody has."""

    store: Store
    gateway: Gateway
    address: str
    user: Callable[[], int]
    edition: Callable[[], Edition]
    log: Log
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _said: tuple[tuple[str, str], ...] = ()

    def renew(self) -> Registered | None:
        """Bring the registrations to what they should be; None where that must wait.

        For the application to be connected, for our address to be known, for the portal to answer.
        """
        user = self.user()
        if not user or not self.address:
            return None
        with self._lock, self.store.alone("registration") as is_alone:
            return self._renew(user) if is_alone else None

    def _renew(self, user: int) -> Registered | None:
        edition = self.edition()
        robots = robots_of(edition.rules, edition.world)
        try:
            registered, forms = self.gateway.drive(
                register(self.address, user, edition.world, robots, forms_of(self.store))
            )
        except PortalError as error:
            self.log.warning("registration", reason=str(error))
            return None
        keep_forms(self.store, forms)
        for name in registered.done:
            self.log.info("registered", what=name)
        # A refusal lasts until somebody grants a right; it is said once.
        if registered.refused != self._said:
            self._said = registered.refused
            for name, why in registered.refused:
                self.log.warning("registration", what=name, reason=why)
        return registered
