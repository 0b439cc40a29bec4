"""The company's own fields: adding, changing and deleting one.

Decides names, types and list values; the two families of methods that reach it only translate. A field added here
is a field that items have from now on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.emulator.calling import to_int
from engine.emulator.errors import RestError
from engine.emulator.php import items_of, listing, mapping
from engine.emulator.store import Record

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_NAMED = {
    "CRM_DEAL": "DEAL",
    "CRM_CONTACT": "CONTACT",
    "CRM_COMPANY": "COMPANY",
    "CRM_SMART_INVOICE": "TYPE",
}
_NAME = re.compile(r"[A-Z0-9_]+")
_LONGEST = 50
_NUMBER = {"SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None}
_MOMENT = {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}}
_TEXT = {"SIZE": 20, "ROWS": 1, "REGEXP": "", "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": ""}

TYPES: dict[str, tuple[str, Mapping[str, object]]] = {
    "crm": ("Привязка к элементам CRM", {"LEAD": "N", "CONTACT": "N", "COMPANY": "N", "DEAL": "N"}),
    "crm_status": ("Привязка к справочникам CRM", {"ENTITY_TYPE": ""}),
    "money": ("Деньги", {"DEFAULT_VALUE": ""}),
    "employee": ("Привязка к сотруднику", {}),
    "string": ("Строка", _TEXT),
    "integer": ("Целое число", _NUMBER),
    "double": ("Число", {"PRECISION": 2, **_NUMBER}),
    "datetime": ("Дата со временем", {**_MOMENT, "USE_SECOND": "Y", "USE_TIMEZONE": "N"}),
    "date": ("Дата", _MOMENT),
    "boolean": (
        "Да/Нет",
        {"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX", "LABEL": ["", ""], "LABEL_CHECKBOX": ""},
    ),
    "address": ("Адрес", {"SHOW_MAP": "Y"}),
    "url": ("Ссылка", {"POPUP": "Y", "SIZE": 20, "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": ""}),
    "file": (
        "Файл",
        {"SIZE": 20, "LIST_WIDTH": 0, "LIST_HEIGHT": 0, "MAX_ALLOWED_SIZE": 0, "EXTENSIONS": []},
    ),
    "enumeration": (
        "Список",
        {"DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"},
    ),
    "iblock_section": ("Привязка к разделам информационных блоков", {"IBLOCK_ID": 0}),
    "iblock_element": ("Привязка к элементам информационных блоков", {"IBLOCK_ID": 0}),
}
_FLAGS = {
    "multiple": "N",
    "mandatory": "N",
    "showFilter": "N",
    "showInList": "Y",
    "editInList": "Y",
    "isSearchable": "N",
}
LABELS = ("editFormLabel", "listColumnLabel", "listFilterLabel", "errorMessage", "helpMessage")


def _refused(text: str, code: str = "") -> RestError:
    return RestError(400, code, text)


def _is_known(portal: Portal, entity: str) -> bool:
    if entity in _NAMED:
        return True
    number = entity.removeprefix("CRM_")
    row = portal.store.get("type", int(number)) if number.isdigit() else None
    return row is not None and row.get("id") is not None


def _flag(raw: object) -> str:
    return "Y" if str(raw).upper() in ("Y", "1", "TRUE") else "N"


def _options(portal: Portal, given: object, held: Mapping[str, Mapping[str, object]]) -> list[Record]:
    """List values: one with a known id keeps it, others are new; a value marked DEL is left out."""
    taken = [
        to_int(mapping(option)["id"])
        for row in portal.store.rows("userfield")
        for option in listing(row.get("enum"))
    ]
    highest, found = max([*taken, 100]), []
    for position, raw in enumerate(map(mapping, listing(given)), 1):
        one = {name.lower().replace("_", ""): value for name, value in raw.items()}
        known = held.get(str(one.get("id")), {})
        value = str(one.get("value", known.get("value", ""))).strip()
        if _flag(one.get("del", "N")) == "Y" or not value:
            continue
        highest += 0 if known else 1
        fresh: Record = {"id": known.get("id", highest), "value": value}
        fresh["def"] = _flag(one.get("def", known.get("def", "N")))
        fresh["sort"] = to_int(one.get("sort", known.get("sort", position * 100)))
        fresh["xmlId"] = str(one.get("xmlid", known.get("xmlId", "")))
        found.append(fresh)
    return found


def _labels(given: Mapping[str, object], entry: str) -> object:
    """A label as text, or as a map by language; empty where none was given."""
    raw = given.get(entry)
    if isinstance(raw, Mapping):
        return {language: text for language, text in items_of(raw) if text not in (None, "")}
    return str(raw) if raw not in (None, "") else None


def _title(given: Mapping[str, object]) -> str:
    for raw in (_labels(given, "editFormLabel"), given.get("label"), _labels(given, "listColumnLabel")):
        if isinstance(raw, Mapping) and raw:
            return str(raw.get("ru") or next(iter(raw.values())))
        if isinstance(raw, str) and raw:
            return raw
    return ""


def _raise(portal: Portal, what: str, row: Mapping[str, object]) -> None:
    kind = _NAMED.get(str(row["entityId"]), "TYPE")
    payload = {"ID": row["id"], "ENTITY_ID": row["entityId"], "FIELD_NAME": row["fieldName"]}
    portal.raise_event(f"ONCRM{kind}USERFIELD{what}", {"FIELDS": payload})


def add_field(portal: Portal, given: Mapping[str, object]) -> Record:
    """A new field from the members of `userfieldconfig.add`; its row.

    Raises `RestError` where the entity is unknown, the name breaks the rules or is taken, or the type is none.
    """
    entity, name = str(given.get("entityId") or ""), str(given.get("fieldName") or "").upper()
    kind = str(given.get("userTypeId") or "")
    if not entity:
        raise _refused("The 'ENTITY_ID' field is not found.")
    if not name:
        raise _refused("The 'FIELD_NAME' field is not found.")
    if not _is_known(portal, entity):
        raise _refused("You cannot create custom fields")
    if kind not in TYPES:
        raise _refused(f"Unknown user type `{kind}`", "ERROR_CORE")
    start = f"UF_{entity}_" if entity not in _NAMED or entity == "CRM_SMART_INVOICE" else "UF_CRM_"
    if not name.startswith(start) or name == start or len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise _refused(
            f"Invalid field name: it starts with {start}, has A-Z, 0-9, _ and at most 50 characters"
        )
    with portal.change():
        if any(
            (row["entityId"], row["fieldName"]) == (entity, name) for row in portal.store.rows("userfield")
        ):
            raise _refused(f"Field {name} for {entity} already exists", "ERROR_CORE")
        field_id = max([portal.store.next_id("userfield"), 5001])
        flags = {one: _flag(given.get(one, default)) for one, default in _FLAGS.items()}
        row: Record = {"id": field_id, "entityId": entity, "fieldName": name, "userTypeId": kind, **flags}
        row |= {"sort": to_int(given.get("sort", 100)), "label": _title(given)}
        row["settings"] = {**TYPES[kind][1], **mapping(given.get("settings"))}
        row["labels"] = {one: _labels(given, one) for one in LABELS}
        if kind == "enumeration":
            row["enum"] = _options(portal, given.get("enum"), {})
        portal.store.put("userfield", field_id, row)
        _raise(portal, "ADD", row)
        return row


def update_field(portal: Portal, field_id: int, given: Mapping[str, object]) -> Record:
    """A changed field; entity, name, type and multiplicity are fixed from its creation and ignored silently."""
    with portal.change():
        row = dict(find_field(portal, field_id))
        row |= {one: _flag(given[one]) for one in _FLAGS if one in given and one != "multiple"}
        if "sort" in given:
            row["sort"] = to_int(given["sort"])
        if "settings" in given:
            row["settings"] = {**mapping(row.get("settings")), **mapping(given["settings"])}
        row["labels"] = mapping(row.get("labels")) | {
            one: _labels(given, one) for one in LABELS if one in given
        }
        row["label"] = _title(given) or row.get("label")
        if "enum" in given and row["userTypeId"] == "enumeration":
            held = {str(mapping(one)["id"]): mapping(one) for one in listing(row.get("enum"))}
            row["enum"] = _options(portal, given["enum"], held)
            _raise(portal, "SETENUMVALUES", row)
        portal.store.put("userfield", field_id, row)
        _raise(portal, "UPDATE", row)
        return row


def find_field(portal: Portal, field_id: int) -> Record:
    """A field's row; `RestError` without it."""
    row = portal.store.get("userfield", field_id)
    if row is None:
        raise _refused("You do not have permission to view user field settings")
    return row


def delete_field(portal: Portal, field_id: int) -> None:
    """The field and what items hold in it are gone."""
    with portal.change():
        row = find_field(portal, field_id)
        portal.store.remove("userfield", field_id)
        _raise(portal, "DELETE", row)
