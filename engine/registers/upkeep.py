"""The engine's own upkeep of the registers: every second what changed, from time to time what no event tells.

Decides when the tables are brought up to date and that a portal that does not answer delays no timer: what asks the
portal runs beside the duties, at most once at a time. A read that fails is said once and tried again at the next turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.registers.opening import Office, open_registers
from engine.runtime.duties import Duty
from engine.runtime.logs import Log
from engine.runtime.store import Store
from engine.workshop import Workshop

EVERY = 1.0
# Where the sweep is off: users and departments change seldom.
_REREAD = 900.0
_LAST_WORDS = 2.0


def register_duties(
    workshop: Workshop, store: Store, gateway: Gateway, clock: Callable[[], datetime], log: Log
) -> list[Duty]:
    """Return the duty that keeps the registers of the workshop's company fresh."""
    office = open_registers(workshop, store, clock)
    upkeep = _Upkeep(office, gateway, log, workshop.settings.sweep_seconds or _REREAD)
    return [Duty("registers", EVERY, upkeep.work, end=upkeep.end)]


class _Upkeep:
    """Keeps one office up to date. `reread` is the time in seconds between two readings of people and requisites."""

    def __init__(self, office: Office, gateway: Gateway, log: Log, reread: float) -> None:
        self._office, self._gateway, self._log, self._every = office, gateway, log, reread
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._told = ""

    def work(self) -> None:
        """Bring the tables up to date; have the portal asked beside where that is due."""
        if not self._office.has_portal:
            return
        is_asking = self._thread is not None and self._thread.is_alive()
        is_due = time.monotonic() >= self._due
        if not is_asking and (is_due or self._office.has_changed_companies()):
            self._thread = threading.Thread(
                target=self._ask, args=(is_due,), name="reglament-registers", daemon=True
            )
            self._thread.start()
            # What it reads is put in by itself: companies that it has noted must not be dropped before.
            return
        if not is_asking:
            self._office.refresh()

    def end(self) -> None:
        """Ask nothing more; what is being asked is waited for a moment, since the state is closed after this."""
        self._due = float("inf")
        if self._thread is not None:
            self._thread.join(_LAST_WORDS)

    def _ask(self, is_all: bool) -> None:  # noqa: FBT001 — a thread's argument
        try:
            if is_all:
                self._due = time.monotonic() + self._every
                self._office.reread(self._gateway)
            else:
                self._office.refresh(self._gateway)
            self._told = ""
        except PortalError as error:
            self._tell(str(error))
            self._try_to_refresh()
        except Exception as error:  # noqa: BLE001 — the engine may be stopping, its state closed under this thread
            self._tell(f"{type(error).__name__}: {error}")

    def _try_to_refresh(self) -> None:
        try:
            self._office.refresh()
        except Exception as error:  # noqa: BLE001 — as above
            self._tell(f"{type(error).__name__}: {error}")

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._log.warning("registers", reason=reason)
