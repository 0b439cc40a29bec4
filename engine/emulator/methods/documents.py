"""`crm.documentgenerator.document.*`: documents of items. Ids are ints right after the add, text later."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.documents import announce, generate, is_converted, keep_document, refused, source_values
from engine.emulator.errors import RestError
from engine.emulator.links import token_url
from engine.emulator.methods.plain import choose
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record
from engine.emulator.uploads import keep_file

_START = "crm.documentgenerator.document"
_PARTS = {"downloadUrl": ("download", "docx"), "pdfUrl": ("getPdf", "pdf"), "imageUrl": ("getImage", "image")}


def _links(call: Call, row: Record) -> Record:
    """Interface links at once, links for programs only to what is already converted."""
    ready, found = is_converted(call.portal, row), Record()
    for name, (action, part) in _PARTS.items():
        if row.get(part) is None:
            continue
        query = f"action={_START}.{action}&SITE_ID=s1&id={row['id']}"
        found[name] = f"{call.base_url}/bitrix/services/main/ajax.php?{query}"
        if part == "docx" or ready:
            link = f"{call.base_url}/rest/{_START}.{action}.json"
            found[f"{name}Machine"] = token_url(call.portal.store, link, "document", f"{row['id']}:{part}")
    return found


def _public(call: Call, row: Record) -> str | None:
    code = row.get("public")
    return f"{call.base_url}/~{code}" if code else None


def _shown(call: Call, row: Record, *, fresh: bool = False) -> Record:
    with_stamps = bool(row.get("stampsEnabled"))
    found: Record = {
        "changeStampsEnabled": False,
        "changeStampsDisabledReason": "The template has no stamps and signatures",
        "changeQrCodeEnabled": False,
        "qrCodeEnabled": False,
        "changeQrCodeDisabledReason": "The template has no QR code",
        "products": {"currencyId": "RUB", "totalSum": "0.00", "totalRows": 0},
        "publicUrl": _public(call, row),
        "id": row["id"] if fresh else str(row["id"]),
        "title": row["title"],
        "number": row["number"],
        "createTime": row["createTime"],
        "createdBy": row["createdBy"] if fresh else str(row["createdBy"]),
        "updateTime": row["updateTime"],
        "updatedBy": None if row["updatedBy"] is None else str(row["updatedBy"]),
        "stampsEnabled": with_stamps,
        "isTransformationError": False,
        "values": {"_creationMethod": "rest", "stampsEnabled": with_stamps, **mapping(row.get("values"))},
        "templateId": str(row.get("templateId") or ""),
        "pullTag": f"TRANSFORMDOCUMENT{row['id']}",
        "emailDiskFile": row["docx"],
        "entityId": str(row["entityId"]),
        "entityTypeId": str(row["entityTypeId"]),
    }
    return found | _links(call, row)


def _owner(call: Call, given: Record) -> tuple[int, int]:
    kind, item_id = to_int(given.get("entityTypeId")), to_int(given.get("entityId"))
    source_values(call.portal, kind, item_id)
    return kind, item_id


def _add(call: Call) -> object:
    """A document from a template; its docx is there at once, its PDF some seconds later."""
    template = call.portal.store.get("doctemplate", call.need_int("templateId"))
    if template is None:
        raise refused("Template not found")
    call.need("entityTypeId")
    call.need("entityId")
    kind, item_id = _owner(call, dict(call.params))
    allowed = {str(one).split("_")[0] for one in listing(template["entityTypeId"])}
    if str(kind) not in allowed:
        raise refused("Template is not bound to this entityTypeId")
    given = mapping(call.params.get("values"))
    row = generate(call.portal, template, kind, item_id, given, call.user)
    marks = {"stampsEnabled": to_int(call.params.get("stampsEnabled")) == 1}
    call.portal.store.put("document", to_int(row["id"]), row | marks)
    return {"document": _shown(call, row | marks, fresh=True)}


def _find(call: Call) -> Record:
    row = call.portal.store.get("document", call.need_int("id"))
    if row is None:
        raise refused("Document not found")
    return row


def _list(call: Call) -> object:
    """Documents of an item or of all; the owner's type cannot be selected."""
    names = {str(one) for one in listing(call.params.get("select"))}
    if "entityTypeId" in names:
        raise RestError(400, "100", "Unknown field definition `entityTypeId` for entity Document")
    part, total, following = cut(
        choose(call, call.portal.store.rows("document")), read_start(call.params.get("start", 0))
    )
    shown = []
    for row in part:
        one = _shown(call, row)
        files = {"fileId": str(row["docx"]), "pdfId": str(row["pdf"]) if row.get("pdf") else None}
        whole = one | files | {"imageId": str(row["image"]) if row.get("image") else None}
        keep = ("id", "title", "number", "entityId", "entityTypeId", *names)
        always = {
            name for name in whole if name in keep or "Url" in name or name.endswith(("Id", "Time", "By"))
        }
        always |= {"values", "stampsEnabled"}
        shown.append({name: value for name, value in whole.items() if name in always})
    return Page({"documents": shown}, total, following)


