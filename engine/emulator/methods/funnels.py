"""Writing funnels and stages: `crm.category.*` and `crm.status.*` beside their lists. Administrators only."""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError, access_denied, not_found, old
from engine.emulator.fields import COMPANY, CONTACT, DEAL
from engine.emulator.funnels import add_funnel, add_stage, funnel_of_entity, remove_funnel, stage_prefix
from engine.emulator.methods.itemview import old_id
from engine.emulator.methods.standing import manages_crm
from engine.emulator.methods.structure import kind_of, print_category, print_status
from engine.emulator.php import mapping
from engine.emulator.stages import categories, stage_entity
from engine.emulator.store import Record

_FIELDS = (
    ("id", "integer", "ID", False, True),
    ("name", "string", "NAME", False, False),
    ("sort", "integer", "SORT", False, False),
    ("entityTypeId", "integer", "ENTITY_TYPE_ID", True, True),
    ("isDefault", "boolean", "IS_DEFAULT", False, True),
    ("originId", "string", "ORIGIN_ID", False, False),
    ("originatorId", "string", "ORIGINATOR_ID", False, False),
)
_TEXTS = ("name", "originId", "originatorId")


def _category_fields(call: Call) -> object:
    kind_of(call)
    return {
        "fields": {
            name: {
                "type": kind,
                "isRequired": required,
                "isReadOnly": read_only,
                "isImmutable": False,
                "isMultiple": False,
                "isDynamic": False,
                "title": upper,
                "upperName": upper,
            }
            for name, kind, upper, required, read_only in _FIELDS
        }
    }


def _writable_kind(call: Call) -> int:
    kind = kind_of(call)
    if not manages_crm(call):
        raise access_denied()
    if kind in (CONTACT, COMPANY):
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type does not support categories")
    return kind


def _find(call: Call, kind: int) -> tuple[int, Record]:
    wanted = call.need_int("id")
    for number, row in call.portal.store.numbered("category"):
        if row["entityTypeId"] == kind and row["id"] == wanted:
            return number, row
    raise not_found()


def _category_add(call: Call) -> object:
    """A new funnel with its first stages; the one named default takes that from the one before."""
    kind, given, store = _writable_kind(call), mapping(call.need("fields")), call.portal.store
    name = str(given.get("name") or "").strip()
    if not name:
        raise RestError(400, 0, "Field 'NAME' is required")
    # The default funnel of deals is fixed: the flag is not theirs to give away.
    is_default = (given.get("isDefault") == "Y" and kind != DEAL) or not categories(store, kind)
    if is_default:
        for number, row in store.numbered("category"):
            if row["entityTypeId"] == kind and row["isDefault"] == "Y":
                store.put("category", number, row | {"isDefault": "N"})
    row = add_funnel(store, kind, name, sort=max(to_int(given.get("sort", 500)), 0), is_default=is_default)
    return {"category": print_category(row)}


def _category_update(call: Call) -> object:
    kind, given = _writable_kind(call), mapping(call.need("fields"))
    number, row = _find(call, kind)
    changed: Record = {name: str(given[name]) for name in _TEXTS if name in given}
    if "sort" in given:
        changed["sort"] = to_int(given["sort"])
    call.portal.store.put("category", number, row | changed)
    return {"category": print_category(row | changed)}


def _refused(kind: int, of_deals: str, of_others: str) -> RestError:
    """Deals and smart processes refuse the same thing in two ways."""
    return RestError(400, 0, of_deals) if kind == DEAL else RestError(400, "BX_ERROR", of_others)


def _category_delete(call: Call) -> object:
    """Refused for the default funnel and for one that items are in."""
    kind = _writable_kind(call)
    number, row = _find(call, kind)
    if row["isDefault"] == "Y":
        raise _refused(kind, "Default deal category cannot be deleted", "This funnel is the default funnel")
    if any(item.get("categoryId") == row["id"] for item in call.portal.store.rows(f"item_{kind}")):
        named = f"Deals related to the funnel {row['name']} found"
        raise _refused(kind, named, "Elements related to the funnel found")
    remove_funnel(call.portal.store, number, row)
    return None


