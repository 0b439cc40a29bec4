"""What a portal says about itself: time, scopes, methods, events."""

from __future__ import annotations

from engine.emulator.calling import Call, Method
from engine.emulator.errors import RestError

_GENERAL = (
    "ONAPPUNINSTALL",
    "ONAPPINSTALL",
    "ONAPPUPDATE",
    "ONAPPPAYMENT",
    "ONAPPTEST",
    "ONAPPMETHODCONFIRM",
    "ONOFFLINEEVENT",
)
_BY_SCOPE = {
    "user": ("ONUSERADD",),
    "log": ("ONLIVEFEEDPOSTADD", "ONLIVEFEEDPOSTUPDATE", "ONLIVEFEEDPOSTDELETE"),
}
_CHANGES = ("ADD", "UPDATE", "DELETE")
_CRM = (
    "LEAD",
    "DEAL",
    "COMPANY",
    "CONTACT",
    "QUOTE",
    "ACTIVITY",
    "REQUISITE",
    "BANKDETAIL",
    "TIMELINECOMMENT",
    "DYNAMICITEM",
    "TYPE",
    "DOCUMENTGENERATORDOCUMENT",
)


def _time(call: Call) -> object:
    return call.portal.clock.stamp()


def _scope(call: Call) -> object:
    return sorted(call.caller.scopes)


def _method_get(call: Call) -> object:
    name = str(call.need("name"))
    try:
        call.portal.find_method(call.caller, name)
    except RestError as error:
        return {"isExisting": error.status != 404, "isAvailable": False}
    return {"isExisting": True, "isAvailable": True}


def event_names() -> list[str]:
    """Every event a portal can send but those of single smart processes, which end in ``_NUMBER``."""
    crm = [f"ONCRM{kind}{change}" for kind in _CRM for change in _CHANGES]
    by_scope = [name for names in _BY_SCOPE.values() for name in names]
    return [*_GENERAL, *by_scope, *crm, "ONCRMDEALMOVETOCATEGORY"]


def _events(call: Call) -> object:
    """Names a subscriber may use; those of the CRM include one set per smart process."""
    asked = call.loose("SCOPE")
    scopes = call.caller.scopes if asked is None else {str(asked)}
    found = list(_GENERAL) if asked is None else []
    for scope, names in _BY_SCOPE.items():
        found += names if scope in scopes else ()
    if "crm" in scopes:
        found += [f"ONCRM{kind}{change}" for kind in _CRM for change in _CHANGES]
        found.append("ONCRMDEALMOVETOCATEGORY")
        numbers = [row["entityTypeId"] for row in call.portal.store.rows("type") if row.get("id") is not None]
        found += [f"ONCRMDYNAMICITEM{change}_{number}" for number in numbers for change in _CHANGES]
    return found


METHODS = (
    Method("server.time", "", _time),
    Method("scope", "", _scope),
    Method("method.get", "", _method_get),
    Method("events", "", _events),
)
