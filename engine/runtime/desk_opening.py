"""What the console's pages are given by a running engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.decision.edition import Edition
from engine.decision.event_file import Given
from engine.portal.client import PortalClient
from engine.portal.findings import Finding
from engine.portal.gateway import Gateway
from engine.portal.reader import Reader
from engine.registers.counter import Counter
from engine.runtime.accounts import Accounts
from engine.runtime.bank_import import BankImport, setup_of
from engine.runtime.checkup import examine, needed_by
from engine.runtime.live_facts import read_missing
from engine.runtime.status import Status
from engine.web.console import Desk
from engine.workshop import Workshop


@dataclass(frozen=True, slots=True)
class DeskLine:
    """The engine's own way to the portal, which pages share with its runs."""

    client: PortalClient
    gateway: Gateway
    reader: Reader


def open_desk(
    workshop: Workshop,
    status: Status,
    accounts: Accounts,
    line: DeskLine,
    wake: Callable[[str], None],
    look_again: Callable[[], None],
) -> Desk:
    """Return the desk; `wake` has the engine look at a lane, `look_again` at everything."""
    store, settings, portal = status.store, workshop.settings, workshop.setup.map

    def findings() -> Sequence[Finding]:
        needed, found = needed_by(workshop)
        return [*found, *examine(settings, line.client, line.gateway, needed)]

    def present() -> Counter:
        return Counter(
            workshop,
            store,
            line.reader,
            line.client,
            lambda: status.in_force.edition,
            lambda: status.now,
            look_again,
        )

    def bank() -> BankImport:
        return BankImport(store, line.gateway, portal, setup_of(settings), lambda: status.now)

    def read_live(edition: Edition, given: Given) -> Sequence[str]:
        return [f"{one.what}: {one.error}" for one in read_missing(line.reader, edition, given)]

    return Desk(
        status, accounts, workshop, portal.url, wake, look_again, findings, present(), bank, read_live
    )
