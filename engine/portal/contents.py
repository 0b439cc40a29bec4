"""Bytes of files: read from the portal or from the engine's own store, kept there durably.

Decides where a file's `source` points and what is known of it after reading. Stored bytes are named by their
SHA-256, so the same content is kept once and never altered. Sources: `portal:TYPE/ID/FIELD/FILEID` (a field
of a CRM item), `disk:ID` (a file of the Drive), `document:ID` (the PDF of a document the portal made), `kept:SHA256`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.language.values import File
from engine.portal.client import Download, PortalClient
from engine.portal.errors import PortalError
from engine.portal.file_kind import file_kind
from engine.scans.look import as_memory, look_inside, recall_look

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXTENSIONS = {"unknown": "bin", "text": "txt"}


class Contents:
    """The store in `folder` (made when first needed) and the portal behind `client`."""

    def __init__(self, client: PortalClient, folder: Path) -> None:
        self._client, self._folder = client, folder
        # Lanes are many, and a look may take a gigabyte.
        self._looks = threading.BoundedSemaphore(2)

    def read(self, file: File) -> bytes:
        """Return the file's bytes. Raises PortalError, also FILE_GONE where the portal no longer has it;
        OSError.
        """
        return self._fetch(file, None).content

    def keep(self, name: str, content: bytes) -> File:
        """Store bytes durably: after the return they survive a power cut. Return the file with all it is
        known by.
        """
        found = self.describe(name, content)
        path = self._path("kept", found.sha256 or "")
        if not path.exists():
            _write(path, content)
        return File(name, found.size, found.kind, found.sha256, f"kept:{found.sha256}")

    def describe(self, name: str, content: bytes) -> File:
        """Return name, size, kind and SHA-256 of the bytes; nothing is stored."""
        return File(name, len(content), file_kind(content), hashlib.sha256(content).hexdigest())

    def look(self, file: File, url: str | None = None, *, inside: bool = False) -> File:
        """Return `file` with size, kind, SHA-256 and name known, read once and remembered by its source.

        `url` is its download address where somebody just read it. A name that the portal does not tell is
        made of the file's id and kind. With `inside` it is looked into as well, once for the same bytes: what a
        look could not tell stays unknown. Raises as `read` does.
        """
        found, content = self._describe(file, url)
        if not inside or found.inside is not None or not found.sha256:
            return found
        memory = self._path("inside", found.sha256)
        known = recall_look(memory)
        if known is None:
            if content is None:
                content = self._fetch(file, url).content
            with self._looks:
                known = recall_look(memory) or look_inside(content, found.kind or "")
            if known.is_lasting:
                _write(memory, as_memory(known))
        return replace(found, inside=known.inside)

    def _describe(self, file: File, url: str | None) -> tuple[File, bytes | None]:
        """Return what is known of the file, with its bytes where they had to be read for it."""
        if file.sha256 and file.kind and file.size is not None and file.name:
            return file, None
        memory = self._path("known", hashlib.sha256((file.source or "").encode()).hexdigest())
        # A CRM file's id never gets other bytes; a file of the Drive does, with its next version.
        is_lasting = (file.source or "").startswith("portal:")
        known, content = _recall(memory) if is_lasting else None, None
        if known is None:
            got = self._fetch(file, url)
            content = got.content
            known = self.describe(got.name or file.name, got.content)
            if is_lasting:
                facts = {"name": known.name, "size": known.size, "kind": known.kind, "sha256": known.sha256}
                _write(memory, json.dumps(facts, ensure_ascii=False).encode())
        name = file.name or known.name or _made_name(file, known.kind or "")
        return File(name, known.size, known.kind, known.sha256, file.source), content

    def _fetch(self, file: File, url: str | None) -> Download:
        scheme, _, rest = (file.source or "").partition(":")
        if scheme == "kept" and _SHA256.fullmatch(rest):
            return Download(file.name, self._path("kept", rest).read_bytes())
        if scheme == "portal" and rest.count("/") == 3:
            return self._client.fetch(url or self._field_url(rest))
        if scheme == "disk" and rest:
            return self._client.fetch(url or self._disk_url(rest))
        if scheme == "document" and rest:
            return self._client.fetch(url or self._document_url(rest))
        raise PortalError("", "NO_CONTENT", f"nothing is known of where the bytes of {file.name!r} are")

    def _field_url(self, rest: str) -> str:
        type_id, item_id, field, file_id = rest.split("/")
        params = {"entityTypeId": type_id, "id": item_id, "useOriginalUfNames": "N"}
        result = self._client.call("crm.item.get", params)["result"]
        item = result.get("item") if isinstance(result, Mapping) else None
        held = item.get(field) if isinstance(item, Mapping) else None
        for one in held if isinstance(held, list) else [held]:
            if isinstance(one, Mapping) and str(one.get("id")) == file_id and one.get("urlMachine"):
                return str(one["urlMachine"])
        text = f"the field {field} of item {item_id} no longer holds the file {file_id}"
        raise PortalError("crm.item.get", "FILE_GONE", text)

    def _disk_url(self, file_id: str) -> str:
        result = self._client.call("disk.file.get", {"id": file_id})["result"]
        if isinstance(result, Mapping) and result.get("DOWNLOAD_URL"):
            return str(result["DOWNLOAD_URL"])
        raise PortalError("disk.file.get", "FILE_GONE", f"the Drive gives no address for the file {file_id}")

    def _document_url(self, document_id: str) -> str:
        result = self._client.call("crm.documentgenerator.document.get", {"id": document_id})["result"]
        held = result.get("document") if isinstance(result, Mapping) else None
        if isinstance(held, Mapping) and held.get("pdfUrlMachine"):
            return str(held["pdfUrlMachine"])
        text = f"the portal has no PDF of the document {document_id}"
        raise PortalError("crm.documentgenerator.document.get", "FILE_GONE", text)

    def _path(self, shelf: str, digest: str) -> Path:
        return self._folder / shelf / digest[:2] / digest


def _made_name(file: File, kind: str) -> str:
    number = (file.source or "").rpartition("/")[2].rpartition(":")[2]
    return f"{number}.{_EXTENSIONS.get(kind, kind)}"


def _recall(path: Path) -> File | None:
    try:
        facts = json.loads(path.read_bytes())
        return File(str(facts["name"]), int(facts["size"]), str(facts["kind"]), str(facts["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, content: bytes) -> None:
    """Write as a whole or not at all, through to the disk; a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable; Windows has no such call and needs none."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