def _fields(call: Call) -> object:
    """The codes of a document with what stands in them now and by default."""
    row = _find(call)
    given = mapping(row.get("values")) | mapping(call.params.get("values"))
    source = source_values(call.portal, to_int(row["entityTypeId"]), to_int(row["entityId"]))
    named = {
        "DocumentNumber": ("Номер", str(row["number"])),
        "DocumentTitle": ("Название", str(row["title"])),
    }
    found: Record = {}
    for code, (title, value) in (named | source).items():
        one: Record = {"title": title, "value": given.get(code, value), "group": ["Document"]}
        if code in named:
            one["required"] = "Y"
        found[code] = one | {"chain": f"this.SOURCE.{code}", "default": value}
    return {"documentFields": found}


def _publish(call: Call) -> object:
    row = _find(call)
    wants = to_int(call.params.get("status", 1)) == 1
    code = row.get("public") or f"{to_int(row['id']):x}".rjust(4, "0") + "d"
    call.portal.store.put("document", to_int(row["id"]), row | {"public": code if wants else None})
    return {"publicUrl": f"{call.base_url}/~{code}" if wants else None}


def _content(raw: object, name: str) -> bytes:
    try:
        return b64decode(str(raw), validate=True)
    except Base64Error:
        raise refused(f"Wrong content of {name}") from None


def _upload(call: Call) -> object:
    """A document made elsewhere is attached to an item as it is."""
    given = call.need("fields")
    if not isinstance(given, dict):
        text = "Invalid value {fields} to match with parameter {fields}. Should be value of type array."
        raise RestError(400, "100", text)
    for name in ("entityTypeId", "entityId", "fileContent", "region", "title", "number"):
        if given.get(name) in (None, ""):
            raise refused(f"Empty required fields: {name}")
    kind, item_id = _owner(call, given)
    title, store = str(given["title"]), call.portal.store
    files: Record = {}
    for name, part, ending in (
        ("fileContent", "docx", "docx"),
        ("pdfContent", "pdf", "pdf"),
        ("imageContent", "image", "png"),
    ):
        if given.get(name):
            files[part] = keep_file(store, f"{title}.{ending}", _content(given[name], name))["id"]
    names = {"title": title, "number": str(given["number"]), "templateId": None, "is_ready": True}
    row = keep_document(call.portal, store.next_id("document"), kind, item_id, call.user, {**names, **files})
    return {"document": _shown(call, row)}


def _update(call: Call) -> object:
    """Made again from its template with other values, under the same id; the conversion starts anew."""
    row = _find(call)
    template = call.portal.store.get("doctemplate", to_int(row.get("templateId")))
    if template is None:
        raise refused("Template not found")
    owner = to_int(row["entityTypeId"]), to_int(row["entityId"])
    given = (
        mapping(row.get("values")) | {"DocumentNumber": row["number"]} | mapping(call.params.get("values"))
    )
    made = generate(call.portal, template, *owner, given, call.user)
    call.portal.store.remove("document", to_int(made["id"]))
    kept = {name: row[name] for name in ("id", "createTime", "createdBy")}
    whole = made | kept | {"updatedBy": call.user, "public": row.get("public")}
    call.portal.store.put("document", to_int(row["id"]), whole)
    announce(call.portal, "UPDATE", whole)
    return {"document": _shown(call, whole)}


def _delete(call: Call) -> object:
    row = _find(call)
    call.portal.store.remove("document", to_int(row["id"]))
    announce(call.portal, "DELETE", row)
    return None


METHODS = (
    Method(f"{_START}.add", "crm", _add),
    Method(f"{_START}.get", "crm", lambda call: {"document": _shown(call, _find(call))}),
    Method(f"{_START}.list", "crm", _list),
    Method(f"{_START}.getfields", "crm", _fields),
    Method(f"{_START}.enablepublicurl", "crm", _publish),
    Method(f"{_START}.upload", "crm", _upload, in_batch=False),
    Method(f"{_START}.update", "crm", _update),
    Method(f"{_START}.delete", "crm", _delete),
)
