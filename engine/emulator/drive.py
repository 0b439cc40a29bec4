"""The portal's Drive: storages, folders, files.

Decides which names are free, what moves where, what deleting means. Names are compared without case, as the
portal's database does. Knows no HTTP; `methods/disk.py` prints what is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.emulator.errors import RestError
from engine.emulator.policies import read_policies
from engine.emulator.store import Record

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_CONTROL = re.compile(r"[\x00-\x1f]")
DELETED = 3


def bad_argument(position: int) -> RestError:
    """An argument of a wrong kind."""
    return RestError(400, "ERROR_ARGUMENT", f"Invalid value of parameter {{Parameter #{position}}}")


def _missing(object_id: object) -> RestError:
    return RestError(400, "ERROR_NOT_FOUND", f"Could not find entity with id `{object_id}`")


def storage(portal: Portal, storage_id: int) -> Record:
    """A storage; `RestError` ERROR_NOT_FOUND without it."""
    row = portal.store.get("storage", storage_id)
    if row is None:
        raise _missing(storage_id)
    return row


def find(portal: Portal, object_id: int, kind: str) -> Record:
    """A folder or file by id, in the trash too; `RestError` ERROR_NOT_FOUND without it."""
    row = portal.store.get("disk", object_id)
    if row is None or row["TYPE"] != kind:
        raise _missing(object_id)
    return row


def children(portal: Portal, folder_id: int) -> list[Record]:
    """What lies directly in a folder and is not in the trash."""
    return [
        row for row in portal.store.rows("disk") if row["PARENT_ID"] == folder_id and not row["DELETED_TYPE"]
    ]


def path_of(portal: Portal, row: Mapping[str, object]) -> str:
    """The names from the storage's root down, joined by ``/``; "" for the root."""
    names: list[str] = []
    here: Mapping[str, object] | None = row
    while here is not None and here["PARENT_ID"] is not None:
        names.append(str(here["NAME"]))
        here = portal.store.get("disk", int(str(here["PARENT_ID"])))
    return "/".join(reversed(names))


def _name(portal: Portal, raw: object) -> str:
    """A name the Drive takes; by default what a Windows client that synchronises it could store."""
    name = str(raw or "").strip()
    if not name:
        raise RestError(400, "DISK_BASE_SERVICE_22001", "Required parameter NAME is not specified")
    allowed = read_policies(portal.store)
    is_bad = set(name) & set(allowed.disk_forbidden) or _CONTROL.search(name) or name in (".", "..")
    if is_bad or len(name) > allowed.disk_name_length:
        raise bad_argument(0)
    return name


def _taken(portal: Portal, folder_id: int, name: str, except_id: object = None) -> Record | None:
    wanted = name.casefold()
    return next(
        (
            row
            for row in children(portal, folder_id)
            if str(row["NAME"]).casefold() == wanted and row["ID"] != except_id
        ),
        None,
    )


def _refuse_taken(portal: Portal, folder_id: int, name: str, kind: str, except_id: object = None) -> None:
    if _taken(portal, folder_id, name, except_id):
        raise RestError(400, "DISK_OBJ_22000", f"A {kind} with this name already exists")


def _new(
    portal: Portal, parent: Mapping[str, object] | None, storage_id: int, user: int
) -> dict[str, object]:
    now = portal.clock.stamp()
    return {
        "ID": portal.store.next_id("disk"),
        "CODE": None,
        "STORAGE_ID": storage_id,
        "PARENT_ID": parent["ID"] if parent else None,
        "DELETED_TYPE": 0,
        "CREATE_TIME": now,
        "UPDATE_TIME": now,
        "DELETE_TIME": None,
        "CREATED_BY": user,
        "UPDATED_BY": user,
        "DELETED_BY": 0,
    }


def add_folder(portal: Portal, parent_id: int, raw_name: object, user: int) -> Record:
    """A new folder; `RestError` DISK_OBJ_22000 where the name is taken."""
    with portal.change():
        parent = find(portal, parent_id, "folder")
        name = _name(portal, raw_name)
        _refuse_taken(portal, parent_id, name, "folder")
        return _keep_folder(portal, parent, name, user)


def _keep_folder(portal: Portal, parent: Mapping[str, object], name: str, user: int) -> Record:
    row = _new(portal, parent, int(str(parent["STORAGE_ID"])), user) | {"NAME": name, "TYPE": "folder"}
    portal.store.put("disk", int(str(row["ID"])), row)
    return row


