"""Product rows over both generations: `crm.item.productrow.*` and `crm.deal.productrows.*`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError, not_found, old
from engine.emulator.fields import DEAL
from engine.emulator.methods.itemview import old_id
from engine.emulator.php import items_of, listing, mapping
from engine.emulator.productrows import owner_type, rows_of, set_rows
from engine.emulator.selection import Page, cut, matches, parse_filter, read_start, sort_rows
from engine.emulator.store import Record
from engine.emulator.values import number

_DECIMALS = (
    "price",
    "priceAccount",
    "priceExclusive",
    "priceNetto",
    "priceBrutto",
    "quantity",
    "discountRate",
    "discountSum",
    "taxRate",
)
# Members of the old rows that the universal ones lack, with what they hold when nothing is reserved.
_OLD_ONLY = {
    "PRODUCT_DESCRIPTION": None,
    "STORE_ID": None,
    "RESERVE_ID": None,
    "DATE_RESERVE_END": None,
    "RESERVE_QUANTITY": None,
}


def _shown(row: Record) -> Record:
    return {
        name: number(value) if name in _DECIMALS and value is not None else value
        for name, value in row.items()
    }


def _read(row: Mapping[str, object], name: str) -> object:
    value = row.get(name)
    if value is not None and (name in _DECIMALS or isinstance(value, int)):
        return Decimal(str(value))
    return value


def _list(call: Call) -> object:
    """Rows of exactly one owner: both keys of it are required in the filter."""
    raw = mapping(call.need("filter"))
    owner, owner_id = raw.get("=ownerType", raw.get("ownerType")), raw.get("=ownerId", raw.get("ownerId"))
    if owner in (None, "") or owner_id in (None, ""):
        raise RestError(400, "100", "Required filter fields: =ownerType, =ownerId")
    group, zone = parse_filter(raw), call.portal.clock.zone
    rows = [
        row for row in rows_of(call.portal, str(owner), to_int(owner_id)) if matches(group, row, _read, zone)
    ]
    order = [(name, str(direction)) for name, direction in items_of(call.params.get("order"))]
    part, total, following = cut(sort_rows(rows, order, _read), read_start(call.params.get("start", 0)))
    return Page({"productRows": [_shown(dict(row)) for row in part]}, total, following)


def _set(call: Call) -> object:
    owner = str(call.need("ownerType"))
    given = [mapping(one) for one in listing(call.need("productRows"))]
    rows = set_rows(call.portal, owner, call.need_int("ownerId"), given, call.user)
    return {"productRows": [_shown(row) for row in rows]}


def _add(call: Call) -> object:
    given = mapping(call.need("fields"))
    owner, owner_id = str(given.get("ownerType", "")), to_int(given.get("ownerId"))
    owner_type(owner)
    rows = set_rows(call.portal, owner, owner_id, [given], call.user, keep=True)
    return {"productRow": _shown(max(rows, key=lambda row: to_int(row["id"])))}


def _get(call: Call) -> object:
    row = call.portal.store.get("productrow", call.need_int("id"))
    if row is None:
        raise not_found()
    return {"productRow": _shown(row)}


def _upper(name: str) -> str:
    return "".join(f"_{char}" if char.isupper() else char.upper() for char in name)


def _old_deal(call: Call) -> int:
    deal_id = old_id(call)
    if deal_id <= 0 or call.portal.store.get(f"item_{DEAL}", deal_id) is None:
        raise old("The parameter id is invalid or not defined.")
    return deal_id


def _old_get(call: Call) -> object:
    found = []
    for row in rows_of(call.portal, "D", _old_deal(call)):
        shown = {_upper(name): value for name, value in _shown(row).items()} | _OLD_ONLY
        shown |= {"ID": str(row["id"]), "OWNER_ID": str(row["ownerId"])}
        shown |= {
            "ORIGINAL_PRODUCT_NAME": row["productName"],
            "PRICE_ACCOUNT": f"{Decimal(str(row['price'])):.2f}",
        }
        found.append(shown)
    return found


def _camel(name: str) -> str:
    head, *rest = name.lower().split("_")
    return head + "".join(part.capitalize() for part in rest)


def _old_set(call: Call) -> object:
    deal_id = _old_deal(call)
    given = [
        {_camel(name): value for name, value in mapping(one).items()} for one in listing(call.loose("rows"))
    ]
    set_rows(call.portal, "D", deal_id, given, call.user)
    return True


METHODS = (
    Method("crm.item.productrow.list", "crm", _list),
    Method("crm.item.productrow.get", "crm", _get),
    Method("crm.item.productrow.set", "crm", _set),
    Method("crm.item.productrow.add", "crm", _add),
    Method("crm.deal.productrows.get", "crm", _old_get),
    Method("crm.deal.productrows.set", "crm", _old_set),
)
