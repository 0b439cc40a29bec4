"""Product rows: the goods and works of a deal, an invoice, a smart process.

Decides the prices that follow from a written row and the sums that follow for its owner. `price` is what the
client pays for one unit: after the discount, with the tax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from engine.emulator.errors import RestError
from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.items import Items, items_of_type
from engine.emulator.store import Record

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_CENT = Decimal("0.01")
# The row of the goods catalogue that says "no product of the catalogue".
_FREE_PRODUCT = 0
_TYPE_SERVICE, _TYPE_PRODUCT = 7, 1


def owner_abbreviation(entity_type: int) -> str:
    """``D`` deal, ``SI`` invoice, ``T414`` the smart process with entityTypeId 0x414."""
    return {DEAL: "D", INVOICE: "SI"}.get(entity_type, f"T{entity_type:X}")


def owner_type(abbreviation: str) -> int:
    """The entityTypeId behind an abbreviation; `RestError` where it is none."""
    known = {"D": DEAL, "SI": INVOICE}.get(abbreviation.upper())
    if known is not None:
        return known
    try:
        return int(abbreviation.upper().removeprefix("T"), 16)
    except ValueError:
        raise RestError(400, "OWNER_NOT_FOUND", "Owner was not found") from None


def _round(value: Decimal) -> str:
    return format(value.quantize(_CENT, ROUND_HALF_UP).normalize(), "f")


def complete_row(given: Mapping[str, object]) -> Record:
    """A row with everything that follows from price, quantity, discount and tax; decimals are strings."""
    price = Decimal(str(given.get("price") or 0))
    rate = None if given.get("taxRate") in (None, "") else Decimal(str(given["taxRate"]))
    tax = 1 + (rate or Decimal(0)) / 100
    exclusive = (price / tax).quantize(_CENT, ROUND_HALF_UP)
    kind = int(str(given.get("discountTypeId") or 2))
    percent = Decimal(str(given.get("discountRate") or 0))
    discount = Decimal(str(given.get("discountSum") or 0))
    if kind == 2 and percent < 100:
        discount = (exclusive / (1 - percent / 100)).quantize(_CENT, ROUND_HALF_UP) - exclusive
    netto = exclusive + discount
    return {
        "id": given["id"],
        "ownerId": int(str(given["ownerId"])),
        "ownerType": str(given["ownerType"]),
        "productId": int(str(given.get("productId") or _FREE_PRODUCT)),
        "productName": str(given.get("productName") or ""),
        "price": format(price, "f"),
        "priceAccount": format(price, "f"),
        "priceExclusive": _round(exclusive),
        "priceNetto": _round(netto),
        "priceBrutto": _round(netto * tax),
        "quantity": format(Decimal(str(given.get("quantity") or 1)), "f"),
        "discountTypeId": kind,
        "discountRate": format(percent, "f"),
        "discountSum": _round(discount),
        "taxRate": None if rate is None else format(rate, "f"),
        "taxIncluded": "Y" if given.get("taxIncluded") in ("Y", True) else "N",
        "customized": "Y",
        "measureCode": int(str(given.get("measureCode") or 796)),
        "measureName": str(given.get("measureName") or "шт"),
        "sort": int(str(given.get("sort") or 0)),
        "xmlId": str(given.get("xmlId") or ""),
        "type": int(str(given.get("type") or (_TYPE_PRODUCT if given.get("productId") else _TYPE_SERVICE))),
    }


def rows_of(portal: Portal, owner: str, owner_id: int) -> list[Record]:
    """The rows of one owner, by sort and id."""
    found = [
        row
        for row in portal.store.rows("productrow")
        if row["ownerId"] == owner_id and str(row["ownerType"]).upper() == owner.upper()
    ]
    return sorted(found, key=lambda row: (int(str(row["sort"])), int(str(row["id"]))))


def _owner(portal: Portal, owner: str, owner_id: int) -> Items:
    items = items_of_type(portal, owner_type(owner))
    if portal.store.get(items.collection, owner_id) is None:
        raise RestError(400, "OWNER_NOT_FOUND", "Owner was not found")
    return items


def set_rows(
    portal: Portal,
    owner: str,
    owner_id: int,
    given: Sequence[Mapping[str, object]],
    user: int,
    *,
    keep: bool = False,
) -> list[Record]:
    """Replace (or with `keep` extend) an owner's rows; its sum follows unless it is set by hand.

    Rows that come with an id of the owner keep it. Raises `RestError` OWNER_NOT_FOUND.
    """
    with portal.change():
        items = _owner(portal, owner, owner_id)
        held = {str(row["id"]): row for row in rows_of(portal, owner, owner_id)}
        for row in [] if keep else held.values():
            portal.store.remove("productrow", int(str(row["id"])))
        for position, raw in enumerate(given, 1):
            known = held.get(str(raw.get("id")), {})
            row_id = int(str(known["id"])) if known else portal.store.next_id("productrow")
            fixed = {"id": row_id, "ownerId": owner_id, "ownerType": owner}
            portal.store.put(
                "productrow", row_id, complete_row({"sort": position * 10, **known, **raw, **fixed})
            )
        rows = rows_of(portal, owner, owner_id)
        _follow(items, owner_id, rows, user)
        return rows


def _follow(items: Items, owner_id: int, rows: list[Record], user: int) -> None:
    changed: dict[str, object] = {}
    if items.fields.stored("opportunity") and items.get(owner_id).get("isManualOpportunity") != "Y":
        total = tax = Decimal(0)
        for row in rows:
            quantity, price = Decimal(str(row["quantity"])), Decimal(str(row["price"]))
            total += (price * quantity).quantize(_CENT, ROUND_HALF_UP)
            tax += ((price - Decimal(str(row["priceExclusive"]))) * quantity).quantize(_CENT, ROUND_HALF_UP)
        changed = {"opportunity": format(total, "f"), "taxValue": format(tax, "f")}
    items.touch(owner_id, changed, user)
