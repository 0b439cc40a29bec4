"""Employees: who the webhook is, who else there is."""

from __future__ import annotations

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.methods.plain import choose
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record

_OWN = ("START", "SORT", "ORDER", "FILTER", "ADMIN_MODE", "SELECT")
_EMPTY = {
    "SECOND_NAME": "",
    "PERSONAL_GENDER": "",
    "PERSONAL_BIRTHDAY": "",
    "WORK_POSITION": "",
    "UF_EMPLOYMENT_DATE": "",
}


def _shown(call: Call, row: Record) -> Record:
    found = {
        "ID": str(row["ID"]),
        "ACTIVE": row.get("ACTIVE", True),
        "NAME": row.get("NAME", ""),
        "LAST_NAME": row.get("LAST_NAME", ""),
        "EMAIL": row.get("EMAIL", ""),
        "LAST_LOGIN": row.get("LAST_LOGIN", ""),
        "DATE_REGISTER": row.get("DATE_REGISTER", ""),
        "IS_ONLINE": row.get("IS_ONLINE", "N"),
        **_EMPTY,
        "UF_DEPARTMENT": row.get("UF_DEPARTMENT", []),
        "USER_TYPE": "employee",
    }
    found |= {name: value for name, value in row.items() if name not in found and name != "ADMIN"}
    # The narrowest of the three scopes gives names and no addresses.
    if not call.caller.scopes & {"user", "user_basic"}:
        del found["EMAIL"]
    return found


def _self(call: Call) -> Record:
    row = call.portal.store.get("user", call.user)
    if row is None:
        raise RestError(403, "INVALID_CREDENTIALS", "Invalid request credentials")
    return row


def _current(call: Call) -> object:
    return _shown(call, _self(call))


def _profile(call: Call) -> object:
    row = _self(call)
    return {
        "ID": str(row["ID"]),
        "ADMIN": bool(row.get("ADMIN")),
        "NAME": row.get("NAME", ""),
        "LAST_NAME": row.get("LAST_NAME", ""),
        "PERSONAL_GENDER": row.get("PERSONAL_GENDER", ""),
        "TIME_ZONE": row.get("TIME_ZONE", ""),
    }


def _get(call: Call) -> object:
    """Filters come under ``filter`` or, as an older form, as parameters of the call itself."""
    raw = mapping(call.loose("filter"))
    raw |= {name: value for name, value in call.params.items() if name.upper() not in _OWN}
    rows = choose(call, call.portal.store.rows("user"), raw_filter=raw)
    if str(call.loose("ORDER", "asc")).lower() == "desc":
        rows.reverse()
    part, total, following = cut(rows, read_start(call.loose("start", 0)))
    return Page([_shown(call, row) for row in part], total, following)


def _departments(call: Call) -> object:
    """The units that employees are in; the first is the company itself."""
    numbers = {
        to_int(one) for row in call.portal.store.rows("user") for one in listing(row.get("UF_DEPARTMENT"))
    }
    named = {to_int(row["ID"]): row for row in call.portal.store.rows("department")}
    rows: list[Record] = []
    for number in sorted(numbers | set(named)):
        row: Record = {
            "ID": str(number),
            "NAME": named.get(number, {}).get("NAME") or f"Отдел {number}",
            "SORT": 500,
        }
        rows.append(row | ({"PARENT": "1"} if number != 1 else {}))
    raw = {name: value for name, value in call.params.items() if name.upper() not in _OWN}
    found = choose(call, rows, raw_filter=raw)
    part, total, following = cut(found, read_start(call.loose("START", 0)))
    return Page(list(part), total, following)


METHODS = (
    Method("department.get", "department", _departments),
    Method("user.get", "user", _get),
    Method("user.current", "user", _current),
    Method("profile", "", _profile),
)
