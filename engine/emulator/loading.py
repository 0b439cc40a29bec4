"""From a seed to a portal's first day.

Copies a `Company` into an empty store, row by row, under the ids it was given. Knows how each collection is
keyed; judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.emulator import drive
from engine.emulator.applications import install, read_registration
from engine.emulator.clock import iso
from engine.emulator.items import Items, items_of_type
from engine.emulator.productrows import complete_row
from engine.emulator.rights import set_rights
from engine.emulator.seed import Company, Row

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_FLAGS = {
    "isStagesEnabled": "Y",
    "isCategoriesEnabled": "N",
    "isClientEnabled": "N",
    "isBeginCloseDatesEnabled": "N",
    "isLinkWithProductsEnabled": "N",
    "isMycompanyEnabled": "N",
    "isObserversEnabled": "N",
    "isSourceEnabled": "N",
}


def load_company(portal: Portal, company: Company) -> None:
    """Everything of the seed is in the portal's store afterwards, in one transaction.

    Raises `RestError`, `PolicyError` or `KeyError` where a row of the seed cannot be: the seed is wrong then.
    """
    with portal.store.transaction():
        portal.store.write_meta("time_zone", company.time_zone)
        portal.store.write_meta("domain", company.domain)
        portal.set_policies(**company.policies)
        _structure(portal, company)
        for row in company.applications:
            install(portal, read_registration(row), is_quiet=True)
        for row in company.rights:
            set_rights(portal, int(str(row["user"])), row)
        _items(portal, company)
        _clients(portal, company)
        drive.plant_storages(portal, company.storages, company.files)


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _put(portal: Portal, collection: str, rows: Iterable[Row], key: str) -> None:
    for row in rows:
        given = row.get(key)
        row_id = int(str(given)) if given is not None else portal.store.next_id(collection)
        plain = {name: _plain(value) for name, value in row.items()}
        portal.store.put(collection, row_id, plain | {key: given if given is None else row_id})


def _flag(value: object) -> object:
    return ("Y" if value else "N") if isinstance(value, bool) else value


def _structure(portal: Portal, company: Company) -> None:
    _put(portal, "user", company.users, "ID")
    _put(portal, "webhook", ({"id": number, **row} for number, row in enumerate(company.webhooks, 1)), "id")
    _put(portal, "outgoing", company.outgoing, "id")
    defaults = {"isDefault": "N", "originId": "", "originatorId": ""}
    for number, row in enumerate(company.categories, 1):
        whole = defaults | {name: _flag(_plain(value)) for name, value in row.items()}
        numbers = {"id": int(str(row["id"])), "entityTypeId": int(str(row["entityTypeId"]))}
        portal.store.put("category", number, whole | numbers)
    _put(portal, "status", ({"ID": 101 + 2 * n, **row} for n, row in enumerate(company.statuses)), "ID")
    for row in company.types:
        row_id = portal.store.next_id("type") if row.get("id") is None else int(str(row["id"]))
        plain = {name: _flag(_plain(value)) for name, value in row.items()}
        numbers = {"entityTypeId": int(str(row["entityTypeId"]))}
        portal.store.put("type", row_id, (_FLAGS if row.get("id") is not None else {}) | plain | numbers)
    for number, row in enumerate(company.userfields, 5001):
        field_id = int(str(row.get("id") or number))
        portal.store.put(
            "userfield", field_id, {name: _plain(value) for name, value in row.items()} | {"id": field_id}
        )


def _items(portal: Portal, company: Company) -> None:
    for entity_type, rows in company.items.items():
        items = items_of_type(portal, entity_type)
        for row in rows:
            items.plant({_stored(items, name): _seeded(value) for name, value in row.items()})
    for number, row in enumerate(company.product_rows, 1):
        row_id = int(str(row.get("id") or number))
        plain = {name: _plain(value) for name, value in row.items()}
        portal.store.put("productrow", row_id, complete_row(plain | {"id": row_id}))
    _put(portal, "payment", company.payments, "id")


def _stored(items: Items, name: str) -> str:
    field = items.fields.named(name) or items.fields.stored(name)
    if field is None:
        raise KeyError(f"type {items.fields.entity_type} has no field {name}")
    return field.name


def _seeded(value: object) -> object:
    """Values as the seed gives them; files keep their bytes, numbers their exactness."""
    if isinstance(value, Decimal | datetime | date) and not isinstance(value, bool):
        return _plain(value)
    return value


def _clients(portal: Portal, company: Company) -> None:
    _put(portal, "requisite", company.requisites, "ID")
    _put(portal, "bankdetail", company.bank_details, "ID")
