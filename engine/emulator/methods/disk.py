"""`disk.storage.*`, `disk.folder.*`: the Drive over REST.

Decides how Drive objects are printed. Right after a create the ids are ints, everywhere else strings: that is
how the portal answers, and clients that compare without converting break on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator import drive
from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.links import token_url
from engine.emulator.methods.plain import choose, page, stringify, with_masks
from engine.emulator.methods.standing import need_admin, need_application
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record

_FRESH = ("ID", "REAL_OBJECT_ID", "DELETED_TYPE", "FILE_ID", "GLOBAL_CONTENT_VERSION")
# What the demonstration company and most portals say; another answer is a policy.
COMPANY_DRIVE = "shared_files_s1"
_TASKS = (
    ("79", "disk_access_full", "Полный доступ"),
    ("75", "disk_access_edit", "Редактирование"),
    ("71", "disk_access_read", "Чтение"),
)
_TASK_NAMES = {"disk_access_read", "disk_access_add", "disk_access_edit", "disk_access_full"}


def print_object(
    call: Call, row: Mapping[str, object], *, fresh: bool = False, keep: tuple[str, ...] = ()
) -> Record:
    """A folder or file; with `fresh` as right after a create, `keep` names members left as ints."""
    kind = str(row["TYPE"])
    found: Record = {name: row[name] for name in ("ID", "NAME", "CODE", "STORAGE_ID", "TYPE")}
    if kind == "folder":
        found["REAL_OBJECT_ID"] = row["ID"]
    found |= {"PARENT_ID": row["PARENT_ID"], "DELETED_TYPE": row["DELETED_TYPE"]}
    if kind == "file":
        found |= {name: row[name] for name in ("GLOBAL_CONTENT_VERSION", "FILE_ID", "SIZE")}
    stamps = ("CREATE_TIME", "UPDATE_TIME", "DELETE_TIME", "CREATED_BY", "UPDATED_BY", "DELETED_BY")
    found |= {name: row[name] for name in stamps}
    ints = {name: found[name] for name in (*(_FRESH if fresh else ()), *keep) if name in found}
    found = stringify(found) | ints
    if fresh:
        found["DELETED_BY"] = None
    if kind == "file":
        link = f"{call.base_url}/rest/download.json"
        found["DOWNLOAD_URL"] = token_url(call.portal.store, link, "disk", str(row["ID"]))
    page_kind = "file" if kind == "file" else "path"
    path = drive.path_of(call.portal, row)
    found["DETAIL_URL"] = f"{call.base_url}/company/personal/user/{row['CREATED_BY']}/disk/{page_kind}/{path}"
    return found


def _id(call: Call) -> int:
    return positive(call.need("id"))


def positive(raw: object) -> int:
    """An object id; `RestError` ERROR_ARGUMENT where it is none."""
    number = to_int(raw)
    if number <= 0:
        raise drive.bad_argument(0)
    return number


def _storages(call: Call) -> list[Record]:
    """All storages; the shared drive's own id is a policy where it is not the company's."""
    named = call.portal.policies.shared_drive
    return [
        row | {"ENTITY_ID": named} if row.get("ENTITY_TYPE") == "common" and named != COMPANY_DRIVE else row
        for row in call.portal.store.rows("storage")
    ]


def _storage(row: Mapping[str, object]) -> Record:
    names = ("ID", "NAME", "CODE", "MODULE_ID", "ENTITY_TYPE", "ENTITY_ID", "ROOT_OBJECT_ID")
    return stringify({name: row.get(name) for name in names})


def _storage_list(call: Call) -> object:
    found = page(call, choose(call, _storages(call), raw_filter=with_masks(call.loose("filter"))))
    return Page([_storage(mapping(row)) for row in listing(found.result)], found.total, found.next)


def _storage_get(call: Call) -> object:
    wanted = drive.storage(call.portal, _id(call))["ID"]
    return _storage(next(row for row in _storages(call) if row["ID"] == wanted))


def _storage_for_app(call: Call) -> object:
    """The storage of the calling application, made at its first call; its installer's administrator only."""
    application = need_application(call)
    need_admin(call)
    for row in call.portal.store.rows("storage"):
        if (row["ENTITY_TYPE"], str(row["ENTITY_ID"])) == ("restapp", str(application["id"])):
            return _storage(row)
    title = str(application.get("code") or application.get("title") or f"application {application['id']}")
    return _storage(drive.add_storage(call.portal, title, "restapp", str(application["id"]), call.user))


_FIELDS = (
    ("ID", "integer", True),
    ("NAME", "string", True),
    ("TYPE", "enum", True),
    ("CODE", "string", True),
    ("STORAGE_ID", "integer", True),
    ("REAL_OBJECT_ID", "integer", False),
    ("PARENT_ID", "integer", True),
    ("CREATE_TIME", "datetime", True),
    ("UPDATE_TIME", "datetime", True),
    ("DELETE_TIME", "datetime", True),
    ("CREATED_BY", "integer", False),
    ("UPDATED_BY", "integer", False),
    ("DELETED_BY", "integer", False),
    ("DELETED_TYPE", "enum", True),
)


