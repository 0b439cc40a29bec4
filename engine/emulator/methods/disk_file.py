"""Files of the Drive: upload in one step or two, and what is done to a file afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping

from engine.emulator import drive
from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.links import token_url
from engine.emulator.methods.disk import (
    external_link,
    folder_of,
    mark_deleted,
    move,
    positive,
    print_object,
    rename,
    restore,
    root_of,
)
from engine.emulator.php import mapping
from engine.emulator.store import Record
from engine.emulator.uploads import read_pair

# The name of the part that the second step must carry.
PART = "file"


def _is_true(raw: object) -> bool:
    return str(raw).lower() in ("1", "true", "y")


def _upload(call: Call, folder_id: int) -> object:
    """A file with its content at once, or, without content, the address where to post it."""
    unique = _is_true(call.params.get("generateUniqueName", ""))
    fields = mapping(call.params.get("data"))
    raw = call.params.get("fileContent")
    if raw is None:
        detail = json.dumps(
            {"folder": folder_id, "name": fields.get("NAME"), "unique": unique, "user": call.user},
            ensure_ascii=False,
        )
        address = token_url(call.portal.store, f"{call.base_url}/rest/upload.json", "upload", detail)
        return {"field": PART, "uploadUrl": address}
    return _kept(call, folder_id, fields.get("NAME"), _content(raw)[1], unique=unique)


def _content(raw: object) -> tuple[str, bytes]:
    try:
        pair = read_pair(raw)
    except ValueError:
        pair = None
    if pair is None:
        raise RestError(400, "ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    return pair


def _kept(call: Call, folder_id: int, name: object, content: bytes, *, unique: bool) -> Record:
    row = drive.add_file(call.portal, folder_id, name, content, call.user, make_unique=unique)
    return print_object(call, row, fresh=True)


def finish_upload(call: Call, detail: Mapping[str, object], sent_name: str, content: bytes) -> Record:
    """The second step: the file of a token's folder, under the name of the first step or the sent one."""
    name = detail.get("name") or sent_name
    return _kept(call, to_int(detail["folder"]), name, content, unique=bool(detail["unique"]))


def _get(call: Call) -> object:
    return print_object(call, drive.find(call.portal, positive(call.need("id")), "file"))


def _copy(call: Call) -> object:
    target = positive(call.need("targetFolderId"))
    row = drive.copy(call.portal, positive(call.need("id")), "file", target, call.user)
    return print_object(call, row, fresh=True)


def _version(call: Call) -> object:
    """New content under the same id and name."""
    row = drive.find(call.portal, positive(call.need("id")), "file")
    pair = _content(call.need("fileContent"))
    return print_object(call, drive.new_version(call.portal, row, pair[1], call.user))


def _delete(call: Call) -> object:
    """Gone for good, past the trash."""
    row = drive.find(call.portal, positive(call.need("id")), "file")
    call.portal.store.remove("disk", to_int(row["ID"]))
    return True


METHODS = (
    Method("disk.storage.uploadFile", "disk", lambda call: _upload(call, root_of(call)), in_batch=False),
    Method("disk.folder.uploadFile", "disk", lambda call: _upload(call, folder_of(call)), in_batch=False),
    Method("disk.file.get", "disk", _get),
    Method("disk.file.rename", "disk", lambda call: rename(call, "file")),
    Method("disk.file.moveTo", "disk", lambda call: move(call, "file")),
    Method("disk.file.markDeleted", "disk", lambda call: mark_deleted(call, "file")),
    Method("disk.file.restore", "disk", lambda call: restore(call, "file")),
    Method("disk.file.copyTo", "disk", _copy),
    Method("disk.file.uploadVersion", "disk", _version, in_batch=False),
    Method("disk.file.delete", "disk", _delete),
    Method("disk.file.getExternalLink", "disk", lambda call: external_link(call, "file")),
)
