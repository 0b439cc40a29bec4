"""The Drive as a tree for reading. Reads; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.emulator import drive
from engine.emulator.calling import to_int
from engine.emulator.portal import Portal
from engine.emulator.store import Record


@dataclass(frozen=True)
class Node:
    """A folder with what is in it, or a file. `is_new`: made or changed since the portal was filled; `is_open`:
    shown unfolded, as are the storage itself and the way to everything new.
    """

    id: int
    name: str
    is_folder: bool
    size: int
    time: str
    is_new: bool
    is_open: bool
    children: tuple[Node, ...]

    @property
    def files(self) -> int:
        """Files in it, at any depth."""
        return sum(child.files if child.is_folder else 1 for child in self.children)


def read_drives(portal: Portal) -> list[Node]:
    """Every storage as the folder at its root; the trash is left out."""
    rows = portal.store.rows("disk")
    if not rows:
        return []
    # All that a new portal is filled with bears one and the same moment: its clock's beginning.
    since = min(datetime.fromisoformat(str(row["CREATE_TIME"])) for row in rows)
    return [
        _node(portal, drive.find(portal, to_int(place["ROOT_OBJECT_ID"]), "folder"), since, 0)
        for place in portal.store.rows("storage")
    ]


def _node(portal: Portal, row: Record, since: datetime, depth: int) -> Node:
    is_folder = row["TYPE"] == "folder"
    inside = drive.children(portal, to_int(row["ID"])) if is_folder else []
    inside.sort(key=lambda one: (one["TYPE"] != "folder", str(one["NAME"]).casefold()))
    children = tuple(_node(portal, one, since, depth + 1) for one in inside)
    leads_to_new = any(child.is_new or (child.is_open and child.is_folder) for child in children)
    return Node(
        id=to_int(row["ID"]),
        name=str(row["NAME"]),
        is_folder=is_folder,
        size=to_int(row.get("SIZE")),
        time=str(row["UPDATE_TIME"]),
        is_new=datetime.fromisoformat(str(row["UPDATE_TIME"])) > since,
        is_open=depth < 1 or leads_to_new,
        children=children,
    )