def add_file(
    portal: Portal, parent_id: int, raw_name: object, content: bytes, user: int, *, make_unique: bool = False
) -> Record:
    """A new file. A taken name becomes ``name (1).ext`` with `make_unique`, else what the policy says."""
    with portal.change():
        parent = find(portal, parent_id, "folder")
        name = _name(portal, raw_name)
        known = _taken(portal, parent_id, name)
        same = read_policies(portal.store).disk_same_file
        if known is not None and known["TYPE"] == "file" and same == "overwrite" and not make_unique:
            return new_version(portal, known, content, user)
        if make_unique or same == "rename":
            name = _unique(portal, parent_id, name)
        _refuse_taken(portal, parent_id, name, "file")
        return _keep_file(portal, parent, name, content, user)


def _keep_file(portal: Portal, parent: Mapping[str, object], name: str, content: bytes, user: int) -> Record:
    row = _new(portal, parent, int(str(parent["STORAGE_ID"])), user)
    row |= {
        "NAME": name,
        "TYPE": "file",
        "GLOBAL_CONTENT_VERSION": 1,
        "FILE_ID": portal.store.next_id("file"),
        "SIZE": len(content),
        "sha256": portal.store.write_content(content),
    }
    portal.store.put(
        "file", int(str(row["FILE_ID"])), {"id": row["FILE_ID"], "name": name, "sha256": row["sha256"]}
    )
    portal.store.put("disk", int(str(row["ID"])), row)
    return row


def new_version(portal: Portal, row: Record, content: bytes, user: int) -> Record:
    """Other bytes under the same id and name."""
    version = int(str(row["GLOBAL_CONTENT_VERSION"])) + 1
    size, digest = len(content), portal.store.write_content(content)
    return _save(portal, row, {"GLOBAL_CONTENT_VERSION": version, "SIZE": size, "sha256": digest}, user)


