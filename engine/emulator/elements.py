"""Universal lists: fields of a list, elements and their values.

Decides what a value of each field type is and how it is kept: every value of a field has an id of its own, and an
update replaces all of them. Knows no method names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from engine.emulator import values
from engine.emulator.calling import to_int
from engine.emulator.clock import iso
from engine.emulator.errors import RestError
from engine.emulator.php import items_of, listing, mapping
from engine.emulator.store import Record
from engine.emulator.uploads import keep_file, read_pair

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

KINDS = (
    "S",
    "N",
    "L",
    "F",
    "E",
    "G",
    "S:Date",
    "S:DateTime",
    "S:Money",
    "S:HTML",
    "E:EList",
    "N:Sequence",
    "S:employee",
    "S:ECrm",
    "S:DiskFile",
)
_OWN = ("NAME", "SORT", "PREVIEW_TEXT", "DETAIL_TEXT", "ACTIVE_FROM", "ACTIVE_TO", "IBLOCK_SECTION_ID")


def bad_value(text: str) -> RestError:
    """A value that a list cannot keep."""
    return RestError(400, "ERROR_ELEMENT_FIELD_VALUE", text)


def fields_of(portal: Portal, list_id: int) -> dict[str, Record]:
    """The own fields of a list by name, ``PROPERTY_951``."""
    rows = (row for row in portal.store.rows("listfield") if row["list"] == list_id)
    return {f"PROPERTY_{row['ID']}": row for row in rows}


def print_moment(portal: Portal, moment: datetime, *, with_time: bool) -> str:
    """A date in the portal's own form, which is not ISO."""
    if portal.policies.list_dates == "en":
        clock = f" {moment:%I:%M:%S} {'am' if moment.hour < 12 else 'pm'}" if with_time else ""
        return f"{moment:%m/%d/%Y}{clock}"
    return f"{moment:%d.%m.%Y %H:%M:%S}" if with_time else f"{moment:%d.%m.%Y}"


def _read_moment(portal: Portal, raw: object) -> datetime:
    text = str(raw).strip()
    for form in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=portal.clock.zone)
        except ValueError:
            continue
    try:
        return values.moment(text, portal.clock.zone)
    except ValueError:
        raise bad_value(f"Invalid date: {text}") from None


def _file(portal: Portal, raw: object) -> int:
    if isinstance(raw, int) or (isinstance(raw, str) and raw.isdigit()):
        raise bad_value("Writing file values by ID is not supported")
    try:
        pair = read_pair(raw) or (read_pair(["file", raw]) if isinstance(raw, str) else None)
    except ValueError:
        pair = None
    if pair is None:
        raise bad_value("Invalid file content")
    return to_int(keep_file(portal.store, *pair)["id"])


def _parse(portal: Portal, field: Record, raw: object) -> object:
    kind = str(field["TYPE"])
    if kind == "F":
        return _file(portal, raw)
    if kind in ("S:Date", "S:DateTime"):
        return iso(_read_moment(portal, raw))
    if kind == "L":
        if str(raw) not in {str(mapping(one)["ID"]) for one in listing(field.get("options"))}:
            raise bad_value(f"Field {field['NAME']} has no list value {raw}")
        return str(raw)
    if kind == "N":
        try:
            return values.decimal_text(raw)
        except ArithmeticError:
            raise bad_value(f"Field {field['NAME']} must be a number") from None
    if kind == "S:DiskFile" and portal.store.get("disk", to_int(raw)) is None:
        raise bad_value("The Drive file is not found")
    return str(raw)


def _given_values(raw: object) -> list[object]:
    """One value or many; a map of value ids to values, as read, may be sent back. A pair of texts is a file."""
    if isinstance(raw, Mapping):
        return [mapping(one).get("VALUE") if isinstance(one, Mapping) else one for _, one in items_of(raw)]
    return listing(raw)


def _is_pair(raw: object) -> bool:
    """A list of two texts is one file where it cannot be two bare contents: its first text has a dot."""
    both = isinstance(raw, list) and len(raw) == 2 and all(isinstance(one, str) for one in raw)
    return both and "." in str(listing(raw)[0])


def read_values(
    portal: Portal, list_id: int, given: Mapping[str, object], held: Mapping[str, object]
) -> Record:
    """An element's members from what was sent: NAME and properties, each value under a new id.

    Files that are not sent stay, unless ``PROPERTY_x_DEL`` names them; all else not sent is cleared. Raises
    `RestError` where the name or a required value is missing, or a value does not fit.
    """
    name = str(given.get("NAME") or "").strip()
    if not name:
        raise RestError(400, "ERROR_ADD_ELEMENT", "The name is not specified")
    found: Record = {one: given.get(one) for one in _OWN} | {"NAME": name}
    for key, field in fields_of(portal, list_id).items():
        raw = given.get(key)
        is_file = field["TYPE"] == "F"
        sent = [raw] if is_file and (_is_pair(raw) or isinstance(raw, str)) else _given_values(raw)
        kept = _kept_files(key, given, held) if is_file else {}
        fresh = [_parse(portal, field, one) for one in sent if one not in (None, "", [])]
        if field["MULTIPLE"] != "Y":
            fresh = fresh[:1]
            kept = {} if fresh else kept
        if field["IS_REQUIRED"] == "Y" and not fresh and not kept:
            raise bad_value(f"Field {field['NAME']} is required")
        found[key] = kept | {str(portal.store.next_id("listvalue")): one for one in fresh}
    return found


def _kept_files(key: str, given: Mapping[str, object], held: Mapping[str, object]) -> Record:
    raw = given.get(f"{key}_DEL")
    gone = {str(one) for one in (mapping(raw) if isinstance(raw, Mapping) else listing(raw))}
    if str(raw).upper() == "Y":
        return {}
    return {number: one for number, one in mapping(held.get(key)).items() if number not in gone}


def print_values(portal: Portal, list_id: int, row: Mapping[str, object]) -> Record:
    """Properties as the portal prints them: a map from value id to text; empty ones are absent."""
    found: Record = {}
    for key, field in fields_of(portal, list_id).items():
        kept = mapping(row.get(key))
        if not kept:
            continue
        with_time = field["TYPE"] == "S:DateTime"
        is_moment = field["TYPE"] in ("S:Date", "S:DateTime")
        found[key] = {
            number: print_moment(portal, datetime.fromisoformat(str(one)), with_time=with_time)
            if is_moment
            else str(one)
            for number, one in kept.items()
        }
    return found
