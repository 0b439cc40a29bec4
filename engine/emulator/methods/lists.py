"""`lists.*`: universal lists and processes of the feed, and their fields. No event tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.elements import KINDS, fields_of, print_moment
from engine.emulator.errors import RestError
from engine.emulator.methods.standing import is_admin
from engine.emulator.php import items_of, listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record

_TYPES = ("lists", "bitrix_processes", "lists_socnet")
_LIST_EMPTY = """
LIST_PAGE_URL DETAIL_PAGE_URL SECTION_PAGE_URL CANONICAL_PAGE_URL PICTURE RSS_FILE_LIMIT RSS_FILE_DAYS XML_ID TMP_ID
LIST_MODE SECTION_PROPERTY PROPERTY_INDEX EDIT_FILE_BEFORE EDIT_FILE_AFTER EXTERNAL_ID SERVER_NAME API_CODE
"""
_SETTINGS = {
    "SHOW_ADD_FORM": "Y",
    "SHOW_EDIT_FORM": "Y",
    "ADD_READ_ONLY_FIELD": "N",
    "EDIT_READ_ONLY_FIELD": "N",
    "SHOW_FIELD_PREVIEW": "N",
}
_LIST_FIXED: Record = {
    "LID": "s1",
    "ACTIVE": "Y",
    "DESCRIPTION_TYPE": "text",
    "RSS_TTL": "24",
    "RSS_ACTIVE": "Y",
    "RSS_FILE_ACTIVE": "N",
    "RSS_YANDEX_ACTIVE": "N",
    "INDEX_ELEMENT": "Y",
    "INDEX_SECTION": "N",
    "WORKFLOW": "N",
    "BIZPROC": "Y",
    "SECTION_CHOOSER": "L",
    "RIGHTS_MODE": "E",
    "VERSION": "1",
    "LAST_CONV_ELEMENT": "0",
    "SECTIONS_NAME": "Разделы",
    "SECTION_NAME": "Раздел",
    "ELEMENTS_NAME": "Элементы",
    "ELEMENT_NAME": "Элемент",
    "REST_ON": "N",
    "FULLTEXT_INDEX": "N",
    "LANG_DIR": "/",
}


def missing(name: str) -> RestError:
    """A required parameter was not sent."""
    return RestError(400, "ERROR_REQUIRED_PARAMETERS_MISSING", f"Required parameter `{name}` is missing")


def _type(call: Call) -> str:
    kind = str(call.params.get("IBLOCK_TYPE_ID") or "")
    if not kind:
        raise missing("IBLOCK_TYPE_ID")
    if kind not in _TYPES:
        raise RestError(400, "ERROR_IBLOCK_NOT_FOUND", "Iblock not found")
    return kind


def list_row(call: Call) -> Record:
    """The list named by type and by id or code; `RestError` where there is none."""
    kind, number, code = _type(call), to_int(call.params.get("IBLOCK_ID")), call.params.get("IBLOCK_CODE")
    if not number and not code:
        raise missing("IBLOCK_ID")
    for row in call.portal.store.rows("list"):
        if row["IBLOCK_TYPE_ID"] == kind and (row["ID"] == number or (code and row["CODE"] == code)):
            return row
    raise RestError(400, "ERROR_IBLOCK_NOT_FOUND", "Iblock not found")


def _check_admin(call: Call) -> None:
    if not is_admin(call):
        raise RestError(400, "ACCESS_DENIED", "Access denied")


def _list_shown(call: Call, row: Record) -> Record:
    changed = datetime.fromisoformat(str(row["TIMESTAMP_X"]))
    return {
        "ID": str(row["ID"]),
        "TIMESTAMP_X": print_moment(call.portal, changed, with_time=True),
        "IBLOCK_TYPE_ID": row["IBLOCK_TYPE_ID"],
        "CODE": row["CODE"],
        "NAME": row["NAME"],
        "SORT": str(row["SORT"]),
        "DESCRIPTION": row["DESCRIPTION"],
        "SOCNET_GROUP_ID": str(row["SOCNET_GROUP_ID"]) if row.get("SOCNET_GROUP_ID") else None,
        **_LIST_FIXED,
        **dict.fromkeys(_LIST_EMPTY.split()),
    }


def _get(call: Call) -> object:
    kind, number, code = _type(call), to_int(call.params.get("IBLOCK_ID")), call.params.get("IBLOCK_CODE")
    rows = [
        row
        for row in call.portal.store.rows("list")
        if row["IBLOCK_TYPE_ID"] == kind
        and (not number or row["ID"] == number)
        and (not code or row["CODE"] == code)
    ]
    rows.sort(key=lambda row: (to_int(row["SORT"]), str(row["NAME"])))
    part, total, following = cut(rows, read_start(call.params.get("start", 0)))
    return Page([_list_shown(call, row) for row in part], total, following)


def _add(call: Call) -> object:
    """A new list without fields of its own; its id. The code is its key and must be free."""
    _check_admin(call)
    kind, code, given = _type(call), str(call.params.get("IBLOCK_CODE") or ""), call.map("FIELDS")
    if not code:
        raise missing("IBLOCK_CODE")
    if not given.get("NAME"):
        raise missing("NAME")
    store = call.portal.store
    if any((row["IBLOCK_TYPE_ID"], row["CODE"]) == (kind, code) for row in store.rows("list")):
        raise RestError(400, "ERROR_IBLOCK_ALREADY_EXISTS", "Iblock already exists")
    number = store.next_id("list")
    row: Record = {"ID": number, "IBLOCK_TYPE_ID": kind, "CODE": code, "NAME": str(given["NAME"])}
    row |= {"DESCRIPTION": str(given.get("DESCRIPTION") or ""), "SORT": to_int(given.get("SORT")) or 500}
    row |= {
        "TIMESTAMP_X": call.portal.clock.stamp(),
        "SOCNET_GROUP_ID": to_int(call.params.get("SOCNET_GROUP_ID")),
    }
    store.put("list", number, row)
    return number


def _update(call: Call) -> object:
    _check_admin(call)
    row, given = list_row(call), call.map("FIELDS")
    changed: Record = {one: str(given[one]) for one in ("NAME", "DESCRIPTION") if given.get(one)}
    if given.get("SORT"):
        changed["SORT"] = to_int(given["SORT"])
    stamp = {"TIMESTAMP_X": call.portal.clock.stamp()}
    call.portal.store.put("list", to_int(row["ID"]), row | changed | stamp)
    return True


def _delete(call: Call) -> object:
    """The list goes with its fields and elements."""
    _check_admin(call)
    row, store = list_row(call), call.portal.store
    for collection in ("listfield", "element"):
        for one in store.rows(collection):
            if one["list"] == row["ID"]:
                store.remove(collection, to_int(one["ID"]))
    store.remove("list", to_int(row["ID"]))
    return True


def _field_shown(row: Record) -> Record:
    kind, _, user_type = str(row["TYPE"]).partition(":")
    found: Record = {
        "FIELD_ID": f"PROPERTY_{row['ID']}",
        "SORT": row["SORT"],
        "NAME": row["NAME"],
        "IS_REQUIRED": row["IS_REQUIRED"],
        "MULTIPLE": row["MULTIPLE"],
        "DEFAULT_VALUE": row.get("DEFAULT_VALUE"),
        "TYPE": row["TYPE"],
        "PROPERTY_TYPE": kind,
        "PROPERTY_USER_TYPE": {"USER_TYPE": user_type} if user_type else False,
        "CODE": row["CODE"],
        "ID": str(row["ID"]),
        "LINK_IBLOCK_ID": None,
        "ROW_COUNT": "1",
        "COL_COUNT": "30",
        "USER_TYPE_SETTINGS": None,
        "SETTINGS": row["SETTINGS"],
    }
    if kind == "L":
        options = [mapping(one) for one in listing(row.get("options"))]
        found["DISPLAY_VALUES_FORM"] = {str(one["ID"]): one["VALUE"] for one in options}
    return found


def _field_get(call: Call) -> object:
    """Own fields: one under its type, all of them under their names."""
    row = list_row(call)
    known = fields_of(call.portal, to_int(row["ID"]))
    wanted = call.params.get("FIELD_ID")
    if not wanted:
        name: Record = {
            "FIELD_ID": "NAME",
            "SORT": 10,
            "NAME": "Название",
            "IS_REQUIRED": "Y",
            "MULTIPLE": "N",
        }
        return {"NAME": name | {"TYPE": "NAME"}} | {key: _field_shown(one) for key, one in known.items()}
    key = str(wanted)
    one = known.get(key if key.startswith("PROPERTY_") else f"PROPERTY_{key}")
    return {str(one["TYPE"]): _field_shown(one)} if one else {}


def _texts(given: Mapping[str, object]) -> list[str]:
    """List values: a map of rows, or lines of one text."""
    rows = [str(mapping(one).get("VALUE") or "") for _, one in items_of(given.get("LIST"))]
    lines = str(given.get("LIST_TEXT_VALUES") or "").splitlines()
    return [one.strip() for one in (*rows, *lines) if one.strip()]


def _unsaved(text: str) -> RestError:
    return RestError(400, "ERROR_SAVE_FIELD", text)


def _field_add(call: Call) -> object:
    """A new field; its name, ``PROPERTY_951``."""
    _check_admin(call)
    row, given, store = list_row(call), call.map("FIELDS"), call.portal.store
    for name in ("NAME", "TYPE"):
        if not given.get(name):
            raise missing(name)
    if given["TYPE"] not in KINDS:
        raise _unsaved("Error saving the field")
    code = str(given.get("CODE") or "")
    if not code:
        raise _unsaved("Please fill the code fields")
    if any(one["CODE"] == code for one in fields_of(call.portal, to_int(row["ID"])).values()):
        raise _unsaved("Property already exists")
    number = store.next_id("listfield")
    options = [{"ID": store.next_id("listoption"), "VALUE": text} for text in _texts(given)]
    field: Record = {
        "ID": number,
        "list": row["ID"],
        "NAME": str(given["NAME"]),
        "TYPE": str(given["TYPE"]),
        "IS_REQUIRED": str(given.get("IS_REQUIRED", "N")),
        "MULTIPLE": str(given.get("MULTIPLE", "N")),
        "SORT": to_int(given.get("SORT")) or 500,
        "CODE": code,
        "DEFAULT_VALUE": given.get("DEFAULT_VALUE"),
        "SETTINGS": _SETTINGS | mapping(given.get("SETTINGS")),
        "options": options,
    }
    store.put("listfield", number, field)
    return f"PROPERTY_{number}"


def _field_delete(call: Call) -> object:
    _check_admin(call)
    known = fields_of(call.portal, to_int(list_row(call)["ID"]))
    row = known.get(str(call.params.get("FIELD_ID") or ""))
    if row is None:
        raise RestError(400, "ERROR_PROPERTY_NOT_FOUND", "Property not found")
    call.portal.store.remove("listfield", to_int(row["ID"]))
    return True


METHODS = (
    Method("lists.get", "lists", _get),
    Method("lists.add", "lists", _add),
    Method("lists.update", "lists", _update),
    Method("lists.delete", "lists", _delete),
    Method("lists.field.get", "lists", _field_get),
    Method("lists.field.add", "lists", _field_add),
    Method("lists.field.delete", "lists", _field_delete),
)
