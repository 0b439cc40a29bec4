"""The bytes of files, for whoever holds a link.

The portal's web server refuses a download without ``User-Agent`` and ``Referer`` with a plain 404; clients
that do not know it take the file for lost.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request

from engine.emulator.calling import to_int
from engine.emulator.errors import RestError
from engine.emulator.links import read_token
from engine.emulator.portal import Portal

_NGINX = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1><hr>nginx</body></html>"


def _refused_by_server() -> Response | None:
    if request.headers.get("User-Agent") and request.headers.get("Referer"):
        return None
    return Response(_NGINX, 404, content_type="text/html")


def _bytes(portal: Portal, name: str, digest: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return Response(
        portal.store.read_content(digest), content_type="application/octet-stream", headers=headers
    )


def _checked(portal: Portal, purpose: str, token: str) -> int:
    detail = read_token(portal.store, purpose, token)
    if detail is None or not request.args.get("auth"):
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    return to_int(detail)


def disk_file(portal: Portal, token: str) -> Response:
    """The file behind a DOWNLOAD_URL."""
    refusal = _refused_by_server()
    if refusal is not None:
        return refusal
    object_id = _checked(portal, "disk", token)
    row = portal.store.get("disk", object_id)
    if row is None:
        raise RestError(400, "ERROR_NOT_FOUND", f"Could not find entity with id `{object_id}`")
    return _bytes(portal, str(row["NAME"]), str(row["sha256"]))


def crm_file(portal: Portal, token: str) -> Response:
    """The file behind an ``urlMachine`` of a CRM field."""
    refusal = _refused_by_server()
    if refusal is not None:
        return refusal
    row = portal.store.get("file", _checked(portal, "crm", token))
    if row is None:
        raise RestError(400, "NOT_FOUND", "File not found")
    return _bytes(portal, str(row["name"]), str(row["sha256"]))


def document_part(portal: Portal, token: str) -> Response:
    """The docx, PDF or picture of a generated document, or the file of a template."""
    refusal = _refused_by_server()
    if refusal is not None:
        return refusal
    detail = read_token(portal.store, "document", token)
    if detail is None or not request.args.get("auth"):
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    number, _, part = detail.partition(":")
    kind, member = ("doctemplate", "file") if part == "template" else ("document", part)
    row = portal.store.get("file", to_int((portal.store.get(kind, to_int(number)) or {}).get(member)))
    if row is None:
        raise RestError(400, "0", "Document not found")
    return _bytes(portal, str(row["name"]), str(row["sha256"]))


_DOCUMENTS = "crm.documentgenerator"
BY_TOKEN = {
    "download": disk_file,
    "crm.controller.item.getfile": crm_file,
    **{
        f"{_DOCUMENTS}.{name}": document_part
        for name in ("document.download", "document.getpdf", "document.getimage", "template.download")
    },
}
"""What needs no webhook, only the token of a link, by lower-case method name."""


def public_file(portal: Portal, code: str) -> Response:
    """The file behind a public link; a folder's link has no page here."""
    for document in portal.store.rows("document"):
        stored = portal.store.get("file", to_int(document.get("pdf") or document["docx"]))
        if document.get("public") == code and stored is not None:
            return _bytes(portal, str(stored["name"]), str(stored["sha256"]))
    for link in portal.store.rows("externallink"):
        row = portal.store.get("disk", to_int(link["id"]))
        if link["code"] == code and row is not None and row["TYPE"] == "file" and not row["DELETED_TYPE"]:
            return _bytes(portal, str(row["NAME"]), str(row["sha256"]))
    return Response(_NGINX, 404, content_type="text/html")
