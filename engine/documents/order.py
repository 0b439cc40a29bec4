"""What was asked for: a template, an item, and the action's further parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from engine.documents.reading import OpenError, Reading
from engine.effects import Said
from engine.language.values import Item, Value

if TYPE_CHECKING:
    from engine.setup import DocumentSetup


class NothingError(Exception):
    """There is nothing to write about (a reminder of a paid invoice): becomes the effect's `nothing_to_do`."""

    def __init__(self, ru: str, en: str) -> None:
        """Keep the reason in both languages."""
        super().__init__(en)
        self.said = Said(ru, en)


@dataclass(frozen=True, slots=True)
class Order:
    """A document asked for. `options` are the action's parameters beyond template and item."""

    template: str
    item: Item
    options: Mapping[str, Value]
    documents: DocumentSetup

    def items(self, name: str) -> tuple[Item, ...]:
        """Return a parameter that is a list of items, empty where it is not given."""
        given = self.options.get(name)
        members = given if isinstance(given, tuple) else () if given is None else (given,)
        if not all(isinstance(member, Item) for member in members):
            raise OpenError(f"document.render.{name}: не все известны")
        return tuple(dict.fromkeys(member for member in members if isinstance(member, Item)))

    def item_option(self, name: str) -> Item | None:
        """Return a parameter that is an item, None where it is not given."""
        given = self.options.get(name)
        return given if isinstance(given, Item) else None

    def day_option(self, name: str) -> date | None:
        """Return a parameter that is a date, None where it is not given."""
        given = self.options.get(name)
        return given if isinstance(given, date) and not isinstance(given, datetime) else None


def one_of_all(reading: Reading, items: tuple[Item, ...], name: str, wanted: Item | None) -> Item:
    """Return the company that all items name; a stranger's document among them leaves the sheet undecided.

    What one client owes must never be told to another.
    """
    found = dict.fromkeys(reading.tie(item, name) for item in items)
    if wanted is not None:
        strange = [str(item) for item in items if reading.tie(item, name) != wanted]
        if strange:
            raise OpenError(f"{', '.join(strange)}: {name} — не {wanted}")
        return wanted
    if len(found) != 1:
        raise OpenError(f"{name}: нужна одна компания, а их {len(found)}: {', '.join(map(str, found))}")
    return next(iter(found))
