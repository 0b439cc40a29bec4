"""What came back over the wire: a whole answer, half of one, or something that is no answer at all.

Decides how a broken exchange is called and whether the same request may be sent again. It knows no method and asks for
nothing. `writes` says that what was asked may have changed the portal, so that a lost answer leaves it open whether it
did.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from engine.portal.errors import PortalError, Retry

# The cloud ends a request after 60 s; an answer that drips in for longer is none.
LONGEST_ANSWER = 90.0
LARGEST_ANSWER = 128 * 1024 * 1024
_HTML = (b"<!doctype", b"<html", b"<?xml")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer. `url` is where it came from, in the form that was asked for."""

    status: int
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


def read_reply(response: httpx.Response, url: str) -> Reply:
    """Return the whole answer of a streamed response. Raises httpx.ReadTimeout for one that never ends."""
    until, size, parts = time.monotonic() + LONGEST_ANSWER, 0, []
    for part in response.iter_bytes():
        size += len(part)
        parts.append(part)
        if time.monotonic() > until or size > LARGEST_ANSWER:
            raise httpx.ReadTimeout(f"the answer does not end: {size} bytes so far")
    return Reply(response.status_code, url, response.headers, b"".join(parts))


@contextmanager
def plain_errors(method: str, *, writes: bool) -> Iterator[None]:
    """Turn what httpx raises inside the block into PortalError, in words that a person can act on."""
    lost: Retry = "unknown" if writes else "later"
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        # The bytes did not leave this machine.
        raise _unsent(method, error) from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise PortalError(method, "BAD_ADDRESS", f"no address to call: {error}") from None
    except httpx.TimeoutException as error:
        text = f"the portal did not answer in time: {error or type(error).__name__}"
        raise PortalError(method, "NO_ANSWER", text, lost) from None
    except httpx.DecodingError:
        text = "the answer is packed in a way that cannot be unpacked (a proxy or half an answer)"
        raise PortalError(method, "NOT_JSON", text, lost) from None
    except httpx.TransportError as error:
        text = f"the portal did not answer: {error or type(error).__name__}"
        raise PortalError(method, "NO_ANSWER", text, lost) from None


def read_envelope(method: str, reply: Reply, *, writes: bool) -> Mapping[str, object]:
    """Return the answer's JSON object. Raises PortalError NOT_JSON where there is none."""
    try:
        body = json.loads(reply.content)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, Mapping):
        return body
    text = f"HTTP {reply.status}, {_shown(reply)} instead of a JSON answer"
    if reply.status < 400 or reply.status >= 500:
        raise PortalError(method, "NOT_JSON", text, "unknown" if writes else "later")
    raise PortalError(method, "NOT_JSON", text)


def _unsent(method: str, error: httpx.TransportError) -> PortalError:
    why = _root(error)
    if isinstance(why, ssl.SSLError):
        said = getattr(why, "verify_message", "") or why.reason or str(why)
        return PortalError(method, "BAD_CERTIFICATE", f"the certificate is not accepted: {said}", "later")
    return PortalError(
        method, "NO_CONNECTION", f"cannot reach the portal: {error or type(error).__name__}", "later"
    )


def _root(error: BaseException) -> BaseException:
    """Return what lies at the bottom of `error`: httpx wraps it twice."""
    inner = error.__cause__ or error.__context__
    return _root(inner) if inner is not None and not isinstance(error, ssl.SSLError) else error


def _shown(reply: Reply) -> str:
    if not reply.content.strip():
        return "an empty answer"
    if reply.content.lstrip()[:9].lower().startswith(_HTML):
        return f"{len(reply.content)} bytes of a web page"
    kind = reply.headers.get("Content-Type", "no content type").partition(";")[0]
    return f"{len(reply.content)} bytes of {kind}"
