"""`/_demo/` addresses for applications, rights and the portal's own condition.

Writes, JSON POST:

| path | body | answer |
|---|---|---|
| `/_demo/application` | ``scopes``, other members of `applications.Registration` | its row |
| `/_demo/application/change` | ``id``, ``paid?, users?, scopes?`` | its row |
| `/_demo/application/open` | ``id``: its install page is opened in a frame | ``{"status", "text"}`` |
| `/_demo/application/finish` | ``id``: what the page's own `BX24.installFinish()` does | its row |
| `/_demo/application/remove` | ``id`` | ``true`` |
| `/_demo/rights` | ``user``, ``crm?, disk?, config?`` (`rights.set_rights`) | the rights |
| `/_demo/employee` | ``id``, ``active?, admin?`` | ``true`` |
| `/_demo/webhook` | ``user, secret``, ``scopes?, expires?`` (ISO time) | ``true`` |
| `/_demo/condition` | ``commercial, deleted, overloaded`` and other members of `Condition` | all of it |
| `/_demo/rename` | ``base``: the portal's new address | ``true`` |

Reads, GET: `/_demo/application` (all), `/rights`, `/condition`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

import httpx

from engine.emulator.applications import (
    change_application,
    finish_installation,
    open_installation,
    read_registration,
    remove,
)
from engine.emulator.calling import to_int
from engine.emulator.condition import change_condition, read_condition
from engine.emulator.errors import RestError, missing_parameter, not_found
from engine.emulator.portal import Portal
from engine.emulator.rights import set_rights


def _need(given: Mapping[str, object], name: str) -> object:
    if name not in given:
        raise missing_parameter(name)
    return given[name]


def _id(given: Mapping[str, object]) -> int:
    return to_int(_need(given, "id"))


def _install(portal: Portal, given: Mapping[str, object]) -> object:
    _need(given, "scopes")
    return portal.install_application(read_registration(given))


def _change(portal: Portal, given: Mapping[str, object]) -> object:
    return change_application(portal, _id(given), {k: v for k, v in given.items() if k != "id"})


def _open(portal: Portal, given: Mapping[str, object]) -> object:
    try:
        status, text = open_installation(portal, _id(given))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RestError(400, "NO_ANSWER", f"{type(error).__name__}: {error}") from error
    return {"status": status, "text": text}


def _remove(portal: Portal, given: Mapping[str, object]) -> object:
    remove(portal, _id(given))
    return True


def _employee(portal: Portal, given: Mapping[str, object]) -> object:
    names = {"active": "ACTIVE", "admin": "ADMIN"}
    with portal.change():
        row = portal.store.get("user", _id(given))
        if row is None:
            raise not_found("User not found")
        changes = {column: bool(given[name]) for name, column in names.items() if name in given}
        portal.store.put("user", _id(given), row | changes)
    return True


def _webhook(portal: Portal, given: Mapping[str, object]) -> object:
    user, secret = str(_need(given, "user")), str(_need(given, "secret"))
    with portal.change():
        rows = portal.store.numbered("webhook")
        whom = user, secret
        known = [number for number, row in rows if (str(row["user"]), str(row["secret"])) == whom]
        number = known[0] if known else portal.store.next_id("webhook")
        before = portal.store.get("webhook", number) or {
            "id": number,
            "user": user,
            "secret": secret,
            "scopes": [],
        }
        changes = {name: given[name] for name in ("scopes", "expires") if name in given}
        portal.store.put("webhook", number, before | changes)
    return True


def _rename(portal: Portal, given: Mapping[str, object]) -> object:
    portal.rename(str(_need(given, "base")))
    return True


WRITES: dict[str, Callable[[Portal, Mapping[str, object]], object]] = {
    "application": _install,
    "application/change": _change,
    "application/open": _open,
    "application/finish": lambda portal, given: finish_installation(portal, _id(given)),
    "application/remove": _remove,
    "rights": lambda portal, given: set_rights(portal, to_int(_need(given, "user")), given),
    "employee": _employee,
    "webhook": _webhook,
    "condition": lambda portal, given: asdict(change_condition(portal, given)),
    "rename": _rename,
}
READS: dict[str, Callable[[Portal], object]] = {
    "application": lambda portal: portal.store.rows("application"),
    "rights": lambda portal: portal.store.rows("right"),
    "condition": lambda portal: asdict(read_condition(portal.store)),
}
