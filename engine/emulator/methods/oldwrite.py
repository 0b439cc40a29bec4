"""What the older writing methods of all kinds share: parameters in any case, strings, errors with an empty code."""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call
from engine.emulator.errors import RestError, old
from engine.emulator.methods.item import describe, status_type
from engine.emulator.methods.itemview import ItemView, old_id
from engine.emulator.php import items_of, mapping
from engine.emulator.policies import read_policies
from engine.emulator.store import Record

_MULTI = ("PHONE", "EMAIL", "WEB", "IM")


def old_row(call: Call, view: ItemView) -> Record:
    """The item named by ``id``; `RestError` without one."""
    item_id = old_id(call)
    if item_id <= 0:
        raise old("ID is not defined or invalid.")
    row = call.portal.store.get(view.items.collection, item_id)
    if row is None:
        raise old("Not found")
    _check(view, "read", row)
    return row


def _check(view: ItemView, deed: str, row: Record) -> None:
    """`RestError` without a code where the employee may not do it."""
    try:
        view.items.check(deed, row)
    except RestError as error:
        raise old("Access denied.") from error


def _given(call: Call, view: ItemView) -> dict[str, object]:
    raw = call.loose("fields")
    if not isinstance(raw, Mapping | list):
        raise old("Parameter 'fields' must be array.")
    found: dict[str, object] = {}
    many: dict[str, object] = {}
    for name, value in mapping(raw).items():
        field = view.items.fields.old(name)
        if name.upper() in _MULTI and view.items.fields.stored("fm"):
            many |= _multifields(name.upper(), value)
        elif field is not None:
            found[field.name] = value
    return found | ({"fm": many} if many else {})


def _multifields(kind: str, raw: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, one in items_of(raw):
        given = {name.upper(): value for name, value in mapping(one).items()}
        row_id = given.get("ID")
        drops = str(given.get("DELETE", "N")).upper() == "Y"
        found[f"{kind}{key}"] = {
            **({"id": row_id} if row_id else {}),
            "typeId": kind,
            "valueType": given.get("VALUE_TYPE") or "WORK",
            "value": "" if drops else given.get("VALUE"),
        }
    return found


def old_add(call: Call, view: ItemView) -> object:
    """A new item; its id."""
    try:
        return view.items.add(_given(call, view), call.user)["id"]
    except RestError as error:
        raise _as_old(error) from error


def old_update(call: Call, view: ItemView) -> object:
    """Changed fields; the funnel is immutable for these methods and ignored silently."""
    row = old_row(call, view)
    _check(view, "update", row)
    given = _given(call, view)
    given.pop("categoryId", None)
    always = read_policies(call.portal.store).old_update_unchanged == "raises"
    try:
        view.items.update(int(str(row["id"])), given, call.user, always=always)
    except RestError as error:
        raise _as_old(error) from error
    return True


def old_delete(call: Call, view: ItemView) -> object:
    """The item is gone."""
    row = old_row(call, view)
    _check(view, "delete", row)
    view.items.delete(int(str(row["id"])))
    return True


def _as_old(error: RestError) -> RestError:
    return old("Access denied." if error.code == "ACCESS_DENIED" else error.description)


def old_fields(_call: Call, view: ItemView) -> object:
    """Every field under its upper-case name."""
    found = {}
    for field in view.items.fields.fields:
        shown = describe(field, status_type(view, field))
        if field.type == "boolean" and not field.custom:
            shown["type"] = "char"
        if field.name == "categoryId":
            shown["isImmutable"] = True
        if field.name != "fm":
            found[field.upper] = shown
    if view.items.fields.stored("fm"):
        many = {"type": "crm_multifield", "isRequired": False, "isReadOnly": False, "isImmutable": False}
        many |= {"isMultiple": True, "isDynamic": False}
        found |= {name: many | {"title": name} for name in _MULTI}
    return found
