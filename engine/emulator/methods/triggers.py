"""`crm.automation.trigger.*`: triggers of an application, and the portal's own that an incoming webhook fires.

What a trigger moves is a person's setting on a portal; the twin keeps which fired on what.
"""

from __future__ import annotations

from engine.emulator.bizproc import find_document, read_document
from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.methods.robots import CODE, owner_of
from engine.emulator.methods.standing import need_application
from engine.emulator.store import Record


def _code(call: Call) -> str:
    code = str(call.loose("CODE") or "")
    if not code:
        raise RestError(400, "", "Empty trigger code!")
    if not CODE.fullmatch(code):
        raise RestError(400, "", "Wrong trigger code!")
    return code


def _find(call: Call, code: str) -> Record | None:
    return next((row for row in call.portal.store.rows("trigger") if row["CODE"] == code), None)


def _add(call: Call) -> object:
    """A trigger of an application; one that is there gets the new name."""
    application, code = owner_of(call), _code(call)
    if not call.loose("NAME"):
        raise RestError(400, "", "Empty trigger name!")
    known = _find(call, code)
    number = to_int(known["id"]) if known else call.portal.store.next_id("trigger")
    row: Record = {
        "id": number,
        "CODE": code,
        "NAME": str(call.loose("NAME")),
        "application": application["id"],
    }
    call.portal.store.put("trigger", number, row)
    return True


def _list(call: Call) -> object:
    application = owner_of(call)
    rows = [row for row in call.portal.store.rows("trigger") if row["application"] == application["id"]]
    return [{"NAME": row["NAME"], "CODE": row["CODE"]} for row in rows]


def _delete(call: Call) -> object:
    owner_of(call)
    row = _find(call, _code(call))
    if row is None:
        raise RestError(400, "", "Trigger not found!")
    call.portal.store.remove("trigger", to_int(row["id"]))
    return True


def _remember_firing(call: Call, code: str, kind: int, item_id: int) -> None:
    number = call.portal.store.next_id("triggerfired")
    row: Record = {"id": number, "CODE": code, "OWNER_TYPE_ID": kind, "OWNER_ID": item_id, "by": call.user}
    call.portal.store.put("triggerfired", number, row | {"time": call.portal.clock.stamp()})


def _execute(call: Call) -> object:
    need_application(call)
    code, kind, item_id = _code(call), to_int(call.loose("OWNER_TYPE_ID")), to_int(call.loose("OWNER_ID"))
    if not kind:
        raise RestError(400, "", "Incorrect parameter OWNER_TYPE_ID.")
    if _find(call, code) is None:
        raise RestError(400, "", "Trigger not found!")
    if call.portal.store.get(f"item_{kind}", item_id) is None:
        raise RestError(400, "", "Owner not found.")
    _remember_firing(call, code, kind, item_id)
    return True


def _by_hook(call: Call) -> object:
    """The portal's own trigger "track incoming webhook", which any code reaches; webhooks may."""
    target = str(call.loose("target") or "")
    if not target:
        raise RestError(400, "", "Target is not set.")
    document = read_document(target)
    if document is None or find_document(call.portal, document) is None:
        raise RestError(400, "", "Target is not found.")
    _remember_firing(call, str(call.loose("code") or ""), document.kind, document.item)
    return True


METHODS = (
    Method("crm.automation.trigger.add", "crm", _add),
    Method("crm.automation.trigger.list", "crm", _list),
    Method("crm.automation.trigger.delete", "crm", _delete),
    Method("crm.automation.trigger.execute", "crm", _execute),
    Method("crm.automation.trigger", "crm", _by_hook),
)
