"""Which scope, rights and kind of authorisation a portal method asks for.

Decides by the method's name alone, from PROTOCOL §12. It knows no regulation and asks nobody; what the
regulations send is found in `engine.needed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SCOPES: Mapping[str, str] = {
    "userfieldconfig": "userfieldconfig", "user": "user_basic", "log": "log", "disk": "disk", "im": "im",
    "imbot": "imbot", "lists": "lists", "bizproc": "bizproc", "task": "task", "tasks": "task", "mail": "mail",
    "salescenter": "salescenter", "placement": "placement", "sonet_group": "sonet_group",
    "department": "department", "calendar": "calendar", "documentgenerator": "documentgenerator",
}  # fmt: skip
# Open to every authorisation.
_FREE = frozenset(
    [
        "batch",
        "scope",
        "profile",
        "methods",
        "events",
        "server",
        "method",
        "feature",
        "app",
        "event",
        "access",
    ]
)
# A narrower word is enough where a wider one was granted.
_WIDER: Mapping[str, frozenset[str]] = {"user_basic": frozenset({"user"})}
_ADMINISTRATOR = frozenset(
    ["crm.type.add", "crm.category.add", "crm.status.add", "crm.status.update", "userfieldconfig.add"]
)
_STARTS = ("bizproc.workflow.start", "bizproc.workflow.template.")
_APPLICATION = (
    "app.", "bizproc.robot.", "bizproc.activity.", "crm.automation.trigger.", "event.", "placement.",
    "disk.storage.getforapp",
)  # fmt: skip


def scope_of(method: str) -> str:
    """Return the scope that a method asks for, empty for one that every authorisation may call."""
    first = method.lower().partition(".")[0]
    return "" if first in _FREE else _SCOPES.get(first, first)


def scopes_of(methods: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the scopes that the methods ask for, each with its methods, both sorted."""
    found: dict[str, set[str]] = {}
    for method in methods:
        scope = scope_of(method)
        if scope:
            found.setdefault(scope, set()).add(method)
        if scope == "userfieldconfig":  # PROTOCOL §4.4: the fields of the CRM ask for both
            found.setdefault("crm", set()).add(method)
    return {scope: tuple(sorted(found[scope])) for scope in sorted(found)}


def is_granted(scope: str, granted: Iterable[str]) -> bool:
    """True where `granted` holds the scope or a wider one."""
    return not ({scope} | _WIDER.get(scope, frozenset())).isdisjoint(granted)


def needs_administrator(method: str) -> bool:
    """True for a method that only an administrator's webhook or token may call."""
    return method in _ADMINISTRATOR or method.startswith(_STARTS)


def needs_application(method: str) -> bool:
    """True for a method that refuses every webhook."""
    return method.lower().startswith(_APPLICATION)
