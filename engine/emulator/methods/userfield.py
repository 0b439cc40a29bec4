"""Settings of the company's own fields: `userfieldconfig.*`, and the older `crm.{kind}.userfield.*`.

Two families over the same fields: the first prints camelCase members and refuses without the scope of the CRM, the
second prints upper-case ones and adds the prefix of the name itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from engine.emulator.calling import Call, Method
from engine.emulator.errors import RestError, missing_parameter, old
from engine.emulator.methods.itemview import old_id
from engine.emulator.methods.plain import choose
from engine.emulator.methods.standing import manages_crm
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record
from engine.emulator.userfields import LABELS, TYPES, add_field, delete_field, update_field

_LANGUAGE = "ru"


def _xml_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _options(row: Mapping[str, object]) -> list[Record]:
    return [
        {
            "id": str(option["id"]),
            "userFieldId": str(row["id"]),
            "value": str(option["value"]),
            "def": str(option.get("def", "N")),
            "sort": str(option.get("sort", number * 100)),
            "xmlId": str(option.get("xmlId") or _xml_id(f"{row['id']}:{option['id']}")),
        }
        for number, option in enumerate(map(mapping, listing(row.get("enum"))), 1)
    ]


def _shown(row: Mapping[str, object], *, whole: bool, language: str = _LANGUAGE) -> Record:
    """A field's settings; labels are maps by language, options only in a single answer."""
    label = str(row.get("label") or row["fieldName"])
    empty = {language: None} if whole else None
    found: Record = {
        "id": str(row["id"]),
        "entityId": row["entityId"],
        "fieldName": row["fieldName"],
        "userTypeId": row["userTypeId"],
        "xmlId": None,
        "sort": str(row.get("sort", 100)),
        "multiple": row.get("multiple", "N"),
        "mandatory": row.get("mandatory", "N"),
        "showFilter": row.get("showFilter", "N"),
        "showInList": row.get("showInList", "Y"),
        "editInList": row.get("editInList", "Y"),
        "isSearchable": row.get("isSearchable", "N"),
        "settings": row.get("settings") or dict(TYPES[str(row["userTypeId"])][1]),
        "languageId": {language: language},
        "editFormLabel": {language: label},
        "listColumnLabel": {language: label} if whole else None,
        "listFilterLabel": empty,
        "errorMessage": empty,
        "helpMessage": empty,
    }
    for name in LABELS:
        given = mapping(row.get("labels")).get(name)
        if given:
            found[name] = given if isinstance(given, Mapping) else {language: given}
    if whole and row["userTypeId"] == "enumeration":
        found["enum"] = _options(row)
    return found


def _check_module(call: Call) -> None:
    if "moduleId" not in call.params:
        raise missing_parameter("moduleId")
    if call.params["moduleId"] != "crm" or "crm" not in call.caller.scopes:
        raise old("You do not have permission to view user field settings")


def _list(call: Call) -> object:
    _check_module(call)
    language = str(mapping(call.params.get("select")).get("language", _LANGUAGE))
    rows = [_shown(row, whole=False, language=language) for row in call.portal.store.rows("userfield")]
    part, total, following = cut(choose(call, rows), read_start(call.params.get("start", 0)))
    return Page({"fields": list(part)}, total, following)


def _get(call: Call) -> object:
    _check_module(call)
    row = call.portal.store.get("userfield", call.need_int("id"))
    if row is None:
        raise old("You do not have permission to view user field settings")
    return {"field": _shown(row, whole=True)}


def _types(call: Call) -> object:
    _check_module(call)
    return {"types": {name: {"userTypeId": name, "description": found[0]} for name, found in TYPES.items()}}


def _check_writer(call: Call) -> None:
    _check_module(call)
    if not manages_crm(call):
        raise old("You do not have permission to change user field settings")


# Ignored silently when a field is added; a later update takes them.
_NOT_AT_ADD = {"showInList", "listColumnLabel", "listFilterLabel", "errorMessage", "label"}


def _add(call: Call) -> object:
    _check_writer(call)
    given = {name: value for name, value in mapping(call.need("field")).items() if name not in _NOT_AT_ADD}
    return {"field": _shown(add_field(call.portal, given), whole=True)}


def _update(call: Call) -> object:
    _check_writer(call)
    row = update_field(call.portal, call.need_int("id"), mapping(call.need("field")))
    return {"field": _shown(row, whole=True)}


def _delete(call: Call) -> object:
    """The vendor's page prints an empty answer."""
    _check_module(call)
    field_id = call.need_int("id")
    if not manages_crm(call) or call.portal.store.get("userfield", field_id) is None:
        raise old("You cannot delete the user field")
    delete_field(call.portal, field_id)
    return None


