"""`bizproc.robot.*`, `bizproc.activity.*`: what an application adds to automation, and the answers it owes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from engine.emulator.bizproc import answer_robot, find_robot, log_message
from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.methods.standing import need_admin, need_application
from engine.emulator.php import listing, mapping
from engine.emulator.store import Record

CODE = re.compile(r"[a-zA-Z0-9._-]+")
_KEY = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
_TYPES = {"bool", "date", "datetime", "double", "file", "int", "select", "string", "text", "user"}
_INVALID = "ERROR_ACTIVITY_VALIDATION_FAILURE"


def _invalid(text: str) -> RestError:
    return RestError(400, _INVALID, text)


def owner_of(call: Call) -> Record:
    """The calling application, through an administrator."""
    application = need_application(call)
    need_admin(call)
    return application


def _code(call: Call) -> str:
    code = str(call.loose("CODE") or "")
    if not code:
        raise _invalid("Empty activity code!")
    if not CODE.fullmatch(code):
        raise _invalid("Wrong activity code!")
    return code


def _check_handler(application: Record, url: str) -> str:
    """The address of a robot lies on its application's own host."""
    found = urlsplit(url)
    if found.scheme and found.scheme not in ("http", "https"):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
    if not found.scheme or not found.hostname:
        raise RestError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    home = urlsplit(str(application.get("handler") or "")).hostname
    if home and home != found.hostname:
        raise RestError(400, "ERROR_WRONG_HANDLER_URL", "Handler URL host doesn't match application url")
    return url


def _check_properties(raw: object) -> Record:
    found = mapping(raw)
    for name, one in found.items():
        kind = mapping(one).get("Type", "string")
        if not _KEY.fullmatch(name):
            raise _invalid(f"Wrong property key {name}!")
        if not mapping(one).get("Name"):
            raise _invalid(f"Empty property NAME {name}!")
        if kind not in _TYPES:
            raise _invalid("Wrong properties array!")
    return found


def _row(call: Call, application: Record, kind: str, code: str) -> Record:
    name = call.loose("NAME")
    if not name:
        raise _invalid("Empty activity NAME!")
    user = to_int(call.loose("AUTH_USER_ID"))
    if user and call.portal.store.get("user", user) is None:
        raise _invalid("Wrong AUTH_USER_ID!")
    return {
        "kind": kind,
        "application": application["id"],
        "CODE": code,
        "HANDLER": _check_handler(application, str(call.loose("HANDLER") or "")),
        "AUTH_USER_ID": user,
        # Waiting is the rule: only an explicit N lets the robot go on at once.
        "USE_SUBSCRIPTION": "N" if call.loose("USE_SUBSCRIPTION") == "N" else "Y",
        "NAME": name,
        "DESCRIPTION": call.loose("DESCRIPTION") or "",
        "PROPERTIES": _check_properties(call.loose("PROPERTIES")),
        "RETURN_PROPERTIES": _check_properties(call.loose("RETURN_PROPERTIES")),
        "DOCUMENT_TYPE": listing(call.loose("DOCUMENT_TYPE")),
        "FILTER": mapping(call.loose("FILTER")),
        "USE_PLACEMENT": "Y" if call.loose("USE_PLACEMENT") == "Y" else "N",
        "PLACEMENT_HANDLER": str(call.loose("PLACEMENT_HANDLER") or ""),
    }


def _add(call: Call, kind: str) -> object:
    application, code, store = owner_of(call), _code(call), call.portal.store
    known = find_robot(call.portal, kind, code, to_int(application["id"]))
    if known is not None and call.portal.policies.robot_same_code == "refuse":
        raise RestError(400, "ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
    number = to_int(known["id"]) if known else store.next_id("robot")
    store.put("robot", number, _row(call, application, kind, code) | {"id": number})
    return True


def _own(call: Call, kind: str) -> Record:
    application, code = owner_of(call), _code(call)
    row = find_robot(call.portal, kind, code, to_int(application["id"]))
    if row is None:
        raise RestError(400, "ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    return row


def _update(call: Call, kind: str) -> object:
    """Only the members under FIELDS change."""
    row, fields = _own(call, kind), call.map("FIELDS")
    if not fields:
        raise _invalid("No fields to update")
    changed: Record = {name: value for name, value in fields.items() if name in row and name != "CODE"}
    for name in ("PROPERTIES", "RETURN_PROPERTIES"):
        if name in changed:
            changed[name] = _check_properties(changed[name])
    if "HANDLER" in changed:
        _check_handler(need_application(call), str(changed["HANDLER"]))
    call.portal.store.put("robot", to_int(row["id"]), row | changed)
    return True


def _delete(call: Call, kind: str) -> object:
    call.portal.store.remove("robot", to_int(_own(call, kind)["id"]))
    return True


def _list(call: Call, kind: str) -> object:
    application = owner_of(call)
    mine = (row for row in call.portal.store.rows("robot") if row["application"] == application["id"])
    return [row["CODE"] for row in mine if row["kind"] == kind]


def _token(call: Call) -> str:
    token = str(call.loose("event_token") or "")
    if not token:
        raise RestError(403, "ACCESS_DENIED", "Access denied!")
    return token


def _send(call: Call) -> object:
    """The answer a robot waits for; a token is good once."""
    message = str(call.loose("log_message") or "")
    answer_robot(call.portal, _token(call), call.map("return_values"), message)
    return True


def _log(call: Call) -> object:
    message = str(call.loose("log_message") or "").strip()
    if not message:
        raise RestError(400, "ERROR_EMPTY_LOG_MESSAGE", "Empty log message!")
    log_message(call.portal, _token(call), message)
    return True


def _methods_of(kind: str) -> tuple[Method, ...]:
    start = f"bizproc.{kind}"
    return (
        Method(f"{start}.add", "bizproc", lambda call: _add(call, kind)),
        Method(f"{start}.update", "bizproc", lambda call: _update(call, kind)),
        Method(f"{start}.delete", "bizproc", lambda call: _delete(call, kind)),
        Method(f"{start}.list", "bizproc", lambda call: _list(call, kind)),
    )


METHODS = (
    *_methods_of("robot"),
    *_methods_of("activity"),
    Method("bizproc.event.send", "bizproc", _send),
    Method("bizproc.activity.log", "bizproc", _log),
)
