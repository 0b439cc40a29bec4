"""`engine simulate --live`: facts that an event file lacks, read from the portal. Reads only."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.cli.mistakes import Mistake
from engine.decision.event import DELETED
from engine.language.values import Item

if TYPE_CHECKING:
    from engine.action import Command
    from engine.cli.opening import Opening
    from engine.decision.edition import Edition
    from engine.decision.event_file import Given
    from engine.workshop import Workshop


def read_missing(opening: Opening, workshop: Workshop, edition: Edition, given: Given) -> None:
    """Complete `given` with what rules may ask of its item; what the file says stays as it says.

    What could not be read is said on stderr and stays undecided. Raises Mistake where no webhook address is set or
    the portal has no such item or cannot be asked.
    """
    from engine.portal.client import PortalClient
    from engine.portal.contents import Contents
    from engine.portal.errors import PortalError
    from engine.portal.gateway import Gateway
    from engine.portal.pace import Pace
    from engine.portal.reader import Reader

    event = given.event
    if event is None or event.item is None or event.verb == DELETED:
        return
    address = webhook_of(workshop)
    with tempfile.TemporaryDirectory() as folder, PortalClient(address, pace=Pace()) as client:
        contents = Contents(client, Path(folder))
        reader = Reader(Gateway(client, contents, refuse), workshop.setup.map, contents)
        try:
            case = reader.read_case(event.item, edition.needs(event.item.entity))
        except PortalError as error:
            raise Mistake("portal_refused", 1, what=str(error)) from error
    if event.item not in case and given.needs_reading:
        raise Mistake("not_on_portal", item=str(event.item))
    for failure in case.failures:
        opening.say("not_read", what=failure.what, why=str(failure.error))
    for item, fields in case.items():
        given.items[item] = {**fields, **given.items.get(item, {})}
    _add_roots(given, event.item)


def webhook_of(workshop: Workshop) -> str:
    """Return the webhook address of the settings. Raises Mistake where it is not set or is no address."""
    from engine.settings import MissingSecret

    try:
        address = workshop.settings.require_portal()
    except MissingSecret as error:
        raise Mistake("no_secret", name=str(error.args[0])) from error
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or not parts.path.startswith("/rest/"):
        # The address is a secret, so it is not shown.
        raise Mistake("bad_webhook", name="BITRIX24_WEBHOOK_URL")
    return address


def refuse(command: Command) -> object:
    """Stand in for the engine's own methods where only reading is allowed."""
    raise AssertionError(f"reading asks the engine for nothing, yet {command.method} was asked")


def _add_roots(given: Given, item: Item) -> None:
    """Name the item and what it is tied to, as a rule woken by it sees them: `act` and its `deal`, `contract`."""
    given.roots.setdefault(item.entity, item)
    for name, value in given.items.get(item, {}).items():
        if isinstance(value, Item) and value.entity == name:
            given.roots.setdefault(name, value)
