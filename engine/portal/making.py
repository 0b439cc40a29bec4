"""The set-up carried out: what the plan wishes is made, one round after another, and the portal looked at in between.

Decides the order and what a refusal stops: nothing but itself. What to make is `setting_up.py`'s affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.action import Answer, Command
from engine.language.types import World
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.picture import Picture, read_picture
from engine.portal.setting_up import PARTS, PIPELINES, TYPES, Plan, Site, Wish, plan_setup

Told = Callable[[Wish, PortalError | None], None]
_MOST_PROCESSES = 50


@dataclass(slots=True)
class Maker:
    """Sets a portal up for `world`; `folders` are the first folders that rules name on the drive `shared_drive`."""

    gateway: Gateway
    world: World
    folders: Sequence[str]
    shared_drive: str
    _made: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)

    def plan(self) -> Plan:
        """Return what the portal lacks now. Reads only; raises PortalError where the portal does not answer."""
        return plan_setup(self._site())

    def carry_out(self, told: Told) -> bool:
        """Make what is lacking, telling of each thing as it is made or refused; True where nothing was refused.

        What is there stays as it is: carried out again it makes nothing. Raises PortalError where the portal stops
        answering; what was made until then stays and is not made twice.
        """
        # One at a time: the ties of the next smart process name the number that this one gets.
        for _ in range(_MOST_PROCESSES):
            wishes = self._wishes(TYPES)[:1]
            if not wishes:
                break
            self._make(wishes, told)
        self._make(self._wishes(PIPELINES), told)
        self._make(self._wishes(PARTS), told)
        return not self._refused

    def _wishes(self, number: int) -> list[Wish]:
        return [
            wish
            for wish in self.plan().wishes
            if wish.round == number and wish.mark not in self._refused | self._made
        ]

    def _make(self, wishes: Sequence[Wish], told: Told) -> None:
        for wish, outcome in zip(wishes, self.gateway.outcomes(_numbered(wishes)), strict=True):
            if isinstance(outcome, PortalError):
                self._refused.add(wish.mark)
                told(wish, outcome)
            else:
                self._made.add(wish.mark)
                told(wish, None)

    def _site(self) -> Site:
        wanted = [spec.type_id for spec in self.world.entities.values() if spec.type_id is not None]
        picture = read_picture(self.gateway, wanted)
        root = _root(picture, self.shared_drive)
        there = self._names(root) if root and self.folders else ()
        # Where the drive would not tell what is in it, nothing is made there.
        known = there is not None
        return Site(
            self.world, picture, self.folders, root if known else "", there or (), frozenset(self._made)
        )

    def _names(self, root: str) -> list[str] | None:
        asked = [
            Command(f"f{place}", "disk.folder.getChildren", {"id": root, "filter": {"NAME": name}})
            for place, name in enumerate(self.folders)
        ]
        outcomes = self.gateway.outcomes(asked)
        if any(isinstance(outcome, PortalError) for outcome in outcomes):
            return None
        rows = [row for outcome in outcomes if isinstance(outcome, Answer) for row in _list(outcome.result)]
        return [str(row.get("NAME", "")) for row in rows]


def _numbered(wishes: Sequence[Wish]) -> list[Command]:
    return [
        Command(
            f"{wish.command.id}{place}",
            wish.command.method,
            wish.command.params,
            True,
            None,
            wish.command.tolerate,
        )
        for place, wish in enumerate(wishes)
    ]


def _root(picture: Picture, shared_drive: str) -> str:
    drives = [one for one in picture.drives if one.get("ENTITY_TYPE") == shared_drive]
    drives.sort(key=lambda one: int(str(one["ID"])) if str(one.get("ID", "")).isdigit() else 0)
    return str(drives[0].get("ROOT_OBJECT_ID") or "") if drives else ""


def _list(found: object) -> list[Mapping[str, object]]:
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