def _unique(portal: Portal, parent_id: int, name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    number, candidate = 0, name
    while _taken(portal, parent_id, candidate):
        number += 1
        candidate = f"{stem} ({number}){dot}{extension}"
    return candidate


def rename(portal: Portal, object_id: int, kind: str, raw_name: object, user: int) -> Record:
    """Another name in the same folder; `RestError` DISK_OBJ_22000 where it is taken."""
    with portal.change():
        row, name = find(portal, object_id, kind), _name(portal, raw_name)
        if row["PARENT_ID"] is not None:
            _refuse_taken(portal, int(str(row["PARENT_ID"])), name, kind, row["ID"])
        return _save(portal, row, {"NAME": name}, user)


def move(portal: Portal, object_id: int, kind: str, target_id: int, user: int) -> Record:
    """Another folder of the same storage; never into itself or below itself."""
    with portal.change():
        row, target = find(portal, object_id, kind), find(portal, target_id, "folder")
        if row["STORAGE_ID"] != target["STORAGE_ID"] or _is_below(portal, target, row["ID"]):
            raise bad_argument(1)
        _refuse_taken(portal, target_id, str(row["NAME"]), kind, row["ID"])
        return _save(portal, row, {"PARENT_ID": target_id}, user)


def _is_below(portal: Portal, row: Mapping[str, object], folder_id: object) -> bool:
    here: Mapping[str, object] | None = row
    while here is not None:
        if here["ID"] == folder_id:
            return True
        parent = here["PARENT_ID"]
        here = portal.store.get("disk", int(str(parent))) if parent is not None else None
    return False


def _save(portal: Portal, row: Mapping[str, object], changes: Mapping[str, object], user: int) -> Record:
    whole = dict(row) | {"UPDATE_TIME": portal.clock.stamp(), "UPDATED_BY": user} | dict(changes)
    portal.store.put("disk", int(str(row["ID"])), whole)
    return whole


def _refuse_root(row: Mapping[str, object]) -> None:
    if row["PARENT_ID"] is None:
        raise RestError(400, "DISK_OBJ_22000", "Could not delete root folder")


def mark_deleted(portal: Portal, object_id: int, kind: str, user: int) -> Record:
    """Into the trash: the id still answers, the name is free again, children are no longer listed."""
    with portal.change():
        row = find(portal, object_id, kind)
        _refuse_root(row)
        changes = {"DELETED_TYPE": DELETED, "DELETE_TIME": portal.clock.stamp(), "DELETED_BY": user}
        return _save(portal, row, {"UPDATE_TIME": row["UPDATE_TIME"], **changes}, user)


def restore(portal: Portal, object_id: int, kind: str, user: int) -> Record:
    """Out of the trash; `RestError` DISK_OBJ_22000 where the name is taken meanwhile."""
    with portal.change():
        row = find(portal, object_id, kind)
        if row["PARENT_ID"] is not None and row["DELETED_TYPE"]:
            _refuse_taken(portal, int(str(row["PARENT_ID"])), str(row["NAME"]), kind, row["ID"])
        return _save(portal, row, {"DELETED_TYPE": 0, "DELETE_TIME": None, "DELETED_BY": 0}, user)


def copy(portal: Portal, object_id: int, kind: str, target_id: int, user: int) -> Record:
    """A copy of a file, or of a folder with everything in it, under the same name in another folder."""
    with portal.change():
        row, target = find(portal, object_id, kind), find(portal, target_id, "folder")
        if kind == "folder" and _is_below(portal, target, row["ID"]):
            raise bad_argument(1)
        _refuse_taken(portal, target_id, str(row["NAME"]), kind)
        return _copy_into(portal, row, target, user)


def _copy_into(portal: Portal, row: Record, target: Record, user: int) -> Record:
    name = str(row["NAME"])
    if row["TYPE"] == "file":
        content = portal.store.read_content(str(row["sha256"]))
        return _keep_file(portal, target, name, content, user)
    inside = children(portal, int(str(row["ID"])))
    made = _keep_folder(portal, target, name, user)
    for one in inside:
        _copy_into(portal, one, made, user)
    return made


def add_storage(portal: Portal, name: str, kind: str, owner: str, user: int) -> Record:
    """A new storage with its empty root."""
    with portal.change():
        storage_id = portal.store.next_id("storage")
        root = _new(portal, None, storage_id, user) | {"NAME": name, "TYPE": "folder"}
        portal.store.put("disk", int(str(root["ID"])), root)
        row: Record = {"ID": storage_id, "NAME": name, "CODE": None, "MODULE_ID": "disk", "ENTITY_TYPE": kind}
        row |= {"ENTITY_ID": owner, "ROOT_OBJECT_ID": root["ID"]}
        portal.store.put("storage", storage_id, row)
        return row


def delete_tree(portal: Portal, folder_id: int) -> None:
    """A folder and everything below it are gone for good."""
    with portal.change():
        _refuse_root(find(portal, folder_id, "folder"))
        doomed = [folder_id]
        while doomed:
            here = doomed.pop()
            doomed += [int(str(row["ID"])) for row in portal.store.rows("disk") if row["PARENT_ID"] == here]
            portal.store.remove("disk", here)


def walk(portal: Portal, folder_id: int) -> Iterator[Record]:
    """Everything below a folder that is not in the trash, folders before what is in them."""
    for row in children(portal, folder_id):
        yield row
        if row["TYPE"] == "folder":
            yield from walk(portal, int(str(row["ID"])))


def plant_storages(
    portal: Portal, storages: Sequence[Mapping[str, object]], files: Sequence[Mapping[str, object]]
) -> None:
    """Seeded storages with their roots, folders and files."""
    for row in storages:
        storage_id = int(str(row["ID"]))
        owner = int(str(row.get("ENTITY_ID") or 0)) if row.get("ENTITY_TYPE") == "user" else 1
        root = _new(portal, None, storage_id, owner) | {"NAME": row["NAME"], "TYPE": "folder"}
        portal.store.put("disk", int(str(root["ID"])), root)
        fixed = {"ID": storage_id, "MODULE_ID": "disk", "ROOT_OBJECT_ID": root["ID"]}
        portal.store.put("storage", storage_id, {"CODE": None, **row, **fixed})
    index: dict[tuple[object, str], Record] = {}
    for row in files:
        _plant(portal, row, index)


def _plant(portal: Portal, row: Mapping[str, object], index: dict[tuple[object, str], Record]) -> None:
    place = storage(portal, int(str(row["storage"])))
    here = find(portal, int(str(place["ROOT_OBJECT_ID"])), "folder")
    *folders, last = str(row["path"]).strip("/").split("/")
    content = row.get("content")
    trail = ""
    for name in [*folders, *([last] if content is None else [])]:
        trail = f"{trail}/{name}"
        known = index.get((place["ID"], trail))
        here = known or _keep_folder(portal, here, name, 1)
        index[place["ID"], trail] = here
    if isinstance(content, bytes):
        _keep_file(portal, here, last, content, 1)
