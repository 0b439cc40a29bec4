"""A file as the portal sends it: its bytes, its name, and answers that are no file.

Decides what is a file and what it is called. It asks for nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from engine.portal.errors import PortalError, Retry, classify, redact

LARGEST_FILE = 256 * 1024 * 1024
MOST_HOPS = 5
_EXTENDED_NAME = re.compile(r"filename\*\s*=\s*([\w-]*)'[^']*'([^;\s]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Download:
    """A file as the portal sent it: `name` is empty where the portal gave none."""

    name: str
    content: bytes


def download_headers(address: str) -> dict[str, str]:
    """Return what a download is asked with; PROTOCOL §1: without them the portal's front server may answer 404."""
    return {"Accept": "*/*", "Accept-Language": "ru,en;q=0.8", "Referer": f"{address}/"}


def next_download(url: str, location: str) -> str:
    """Return where a download goes instead: files live on storage of other names, and the address is the key to one
    file only. Raises PortalError BAD_REDIRECT.
    """
    try:
        new = urljoin(url, location)
        there = urlsplit(new)
    except ValueError:
        raise PortalError("download", "BAD_REDIRECT", "the portal sends us to what is no address") from None
    is_open = url.startswith("https:") and there.scheme != "https"
    if new == url or there.scheme not in ("http", "https") or is_open:
        raise PortalError("download", "BAD_REDIRECT", f"the portal sends us to {redact(new)}")
    return new


def read_file(response: httpx.Response, limit: int) -> Download:
    """Return the file of a streamed response. Raises PortalError, also TOO_LARGE over `limit` bytes."""
    given = response.headers.get("Content-Disposition", "")
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    if response.status_code != 200:
        content = response.read() if is_json else b""
        body = error_body(content)
        if body is not None:
            raise classify("download", response.status_code, body, writes=False)
        retry: Retry = "later" if response.status_code >= 500 or response.status_code == 429 else "never"
        raise PortalError("download", "NO_CONTENT", f"HTTP {response.status_code} instead of a file", retry)
    size, parts = 0, []
    for part in response.iter_bytes():
        size += len(part)
        if size > limit:
            raise PortalError("download", "TOO_LARGE", f"the file is larger than {limit} bytes")
        parts.append(part)
    content = b"".join(parts)
    if is_json and not given and (body := error_body(content)) is not None:
        raise classify("download", 400, body, writes=False)
    return Download(file_name(given), content)


def error_body(content: bytes) -> Mapping[str, object] | None:
    """Return the portal's error that came in a file's place, None where it is none."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, Mapping) and "error" in body else None


def file_name(disposition: str) -> str:
    """Return the name of a Content-Disposition header: `filename*` (RFC 6266) before plain `filename`."""
    extended = _EXTENDED_NAME.search(disposition)
    if extended:
        with suppress(LookupError):
            return _last_part(unquote(extended[2], encoding=extended[1] or "utf-8", errors="replace"))
    header = Message()
    header["Content-Disposition"] = disposition
    name = header.get_filename("") or ""
    # Headers are read as Latin-1; portals also send a bare UTF-8 name or a percent-encoded one there.
    with suppress(UnicodeError):
        name = name.encode("latin-1").decode("utf-8")
    return _last_part(unquote(name))


def _last_part(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].strip()
