"""Settings of the company's own fields: `userfieldconfig.*` and the older `crm.deal.userfield.list`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from engine.emulator.calling import Call, Method
from engine.emulator.errors import missing_parameter, old
from engine.emulator.methods.plain import choose
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record

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
            "xmlId": _xml_id(f"{row['id']}:{option['id']}"),
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
        "showFilter": "N",
        "showInList": "Y",
        "editInList": "Y",
        "isSearchable": "N",
        "settings": row.get("settings") or {},
        "languageId": {language: language},
        "editFormLabel": {language: label},
        "listColumnLabel": {language: label} if whole else None,
        "listFilterLabel": empty,
        "errorMessage": empty,
        "helpMessage": empty,
    }
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
_LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")


def _old_list(call: Call) -> object:
    """Labels are there only when a language is named in the filter."""
    raw = mapping(call.loose("filter"))
    language = raw.pop("LANG", None)
    rows = []
    for row in call.portal.store.rows("userfield"):
        if row["entityId"] != "CRM_DEAL":
            continue
        shown = _shown(row, whole=True)
        found = {upper: shown[name] for name, upper in _OLD_NAMES.items()}
        if language:
            found |= dict.fromkeys(_LABELS, row.get("label")) | {"ERROR_MESSAGE": None, "HELP_MESSAGE": None}
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
        rows.append(found)
    chosen = choose(call, rows, raw_filter=raw)
    return Page(chosen, len(chosen))


METHODS = (
    Method("userfieldconfig.list", "userfieldconfig", _list),
    Method("userfieldconfig.get", "userfieldconfig", _get),
    Method("crm.deal.userfield.list", "crm", _old_list),
)
