"""Facts that an event lacks, read from the portal as it is now. Reads only; what the event says stays as it says."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decision.edition import Edition
from engine.decision.event import DELETED
from engine.decision.event_file import Given
from engine.language.values import Item
from engine.portal.errors import PortalError
from engine.portal.reader import Reader, ReadFailure


class NotRead(Exception):  # noqa: N818 — a state of the portal, in words
    """The portal refused or could not be asked; the words are its own."""


class NoSuchItem(NotRead):
    """The portal has no such item, or does not show it to the engine."""


def read_missing(reader: Reader, edition: Edition, given: Given) -> tuple[ReadFailure, ...]:
    """Complete `given` with what rules may ask of its item; return the reads that failed, which stay undecided.

    Raises NoSuchItem where nothing is known of the item and the portal has none, NotRead where it cannot be asked.
    """
    event = given.event
    if event is None or event.item is None or event.verb == DELETED:
        return ()
    try:
        case = reader.read_case(event.item, edition.needs(event.item.entity))
    except PortalError as error:
        raise NotRead(str(error)) from error
    if event.item not in case and given.needs_reading:
        raise NoSuchItem(str(event.item))
    for item, fields in case.items():
        given.items[item] = {**fields, **given.items.get(item, {})}
    _add_roots(given, event.item)
    return tuple(case.failures)


def _add_roots(given: Given, item: Item) -> None:
    """Name the item and what it is tied to, as a rule woken by it sees them: `act` and its `deal`, `contract`."""
    fields: Mapping[str, object] = given.items.get(item, {})
    given.roots.setdefault(item.entity, item)
    for name, value in fields.items():
        if isinstance(value, Item) and value.entity == name:
            given.roots.setdefault(name, value)