def _folder_fields(_call: Call) -> object:
    return {name: {"TYPE": kind, "USE_IN_FILTER": can, "USE_IN_SHOW": True} for name, kind, can in _FIELDS}


def root_of(call: Call) -> int:
    """The root folder of the storage named by ``id``."""
    return to_int(drive.storage(call.portal, _id(call))["ROOT_OBJECT_ID"])


def folder_of(call: Call) -> int:
    """The folder named by ``id``; `RestError` ERROR_NOT_FOUND without it."""
    return to_int(drive.find(call.portal, _id(call), "folder")["ID"])


def _children(call: Call, folder_id: int) -> object:
    rows = choose(call, drive.children(call.portal, folder_id), raw_filter=with_masks(call.loose("filter")))
    part, total, following = cut(rows, read_start(call.params.get("start", 0)))
    return Page([print_object(call, row) for row in part], total, following)


def _add_folder(call: Call, folder_id: int) -> object:
    fields = call.need("data")
    if not isinstance(fields, Mapping):
        raise drive.bad_argument(1)
    return print_object(
        call, drive.add_folder(call.portal, folder_id, fields.get("NAME"), call.user), fresh=True
    )


def _folder_get(call: Call) -> object:
    return print_object(call, drive.find(call.portal, _id(call), "folder"))


def rename(call: Call, kind: str) -> object:
    """Give an object the name ``newName``."""
    row = drive.rename(call.portal, _id(call), kind, call.need("newName"), call.user)
    return print_object(call, row)


def move(call: Call, kind: str) -> object:
    """Put an object into ``targetFolderId``; PARENT_ID is printed as it was given, an int."""
    target = positive(call.need("targetFolderId"))
    row = drive.move(call.portal, _id(call), kind, target, call.user)
    return print_object(call, row, keep=("PARENT_ID",))


def mark_deleted(call: Call, kind: str) -> object:
    """Put an object into the trash."""
    return print_object(
        call, drive.mark_deleted(call.portal, _id(call), kind, call.user), keep=("DELETED_TYPE",)
    )


def restore(call: Call, kind: str) -> object:
    """Take an object out of the trash, under its name; refused where that is taken meanwhile."""
    return print_object(call, drive.restore(call.portal, _id(call), kind, call.user))


def _copy(call: Call) -> object:
    target = positive(call.need("targetFolderId"))
    return print_object(call, drive.copy(call.portal, _id(call), "folder", target, call.user), fresh=True)


def external_link(call: Call, kind: str) -> object:
    """The public link of an object, the same at every call."""
    row = drive.find(call.portal, _id(call), kind)
    store = call.portal.store
    known = store.get("externallink", to_int(row["ID"]))
    if known is None:
        code = f"{to_int(row['ID']):x}".rjust(5, "0") + "Rg"
        known = {"id": row["ID"], "code": code, "user": call.user, "time": call.portal.clock.stamp()}
        store.put("externallink", to_int(row["ID"]), known)
    return f"{call.base_url}/~{known['code']}"


def _delete_tree(call: Call) -> object:
    drive.delete_tree(call.portal, _id(call))
    return True


def _share(call: Call) -> object:
    row = drive.find(call.portal, _id(call), "folder")
    user, task = to_int(call.need("userId")), str(call.need("taskName"))
    if call.portal.store.get("user", user) is None or task not in _TASK_NAMES:
        raise RestError(400, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #1}")
    share_id = call.portal.store.next_id("share")
    fields = {"id": share_id, "object": row["ID"], "user": user, "task": task, "by": call.user}
    call.portal.store.put("share", share_id, fields)
    return True


def _tasks(_call: Call) -> object:
    return [{"ID": number, "NAME": name, "TITLE": title} for number, name, title in _TASKS]


METHODS = (
    Method("disk.storage.getList", "disk", _storage_list),
    Method("disk.storage.get", "disk", _storage_get),
    Method("disk.storage.getChildren", "disk", lambda call: _children(call, root_of(call))),
    Method("disk.storage.addFolder", "disk", lambda call: _add_folder(call, root_of(call))),
    Method("disk.folder.get", "disk", _folder_get),
    Method("disk.folder.getChildren", "disk", lambda call: _children(call, folder_of(call))),
    Method("disk.folder.addSubFolder", "disk", lambda call: _add_folder(call, folder_of(call))),
    Method("disk.folder.rename", "disk", lambda call: rename(call, "folder")),
    Method("disk.folder.moveTo", "disk", lambda call: move(call, "folder")),
    Method("disk.folder.markDeleted", "disk", lambda call: mark_deleted(call, "folder")),
    Method("disk.folder.deleteTree", "disk", _delete_tree),
    Method("disk.folder.getExternalLink", "disk", lambda call: external_link(call, "folder")),
    Method("disk.folder.shareToUser", "disk", _share),
    Method("disk.folder.restore", "disk", lambda call: restore(call, "folder")),
    Method("disk.folder.copyTo", "disk", _copy),
    Method("disk.folder.getFields", "disk", _folder_fields),
    Method("disk.storage.getForApp", "disk", _storage_for_app),
    Method("disk.rights.getTasks", "disk", _tasks),
)
