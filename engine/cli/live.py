"""`engine simulate --live`: facts that an event file lacks, read from the portal. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.mistakes import Mistake
from engine.decision.event import DELETED
from engine.language.values import Item

if TYPE_CHECKING:
    from engine.cli.opening import Opening
    from engine.decision.edition import Edition
    from engine.decision.event_file import Given
    from engine.workshop import Workshop


def read_missing(opening: Opening, workshop: Workshop, edition: Edition, given: Given) -> None:
    """Complete `given` with what rules may ask of its item; what the file says stays as it says.

    What could not be read is said on stderr and stays undecided. Raises Mistake where no connection is set or
    the portal has no such item or cannot be asked.
    """
    from engine.cli.portal_line import open_reader
    from engine.portal.errors import PortalError

    event = given.event
    if event is None or event.item is None or event.verb == DELETED:
        return
    with open_reader(opening, workshop) as (reader, _):
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


def _add_roots(given: Given, item: Item) -> None:
    """Name the item and what it is tied to, as a rule woken by it sees them: `act` and its `deal`, `contract`."""
    given.roots.setdefault(item.entity, item)
    for name, value in given.items.get(item, {}).items():
        if isinstance(value, Item) and value.entity == name:
            given.roots.setdefault(name, value)
