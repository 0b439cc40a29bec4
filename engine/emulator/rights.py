"""What an employee may do on the portal.

Decides over CRM items by kind and deed (all, their own, none), over the settings of the CRM and over the Drive. An
administrator may everything; an employee of whom nothing is said may everything but the settings. How a refusal reads
is said by the family of the method: the older ones have no codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.emulator.errors import RestError, access_denied
from engine.emulator.fields import COMPANY, CONTACT, DEAL, INVOICE
from engine.emulator.php import mapping
from engine.emulator.store import Record, Store

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

DEEDS = ("read", "add", "update", "delete")
_LEVELS = ("all", "own", "none")
_DRIVE = ("all", "read", "none")
_KINDS = {"deal": DEAL, "contact": CONTACT, "company": COMPANY, "invoice": INVOICE}
_DRIVE_READS = (".get", ".getlist", ".getchildren", ".gettasks", ".getfields", ".getversions")


@dataclass(frozen=True)
class Guard:
    """One employee's rights over the items of one kind."""

    user: int
    levels: Mapping[str, str]

    def allows(self, deed: str, row: Mapping[str, object]) -> bool:
        """Whether the deed is allowed on this item, or on this new one."""
        level = self.levels.get(deed, "all")
        return level == "all" or (level == "own" and str(row.get("assignedById")) == str(self.user))

    def check(self, deed: str, row: Mapping[str, object]) -> None:
        """`RestError` ACCESS_DENIED where it is not."""
        if not self.allows(deed, row):
            raise access_denied()


def guard_of(store: Store, user: int, kind: int) -> Guard | None:
    """The guard over a kind's items; None where the employee may everything."""
    row = _rights(store, user)
    if row is None:
        return None
    crm = mapping(row.get("crm"))
    levels = mapping(crm.get(str(kind), crm.get("*", {})))
    return Guard(user, {deed: str(level) for deed, level in levels.items()}) if levels else None


def is_limited(store: Store, user: int) -> bool:
    """Whether anything at all is said of the employee's rights."""
    return _rights(store, user) is not None


def _rights(store: Store, user: int) -> Record | None:
    if (store.get("user", user) or {}).get("ADMIN"):
        return None
    return store.get("right", user)


def may_configure(store: Store, user: int) -> bool:
    """Whether an employee who is no administrator was given the settings of the CRM."""
    return bool((_rights(store, user) or {}).get("config"))


def refuse_drive(store: Store, user: int, method: str) -> None:
    """`RestError` ACCESS_DENIED where a method of the Drive is beyond an employee, whatever it is given."""
    row, name = _rights(store, user), method.lower()
    if row is None or not name.startswith("disk."):
        return
    level = row["disk"]
    if level == "none" or (level == "read" and not name.endswith(_DRIVE_READS)):
        raise access_denied()


def set_rights(portal: Portal, user: int, given: Mapping[str, object]) -> Record:
    """The employee's rights are these from now on; all of them where nothing is given.

    ``crm`` maps deal, contact, company, invoice, an entityTypeId or ``*`` to levels by deed, or to one level for all
    deeds; ``disk`` is all, read or none; ``config`` says whether the CRM's settings may be changed. Raises `RestError`
    INVALID_ARG_VALUE for anything else.
    """
    unknown = set(given) - {"crm", "disk", "config", "user", "id"}
    if unknown:
        raise _unfit(f"rights are crm, disk and config, not {', '.join(sorted(unknown))}")
    if given.get("disk", "all") not in _DRIVE:
        raise _unfit(f"disk is one of {', '.join(_DRIVE)}")
    row: Record = {"id": user, "crm": _levels(mapping(given.get("crm")))}
    row |= {"disk": given.get("disk", "all"), "config": bool(given.get("config", False))}
    with portal.change():
        if set(given) <= {"user", "id"}:
            portal.store.remove("right", user)
        else:
            portal.store.put("right", user, row)
    return row


def _levels(given: Mapping[str, object]) -> Record:
    found: Record = {}
    for name, raw in given.items():
        kind = name if name == "*" or name.isdigit() else str(_KINDS.get(name, ""))
        levels = mapping(raw) if isinstance(raw, Mapping) else dict.fromkeys(DEEDS, raw)
        if not kind or not set(levels) <= set(DEEDS) or not set(levels.values()) <= set(_LEVELS):
            raise _unfit(f"crm.{name}: a kind with {', '.join(DEEDS)}, each one of {', '.join(_LEVELS)}")
        found[kind] = levels
    return found


def _unfit(text: str) -> RestError:
    return RestError(400, "INVALID_ARG_VALUE", text)
