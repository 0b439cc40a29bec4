"""`engine simulate --live`: facts that an event file lacks, read from the portal. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.mistakes import Mistake
from engine.decision.event import DELETED

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
    from engine.runtime import live_facts

    event = given.event
    if event is None or event.item is None or event.verb == DELETED:
        return
    with open_reader(opening, workshop) as (reader, _):
        try:
            failures = live_facts.read_missing(reader, edition, given)
        except live_facts.NoSuchItem as error:
            raise Mistake("not_on_portal", item=str(error)) from error
        except live_facts.NotRead as error:
            raise Mistake("portal_refused", 1, what=str(error)) from error
    for failure in failures:
        opening.say("not_read", what=failure.what, why=str(failure.error))
