"""Files on their way into the portal.

Reads the shapes a file may arrive in (``["name", "base64"]``, ``{"fileData": […]}``, name and bytes) and
keeps the bytes. CRM files are numbered rows of the `file` collection; Drive has its own objects.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping

from engine.emulator.errors import invalid_value
from engine.emulator.fields import Field
from engine.emulator.php import listing, mapping
from engine.emulator.store import Store


def read_pair(value: object) -> tuple[str, bytes] | None:
    """Name and bytes of an incoming file, or None where the value is no new file.

    Raises `ValueError` where the content is not base64.
    """
    if isinstance(value, Mapping):
        if isinstance(value.get("content"), bytes):
            return str(value["name"]), bytes(value["content"])
        return read_pair(value.get("fileData"))
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(one, str) for one in value):
        try:
            # PHP's decoder skips blanks and line ends; anything else is an error here, so that a broken
            # upload is seen instead of stored.
            return str(value[0]), b64decode("".join(str(value[1]).split()), validate=True)
        except Base64Error as error:
            raise ValueError("not base64") from error
    return None


def keep_file(store: Store, name: str, content: bytes) -> dict[str, object]:
    """Store a new CRM file; returns its stored form ``{"id", "name", "size"}``."""
    file_id = store.next_id("file")
    row = {"id": file_id, "name": name, "size": len(content), "sha256": store.write_content(content)}
    store.put("file", file_id, row)
    return {"id": file_id, "name": name, "size": len(content)}


def parse_file(store: Store, field: Field, value: object, current: object) -> object:
    """The stored form of an incoming file value; `current` is what the item holds now.

    A multiple field is replaced as a whole: files whose ids are not repeated are gone. A foreign id in a
    single field empties it; in a multiple one it is ignored. Raises `RestError` on content that is not
    base64.
    """
    try:
        if not field.multiple:
            return _single(store, value, current)
        if read_pair(value) is not None:
            return [_single(store, value, None)]
        held = {str(mapping(one).get("id")): one for one in listing(current)}
        wanted = listing(value) if not (isinstance(value, Mapping) and "id" in value) else [value]
        found = [_single(store, one, held.get(str(mapping(one).get("id")))) for one in wanted]
    except ValueError as error:
        raise invalid_value(field.camel) from error
    return [one for one in found if one is not None]


def _single(store: Store, value: object, current: object) -> object:
    pair = read_pair(value)
    if pair is not None:
        return keep_file(store, *pair)
    if isinstance(value, Mapping) and str(value.get("id")) == str(mapping(current).get("id")):
        return current
    return None