def _status_row(call: Call) -> Record:
    row = call.portal.store.get("status", old_id(call))
    if row is None:
        raise RestError(400, "Status is not found.", "Directory item not found.")
    return row


def _status_get(call: Call) -> object:
    shown = print_status(_status_row(call))
    del shown["EXTRA"]
    return shown


def _given(call: Call) -> dict[str, object]:
    if not manages_crm(call):
        raise old("Access denied.")
    raw = call.loose("fields")
    if not isinstance(raw, Mapping):
        raise old("Parameter 'fields' must be array.")
    return {name.upper(): value for name, value in raw.items()}


def _semantics(raw: object) -> str | None:
    return str(raw) if raw in ("S", "F") else None


def _status_add(call: Call) -> object:
    """A new row; in a directory of stages its code gets the funnel's prefix."""
    given, store = _given(call), call.portal.store
    for name in ("ENTITY_ID", "STATUS_ID", "NAME"):
        if not str(given.get(name) or "").strip():
            raise old(f"The field {name} is required.")
    entity, code = str(given["ENTITY_ID"]), str(given["STATUS_ID"]).strip()
    funnel = funnel_of_entity(store, entity)
    if funnel is None and "_STAGE" in entity:
        raise old("The field ENTITY_ID is invalid.")
    prefix = stage_prefix(to_int(funnel["entityTypeId"]), to_int(funnel["id"])) if funnel else ""
    if prefix and not code.startswith(f"{prefix}:"):
        code = f"{prefix}:{code}"
    if any((row["ENTITY_ID"], row["STATUS_ID"]) == (entity, code) for row in store.rows("status")):
        raise old(f"Status with STATUS_ID '{code}' already exists.")
    semantics = _semantics(given.get("SEMANTICS"))
    if semantics == "S" and any(
        row["ENTITY_ID"] == entity and row.get("SEMANTICS") == "S" for row in store.rows("status")
    ):
        raise old("There can be only one stage of success.")
    row = add_stage(
        store,
        {
            "ENTITY_ID": entity,
            "STATUS_ID": code,
            "NAME": str(given["NAME"]),
            "SORT": to_int(given.get("SORT")) or 10,
            "SEMANTICS": semantics,
            "COLOR": str(given.get("COLOR") or ""),
        },
    )
    return row["ID"]


def _status_update(call: Call) -> object:
    """Name, sort and colour; entity and code are fixed."""
    given, row = _given(call), _status_row(call)
    changed: Record = {name: str(given[name]) for name in ("NAME", "COLOR") if given.get(name)}
    if "SORT" in given:
        changed["SORT"] = to_int(given["SORT"])
    call.portal.store.put("status", to_int(row["ID"]), row | changed)
    return True


def _status_delete(call: Call) -> object:
    """The portal's own rows stay; so does a stage that items are at."""
    if not manages_crm(call):
        raise old("Access denied.")
    row, store = _status_row(call), call.portal.store
    forced = str(mapping(call.loose("params")).get("FORCED", "N")) == "Y"
    if row.get("SYSTEM") == "Y" and not forced:
        text = 'CRM System Status can be deleted only if parameter FORCED is specified and equal to "Y".'
        raise RestError(400, text, text)
    for funnel in store.rows("category"):
        kind, category = to_int(funnel["entityTypeId"]), to_int(funnel["id"])
        if stage_entity(kind, category) == row["ENTITY_ID"] and any(
            item.get("stageId") == row["STATUS_ID"] for item in store.rows(f"item_{kind}")
        ):
            text = "There are active items in this status."
            raise RestError(400, text, text)
    store.remove("status", to_int(row["ID"]))
    return True


METHODS = (
    Method("crm.category.fields", "crm", _category_fields),
    Method("crm.category.add", "crm", _category_add),
    Method("crm.category.update", "crm", _category_update),
    Method("crm.category.delete", "crm", _category_delete),
    Method("crm.status.get", "crm", _status_get),
    Method("crm.status.add", "crm", _status_add),
    Method("crm.status.update", "crm", _status_update),
    Method("crm.status.delete", "crm", _status_delete),
)
