"""What befell the portal as a whole: its plan, its deletion, its new address, a manual block.

Decides which of them refuses every call, and in which words. Kept in the state file; tests and demonstrations switch
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.emulator.errors import RestError
from engine.emulator.policies import read_policies
from engine.emulator.store import Store

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_MEMBER = "condition"


@dataclass(frozen=True)
class Condition:
    """How the portal is; the defaults are a paid portal where it has always been."""

    commercial: bool = True
    """False: a plan without REST. Calls are refused and outgoing webhooks are silent."""
    deleted: bool = False
    overloaded: bool = False
    """A manual block that only the vendor lifts."""
    rest_offline_extended: bool = True
    """Whether the plan lets an application reserve offline events before it takes them."""
    rest_auth_connector: bool = True
    """Whether the plan lets a call keep its change out of the caller's own offline queue."""
    smart_processes: bool = True
    """Whether the plan lets smart processes and their items be made and changed."""
    moved_to: str = ""
    """The portal's new address; requests to any other host are sent there."""


def read_condition(store: Store) -> Condition:
    """The condition of the portal behind this store."""
    saved = store.read_meta(_MEMBER)
    return store.derived(("condition", saved), (), lambda: Condition(**json.loads(saved or "{}")))


def change_condition(portal: Portal, given: Mapping[str, object]) -> Condition:
    """Some members by name, from now on; `RestError` INVALID_ARG_VALUE where there is none of this name or kind."""
    before = read_condition(portal.store)
    known = {one.name: type(getattr(before, one.name)) for one in fields(Condition)}
    for name, value in given.items():
        if name not in known or not isinstance(value, known[name]):
            text = f"{name}: {value!r} is no value of the condition; there are: {', '.join(known)}"
            raise RestError(400, "INVALID_ARG_VALUE", text)
    after = replace(before, **given)  # type: ignore[arg-type]
    portal.store.write_meta(_MEMBER, json.dumps(asdict(after)))
    return after


def refuse_in_condition(store: Store) -> None:
    """`RestError` where the portal as a whole answers nobody."""
    found = read_condition(store)
    if found.deleted:
        status = int(read_policies(store).deleted_portal_status)
        raise RestError(status, "PORTAL_DELETED", "Portal was deleted")
    if found.overloaded:
        raise RestError(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload")
    if not found.commercial:
        raise RestError(403, "ACCESS_DENIED", "REST API is available only on commercial plans")


def moved_address(store: Store, host: str, path: str) -> str:
    """Where a request to `host` must be repeated; "" where the portal is still there."""
    base = read_condition(store).moved_to
    return f"{base}{path}" if base and urlsplit(base).netloc != host else ""
