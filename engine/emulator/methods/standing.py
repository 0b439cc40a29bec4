"""What a caller is, for methods that ask: an administrator, an application.

The one place that reads the caller's application; whether a token is good was decided before.
"""

from __future__ import annotations

from engine.emulator.calling import Call
from engine.emulator.errors import RestError
from engine.emulator.rights import may_configure
from engine.emulator.store import Record

_NO_APPLICATION = "Access denied! Application context required"


def is_admin(call: Call) -> bool:
    """Whether the acting employee administers the portal."""
    return bool((call.portal.store.get("user", call.user) or {}).get("ADMIN"))


def manages_crm(call: Call) -> bool:
    """Whether the acting employee may change how the CRM is made: types, funnels, stages, fields."""
    return is_admin(call) or may_configure(call.portal.store, call.user)


def need_admin(call: Call, status: int = 400, text: str = "Access denied!") -> None:
    """`RestError` ACCESS_DENIED for everybody but administrators."""
    if not is_admin(call):
        raise RestError(status, "ACCESS_DENIED", text)


def application_of(call: Call) -> Record | None:
    """The row of the application whose token the call carries; None for a webhook."""
    number = getattr(call.caller, "application", None)
    if number is None:
        return None
    if isinstance(number, dict):
        return number
    return call.portal.store.get("application", int(str(number)))


def need_application(call: Call) -> Record:
    """The calling application's row; `RestError` ACCESS_DENIED for a webhook."""
    found = application_of(call)
    if found is None:
        raise RestError(400, "ACCESS_DENIED", _NO_APPLICATION)
    return found
