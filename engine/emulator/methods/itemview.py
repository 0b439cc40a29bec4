"""Items as methods read and print them: names in, names out, values of filters.

Shared by the universal and the old methods; decides no change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from engine.emulator import values
from engine.emulator.calling import Call, to_int
from engine.emulator.errors import RestError
from engine.emulator.fields import DEAL, Field
from engine.emulator.items import Items, items_of_type
from engine.emulator.links import crm_file_view
from engine.emulator.multifields import old_multifields
from engine.emulator.php import listing, mapping
from engine.emulator.store import Record

_NUMBERS = {
    "integer",
    "user",
    "crm_company",
    "crm_contact",
    "crm_category",
    "crm_lead",
    "crm_quote",
    "crm_entity",
    "employee",
    "enumeration",
    "double",
}
# Invoices of the time before smart ones: the universal methods refuse them by name.
OLD_INVOICE = 5
# Listed by the vendor and always empty in a deal's answer.
_ALWAYS_NULL = (
    "dateCreateShort",
    "dateModifyShort",
    "begindateShort",
    "closedateShort",
    "eventDate",
    "eventDateShort",
    "eventId",
    "eventDescription",
    "searchContent",
    "isWork",
    "isWon",
    "isLose",
    "receivedAmount",
    "lostAmount",
    "hasProducts",
)


@dataclass(frozen=True)
class ItemView:
    """The items of one kind, as one call sees them."""

    call: Call
    items: Items
    original: bool = False
    """Whether user fields go by their original names."""

    def stored(self, given: Mapping[str, object]) -> dict[str, object]:
        """Written fields under stored names; unknown ones are dropped silently, as the portal does."""
        found: dict[str, object] = {}
        for name, value in given.items():
            field = next((one for one in self.items.fields.fields if name == self.name(one)), None)
            if field is not None:
                found[field.name] = value
        return found

    def name(self, field: Field) -> str:
        """A field's name in this call."""
        return field.name if self.original and field.custom else field.camel

    def find(self, name: str) -> Field | None:
        """A field by a name of a filter, an order, a selection."""
        return self.items.fields.named(name, original=self.original)

    def read(self, row: Mapping[str, object], name: str) -> object:
        """A row's value, by stored name, in the terms of a filter."""
        field = self.items.fields.stored(name)
        return None if field is None else self._comparable(field, row.get(name))

    def _comparable(self, field: Field, stored: object) -> object:
        if isinstance(stored, list):
            return [self._comparable(field, one) for one in stored]
        # An own flag is 1 or 0 in the portal's table, and empty counts as 0.
        if field.custom and field.type == "boolean":
            return Decimal(1 if stored == "Y" else 0)
        if stored is None:
            return None
        if field.type in _NUMBERS:
            return Decimal(str(stored))
        if field.type in ("date", "datetime"):
            return values.moment(stored, self.call.portal.clock.zone)
        if field.type == "file":
            return Decimal(str(mapping(stored).get("id", 0)))
        return stored

    def _file(self, row: Mapping[str, object], field: Field, stored: object) -> object:
        owner = f"{self.items.fields.entity_type}:{row['id']}:{field.name}"
        return crm_file_view(self.call.portal.store, self.call.base_url, mapping(stored).get("id"), owner)

    def native(self, row: Mapping[str, object], only: set[str] | None = None) -> Record:
        """A row as `crm.item.*` prints it; with `only`, just those stored names."""
        zone = self.call.portal.clock.zone
        found: Record = {}
        for field in self.items.fields.fields:
            if only is not None and field.name not in only:
                continue
            stored = row.get(field.name)
            # Most fields of most items are empty, and a list prints fifty items.
            found[self.name(field)] = (
                None
                if stored is None and not field.multiple
                else values.native(field, stored, zone, partial(self._file, row, field))
            )
        if only is None:
            if self.items.fields.entity_type == DEAL:
                found |= dict.fromkeys(_ALWAYS_NULL)
            found["entityTypeId"] = self.items.fields.entity_type
        return found

    def old(self, row: Mapping[str, object], only: set[str] | None = None) -> Record:
        """A row as the old methods print it; without `only`, everything but multi-fields."""
        zone = self.call.portal.clock.zone
        found: Record = {}
        for field in self.items.fields.fields:
            if field.type == "crm_multifield" or (only is not None and field.name not in only):
                continue
            found[field.upper] = values.text(
                field, row.get(field.name), zone, partial(self._file, row, field)
            )
        return found

    def old_multi(self, row: Mapping[str, object]) -> Record:
        """The members EMAIL, PHONE, …"""
        return dict(old_multifields(row.get("fm")))


def item_view(call: Call) -> ItemView:
    """The view a call of `crm.item.*` asks for by ``entityTypeId`` and ``useOriginalUfNames``."""
    kind = call.need_int("entityTypeId")
    if kind == OLD_INVOICE:
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type `5` is not supported")
    items = items_of_type(call.portal, kind, call.user)
    return ItemView(
        call, items, original=str(call.params.get("useOriginalUfNames", "N")).upper() in ("Y", "1", "TRUE")
    )


def view_of(call: Call, entity_type: int) -> ItemView:
    """The view of a kind the method itself names."""
    return ItemView(call, items_of_type(call.portal, entity_type, call.user), original=True)


def old_id(call: Call) -> int:
    """The id of an old method, 0 where it is absent or no number."""
    return to_int(call.loose("id"))


def wanted_names(raw: object) -> list[str]:
    """The names of a selection."""
    return [str(name) for name in listing(raw)]
