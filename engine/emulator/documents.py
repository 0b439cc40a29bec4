"""The document generator: templates, numbers, and documents made of them.

Decides how a template becomes a document and when its PDF is there: some seconds after the document, by the portal's
clock, as on a portal, where a converter makes it meanwhile. Fills ``{Code}`` marks of a docx; draws no pictures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape
from zipfile import BadZipFile, ZipFile

from engine.emulator.calling import to_int
from engine.emulator.errors import RestError
from engine.emulator.items import items_of_type
from engine.emulator.php import mapping
from engine.emulator.store import Record, Store
from engine.emulator.uploads import keep_file

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_MARK = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
# The parts of a docx that hold text a reader sees.
_TEXT_PART = re.compile(r"word/(document|header\d*|footer\d*)\.xml")


def refused(text: str) -> RestError:
    """A refusal of this module, whose code is the number 0 as text."""
    return RestError(400, "0", text)


def next_number(store: Store, numerator_id: int) -> str:
    """The next number of a numerator; the counter moves on."""
    row = store.get("numerator", numerator_id)
    if row is None:
        raise refused("Numerator not found")
    settings = mapping(mapping(row.get("settings")).get(SEQUENCE))
    start, step = to_int(settings.get("start")) or 1, to_int(settings.get("step")) or 1
    current = to_int(row.get("current")) or start
    store.put("numerator", numerator_id, row | {"current": current + step})
    digits = str(current).rjust(to_int(settings.get("length")), str(settings.get("padString") or "0")[:1])
    return str(row["template"]).replace("{NUMBER}", digits)


SEQUENCE = "Bitrix_Main_Numerator_Generator_SequentNumberGenerator"


def source_values(portal: Portal, kind: int, item_id: int) -> dict[str, tuple[str, str]]:
    """Codes a template may use for this item: code to title and value. `RestError` where there is no such item."""
    try:
        items = items_of_type(portal, kind)
        row = items.get(item_id)
    except RestError:
        raise refused(f"No provider for entityTypeId {kind}") from None
    found: dict[str, tuple[str, str]] = {}
    for field in items.fields.fields:
        value = row.get(field.name)
        if field.multiple or field.type == "file" or isinstance(value, dict | list):
            continue
        found[field.camel[:1].upper() + field.camel[1:]] = (field.title, "" if value is None else str(value))
    for name, code in (("companyId", "Company"), ("mycompanyId", "MyCompany")):
        client = portal.store.get("item_4", to_int(row.get(name)))
        if client is not None:
            found[f"{code}Title"] = (f"{code} title", str(client.get("title") or ""))
    return found


def fill(content: bytes, values: Mapping[str, str]) -> bytes:
    """A docx with its marks replaced; an unknown mark becomes empty. `RestError` where it is no docx."""

    def text_of(match: re.Match[str]) -> str:
        return escape(values.get(match[1], ""))

    out = BytesIO()
    try:
        with ZipFile(BytesIO(content)) as template, ZipFile(out, "w") as made:
            for entry in template.infolist():
                part = template.read(entry)
                if _TEXT_PART.fullmatch(entry.filename):
                    part = _MARK.sub(text_of, part.decode()).encode()
                made.writestr(entry, part)
    except (BadZipFile, UnicodeDecodeError):
        raise refused("Template file is not a docx") from None
    return out.getvalue()


def pdf_of(title: str, number: str) -> bytes:
    """One page that says title and number: the twin has no converter, a reader of PDFs has something to open."""
    shown = f"{title} {number}".encode("latin-1", "replace").decode("latin-1")
    line = re.sub(r"([\\()])", r"\\\1", shown)
    stream = f"BT /F1 14 Tf 72 760 Td ({line}) Tj ET".encode("latin-1")
    full = "FEFF" + title.encode("utf-16-be").hex().upper()
    resources = b"/Resources << /Font << /F1 5 0 R >> >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>" % resources,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title <%s> >>" % full.encode(),
    ]
    body, places = b"%PDF-1.4\n", []
    for number_of, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number_of, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    ends = b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(parts) + 1,
        len(body),
    )
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + ends


def is_converted(portal: Portal, row: Mapping[str, object]) -> bool:
    """Whether the PDF of a document is there by now."""
    if row.get("pdf") is None:
        return False
    if row.get("is_ready"):
        return True
    made = datetime.fromisoformat(str(row["updateTime"]))
    return portal.clock.now() - made >= timedelta(seconds=portal.policies.document_seconds)


def generate(portal: Portal, template: Record, kind: int, item_id: int, given: Record, user: int) -> Record:
    """A document of a template for an item, kept and announced by its event."""
    document_id = portal.store.next_id("document")
    values = {code: value for code, (_, value) in source_values(portal, kind, item_id).items()}
    number = str(given.get("DocumentNumber") or next_number(portal.store, to_int(template["numeratorId"])))
    title = str(given.get("DocumentTitle") or f"{template['name']} {number}")
    values |= {"DocumentNumber": number, "DocumentTitle": title, "DocumentCreateTime": portal.clock.stamp()}
    values |= {name: str(value) for name, value in given.items() if not isinstance(value, dict | list)}
    stored = portal.store.get("file", to_int(template["file"])) or {}
    docx = fill(portal.store.read_content(str(stored["sha256"])), values)
    files = {
        "docx": keep_file(portal.store, f"{title}.docx", docx)["id"],
        "pdf": keep_file(portal.store, f"{title}.pdf", pdf_of(title, number))["id"],
    }
    names = {"title": title, "number": number, "templateId": template["id"], "values": dict(given)}
    return keep_document(portal, document_id, kind, item_id, user, {**names, **files})


def keep_document(
    portal: Portal, document_id: int, kind: int, item_id: int, user: int, given: Mapping[str, object]
) -> Record:
    """The row of a new document; its event is raised."""
    now = portal.clock.stamp()
    owner: Record = {"id": document_id, "entityTypeId": kind, "entityId": item_id}
    row = owner | {"createTime": now, "createdBy": user, "updateTime": now, "updatedBy": None, **given}
    portal.store.put("document", document_id, row)
    announce(portal, "ADD", row)
    return row


def announce(portal: Portal, what: str, row: Mapping[str, object]) -> None:
    """The event of a document's change."""
    payload = {"ID": row["id"], "ENTITY_TYPE_ID": row["entityTypeId"], "ENTITY_ID": row["entityId"]}
    portal.raise_event(f"ONCRMDOCUMENTGENERATORDOCUMENT{what}", {"FIELDS": payload})
