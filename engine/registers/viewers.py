"""Who may see which rows: by roles of the settings where a webhook reads all, by the person's own token otherwise.

A webhook acts with its owner's rights, so what it reads says nothing of what a colleague may see: roles say it, and
whoever has none sees nothing. With an application the portal itself answers for the person who looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.language.values import Item
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.runtime.listing import PAGE, page_command, rows_of
from engine.runtime.store import Store
from engine.runtime.wire import load_map

OWN, DEPARTMENT, ALL, NONE = "own", "department", "all", "none"


@dataclass(frozen=True)
class RoleViewer:
    """A user of the portal with a role of the settings; dismissed or without a role, that user sees nothing."""

    store: Store
    roles: Mapping[str, str]
    user: str

    @property
    def name(self) -> str:
        """`user/7`."""
        return f"user/{self.user}"

    @property
    def role(self) -> str:
        """The role in force: none for whoever has none or does not work here any more."""
        row = self.store.row("SELECT fields FROM register_person WHERE id = ?", (self.user,))
        is_dismissed = row is not None and load_map(row["fields"]).get("active") is False
        return NONE if is_dismissed else self.roles.get(self.user, NONE)

    def owners(self) -> frozenset[str] | None:
        """Return whose items are seen; None for all of them."""
        role = self.role
        if role == ALL:
            return None
        if role == OWN:
            return frozenset({self.user})
        return self._colleagues() | {self.user} if role == DEPARTMENT else frozenset()

    def items(self, entity: str) -> frozenset[str] | None:  # noqa: ARG002 — the protocol's own
        """Say that items are judged by their owners."""
        return None

    def _colleagues(self) -> frozenset[str]:
        """Return who works in the user's departments; for a head also in the departments below."""
        people = {
            str(row["id"]): frozenset(json.loads(row["units"]))
            for row in self.store.rows("SELECT id, units FROM register_person")
        }
        units = self.store.rows("SELECT id, parent, head FROM register_unit")
        headed = {str(row["id"]) for row in units if row["head"] == self.user}
        seen = set(people.get(self.user, ())) | headed
        below = set(headed)
        while more := {str(row["id"]) for row in units if row["parent"] in below} - below:
            below |= more
        return frozenset(person for person, where in people.items() if where & (seen | below))


@dataclass
class PortalViewer:
    """The person whose token `gateway` speaks with: what the portal lists for that token is seen, nothing else.

    `items` raises PortalError where the portal does not answer; asked once for each entity.
    """

    gateway: Gateway
    portal: PortalMap
    name: str = ""
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    def owners(self) -> frozenset[str] | None:
        """Say that the portal judges, not the owners."""
        return None

    def items(self, entity: str) -> frozenset[str] | None:
        """Return the ids that the portal shows to this person."""
        if entity not in self._known:
            found: set[str] = set()
            last = 0
            while True:
                command = page_command(self.portal, entity, {">id": last}, only_ids=True)
                [outcome] = self.gateway.outcomes([command])
                if isinstance(outcome, PortalError):
                    raise outcome
                rows = rows_of(outcome.result)
                found.update(str(row["id"]) for row in rows)
                if len(rows) < PAGE:
                    break
                last = int(str(rows[-1]["id"]))
            self._known[entity] = frozenset(found)
        return self._known[entity]


def viewer_of(store: Store, roles: Mapping[str, str], person: str) -> RoleViewer:
    """Return the viewer whom `--as` names: a number, or `user/7`."""
    item = Item("user", person.rpartition("/")[2])
    return RoleViewer(store, roles, item.id)
