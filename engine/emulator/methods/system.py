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
_NARROWER = {"user_basic", "user_brief"}
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
# Kinds whose own fields raise events when they are made, changed or deleted: the fields, not values in them.
_WITH_FIELDS = ("LEAD", "DEAL", "COMPANY", "CONTACT", "QUOTE", "INVOICE", "REQUISITE", "TYPE")


def _time(call: Call) -> object:
    return call.portal.clock.stamp()


def _scope(call: Call) -> object:
    """The caller's scopes; with ``full`` every scope this portal has."""
    if str(call.loose("full")).lower() in ("1", "true", "y"):
        return sorted({method.scope for method in call.portal.methods.values() if method.scope} | _NARROWER)
    return sorted(call.caller.scopes)


def _methods(call: Call) -> object:
    """Names the caller may use; with ``full`` all, with ``scope`` those of one scope ("" the general ones)."""
    asked = call.loose("scope")
    is_full = str(call.loose("full")).lower() in ("1", "true", "y")
    found = []
    for name, method in sorted(call.portal.methods.items()):
        if asked is not None and method.scope != str(asked):
            continue
        if is_full or asked is not None or not method.scope or call.portal.may_use(call.caller, method):
            found.append(name)
    return found


def _is_admin(call: Call) -> object:
    return bool((call.portal.store.get("user", call.user) or {}).get("ADMIN"))


def _method_get(call: Call) -> object:
    name = str(call.need("name"))
    try:
        call.portal.find_method(call.caller, name)
    except RestError as error:
        return {"isExisting": error.status != 404, "isAvailable": False}
    return {"isExisting": True, "isAvailable": True}


def _old_invoices(call: Call) -> list[str]:
    """Events of the invoices of before, which the vendor lists and does not describe."""
    listed = call.portal.policies.old_invoice_events == "yes"
    return [f"ONCRMINVOICE{change}" for change in (*_CHANGES, "SETSTATUS")] if listed else []


def event_names() -> list[str]:
    """Every event a portal can send but those of single smart processes, which end in ``_NUMBER``."""
    by_scope = [name for names in _BY_SCOPE.values() for name in names]
    return [*_GENERAL, *by_scope, *_crm_events()]


def _crm_events() -> list[str]:
    found = [f"ONCRM{kind}{change}" for kind in _CRM for change in _CHANGES]
    found.append("ONCRMDEALMOVETOCATEGORY")
    changes = (*_CHANGES, "SETENUMVALUES")
    return found + [f"ONCRM{kind}USERFIELD{change}" for kind in _WITH_FIELDS for change in changes]


def _events(call: Call) -> object:
    """Names a subscriber may use; those of the CRM include one set per smart process."""
    asked = call.loose("SCOPE")
    scopes = call.caller.scopes if asked is None else {str(asked)}
    found = list(_GENERAL) if asked is None else []
    for scope, names in _BY_SCOPE.items():
        found += names if scope in scopes else ()
    if "crm" in scopes:
        found += _crm_events()
        found += _old_invoices(call)
        numbers = [row["entityTypeId"] for row in call.portal.store.rows("type") if row.get("id") is not None]
        found += [f"ONCRMDYNAMICITEM{change}_{number}" for number in numbers for change in _CHANGES]
    return found


METHODS = (
    Method("server.time", "", _time),
    Method("scope", "", _scope),
    Method("methods", "", _methods),
    Method("user.admin", "", _is_admin),
    Method("method.get", "", _method_get),
    Method("events", "", _events),
)
