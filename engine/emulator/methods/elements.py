"""`lists.element.*`: elements of universal lists; an update overwrites all of one."""

from __future__ import annotations

from datetime import datetime

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.elements import fields_of, print_moment, print_values, read_values
from engine.emulator.errors import RestError
from engine.emulator.methods.lists import list_row, missing
from engine.emulator.methods.plain import choose, with_masks
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record


def _elements(call: Call, list_id: object) -> list[Record]:
    return [row for row in call.portal.store.rows("element") if row["list"] == list_id]


def _element(call: Call) -> Record:
    number, code = to_int(call.params.get("ELEMENT_ID")), call.params.get("ELEMENT_CODE")
    if not number and not code:
        raise missing("ELEMENT_ID")
    for row in _elements(call, list_row(call)["ID"]):
        if row["ID"] == number or (not number and row["CODE"] == code):
            return row
    raise RestError(400, "ERROR_ELEMENT_NOT_FOUND", "Element not found")


def _add(call: Call) -> object:
    """A new element; its code is required and unique, which makes it a key against doubles."""
    row, code, store = list_row(call), str(call.params.get("ELEMENT_CODE") or ""), call.portal.store
    if not code:
        raise missing("ELEMENT_CODE")
    if any(one["CODE"] == code for one in _elements(call, row["ID"])):
        raise RestError(400, "ERROR_ELEMENT_ALREADY_EXISTS", "Element already exists")
    found = read_values(call.portal, to_int(row["ID"]), call.map("FIELDS"), {})
    number, now = store.next_id("element"), call.portal.clock.stamp()
    own: Record = {"ID": number, "list": row["ID"], "CODE": code, "CREATED_BY": call.user, "DATE_CREATE": now}
    store.put("element", number, own | found | {"TIMESTAMP_X": now, "MODIFIED_BY": call.user})
    return number


def _update(call: Call) -> object:
    """Everything not sent is cleared, files excepted."""
    row = _element(call)
    found = read_values(call.portal, to_int(row["list"]), call.map("FIELDS"), row)
    stamp = {"TIMESTAMP_X": call.portal.clock.stamp(), "MODIFIED_BY": call.user}
    call.portal.store.put("element", to_int(row["ID"]), row | found | stamp)
    return True


def _delete(call: Call) -> object:
    call.portal.store.remove("element", to_int(_element(call)["ID"]))
    return True


_ALWAYS = ("ID", "NAME", "IBLOCK_SECTION_ID", "CREATED_BY", "CODE")


def _get(call: Call) -> object:
    row = list_row(call)
    rows = _elements(call, row["ID"])
    if call.params.get("ELEMENT_ID") or call.params.get("ELEMENT_CODE"):
        number, code = to_int(call.params.get("ELEMENT_ID")), call.params.get("ELEMENT_CODE")
        rows = [one for one in rows if one["ID"] == number or (not number and one["CODE"] == code)]
    known = fields_of(call.portal, to_int(row["ID"]))
    flat = [one | {key: list(mapping(one.get(key)).values()) for key in known} for one in rows]
    chosen = choose(
        call, flat, raw_filter=with_masks(call.loose("FILTER")), raw_order=call.params.get("ELEMENT_ORDER")
    )
    part, total, following = cut(chosen, read_start(call.params.get("start", 0)))
    by_id = {one["ID"]: one for one in rows}
    return Page([_shown(call, by_id[one["ID"]]) for one in part], total, following)


def _shown(call: Call, row: Record) -> Record:
    names = {str(one) for one in listing(call.params.get("SELECT"))}
    found: Record = {
        name: str(row[name]) if isinstance(row.get(name), int) else row.get(name) for name in _ALWAYS
    }
    for name in ("DATE_CREATE", "TIMESTAMP_X"):
        if name in names or "*" in names:
            moment = datetime.fromisoformat(str(row[name]))
            found[name] = print_moment(call.portal, moment, with_time=True)
    for name in ("PREVIEW_TEXT", "DETAIL_TEXT", "SORT"):
        if name in names or "*" in names:
            found[name] = row.get(name)
    shown = print_values(call.portal, to_int(row["list"]), row)
    wants_all = not names or "PROPERTY_*" in names
    return found | {key: value for key, value in shown.items() if wants_all or key in names}


def _file_url(call: Call) -> object:
    """Interface links to the files of one field."""
    number = to_int(str(call.params.get("FIELD_ID") or "").removeprefix("PROPERTY_"))
    if not number:
        raise missing("FIELD_ID")
    row, key = _element(call), f"PROPERTY_{number}"
    place = f"/company/lists/{row['list']}/file/0/{row['ID']}/{key}"
    return [f"{place}/{file}/?ncc=y&download=y" for file in mapping(row.get(key)).values()]


METHODS = (
    Method("lists.element.get", "lists", _get),
    Method("lists.element.add", "lists", _add),
    Method("lists.element.update", "lists", _update),
    Method("lists.element.delete", "lists", _delete),
    Method("lists.element.get.file.url", "lists", _file_url),
)
