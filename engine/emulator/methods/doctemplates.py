"""`crm.documentgenerator.template.*` and `.numerator.*`: what documents are made of. Administrators only."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.documents import SEQUENCE, refused
from engine.emulator.errors import RestError
from engine.emulator.links import token_url
from engine.emulator.methods.plain import choose
from engine.emulator.methods.standing import is_admin
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record
from engine.emulator.uploads import keep_file, read_pair

_START = "crm.documentgenerator"
_SEQUENCE_DEFAULTS = {
    "start": 1,
    "step": 1,
    "length": 0,
    "padString": "0",
    "periodicBy": None,
    "timezone": None,
    "isDirectNumeration": False,
}


def _check(call: Call) -> None:
    if not is_admin(call):
        raise RestError(400, "DOCGEN_ACCESS_ERROR", "Access denied")


def _required(given: Record, *names: str) -> None:
    missing = [name for name in names if given.get(name) in (None, "", [])]
    if missing:
        raise refused(f"Empty required fields: {', '.join(missing)}")


def _numerator_shown(row: Record) -> Record:
    return {name: row[name] for name in ("name", "template", "id", "code", "settings")}


def _numerator_add(call: Call) -> object:
    _check(call)
    given, store = mapping(call.need("fields")), call.portal.store
    _required(given, "name", "template")
    settings = _SEQUENCE_DEFAULTS | mapping(mapping(given.get("settings")).get(SEQUENCE))
    number = store.next_id("numerator")
    row: Record = {"id": number, "name": str(given["name"]), "template": str(given["template"]), "code": None}
    row["settings"] = {SEQUENCE: settings}
    store.put("numerator", number, row)
    return {"numerator": _numerator_shown(row)}


def _numerator_find(call: Call) -> Record:
    _check(call)
    row = call.portal.store.get("numerator", call.need_int("id"))
    if row is None:
        raise refused("Numerator not found")
    return row


def _numerator_list(call: Call) -> object:
    _check(call)
    rows = [_numerator_shown(row) for row in call.portal.store.rows("numerator")]
    part, total, following = cut(rows, read_start(call.params.get("start", 0)))
    return Page({"numerators": list(part)}, total, following)


def _numerator_delete(call: Call) -> object:
    call.portal.store.remove("numerator", to_int(_numerator_find(call)["id"]))
    return None


def _template_shown(call: Call, row: Record) -> Record:
    query = f"action={_START}.template.download&SITE_ID=s1&id={row['id']}"
    link = f"{call.base_url}/rest/{_START}.template.download.json"
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "region": row["region"],
        "code": row.get("code"),
        "download": f"{call.base_url}/bitrix/services/main/ajax.php?{query}",
        "active": row["active"],
        "moduleId": "crm",
        "numeratorId": str(row["numeratorId"]),
        "withStamps": row["withStamps"],
        "users": {str(one): str(one) for one in listing(row["users"])},
        "isDeleted": "N",
        "sort": str(row["sort"]),
        "downloadMachine": token_url(call.portal.store, link, "document", f"{row['id']}:template"),
        "entityTypeId": list(map(str, listing(row["entityTypeId"]))),
        "createTime": row["createTime"],
        "updateTime": row["updateTime"],
    }


def _docx(call: Call, raw: object) -> tuple[str, bytes]:
    """A pair of name and base64, or bare base64: the vendor's pages show both, the policy says which are taken."""
    taken = call.portal.policies.template_file
    try:
        pair = read_pair(raw) if taken != "base64" else None
        if pair is None and isinstance(raw, str) and taken != "pair":
            pair = "template.docx", b64decode(raw, validate=True)
    except (ValueError, Base64Error):
        pair = None
    if pair is None:
        raise refused("Wrong content of file")
    return pair


def _template_add(call: Call) -> object:
    _check(call)
    given, store, now = mapping(call.need("fields")), call.portal.store, call.portal.clock.stamp()
    _required(given, "name", "file", "numeratorId", "region", "entityTypeId")
    if store.get("numerator", to_int(given["numeratorId"])) is None:
        raise refused("Numerator not found")
    name, content = _docx(call, given["file"])
    template_id = store.next_id("doctemplate")
    row: Record = {
        "id": template_id,
        "name": str(given["name"]),
        "file": keep_file(store, name, content)["id"],
        "region": str(given["region"]),
        "code": given.get("code"),
        "numeratorId": to_int(given["numeratorId"]),
        "entityTypeId": list(map(str, listing(given["entityTypeId"]))),
        "users": list(map(str, listing(given.get("users")))),
        "active": str(given.get("active", "Y")),
        "withStamps": str(given.get("withStamps", "N")),
        "sort": to_int(given.get("sort")) or 500,
        "createTime": now,
        "updateTime": now,
    }
    store.put("doctemplate", template_id, row)
    return {"template": _template_shown(call, row)}


def _template_find(call: Call) -> Record:
    _check(call)
    row = call.portal.store.get("doctemplate", call.need_int("id"))
    if row is None:
        raise refused("Template not found")
    return row


def _template_list(call: Call) -> object:
    """A map by id, not a list; only who may change templates sees them."""
    _check(call)
    part, total, following = cut(
        choose(call, call.portal.store.rows("doctemplate")), read_start(call.params.get("start", 0))
    )
    names = {str(one) for one in listing(call.params.get("select"))}
    found: Record = {}
    for row in part:
        shown = _template_shown(call, row) | {"users": list(map(str, listing(row["users"])))}
        if names and "*" not in names:
            shown = {
                name: value
                for name, value in shown.items()
                if name in names or name in ("id", "download", "downloadMachine")
            }
        found[str(row["id"])] = shown
    return Page({"templates": found}, total, following)


def _template_update(call: Call) -> object:
    row, given = _template_find(call), mapping(call.need("fields"))
    changed: Record = {one: given[one] for one in ("name", "region", "active", "withStamps") if one in given}
    if "entityTypeId" in given:
        changed["entityTypeId"] = list(map(str, listing(given["entityTypeId"])))
    if given.get("file"):
        name, content = _docx(call, given["file"])
        changed["file"] = keep_file(call.portal.store, name, content)["id"]
    whole = row | changed | {"updateTime": call.portal.clock.stamp()}
    call.portal.store.put("doctemplate", to_int(row["id"]), whole)
    return {"template": _template_shown(call, whole)}


def _template_delete(call: Call) -> object:
    call.portal.store.remove("doctemplate", to_int(_template_find(call)["id"]))
    return None


METHODS = (
    Method(f"{_START}.numerator.add", "crm", _numerator_add),
    Method(
        f"{_START}.numerator.get", "crm", lambda call: {"numerator": _numerator_shown(_numerator_find(call))}
    ),
    Method(f"{_START}.numerator.list", "crm", _numerator_list),
    Method(f"{_START}.numerator.delete", "crm", _numerator_delete),
    Method(f"{_START}.template.add", "crm", _template_add, in_batch=False),
    Method(
        f"{_START}.template.get",
        "crm",
        lambda call: {"template": _template_shown(call, _template_find(call))},
    ),
    Method(f"{_START}.template.list", "crm", _template_list),
    Method(f"{_START}.template.update", "crm", _template_update, in_batch=False),
    Method(f"{_START}.template.delete", "crm", _template_delete),
)
