"""Funnels, stages and other directories of the CRM."""

from __future__ import annotations

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError, not_found
from engine.emulator.fields import DEAL, field_set
from engine.emulator.funnels import stage_prefix
from engine.emulator.methods.plain import choose, stringify
from engine.emulator.selection import Page
from engine.emulator.stages import Stage, categories, stage_entity, stages
from engine.emulator.store import Record

_SEMANTICS = {"": "process", "S": "success", "F": "failure"}


def print_category(row: Record) -> Record:
    """The default deal funnel is no row of the portal's table, so it has no origin."""
    if row["entityTypeId"] == DEAL and row["id"] == 0:
        return {name: row[name] for name in ("id", "name", "sort", "entityTypeId", "isDefault")}
    return row


def kind_of(call: Call) -> int:
    """The entityTypeId of a call; `RestError` NOT_FOUND where there is no such kind."""
    kind = call.need_int("entityTypeId")
    if field_set(call.portal.store, kind) is None:
        raise not_found("Smart process not found")
    return kind


def _category_list(call: Call) -> object:
    rows = [print_category(row) for row in categories(call.portal.store, kind_of(call))]
    return Page({"categories": rows}, len(rows))


def _category_get(call: Call) -> object:
    wanted = call.need_int("id")
    for row in categories(call.portal.store, kind_of(call)):
        if row["id"] == wanted:
            return {"category": print_category(row)}
    raise not_found()


def print_status(row: Record) -> Record:
    """A directory row as `crm.status.list` prints it."""
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
    return Page([print_status(row) for row in rows], len(rows))


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


_LEADS = {
    "ID": "STATUS",
    "NAME": "Стадии лидов",
    "SEMANTIC_INFO": {
        "START_FIELD": "NEW",
        "FINAL_SUCCESS_FIELD": "CONVERTED",
        "FINAL_UNSUCCESS_FIELD": "JUNK",
        "FINAL_SORT": 0,
    },
    "ENTITY_TYPE_ID": 1,
}
_DIRECTORIES = (
    ("SOURCE", "Источники"),
    ("CONTACT_TYPE", "Тип контакта"),
    ("COMPANY_TYPE", "Тип компании"),
    ("EMPLOYEES", "Количество сотрудников"),
    ("INDUSTRY", "Сфера деятельности"),
    ("DEAL_TYPE", "Тип сделки"),
)


def _entity_types(call: Call) -> object:
    """The plain directories, then every directory of stages with the prefix of its codes."""
    store = call.portal.store
    found: list[Record] = [dict(_LEADS)]
    found += [{"ID": name, "NAME": title} for name, title in _DIRECTORIES]
    for row in store.rows("category"):
        kind, category = to_int(row["entityTypeId"]), to_int(row["id"])
        prefix, entity = stage_prefix(kind, category), stage_entity(kind, category)
        one: Record = {"ID": entity, "NAME": row["name"]}
        if kind == DEAL and category:
            one["PARENT_ID"] = "DEAL_STAGE"
        one["SEMANTIC_INFO"] = _semantic_info(stages(store, kind, category)) if kind == DEAL else []
        if prefix:
            one["PREFIX"] = prefix
        one["FIELD_ATTRIBUTE_SCOPE"] = f"category_{category}" if category else ""
        one["ENTITY_TYPE_ID"] = kind
        if kind != DEAL:
            one["IS_ENABLED"] = True
        # A deal's own funnel is told in text, all others in numbers.
        one["CATEGORY_ID"] = str(category) if kind == DEAL and category else category
        found.append(one)
    return found


def _semantic_info(known: list[Stage]) -> Record:
    def first(semantics: str) -> str:
        return next((one.code for one in known if one.semantics == semantics), "")

    return {
        "START_FIELD": known[0].code if known else "",
        "FINAL_SUCCESS_FIELD": first("S"),
        "FINAL_UNSUCCESS_FIELD": first("F"),
        "FINAL_SORT": 0,
    }


METHODS = (
    Method("crm.category.list", "crm", _category_list),
    Method("crm.category.get", "crm", _category_get),
    Method("crm.status.list", "crm", _status_list),
    Method("crm.status.entity.items", "crm", _entity_items),
    Method("crm.status.entity.types", "crm", _entity_types),
)
