"""Comments in an item's card."""

from __future__ import annotations

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.fields import COMPANY, CONTACT, DEAL, INVOICE
from engine.emulator.methods.plain import choose, page, selected, stringify
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page
from engine.emulator.store import Record
from engine.emulator.uploads import keep_file, read_pair

_KINDS = {"deal": DEAL, "contact": CONTACT, "company": COMPANY, "smart_invoice": INVOICE}


def _owner_kind(name: str) -> int:
    if name.startswith("dynamic_"):
        return to_int(name.removeprefix("dynamic_"))
    return _KINDS.get(name, 0)


def _author(call: Call) -> str:
    user = call.portal.store.get("user", call.user) or {}
    return f"{user.get('NAME', '')} {user.get('LAST_NAME', '')}".strip()


def _files(call: Call, raw: object, now: str) -> Record:
    found: Record = {}
    for one in listing(raw):
        try:
            pair = read_pair(one)
        except ValueError as error:
            raise RestError(400, "INVALID_ARG_VALUE", "Invalid file content") from error
        if pair is None:
            continue
        kept = keep_file(call.portal.store, *pair)
        url = f"{call.base_url}/disk/downloadFile/{kept['id']}/?&ncc=1"
        found[str(kept["id"])] = {
            "id": kept["id"],
            "date": now,
            "type": "file",
            "name": kept["name"],
            "size": kept["size"],
            "authorId": call.user,
            "authorName": _author(call),
            "urlPreview": None,
            "urlShow": url,
            "urlDownload": url,
        }
    return found


def _add(call: Call) -> object:
    """Only the lower-case ``fields`` is read: other forms are refused since crm 23.100."""
    fields = mapping(call.need("fields"))
    name, owner_id = str(fields.get("ENTITY_TYPE", "")).lower(), to_int(fields.get("ENTITY_ID"))
    kind = _owner_kind(name)
    if not str(fields.get("COMMENT") or "").strip():
        raise RestError(400, "INVALID_ARG_VALUE", "Empty comment message")
    if not kind or call.portal.store.get(f"item_{kind}", owner_id) is None:
        raise RestError(400, "OWNER_NOT_FOUND", "Owner was not found")
    now, comment_id = call.portal.clock.stamp(), call.portal.store.next_id("timelinecomment")
    row = {
        "ID": comment_id,
        "ENTITY_ID": owner_id,
        "ENTITY_TYPE": name,
        "CREATED": now,
        "COMMENT": str(fields["COMMENT"]),
        "AUTHOR_ID": to_int(fields.get("AUTHOR_ID")) or call.user,
        "FILES": _files(call, fields.get("FILES"), now),
    }
    call.portal.store.put("timelinecomment", comment_id, row)
    call.portal.raise_event("ONCRMTIMELINECOMMENTADD", {"ID": comment_id})
    return comment_id


def _list(call: Call) -> object:
    raw = mapping(call.loose("filter"))
    if not {"ENTITY_ID", "ENTITY_TYPE"} <= {name.lstrip("=") for name in raw}:
        raise RestError(400, "INVALID_ARG_VALUE", "Filter must have ENTITY_ID and ENTITY_TYPE")
    found = page(call, choose(call, call.portal.store.rows("timelinecomment")))
    return Page([stringify(mapping(row)) for row in listing(found.result)], found.total, found.next)


def _get(call: Call) -> object:
    return stringify(selected(call, _find(call)))


def _find(call: Call) -> Record:
    row = call.portal.store.get("timelinecomment", to_int(call.need("id")))
    if row is None:
        raise RestError(400, "NOT_FOUND", "Not found.")
    return row


def _update(call: Call) -> object:
    """Text, and files if any are sent: those sent replace the ones before."""
    row, fields = _find(call), mapping(call.need("fields"))
    text = str(fields.get("COMMENT") or "").strip()
    if not text:
        raise RestError(400, "INVALID_ARG_VALUE", "Empty comment message")
    changed: Record = {"COMMENT": text}
    if "FILES" in fields:
        changed["FILES"] = _files(call, fields["FILES"], call.portal.clock.stamp())
    call.portal.store.put("timelinecomment", to_int(row["ID"]), row | changed)
    call.portal.raise_event("ONCRMTIMELINECOMMENTUPDATE", {"ID": row["ID"]})
    return True


def _delete(call: Call) -> object:
    row = _find(call)
    call.portal.store.remove("timelinecomment", to_int(row["ID"]))
    call.portal.raise_event("ONCRMTIMELINECOMMENTDELETE", {"ID": row["ID"]})
    return True


METHODS = (
    Method("crm.timeline.comment.update", "crm", _update),
    Method("crm.timeline.comment.delete", "crm", _delete),
    Method("crm.timeline.comment.add", "crm", _add),
    Method("crm.timeline.comment.list", "crm", _list),
    Method("crm.timeline.comment.get", "crm", _get),
)
