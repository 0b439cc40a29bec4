"""The bytes behind the pages' links: fields' files, Drive files, attachments of letters.

A PDF opens in the browser; anything else is offered for saving, so a file a visitor uploaded is never run as
a page of the portal.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from urllib.parse import quote

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from engine.emulator.calling import to_int
from engine.emulator.portal import Portal


def add_routes(blueprint: Blueprint, portal: Portal) -> None:
    """`/demo-portal/files/ID`, `/demo-portal/disk/ID`, `/demo-portal/mails/ID/N` (N from 1)."""

    @blueprint.get("/demo-portal/files/<int:file_id>")
    def field_file(file_id: int) -> Response:
        row = portal.store.get("file", file_id)
        if row is None:
            raise NotFound
        return _sent(str(row["name"]), portal.store.read_content(str(row["sha256"])))

    @blueprint.get("/demo-portal/disk/<int:object_id>")
    def drive_file(object_id: int) -> Response:
        row = portal.store.get("disk", object_id)
        if row is None or row["TYPE"] != "file" or row["DELETED_TYPE"]:
            raise NotFound
        return _sent(str(row["NAME"]), portal.store.read_content(str(row["sha256"])))

    @blueprint.get("/demo-portal/mails/<int:mail_id>/<int:place>")
    def attachment(mail_id: int, place: int) -> Response:
        row = portal.store.get("mail", mail_id)
        if row is None:
            raise NotFound
        raw = portal.store.read_content(str(row["sha256"]))
        for number, part in enumerate(message_from_bytes(raw, policy=policy.default).iter_attachments(), 1):
            content = part.get_payload(decode=True)
            if number == place and isinstance(content, bytes):
                return _sent(part.get_filename() or f"{to_int(place)}.bin", content)
        raise NotFound


def _sent(name: str, content: bytes) -> Response:
    is_pdf = content.startswith(b"%PDF-")
    kind = "application/pdf" if is_pdf else "application/octet-stream"
    manner = "inline" if is_pdf else "attachment"
    headers = {"Content-Disposition": f"{manner}; filename*=utf-8''{quote(name, safe='')}"}
    return Response(content, content_type=kind, headers=headers)
