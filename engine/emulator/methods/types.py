"""Smart processes: `crm.type.*`.

A type added here is a kind that items can be added to at once, with one funnel of five stages.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.condition import read_condition
from engine.emulator.errors import RestError, access_denied
from engine.emulator.funnels import add_funnel, remove_funnel
from engine.emulator.methods.plain import choose
from engine.emulator.methods.standing import manages_crm
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record

_SWITCHES_TEXT = """
isCategoriesEnabled isStagesEnabled isBeginCloseDatesEnabled isClientEnabled isUseInUserfieldEnabled
isLinkWithProductsEnabled isMycompanyEnabled isDocumentsEnabled isSourceEnabled isObserversEnabled
isRecyclebinEnabled isAutomationEnabled isBizProcEnabled isSetOpenPermissions isPaymentsEnabled
isCountersEnabled
"""
_SWITCHES = _SWITCHES_TEXT.split()
_FIRST_FREE = 1030


def _processes(call: Call) -> list[Record]:
    return [row for row in call.portal.store.rows("type") if row.get("id") is not None]


def _shown(row: Mapping[str, object]) -> Record:
    return {
        "id": row["id"],
        "title": row.get("title", ""),
        "code": row.get("code", ""),
        "createdBy": row.get("createdBy", 1),
        "entityTypeId": row["entityTypeId"],
        "customSectionId": None,
        **{name: row.get(name, "N") for name in _SWITCHES},
        "createdTime": row.get("createdTime"),
        "updatedTime": row.get("updatedTime"),
        "updatedBy": row.get("updatedBy", 1),
    }


def _relations(row: Mapping[str, object]) -> Record:
    found: Record = {}
    for side in ("parent", "child"):
        related = [mapping(one) for one in listing(mapping(row.get("relations")).get(side))]
        found[side] = [
            {
                "entityTypeId": to_int(one["entityTypeId"]),
                "isChildrenListEnabled": "Y"
                if str(one.get("isChildrenListEnabled", "true")).lower() in ("true", "y")
                else "N",
                "isPredefined": "N",
            }
            for one in related
        ]
    return found


def _full(row: Mapping[str, object]) -> Record:
    return _shown(row) | {"relations": _relations(row), "linkedUserFields": {}, "customSections": []}


def _list(call: Call) -> object:
    rows = choose(call, [_shown(row) for row in _processes(call)])
    part, total, following = cut(rows, read_start(call.loose("start", 0)))
    return Page({"types": list(part)}, total, following)


def _find(call: Call, name: str, key: str) -> object:
    wanted = call.need_int(name)
    for row in _processes(call):
        if row[key] == wanted:
            return {"type": _full(row)}
    raise RestError(400, 0, "SPA not found")


def _true(raw: object) -> str:
    return "Y" if str(raw).upper() in ("Y", "TRUE", "1") else "N"


def _given_relations(raw: object) -> Record:
    """Only the words true and false mean something here; Y and N are read as no, as the vendor warns."""
    found: Record = {}
    for side in ("parent", "child"):
        found[side] = [
            {
                "entityTypeId": to_int(one.get("entityTypeId")),
                "isChildrenListEnabled": str(one.get("isChildrenListEnabled", "false")).lower() == "true",
            }
            for one in map(mapping, listing(mapping(raw).get(side)))
        ]
    return found


def _add(call: Call) -> object:
    """A new smart process; administrators only."""
    fields, store, now = _writable(call), call.portal.store, call.portal.clock.stamp()
    if not read_condition(store).smart_processes:
        text = "You have reached the limit of smart processes on your plan"
        raise RestError(400, "CREATE_DYNAMIC_TYPE_RESTRICTED", text)
    taken = {to_int(row["entityTypeId"]) for row in store.rows("type")}
    kind = to_int(fields.get("entityTypeId")) or max([_FIRST_FREE - 2, *taken]) + 2
    if kind in taken or not (128 <= kind <= 192 or (kind >= _FIRST_FREE and kind % 2 == 0)):
        raise RestError(400, "INVALID_ARG_VALUE", "Invalid value for field entityTypeId")
    title = str(fields.get("title") or "").strip()
    if not title:
        raise RestError(400, "BX_EMPTY_REQUIRED", "Required field 'TITLE' is not filled")
    type_id = store.next_id("type")
    row = {
        "id": type_id,
        "entityTypeId": kind,
        "title": title,
        **{
            name: _true(fields.get(name, "Y" if name == "isSetOpenPermissions" else "N"))
            for name in _SWITCHES
        },
        "relations": _given_relations(fields.get("relations")),
        "createdTime": now,
        "updatedTime": now,
        "createdBy": call.user,
        "updatedBy": call.user,
    }
    store.put("type", type_id, row)
    add_funnel(store, kind, "Общее", is_default=True)
    call.portal.raise_event("ONCRMTYPEADD", {"FIELDS": {"ID": type_id}})
    return {"type": _full(row)}


def _writable(call: Call) -> dict[str, object]:
    if not manages_crm(call):
        raise access_denied()
    fields = call.need("fields")
    if not isinstance(fields, Mapping):
        text = "Invalid value {fields} to match with parameter {fields}. Should be value of type array."
        raise RestError(400, "100", text)
    return mapping(fields)


def _row(call: Call) -> Record:
    row = call.portal.store.get("type", call.need_int("id"))
    if row is None or row.get("id") is None:
        raise RestError(400, 0, "SPA not found")
    return row


def _update(call: Call) -> object:
    """Title, switches and relations; the entityTypeId is fixed. Relations that are sent replace all of them."""
    fields, row = _writable(call), _row(call)
    changed: Record = {name: _true(fields[name]) for name in _SWITCHES if name in fields}
    if str(fields.get("title") or "").strip():
        changed["title"] = str(fields["title"]).strip()
    if "relations" in fields:
        changed["relations"] = _given_relations(fields["relations"])
    changed |= {"updatedTime": call.portal.clock.stamp(), "updatedBy": call.user}
    call.portal.store.put("type", to_int(row["id"]), row | changed)
    call.portal.raise_event("ONCRMTYPEUPDATE", {"FIELDS": {"ID": row["id"]}})
    return {"type": _full(row | changed)}


def _delete(call: Call) -> object:
    """Refused while there are items; its funnels, stages and own fields go with it."""
    if not manages_crm(call):
        raise access_denied()
    row, store = _row(call), call.portal.store
    kind = to_int(row["entityTypeId"])
    if store.rows(f"item_{kind}"):
        raise RestError(400, "BX_ERROR", "You cannot delete an entity type that has elements")
    for number, funnel in store.numbered("category"):
        if funnel["entityTypeId"] == kind:
            remove_funnel(store, number, funnel)
    for own in store.rows("userfield"):
        if own["entityId"] == f"CRM_{row['id']}":
            store.remove("userfield", to_int(own["id"]))
    store.remove("type", to_int(row["id"]))
    call.portal.raise_event("ONCRMTYPEDELETE", {"FIELDS": {"ID": row["id"]}})
    return {}


METHODS = (
    Method("crm.type.list", "crm", _list),
    Method("crm.type.get", "crm", lambda call: _find(call, "id", "id")),
    Method("crm.type.getByEntityTypeId", "crm", lambda call: _find(call, "entityTypeId", "entityTypeId")),
    Method("crm.type.add", "crm", _add),
    Method("crm.type.update", "crm", _update),
    Method("crm.type.delete", "crm", _delete),
)
