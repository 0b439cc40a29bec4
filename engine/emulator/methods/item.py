"""`crm.item.*`: the universal methods."""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call, Method
from engine.emulator.condition import read_condition
from engine.emulator.errors import RestError
from engine.emulator.fields import DEAL, FIRST_DYNAMIC, INVOICE, Field
from engine.emulator.methods.itemview import ItemView, item_view, wanted_names
from engine.emulator.methods.plain import choose, selected, stringify
from engine.emulator.php import items_of, mapping
from engine.emulator.selection import (
    Page,
    cut,
    matches,
    names_in,
    parse_filter,
    read_start,
    rename,
    sort_rows,
)
from engine.emulator.stages import default_category, stage_entity
from engine.emulator.store import Record


def _get(call: Call) -> object:
    view = item_view(call)
    return {"item": view.native(view.items.get(call.need_int("id")))}


def _fields_given(call: Call) -> Mapping[str, object]:
    given = call.need("fields")
    if not isinstance(given, Mapping | list):
        text = "Invalid value {fields} to match with parameter {fields}. Should be value of type array."
        raise RestError(400, "100", text)
    return mapping(given)


def _check_plan(call: Call, view: ItemView, what: str) -> None:
    if (
        view.items.fields.entity_type >= FIRST_DYNAMIC
        and not read_condition(call.portal.store).smart_processes
    ):
        text = "Your plan does not allow to change items of smart processes"
        raise RestError(400, f"{what}_DYNAMIC_ITEM_RESTRICTED", text)


def _add(call: Call) -> object:
    view = item_view(call)
    _check_plan(call, view, "CREATE")
    return {"item": view.native(view.items.add(view.stored(_fields_given(call)), call.user))}


def _update(call: Call) -> object:
    view = item_view(call)
    _check_plan(call, view, "UPDATE")
    row = view.items.update(call.need_int("id"), view.stored(_fields_given(call)), call.user)
    return {"item": view.native(row)}


def _delete(call: Call) -> object:
    view = item_view(call)
    view.items.delete(call.need_int("id"))
    return {}


def _order(call: Call, view: ItemView) -> list[tuple[str, str]]:
    found = []
    for name, direction in items_of(call.params.get("order")):
        field = view.find(name)
        if field is None:
            raise RestError(
                400, "INVALID_ARG_VALUE", f"Invalid order: field '{name}' is not allowed in order"
            )
        found.append((field.name, str(direction)))
    return found or [("id", "ASC")]


def _selected(call: Call, view: ItemView) -> set[str] | None:
    """Stored names to print; None for everything. ``id`` is always among them."""
    wanted = wanted_names(call.params.get("select"))
    if not wanted or "*" in wanted:
        return None
    found = {"id"}
    for name in wanted:
        if name.lower() in ("uf_*", "ufcrm*", "ufcrm_*"):
            found |= {field.name for field in view.items.fields.fields if field.custom}
        elif (field := view.find(name)) is not None:
            found.add(field.name)
    return found


def _list(call: Call) -> object:
    view = item_view(call)
    group = parse_filter(call.params.get("filter"))
    for name in names_in(group):
        if view.find(name) is None:
            text = f"Invalid filter: field '{name}' is not allowed in filter"
            raise RestError(400, "INVALID_ARG_VALUE", text)

    def stored_name(name: str) -> str | None:
        field = view.find(name)
        return field.name if field else None

    group, zone = rename(group, stored_name), call.portal.clock.zone
    rows = [row for row in view.items.rows() if matches(group, row, view.read, zone)]
    part, total, following = cut(
        sort_rows(rows, _order(call, view), view.read), read_start(call.params.get("start", 0))
    )
    only = _selected(call, view)
    return Page({"items": [view.native(row, only) for row in part]}, total, following)


def describe(field: Field, settings: Mapping[str, object]) -> Record:
    """A field as `*.fields` prints it."""
    found: Record = {
        "type": field.type,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isImmutable": False,
        "isMultiple": field.multiple,
        "isDynamic": field.custom,
    }
    if field.options:
        found["items"] = [{"ID": str(number), "VALUE": value} for number, value in field.options]
    found |= settings
    if field.name == "contactId":
        found["isDeprecated"] = True
    found["title"] = field.title
    if field.settings:
        found["settings"] = dict(field.settings)
    return found


def status_type(view: ItemView, field: Field) -> Mapping[str, object]:
    """Which directory a status field reads, where it is one of stages."""
    kind = view.items.fields.entity_type
    if field.name in ("stageId", "previousStageId"):
        return {"statusType": stage_entity(kind, default_category(view.call.portal.store, kind))}
    named = {
        "sourceId": "SOURCE",
        "typeId": "DEAL_TYPE" if kind == DEAL else "COMPANY_TYPE",
        "industry": "INDUSTRY",
        "employees": "EMPLOYEES",
    }
    return {"statusType": named[field.name]} if field.name in named else {}


def _fields(call: Call) -> object:
    view = item_view(call)
    found = {}
    for field in view.items.fields.fields:
        found[view.name(field)] = describe(field, status_type(view, field)) | {"upperName": field.upper}
    return {"fields": found}


def _history(call: Call) -> object:
    """Stage changes of one kind, oldest first unless ordered otherwise."""
    kind = call.need_int("entityTypeId")
    if kind not in (DEAL, INVOICE) and kind < FIRST_DYNAMIC:
        raise RestError(400, 0, f"{kind} entity is not supported")
    rows = [row for row in call.portal.store.rows("stagehistory") if row["entityTypeId"] == kind]
    bare = [{name: value for name, value in row.items() if name != "entityTypeId"} for row in rows]
    part, total, following = cut(choose(call, bare), read_start(call.loose("start", 0)))
    shown = [selected(call, row) for row in part]
    # The vendor's pages print numbers, a recording of a live portal strings: a client must take both.
    as_text = call.portal.policies.stage_history == "text"
    return Page({"items": [stringify(row) for row in shown] if as_text else shown}, total, following)


METHODS = (
    Method("crm.item.get", "crm", _get),
    Method("crm.item.list", "crm", _list),
    Method("crm.item.add", "crm", _add),
    Method("crm.item.update", "crm", _update),
    Method("crm.item.delete", "crm", _delete),
    Method("crm.item.fields", "crm", _fields),
    Method("crm.stagehistory.list", "crm", _history),
)
