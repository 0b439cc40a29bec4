"""The line to the live portal for commands that ask it outside the running engine.

Decides which credentials they use and that they hold to the portal's limits; what is asked is the commands' affair.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.cli.mistakes import Mistake, state_mistake

if TYPE_CHECKING:
    import httpx

    from engine.action import Command
    from engine.cli.opening import Opening
    from engine.language.values import File
    from engine.portal.client import PortalClient
    from engine.portal.credentials import Credentials
    from engine.portal.gateway import Gateway
    from engine.portal.reader import Reader
    from engine.settings import Settings
    from engine.workshop import Workshop

_LONGEST_NAP = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """An open way to the portal: single calls by `client`, many by `gateway`."""

    client: PortalClient
    gateway: Gateway


def address_of(settings: Settings) -> str:
    """Return the webhook's address. Raises Mistake where it is not set or is none."""
    from engine.settings import MissingSecret

    try:
        address = settings.require_portal()
    except MissingSecret as error:
        raise Mistake("no_secret", name=str(error.args[0])) from error
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or not parts.path.startswith("/rest/"):
        # The address is a secret, so it is not shown.
        raise Mistake("bad_webhook", name="BITRIX24_WEBHOOK_URL")
    return address


@contextmanager
def open_line(
    opening: Opening, settings: Settings, transport: httpx.BaseTransport | None = None
) -> Iterator[Line]:
    """Yield the line to the portal of the settings: the application where one is set, else the webhook.

    `transport` is for who listens to what is said on the line.

    Raises Mistake as `address_of` does, and where the state that keeps an application's tokens cannot be opened.
    """
    from engine.portal.client import PortalClient
    from engine.portal.gateway import Gateway
    from engine.portal.pace import Pace

    with ExitStack() as stack:
        credentials: str | Credentials
        if settings.application:
            credentials = _application(opening, settings, stack)
        else:
            credentials = address_of(settings)
        client = stack.enter_context(PortalClient(credentials, pace=Pace(), sleep=_nap, transport=transport))
        yield Line(client, Gateway(client, _NoFiles(), _refuse))


@contextmanager
def open_reader(opening: Opening, workshop: Workshop) -> Iterator[tuple[Reader, Gateway]]:
    """Yield a reader of items over a line of its own, and the line's gateway; files looked into are not kept.

    Raises Mistake as `open_line` does.
    """
    from engine.portal.contents import Contents
    from engine.portal.reader import Reader

    with tempfile.TemporaryDirectory() as folder, open_line(opening, workshop.settings) as line:
        contents = Contents(line.client, Path(folder))
        yield Reader(line.gateway, workshop.setup.map, contents), line.gateway


def _application(opening: Opening, settings: Settings, stack: ExitStack) -> Credentials:
    """Return the application's credentials; the state is open until `stack` ends, since a renewal is written there."""
    from engine.runtime.connection import credentials_of
    from engine.runtime.embedded import ASKS
    from engine.runtime.opening import open_store
    from engine.runtime.store import StateError

    try:
        store = open_store(settings, mode=ASKS)
    except StateError as error:
        raise state_mistake(error, opening.language) from error
    stack.callback(store.close)
    return credentials_of(settings, store, lambda: datetime.now(settings.zone))


def _nap(seconds: float) -> None:
    """A person waits: the client's pauses between tries are cut short; the pace holds to the portal's rate anyway."""
    time.sleep(min(seconds, _LONGEST_NAP))


class _NoFiles:
    """Where the bytes of a sent file would come from: these commands send none."""

    def read(self, file: File) -> bytes:
        raise AssertionError(f"no file is sent here, yet {file.name} was asked for")


def _refuse(command: Command) -> object:
    raise AssertionError(f"no run here, yet {command.method} was asked")
