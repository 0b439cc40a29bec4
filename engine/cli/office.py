"""The demo office: the emulated portal, its mailbox and the engine, started together on this machine.

The engine knows nothing of the emulator: it is given an address and a token, as on a real portal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from engine.bank_settings import BankSetup
from engine.emulator import Portal, open_portal
from engine.emulator.clock import Clock
from engine.emulator.company import demo_company
from engine.emulator.company.bank import statement
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox
from engine.emulator.serve import PortalServer
from engine.runtime.accounts import INTEGRATOR
from engine.runtime.logs import Log
from engine.runtime.service import Service
from engine.settings import Address, Settings
from engine.workshop import open_workshop

_MANY = 1_000_000
# The demo company's bank file, beside the folder that the engine watches; who sees to its doubtful lines.
STATEMENT, BOOKKEEPER = "kl_to_1c.txt", "1"
STRIP = "/strip"
TOKEN = "demo-application-token"  # noqa: S105 — of an emulated portal on the loopback


@dataclass(frozen=True)
class Office:
    """Everything running; `portal_url`, `console_url` and `public_url` are where."""

    portal: Portal
    portal_url: str
    public_url: str
    console_url: str
    service: Service
    mailbox: Mailbox

    def entrance(self, to: str = "/") -> str:
        """Return an address that signs a browser in to the console, as often as one likes while the demo runs.

        `to` is the console's page it leads to.
        """
        secret = self.service.accounts.admit("Демо", INTEGRATOR, "1", uses=_MANY)
        return f"{self.console_url}/sign-in/{secret}" + ("" if to == "/" else f"?next={to}")

    def ask(self, name: str) -> Any:
        """Return a reading of the emulated portal over HTTP: `feed`, `notices`, `disk`, `mails`, …"""
        answer = httpx.get(f"{self.portal_url}/_demo/{name}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def tell(self, name: str, **body: object) -> Any:
        """Do something on the emulated portal as a person, over HTTP; return its answer."""
        answer = httpx.post(f"{self.portal_url}/_demo/{name}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def settle(self, timeout: float = 60) -> None:
        """Return once every event was delivered and every run they caused has ended. Raises TimeoutError."""
        for _ in range(3):
            # Each round of runs may make the portal send events of its own.
            self.tell("settle", timeout=timeout)
            if not self.service.wait_idle(timeout):
                raise TimeoutError("the engine did not come to rest")
        self.tell("settle", timeout=timeout)


@contextmanager
def open_office(
    settings: Settings,
    folder: Path,
    *,
    ports: tuple[int, int, int, int] = (0, 0, 0, 0),
    log: Log | None = None,
) -> Iterator[Office]:
    """Start the office with its state in `folder`; stop all of it when the block ends.

    `ports` are the portal's, the public listener's, the console's and the mailbox's; 0 takes a free one. Raises
    OSError where one is taken.
    """
    company = demo_company()
    with ExitStack() as stack:
        clock = Clock(company.time_zone, company.start)
        portal = stack.enter_context(open_portal(folder / "portal.db", company, clock=clock))
        server = stack.enter_context(PortalServer(portal, "127.0.0.1", ports[0]))
        mailbox = stack.enter_context(Mailbox(portal, "127.0.0.1", ports[3]))
        ours = replace(
            settings,
            webhook_url=server.webhook_url,
            application_token=TOKEN,
            mail=replace(settings.mail, host=mailbox.host, port=mailbox.port, security="none", user=""),
            state=str(folder / "engine.db"),
            public=Address("127.0.0.1", ports[1]),
            console=Address("127.0.0.1", ports[2]),
            bank=BankSetup(attention=BOOKKEEPER, folder=folder / "bank"),
        )
        (folder / STATEMENT).write_bytes(statement())
        workshop, _ = open_workshop(ours)
        # The two know each other by address alone: the portal shows a frame, the console lets that origin frame it.
        service = Service(
            ours, workshop, workshop.build(), clock=portal.clock.now, pace=None, log=log, framed_by=server.url
        )
        stack.callback(service.stop)
        service.start()
        set_receiver(portal, f"{service.public_url}/portal/events", TOKEN)
        office = Office(portal, server.url, service.public_url, service.console_url, service, mailbox)
        server.beside = office.entrance(STRIP)
        yield office
