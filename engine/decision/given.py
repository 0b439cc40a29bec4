"""What reading an event file gives: the event, what it says of items, and what is wrong with it.

Holds findings and their places; knows no field and no JSON type.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.decision.event import Event
from engine.language.diagnostics import Diagnostic
from engine.language.json_places import Places
from engine.language.values import Item, Value

# A place is found by reading the text again, so a file that is wrong everywhere would cost its size squared.
MAX_FINDINGS = 50
Path = tuple[str | int, ...]


@dataclass
class Given:
    """What an event file holds: the event, its items' fields and roots, and what is wrong.

    `event` is None where the file is broken; `needs_reading` is true for a raw delivery without facts.
    """

    event: Event | None = None
    items: dict[Item, dict[str, Value]] = field(default_factory=dict)
    roots: dict[str, Value] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def needs_reading(self) -> bool:
        """True where nothing is known of the item that woke it."""
        return self.event is not None and self.event.item is not None and self.event.item not in self.items

    @property
    def is_broken(self) -> bool:
        """True where something is wrong that keeps the event from being decided."""
        return any(found.is_error for found in self.diagnostics)


@dataclass(frozen=True)
class Report:
    """Where a reading says what it finds: into `given`, with the place in the file."""

    given: Given
    places: Places

    def say(self, path: Path, code: str, **values: str) -> None:
        """Note a finding at `path`. R307 is a warning; a suggestion that is empty is left out.

        After `MAX_FINDINGS` no more are kept, save an error where there was none.
        """
        severity = "warning" if code == "R307" else "error"
        found = self.given.diagnostics
        if len(found) >= MAX_FINDINGS and (severity == "warning" or self.given.is_broken):
            return
        kept = {name: value for name, value in values.items() if value or name != "suggestion"}
        found.append(Diagnostic(code, self.places.span(path), kept, severity))
