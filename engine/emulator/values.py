"""One value on its way in, in store, and out.

Stored forms: ints for ids, decimal strings for numbers, ``YYYY-MM-DD`` for days, ISO moments in the portal's
zone, "Y"/"N" for flags, option ids for enumerations, ``{"id","name","size"}`` for files. Two ways out:
`native` for the universal methods, `text` for the old ones, where every scalar is a string.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from engine.emulator.clock import iso
from engine.emulator.errors import invalid_value
from engine.emulator.fields import Field
from engine.emulator.php import listing, mapping

_IDS = {
    "integer",
    "user",
    "crm_company",
    "crm_contact",
    "crm_category",
    "crm_lead",
    "crm_quote",
    "crm_entity",
    "employee",
    "enumeration",
}
_MONEY = re.compile(r"(-?\d+(?:\.\d+)?)(?:\|([A-Z]{3})?)?")
_TRUE, _FALSE = {"Y", "1", "TRUE"}, {"N", "0", "FALSE", ""}


def decimal_text(value: object) -> str:
    """A number in plain decimal notation; raises `InvalidOperation` where it is none."""
    return format(Decimal(str(value)), "f")


def number(value: object) -> int | float:
    """A stored decimal as JSON prints it: 10000, 999.9."""
    exact = Decimal(str(value))
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def moment(value: object, zone: ZoneInfo) -> datetime:
    """A datetime from an ISO string, a day or a datetime; naive input is the portal's own time.

    Raises `ValueError` where it is none of them.
    """
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time())
    else:
        found = datetime.fromisoformat(str(value))
    return found.astimezone(zone) if found.tzinfo else found.replace(tzinfo=zone)


def _flag(value: object) -> str:
    mark = str(value).upper()
    if mark in _TRUE:
        return "Y"
    if mark in _FALSE:
        return "N"
    raise ValueError(mark)


def _money(value: object) -> str:
    match = _MONEY.fullmatch(str(value).strip())
    if not match:
        raise ValueError(value)
    return f"{match[1]}|{match[2] or 'RUB'}"


def _day(value: object, zone: ZoneInfo) -> str:
    if isinstance(value, str) and len(value) == len("2026-01-01"):
        return date.fromisoformat(value).isoformat()
    return moment(value, zone).date().isoformat()


def _parser(field: Field, zone: ZoneInfo) -> Callable[[object], object]:
    if field.type in _IDS:
        return lambda value: int(str(value))
    parsers: dict[str, Callable[[object], object]] = {
        "double": decimal_text,
        "money": _money,
        "boolean": _flag,
        "date": lambda value: _day(value, zone),
        "datetime": lambda value: iso(moment(value, zone)),
    }
    return parsers.get(field.type, str)


def parse(field: Field, value: object, zone: ZoneInfo) -> object:
    """The stored form of an incoming value (not of files); None is empty.

    A list for a multiple field. Raises `RestError` CRM_FIELD_ERROR_VALUE_NOT_VALID on a value of a wrong
    kind.
    """
    parser = _parser(field, zone)
    try:
        if field.multiple:
            return [parser(one) for one in listing(value) if one not in (None, "")]
        if value is None or value in ("", []):
            return "N" if field.type == "boolean" and value == "" else None
        stored = parser(value)
    except (ValueError, InvalidOperation) as error:
        raise invalid_value(field.camel) from error
    if field.type == "enumeration" and stored not in {option for option, _ in field.options}:
        raise invalid_value(field.camel)
    return stored


def native(field: Field, stored: object, zone: ZoneInfo, file_view: Callable[[object], object]) -> object:
    """The value as `crm.item.*` prints it: native numbers, flags Y/N, days as midnight moments."""
    if field.multiple:
        single = _single(field)
        return [native(single, one, zone, file_view) for one in listing(stored)]
    if stored is None:
        return None
    if field.type == "double":
        return number(stored)
    if field.type == "date":
        return iso(moment(stored, zone))
    return file_view(stored) if field.type == "file" else stored


def text(field: Field, stored: object, zone: ZoneInfo, file_view: Callable[[object], object]) -> object:
    """The value as the old methods print it: strings, None for empty standard fields, "" for own ones."""
    if field.multiple:
        single = _single(field)
        return [text(single, one, zone, file_view) for one in listing(stored)]
    if stored is None:
        return "" if field.custom and field.type != "file" else None
    if field.type == "file":
        view = mapping(file_view(stored))
        return {"id": view["id"], "showUrl": view["url"], "downloadUrl": view["urlMachine"]}
    if field.type == "double":
        return decimal_text(stored) if field.custom else f"{Decimal(str(stored)):.2f}"
    if field.type == "date":
        return iso(moment(stored, zone))
    # Own flags are integers in the portal's table, and the old methods print them so.
    if field.type == "boolean" and field.custom:
        return "1" if stored == "Y" else "0"
    return str(stored)


def _single(field: Field) -> Field:
    return Field(field.name, field.upper, field.type, field.title, field.camel, custom=field.custom)
