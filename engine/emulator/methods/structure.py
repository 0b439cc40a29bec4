"""Funnels, stages and other directories of the CRM."""

from __future__ import annotations

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError, not_found
from engine.emulator.fields import DEAL, INVOICE, field_set
from engine.emulator.methods.plain import choose, stringify
from engine.emulator.selection import Page
from engine.emulator.stages import categories
from engine.emulator.store import Record

_SEMANTICS = {"": "process", "S": "success", "F": "failure"}


def _category(row: Record) -> Record:
    """The default deal funnel is no row of the portal's table, so it has no origin."""
    if row["entityTypeId"] == DEAL and row["id"] == 0:
        return {name: row[name] for name in ("id", "name", "sort", "entityTypeId", "isDefault")}
    return row


def _kind(call: Call) -> int:
    kind = call.need_int("entityTypeId")
    if field_set(call.portal.store, kind) is None:
        raise not_found("Smart process not found")
    return kind


def _category_list(call: Call) -> object:
    rows = [_category(row) for row in categories(call.portal.store, _kind(call))]
    return Page({"categories": rows}, len(rows))


def _category_get(call: Call) -> object:
    wanted = call.need_int("id")
    for row in categories(call.portal.store, _kind(call)):
        if row["id"] == wanted:
            return {"category": _category(row)}
    raise not_found()


def _status(row: Record) -> Record:
    semantics = str(row.get("SEMANTICS") or "")
    color = row.get("COLOR", "")
    extra = {
        "SEMANTICS": "apology" if row["STATUS_ID"] == "APOLOGY" else _SEMANTICS[semantics],
        "COLOR": color,
    }
    entity = str(row["ENTITY_ID"])
    funnel = entity.rpartition("_")[2]
    return stringify(
        {
            "ID": row["ID"],
            "ENTITY_ID": entity,
            "STATUS_ID": row["STATUS_ID"],
            "NAME": row["NAME"],
            "NAME_INIT": row.get("NAME_INIT", ""),
            "SORT": row.get("SORT", 0),
            "SYSTEM": row.get("SYSTEM", "N"),
            "CATEGORY_ID": funnel if "_STAGE_" in entity and funnel.isdigit() else None,
            "COLOR": color,
            "SEMANTICS": semantics or None,
            "EXTRA": extra,
        }
    )


def _status_list(call: Call) -> object:
    """The whole directory at once: this method has no pages."""
    rows = choose(call, [_numbered(row) for row in call.portal.store.rows("status")])
    return Page([_status(row) for row in rows], len(rows))


def _numbered(row: Record) -> Record:
    return row | {"SORT": to_int(row.get("SORT", 0))}


def _entity_items(call: Call) -> object:
    entity = call.loose("entityId")
    if not entity:
        text = "The directory ID is not specified or is incorrect."
        raise RestError(400, "The parameter entityId is not defined or invalid.", text)
    rows = [_numbered(row) for row in call.portal.store.rows("status") if row["ENTITY_ID"] == entity]
    rows.sort(key=lambda row: to_int(row["SORT"]))
    return [{"NAME": row["NAME"], "SORT": row["SORT"], "STATUS_ID": row["STATUS_ID"]} for row in rows]


def _entity_types(call: Call) -> object:
    """Every stage directory with the prefix of its codes."""
    found: list[Record] = []
    for row in call.portal.store.rows("category"):
        kind, category = to_int(row["entityTypeId"]), to_int(row["id"])
        if kind == DEAL:
            entity, prefix = (
                ("DEAL_STAGE", "") if category == 0 else (f"DEAL_STAGE_{category}", f"C{category}")
            )
        else:
            directory = "SMART_INVOICE" if kind == INVOICE else f"DYNAMIC_{kind}"
            entity, prefix = f"{directory}_STAGE_{category}", f"DT{kind}_{category}"
        found.append(
            {
                "ID": entity,
                "NAME": row["name"],
                "PREFIX": prefix,
                "ENTITY_TYPE_ID": kind,
                "CATEGORY_ID": category,
            }
        )
    return found


METHODS = (
    Method("crm.category.list", "crm", _category_list),
    Method("crm.category.get", "crm", _category_get),
    Method("crm.status.list", "crm", _status_list),
    Method("crm.status.entity.items", "crm", _entity_items),
    Method("crm.status.entity.types", "crm", _entity_types),
)
