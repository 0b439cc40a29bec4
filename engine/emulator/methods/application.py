"""`app.info`, `event.*`, `feature.get`: what an application asks about itself and the events it subscribes to.

The queue of offline events is `methods/offline.py`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from engine.emulator.application_auth import now_of
from engine.emulator.applications import LANGUAGE
from engine.emulator.calling import Call, Method, to_int
from engine.emulator.condition import read_condition
from engine.emulator.errors import RestError
from engine.emulator.events import Event
from engine.emulator.methods.standing import is_admin, need_application
from engine.emulator.methods.system import event_names
from engine.emulator.php import mapping
from engine.emulator.store import Record
from engine.emulator.subscriptions import bind, subscriptions_of, unbind

_PLAN = "ent250"
_FEATURES = ("rest_offline_extended", "rest_auth_connector")


def _info(call: Call) -> object:
    row = need_application(call)
    return {
        "ID": row["id"],
        "CODE": row["code"],
        "VERSION": row["version"],
        "STATUS": row["status"],
        "INSTALLED": bool(row["installed"]),
        "PAYMENT_EXPIRED": "N" if row["paid"] else "Y",
        "DAYS": None,
        "LANGUAGE_ID": LANGUAGE,
        "LICENSE": f"{LANGUAGE}_{_PLAN}",
        "LICENSE_TYPE": _PLAN,
        "LICENSE_FAMILY": "ent",
    }


def _feature(call: Call) -> object:
    """An unknown code is available: the portal does not check what it does not know."""
    code = str(call.loose("CODE") or "")
    if code in ("", "0"):
        raise RestError(400, "CODE_EMPTY", "CODE can't be empty")
    condition = read_condition(call.portal.store)
    is_there = getattr(condition, code) if code in _FEATURES else True
    return {"value": "Y" if is_there else "N"}


def _event_name(call: Call) -> str:
    raw = str(call.loose("event") or "").upper()
    if not raw:
        raise RestError(400, "ERROR_ARGUMENT", "Argument 'EVENT' is null or empty", {"argument": "EVENT"})
    stem, _, number = raw.rpartition("_")
    known = event_names()
    is_numbered = number.isdigit() and stem.startswith("ONCRMDYNAMICITEM") and stem in known
    if raw not in known and not is_numbered:
        raise RestError(400, "ERROR_EVENT_NOT_FOUND", "Event not found")
    return raw


def _is_offline(call: Call) -> bool:
    kind = str(call.loose("event_type") or "online").lower()
    if kind not in ("online", "offline"):
        raise RestError(400, "ERROR_ARGUMENT", "Wrong event type: online or offline expected")
    return kind == "offline"


def _bind(call: Call) -> object:
    """A handler for an event; an offline one has no address, and only an administrator may have it."""
    application, name, offline = need_application(call), _event_name(call), _is_offline(call)
    if offline and not is_admin(call):
        text = "Access denied! Offline events binding requires administrator access rights"
        raise RestError(403, "ACCESS_DENIED", text)
    handler = "" if offline else str(call.loose("handler") or "")
    if not offline and not handler:
        raise RestError(400, "ERROR_ARGUMENT", "Argument 'HANDLER' is null or empty", {"argument": "HANDLER"})
    if not offline and (urlsplit(handler).scheme not in ("http", "https") or not urlsplit(handler).hostname):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    user = 0 if offline else _whose(call)
    options = mapping(call.loose("options"))
    connector = str(call.loose("auth_connector") or "") if offline else ""
    row: Record = {"event": name, "handler": handler, "user": user, "offline": offline}
    row |= {"connector": connector, "minTimeout": to_int(options.get("minTimeout", 1))}
    bind(call.portal, to_int(application["id"]), row)
    return True


def _whose(call: Call) -> int:
    """On whose behalf the handler acts; an employee who is no administrator binds for nobody else."""
    asked = to_int(call.loose("auth_type"))
    if is_admin(call):
        return asked
    if asked not in (0, call.user):
        text = "Access denied! Event binding for another user requires administrator access rights"
        raise RestError(403, "ACCESS_DENIED", text)
    return call.user


def _unbind(call: Call) -> object:
    application, offline = need_application(call), _is_offline(call)
    if offline and not is_admin(call):
        text = "Access denied! Offline events unbinding requires administrator access rights"
        raise RestError(403, "ACCESS_DENIED", text)
    wanted: Record = {"event": _event_name(call), "offline": offline}
    if offline:
        wanted["connector"] = str(call.loose("auth_connector") or "")
    elif not call.loose("handler"):
        raise RestError(400, "ERROR_ARGUMENT", "Argument 'HANDLER' is null or empty", {"argument": "HANDLER"})
    else:
        wanted["handler"] = str(call.loose("handler"))
    if not is_admin(call):
        wanted["user"] = call.user
    elif call.loose("auth_type") is not None and not offline:
        wanted["user"] = to_int(call.loose("auth_type"))
    return {"count": unbind(call.portal, to_int(application["id"]), wanted)}


def _get(call: Call) -> object:
    found = []
    for row in subscriptions_of(call.portal, to_int(need_application(call)["id"])):
        if row["offline"]:
            found.append({"event": row["event"], "connector_id": row["connector"] or None, "offline": 1})
        else:
            one = {"event": row["event"], "handler": row["handler"], "auth_type": str(row["user"])}
            found.append(one | {"offline": 0})
    return found


def _test(call: Call) -> object:
    """ONAPPTEST goes to this application's handlers of it, with whatever the call held."""
    number = to_int(need_application(call)["id"])
    payload = {"QUERY": dict(call.params), "LANGUAGE_ID": LANGUAGE}
    event = Event("ONAPPTEST", payload, now_of(call.portal), call.user)
    for row in subscriptions_of(call.portal, number):
        if row["event"] == event.name and not row["offline"]:
            call.portal.deliveries.send_to(event, row)
    return True


METHODS = (
    Method("app.info", "", _info),
    Method("feature.get", "", _feature),
    Method("event.bind", "", _bind),
    Method("event.unbind", "", _unbind),
    Method("event.get", "", _get),
    Method("event.test", "", _test),
)