_OLD_NAMES = {
    "id": "ID",
    "entityId": "ENTITY_ID",
    "fieldName": "FIELD_NAME",
    "userTypeId": "USER_TYPE_ID",
    "xmlId": "XML_ID",
    "sort": "SORT",
    "multiple": "MULTIPLE",
    "mandatory": "MANDATORY",
    "showFilter": "SHOW_FILTER",
    "showInList": "SHOW_IN_LIST",
    "editInList": "EDIT_IN_LIST",
    "isSearchable": "IS_SEARCHABLE",
    "settings": "SETTINGS",
}
_LABELS = {
    "editFormLabel": "EDIT_FORM_LABEL",
    "listColumnLabel": "LIST_COLUMN_LABEL",
    "listFilterLabel": "LIST_FILTER_LABEL",
    "errorMessage": "ERROR_MESSAGE",
    "helpMessage": "HELP_MESSAGE",
}
# The code of a field may be this long beside the prefix UF_CRM_.
_LONGEST_CODE = 43


def _old_view(row: Mapping[str, object]) -> Record:
    shown = _shown(row, whole=True)
    found: Record = {upper: shown[name] for name, upper in _OLD_NAMES.items()}
    if "enum" in shown:
        found["LIST"] = [
            {
                "ID": one["id"],
                "SORT": one["sort"],
                "VALUE": one["value"],
                "DEF": one["def"],
                "XML_ID": one["xmlId"],
            }
            for one in _options(row)
        ]
    return found


def _old_list(call: Call, entity: str) -> object:
    """Labels are there only when a language is named in the filter."""
    raw = mapping(call.loose("filter"))
    language = raw.pop("LANG", None)
    rows = []
    for row in call.portal.store.rows("userfield"):
        if row["entityId"] != entity:
            continue
        found = _old_view(row)
        if language:
            labels = mapping(row.get("labels"))
            for name, upper in _LABELS.items():
                one = labels.get(name)
                text = one.get(str(language)) if isinstance(one, Mapping) else one
                found[upper] = text or (row.get("label") if upper.endswith("_LABEL") else None)
        rows.append(found)
    chosen = choose(call, rows, raw_filter=raw)
    return Page(chosen, len(chosen))


def _old_find(call: Call, entity: str) -> Record:
    field_id = old_id(call)
    if field_id <= 0:
        raise old("ID is not defined or invalid.")
    row = call.portal.store.get("userfield", field_id)
    if row is None or row["entityId"] != entity:
        raise RestError(400, "ERROR_NOT_FOUND", f"The entity with ID '{field_id}' is not found.")
    return row


def _old_get(call: Call, entity: str) -> object:
    row = _old_find(call, entity)
    shown = _shown(row, whole=True)
    return _old_view(row) | {upper: shown[name] for name, upper in _LABELS.items()}


def _old_given(call: Call) -> dict[str, object]:
    """The fields under their newer names."""
    raw = call.loose("fields")
    if not isinstance(raw, Mapping):
        raise old("Parameter 'fields' must be array.")
    if not manages_crm(call):
        raise old("Access denied.")
    given = {name.upper(): value for name, value in raw.items()}
    names = {upper: name for name, upper in (_OLD_NAMES | _LABELS).items()} | {
        "LIST": "enum",
        "LABEL": "label",
    }
    return {names[upper]: value for upper, value in given.items() if upper in names}


def _old_add(call: Call, entity: str) -> object:
    given = _old_given(call)
    code = str(given.get("fieldName") or "").upper().removeprefix("UF_CRM_")
    if not code:
        raise RestError(400, "ERROR_CORE", "The 'FIELD_NAME' field is not found.")
    if len(code) > _LONGEST_CODE:
        raise RestError(400, "ERROR_CORE", f"The field code is longer than {_LONGEST_CODE} characters.")
    try:
        return add_field(call.portal, given | {"entityId": entity, "fieldName": f"UF_CRM_{code}"})["id"]
    except RestError as error:
        raise RestError(400, "ERROR_CORE", error.description) from error


def _old_update(call: Call, entity: str) -> object:
    row = _old_find(call, entity)
    update_field(call.portal, int(str(row["id"])), _old_given(call))
    return True


def _old_delete(call: Call, entity: str) -> object:
    row = _old_find(call, entity)
    if not manages_crm(call):
        raise old("Access denied.")
    delete_field(call.portal, int(str(row["id"])))
    return True


def _old_methods(kind: str) -> tuple[Method, ...]:
    entity, start = f"CRM_{kind.upper()}", f"crm.{kind}.userfield"
    return (
        Method(f"{start}.list", "crm", lambda call: _old_list(call, entity)),
        Method(f"{start}.get", "crm", lambda call: _old_get(call, entity)),
        Method(f"{start}.add", "crm", lambda call: _old_add(call, entity)),
        Method(f"{start}.update", "crm", lambda call: _old_update(call, entity)),
        Method(f"{start}.delete", "crm", lambda call: _old_delete(call, entity)),
    )


METHODS = (
    Method("userfieldconfig.list", "userfieldconfig", _list),
    Method("userfieldconfig.get", "userfieldconfig", _get),
    Method("userfieldconfig.getTypes", "userfieldconfig", _types),
    Method("userfieldconfig.add", "userfieldconfig", _add),
    Method("userfieldconfig.update", "userfieldconfig", _update),
    Method("userfieldconfig.delete", "userfieldconfig", _delete),
    *_old_methods("deal"),
    *_old_methods("company"),
    *_old_methods("contact"),
)
