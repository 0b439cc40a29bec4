"""`placement.*`: an application's pages inside the portal.

Argument errors come with HTTP 200, the way this family answers; a page is invisible until the application is
installed, which is its owner's affair.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.methods.standing import need_admin, need_application
from engine.emulator.php import items_of, mapping
from engine.emulator.placements import WORKER, is_known, known_codes
from engine.emulator.store import Record

# More pages of one application at one place are refused.
_MOST = 10


def _bad_argument(name: str, text: str, status: int = 200) -> RestError:
    return RestError(status, "ERROR_ARGUMENT", text, {"argument": name})


def _needed(call: Call, name: str, status: int = 200) -> str:
    value = str(call.loose(name) or "").strip()
    if not value:
        raise _bad_argument(name, f"Argument '{name}' is null or empty", status)
    return value


def _owner(call: Call) -> Record:
    application = need_application(call)
    need_admin(call, 403, "Access denied!")
    return application


def _code(call: Call) -> str:
    code = _needed(call, "PLACEMENT").upper()
    if not is_known(call.portal, code):
        raise RestError(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    return code


def _mine(call: Call, application: Record, code: str | None = None) -> list[Record]:
    rows = (row for row in call.portal.store.rows("placement") if row["application"] == application["id"])
    return [row for row in rows if code is None or row["placement"] == code]


def _bind(call: Call) -> object:
    application, code, handler = _owner(call), _code(call), _needed(call, "HANDLER")
    if urlsplit(handler).scheme not in ("http", "https"):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    user = to_int(call.loose("USER_ID"))
    if user and code != WORKER and not code.startswith("USER_"):
        raise RestError(200, "ERROR_PLACEMENT_USER_MODE", "Placement can not be bound for a user")
    held = _mine(call, application, code)
    if any((row["handler"], row["userId"]) == (handler, user) for row in held):
        raise RestError(400, "ERROR_PLACEMENT_HANDLER_ALREADY_BINDED", "Handler already binded")
    if len(held) >= (1 if code == WORKER else _MOST):
        raise RestError(200, "ERROR_PLACEMENT_MAX_COUNT", "Placement max count is exceeded")
    options = call.map("OPTIONS")
    if code == WORKER and not options.get("errorHandlerUrl"):
        raise _bad_argument("errorHandlerUrl", "Argument 'errorHandlerUrl' is null or empty")
    number = call.portal.store.next_id("placement")
    row: Record = {
        "id": number,
        "application": application["id"],
        "placement": code,
        "userId": user,
        "handler": handler,
        "options": options,
        "title": str(call.loose("TITLE") or application.get("title") or ""),
        "description": str(call.loose("DESCRIPTION") or ""),
        "langAll": _words(call),
    }
    call.portal.store.put("placement", number, row)
    return True


def _words(call: Call) -> Record:
    found: Record = {}
    for language, raw in items_of(call.loose("LANG_ALL")):
        given = mapping(raw)
        found[language] = {
            name: str(given.get(name) or "") for name in ("TITLE", "DESCRIPTION", "GROUP_NAME")
        }
    return found


def _unbind(call: Call) -> object:
    """All pages of the application at a place, or the one with this handler; twice as many as went are told.

    The portal counts each page when it finds it and again when it has removed it.
    """
    application, code = _owner(call), _needed(call, "PLACEMENT", 400).upper()
    handler, user = call.loose("HANDLER"), call.loose("USER_ID")
    rows = [
        row
        for row in _mine(call, application, code)
        if (handler in (None, "") or row["handler"] == handler)
        and (user in (None, "") or row["userId"] == to_int(user))
    ]
    for row in rows:
        call.portal.store.remove("placement", to_int(row["id"]))
    return {"count": 2 * len(rows)}


_SHOWN = ("placement", "userId", "handler", "options", "title", "description", "langAll")


def _get(call: Call) -> object:
    return [{name: row[name] for name in _SHOWN} for row in _mine(call, _owner(call))]


def _list(call: Call) -> object:
    """The codes a page can be bound to."""
    need_application(call)
    return known_codes(call.portal)


METHODS = (
    Method("placement.bind", "placement", _bind),
    Method("placement.unbind", "placement", _unbind),
    Method("placement.get", "placement", _get),
    Method("placement.list", "placement", _list),
)
