"""Smart processes: `crm.type.*`."""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError, access_denied
from engine.emulator.methods.plain import choose
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
_STAGES = (
    ("NEW", "Начало", None, "#22B9FF"),
    ("PREPARATION", "Подготовка", None, "#88B9FF"),
    ("CLIENT", "Согласование", None, "#10E5FC"),
    ("SUCCESS", "Успех", "S", "#00FF00"),
    ("FAIL", "Провал", "F", "#FF0000"),
)


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
                if str(one.get("isChildrenListEnabled", "true")) in ("true", "Y")
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


def _add(call: Call) -> object:
    """A new smart process with one funnel of five stages; administrators only."""
    if not (call.portal.store.get("user", call.user) or {}).get("ADMIN"):
        raise access_denied()
    fields, store, now = mapping(call.need("fields")), call.portal.store, call.portal.clock.stamp()
    taken = {to_int(row["entityTypeId"]) for row in store.rows("type")}
    kind = to_int(fields.get("entityTypeId")) or max([_FIRST_FREE - 2, *taken]) + 2
    if kind in taken or not (128 <= kind <= 192 or (kind >= _FIRST_FREE and kind % 2 == 0)):
        raise RestError(400, "INVALID_ARG_VALUE", "Invalid value for field entityTypeId")
    type_id = store.next_id("type")
    switches = {name: str(fields.get(name, "N")) for name in _SWITCHES} | {"isStagesEnabled": "Y"}
    row = {
        "id": type_id,
        "entityTypeId": kind,
        "title": str(fields.get("title", "")),
        **switches,
        "relations": fields.get("relations") or {},
        "createdTime": now,
        "updatedTime": now,
        "createdBy": call.user,
        "updatedBy": call.user,
    }
    store.put("type", type_id, row)
    _add_funnel(call, kind)
    call.portal.raise_event("ONCRMTYPEADD", {"FIELDS": {"ID": type_id}})
    return {"type": _full(row)}


def _add_funnel(call: Call, kind: int) -> None:
    store = call.portal.store
    category = max((to_int(row["id"]) for row in store.rows("category")), default=0) + 1
    funnel = {
        "id": category,
        "name": "Общее",
        "sort": 500,
        "entityTypeId": kind,
        "isDefault": "Y",
        "originId": "",
        "originatorId": "",
    }
    store.put("category", store.next_id("category"), funnel)
    for position, (code, name, semantics, color) in enumerate(_STAGES, 1):
        status_id = store.next_id("status")
        row = {
            "ID": status_id,
            "ENTITY_ID": f"DYNAMIC_{kind}_STAGE_{category}",
            "STATUS_ID": f"DT{kind}_{category}:{code}",
            "NAME": name,
            "NAME_INIT": name,
            "SORT": position * 10,
            "SYSTEM": "Y",
            "SEMANTICS": semantics,
            "COLOR": color,
        }
        store.put("status", status_id, row)


METHODS = (
    Method("crm.type.list", "crm", _list),
    Method("crm.type.get", "crm", lambda call: _find(call, "id", "id")),
    Method("crm.type.getByEntityTypeId", "crm", lambda call: _find(call, "entityTypeId", "entityTypeId")),
    Method("crm.type.add", "crm", _add),
)
