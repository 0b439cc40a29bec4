"""A file on its way to the Drive: inside the request, or after it by an address of its own.

Decides which of the two, and how the first step of two is asked. Pure.

Inside JSON a file is a third larger (base64), is held whole by the portal's parser beside the decoded copy, and a lost
answer costs it all again. So a file over `LARGEST_INLINE` bytes goes in two steps: the same method without the content
gives an address, to which the bytes are posted as they are (PROTOCOL §6). Below it one request is worth more: the
portal counts requests, and a batch takes neither.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.portal.errors import PortalError

LARGEST_INLINE: Final = 8 * 1024 * 1024
_METHODS: Final = frozenset({"disk.folder.uploadfile", "disk.storage.uploadfile"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """An upload in two steps: what the first one asks, and the file of the second."""

    params: Mapping[str, object]
    name: str
    content: bytes = field(repr=False)


def in_two_steps(method: str, params: Mapping[str, object], largest: int = LARGEST_INLINE) -> Parcel | None:
    """Return the upload in two steps, None where one will do: the file is no larger than `largest` bytes."""
    given = params.get("fileContent")
    if method.lower() not in _METHODS or not isinstance(given, list | tuple) or len(given) != 2:
        return None
    name, text = given
    if not isinstance(text, str) or len(text) * 3 // 4 - 2 <= largest:
        return None
    try:
        content = b64decode(text, validate=True)
    except binascii.Error:
        return None
    return Parcel({key: one for key, one in params.items() if key != "fileContent"}, str(name), content)


def place_for(method: str, envelope: Mapping[str, object]) -> tuple[str, str]:
    """Return address and form field that the first step gave. Raises PortalError."""
    result = envelope.get("result")
    url = result.get("uploadUrl") if isinstance(result, Mapping) else None
    if not isinstance(result, Mapping) or not isinstance(url, str) or not url:
        raise PortalError(method, "NOT_JSON", "the portal gave no address to upload to", "later")
    return url, str(result.get("field") or "file")
