"""`event.offline.*`: an application takes the events that were kept for it.

Decides what a call selects, deletes, reserves and shows; entries themselves are `offline.py`. Applications of
administrators only.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.condition import read_condition
from engine.emulator.errors import RestError
from engine.emulator.methods.plain import choose
from engine.emulator.methods.standing import need_admin, need_application
from engine.emulator.offline import drop, entries, mark_failed, reserve
from engine.emulator.php import listing
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record

_USUAL = 50


def _own(call: Call, connector: str | None = None) -> list[Record]:
    """The entries of the calling application."""
    need_admin(call, 403)
    return entries(call.portal, to_int(need_application(call)["id"]), connector)


def _shown(row: Record) -> Record:
    return {
        "ID": str(row["id"]),
        "TIMESTAMP_X": row["time"],
        "EVENT_NAME": row["event"],
        "EVENT_DATA": row["payload"] or False,
        "EVENT_ADDITIONAL": False,
        "MESSAGE_ID": row["message"],
    }


def _whole(row: Record) -> Record:
    return _shown(row) | {"PROCESS_ID": row["process"], "ERROR": str(row["error"])}


def _chosen(call: Call, rows: Sequence[Record], order: object) -> list[Record]:
    """Entries a call's filter lets through, in its order."""
    # A number has to be compared as one.
    numbers = [_whole(row) | {"ID": row["id"], "ERROR": row["error"]} for row in rows]
    known = {row["id"]: row for row in rows}
    asked = call.loose("order") or order
    return [known[one["ID"]] for one in choose(call, numbers, raw_order=asked)]


def _is_yes(value: object) -> bool:
    return str(value).lower() in ("1", "y", "true")


def _get(call: Call) -> object:
    """The first entries of a queue: deleted at once, or with ``clear`` 0 reserved under a process id.

    With a process id given, what that process has reserved and not cleared yet.
    """
    rows = _own(call, str(call.loose("auth_connector") or ""))
    clears = _is_yes(call.loose("clear", 1))
    process = str(call.loose("process_id") or "")
    if not clears and not read_condition(call.portal.store).rest_offline_extended:
        raise RestError(403, "ACCESS_DENIED", "Extended offline events handling is not available")
    with_failed = _is_yes(call.loose("error", 0))
    rows = [row for row in rows if row["process"] == process and (with_failed or not row["error"])]
    limit = to_int(call.loose("limit", _USUAL)) or _USUAL
    found = _chosen(call, rows, {"TIMESTAMP_X": "ASC", "ID": "ASC"})[: max(limit, 0)]
    if clears:
        drop(call.portal, found)
    elif not process:
        # An empty portion reserves nothing, and still has an id.
        process = reserve(call.portal, found)
    return {"process_id": process or None, "events": [_shown(row) for row in found]}


def _list(call: Call) -> object:
    """Everything in all queues of the application, reserved and failed too; changes nothing."""
    found = _chosen(call, _own(call), {"ID": "ASC"})
    part, total, following = cut(found, read_start(call.loose("start", 0)))
    return Page([_whole(row) for row in part], total, following)


def _of_process(call: Call) -> list[Record]:
    process = str(call.loose("process_id") or "")
    if not process:
        text = "Argument 'PROCESS_ID' is null or empty"
        raise RestError(400, "ERROR_ARGUMENT", text, {"argument": "PROCESS_ID"})
    return [row for row in _own(call) if row["process"] == process]


def _named(call: Call, name: str, member: str, rows: list[Record]) -> list[Record]:
    wanted = {str(one) for one in listing(call.loose(name))}
    return [row for row in rows if str(row[member]) in wanted]


def _clear(call: Call) -> object:
    """Entries of a process are gone: those named by ``id``, else by ``message_id``, else all of them."""
    rows = _of_process(call)
    if call.loose("id") is not None:
        rows = _named(call, "id", "id", rows)
    elif call.loose("message_id") is not None:
        rows = _named(call, "message_id", "message", rows)
    drop(call.portal, rows)
    return True


def _error(call: Call) -> object:
    """Entries of a process are failed: they stay in the queue and are not given out again unless asked for."""
    mark_failed(call.portal, _named(call, "message_id", "message", _of_process(call)))
    return True


METHODS = (
    Method("event.offline.get", "", _get),
    Method("event.offline.list", "", _list),
    Method("event.offline.clear", "", _clear),
    Method("event.offline.error", "", _error),
)
