"""Phones and addresses of clients: the values that are many of a kind.

Stored as ``{"id", "typeId", "valueType", "value"}``. Decides how a written set changes the stored one.
"""

from __future__ import annotations

from engine.emulator.php import items_of, listing, mapping
from engine.emulator.store import Store


def parse_multifields(store: Store, given: object, current: object) -> list[dict[str, object]]:
    """The new set: keys ``n0`` or a list add, a numeric key of a stored value changes it, an empty value
    drops it.
    """
    held = {str(mapping(one)["id"]): mapping(one) for one in listing(current)}
    for key, raw in items_of(given):
        one = mapping(raw)
        row_id = str(one.get("id") or key)
        value = str(one.get("value") or "").strip()
        if row_id in held and not value:
            del held[row_id]
        elif row_id in held:
            held[row_id] = held[row_id] | one | {"value": value}
        elif value:
            new_id = store.next_id("multifield")
            held[str(new_id)] = {
                "id": new_id,
                "valueType": str(one.get("valueType") or "WORK"),
                "value": value,
                "typeId": str(one.get("typeId") or "EMAIL"),
            }
    return list(held.values())


def old_multifields(stored: object) -> dict[str, list[dict[str, str]]]:
    """The members EMAIL, PHONE of the old methods; a kind without values is absent."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in map(mapping, listing(stored)):
        found.setdefault(str(one["typeId"]), []).append(
            {
                "ID": str(one["id"]),
                "VALUE_TYPE": str(one["valueType"]),
                "VALUE": str(one["value"]),
                "TYPE_ID": str(one["typeId"]),
            }
        )
    return found
