"""`crm.deal.*`: the older methods of deals, still what most integrations call.

Parameters in any case, answers in strings, errors with an empty code.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call, Method
from engine.emulator.errors import RestError, old
from engine.emulator.fields import DEAL
from engine.emulator.methods.item import describe, status_type
from engine.emulator.methods.itemview import ItemView, old_id, view_of
from engine.emulator.methods.oldlist import list_old
from engine.emulator.php import mapping
from engine.emulator.store import Record


def _view(call: Call) -> ItemView:
    return view_of(call, DEAL)


def _row(call: Call, view: ItemView) -> Record:
    deal_id = old_id(call)
    if deal_id <= 0:
        raise old("ID is not defined or invalid.")
    row = call.portal.store.get(view.items.collection, deal_id)
    if row is None:
        raise old("Not found")
    return row


def _get(call: Call) -> object:
    view = _view(call)
    return view.old(_row(call, view))


def _list(call: Call) -> object:
    return list_old(call, _view(call))


def _given(call: Call, view: ItemView) -> dict[str, object]:
    raw = call.loose("fields")
    if not isinstance(raw, Mapping | list):
        raise old("Parameter 'fields' must be array.")
    found = {}
    for name, value in mapping(raw).items():
        field = view.items.fields.old(name)
        if field is not None:
            found[field.name] = value
    return found


def _add(call: Call) -> object:
    view = _view(call)
    try:
        return view.items.add(_given(call, view), call.user)["id"]
    except RestError as error:
        raise old(error.description) from error


def _update(call: Call) -> object:
    """The funnel cannot be changed here: the field is immutable for the old methods."""
    view = _view(call)
    row = _row(call, view)
    given = _given(call, view)
    given.pop("categoryId", None)
    try:
        view.items.update(int(str(row["id"])), given, call.user, always=True)
    except RestError as error:
        raise old(error.description) from error
    return True


def _delete(call: Call) -> object:
    view = _view(call)
    view.items.delete(int(str(_row(call, view)["id"])))
    return True


def _fields(call: Call) -> object:
    view = _view(call)
    found = {}
    for field in view.items.fields.fields:
        shown = describe(field, status_type(view, field))
        if field.type == "boolean" and not field.custom:
            shown["type"] = "char"
        if field.name == "categoryId":
            shown["isImmutable"] = True
        found[field.upper] = shown
    return found


METHODS = (
    Method("crm.deal.get", "crm", _get),
    Method("crm.deal.list", "crm", _list),
    Method("crm.deal.add", "crm", _add),
    Method("crm.deal.update", "crm", _update),
    Method("crm.deal.delete", "crm", _delete),
    Method("crm.deal.fields", "crm", _fields),
)
