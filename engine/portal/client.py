"""One HTTP request to the portal: send, wait, understand.

Decides whether an answer is an answer, what may be repeated at once and what must not be repeated at all. It
knows no item, no field and no batch. A write whose outcome nobody knows is never sent twice.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from typing import Self
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from engine import __version__
from engine.portal.errors import PortalError, Retry, classify, only_reads, redact
from engine.portal.pace import Pace
from engine.portal.spending import Spending

LONGEST_SECONDS = 60.0  # the cloud ends a request after 60 s
LARGEST_FILE = 256 * 1024 * 1024
_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0)
_COSTLY_TRIES = 2
_EXTENDED_NAME = re.compile(r"filename\*\s*=\s*([\w-]*)'[^']*'([^;\s]+)", re.IGNORECASE)
_REDIRECTS = (301, 302, 307, 308)
# The bytes did not leave this machine.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Download:
    """A file as the portal sent it: `name` is empty where the portal gave none."""

    name: str
    content: bytes


class PortalClient:
    """The inbound webhook `webhook_url` (`https://portal/rest/1/secret/`). Close it, or use it with `with`.

    `pace=None` switches our own limit off; `sleep` is called between tries; `transport` is for tests.
    """

    def __init__(
        self,
        webhook_url: str,
        *,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = LONGEST_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(webhook_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise PortalError("", "BAD_ADDRESS", "the webhook address must begin with https://")
        self._webhook = webhook_url.rstrip("/") + "/"
        self._pace, self._sleep = pace, sleep
        self._rests: dict[str, float] = {}
        self.spending = Spending()
        # httpx logs every address at level INFO, and the webhook's secret is part of it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        headers = {"User-Agent": f"reglament/{__version__}", "Accept": "application/json"}
        self._http = httpx.Client(
            timeout=timeout, follow_redirects=False, headers=headers, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"PortalClient({redact(self._webhook)!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def address(self) -> str:
        """The portal's own address: `https://portal.example`."""
        parts = urlsplit(self._webhook)
        return f"{parts.scheme}://{parts.netloc}"

    def call(
        self, method: str, params: Mapping[str, object], *, writes: bool | None = None
    ) -> Mapping[str, object]:
        """Return the answer's envelope (`result`, and for lists `total` and `next`) of one method.

        Refusals for the rate and lost connections are tried again within about half a minute; a write whose
        answer never came is not, and raises `PortalError` with `retry="unknown"`. `writes=None` goes by the
        method's name.
        """
        is_write = not only_reads(method) if writes is None else writes
        for tries, delay in enumerate((*_DELAYS, 0.0), 1):
            try:
                return self._once(method, params, is_write=is_write)
            except PortalError as error:
                self.spending.failed(error)
                if not _may_repeat(error, tries):
                    raise
                if error.code == "QUERY_LIMIT_EXCEEDED" and self._pace:
                    self._pace.fill()
            self._sleep(delay)
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, params: Mapping[str, object], *, is_write: bool) -> Mapping[str, object]:
        response = self._post(self._webhook + method, method, params, is_write=is_write)
        if response.status_code in _REDIRECTS:
            # A renamed portal answers 302; an HTTP library would repeat the POST as a GET and lose the body.
            response = self._post(self._new_address(method, response), method, params, is_write=is_write)
        envelope = _read_envelope(method, response, is_write=is_write)
        self.remember_rest(method, envelope.get("time"))
        if "error" in envelope:
            raise self.with_rest(method, classify(method, response.status_code, envelope, writes=is_write))
        if response.status_code >= 400 or "result" not in envelope:
            text = f"HTTP {response.status_code} without a result"
            raise PortalError(method, "NOT_JSON", text, "unknown" if is_write else "later")
        self.spending.answered()
        return envelope

    def _post(self, url: str, method: str, params: Mapping[str, object], *, is_write: bool) -> httpx.Response:
        if self._pace:
            self._pace.wait()
        self.spending.asked()
        with _plain_errors(method, is_write=is_write):
            return self._http.post(url, json=params)

    def _new_address(self, method: str, response: httpx.Response) -> str:
        old = str(response.request.url)
        location: str = response.headers.get("Location", "")
        new = urljoin(old, location)
        is_same_family = new.startswith("https://") or urlsplit(new).scheme == urlsplit(old).scheme
        if (
            not location
            or not is_same_family
            or not urlsplit(new).netloc
            or "/rest/" not in urlsplit(new).path
        ):
            raise PortalError(
                method, "BAD_REDIRECT", f"the portal sends us to {redact(new)}, which is no REST address"
            )
        return new

    def remember_rest(self, method: str, times: object) -> None:
        """Note from the `time` of a good answer how long the portal would let `method` rest, were it spent."""
        until = times.get("operating_reset_at") if isinstance(times, Mapping) else None
        finish = times.get("finish") if isinstance(times, Mapping) else None
        if isinstance(until, int | float) and isinstance(finish, int | float):
            self._rests[method.lower()] = max(0.0, until - finish)

    def with_rest(self, method: str, error: PortalError) -> PortalError:
        """Return the error with how long to wait, where the method was refused for its running time."""
        # PROTOCOL §2: the spent method rests until `operating_reset_at` of its last good answer; at most ten
        # minutes.
        if error.code == "OPERATION_TIME_LIMIT" and error.retry_after is None:
            error.retry_after = self._rests.get(method.lower()) or 60.0
        return error

    def download(self, url: str, *, limit: int = LARGEST_FILE) -> bytes:
        """Return the bytes behind a `DOWNLOAD_URL` or `urlMachine`. Raises PortalError, also over `limit`
        bytes.
        """
        return self.fetch(url, limit=limit).content

    def fetch(self, url: str, *, limit: int = LARGEST_FILE) -> Download:
        """The same with the file's name as the portal gave it."""
        for tries, delay in enumerate((*_DELAYS, 0.0), 1):
            try:
                return self._fetch(urljoin(self._webhook, url), limit)
            except PortalError as error:
                self.spending.failed(error)
                if not _may_repeat(error, tries):
                    raise
            self._sleep(delay)
        raise AssertionError("the last try returns or raises")

    def _fetch(self, url: str, limit: int) -> Download:
        # PROTOCOL §1: without these headers the portal's front server may answer 404.
        headers = {"Accept": "*/*", "Accept-Language": "ru,en;q=0.8", "Referer": self.address + "/"}
        for _ in range(5):
            if self._pace:
                self._pace.wait()
            self.spending.asked()
            with (
                _plain_errors("download", is_write=False),
                self._http.stream("GET", url, headers=headers) as response,
            ):
                if response.status_code in (*_REDIRECTS, 303):
                    new = urljoin(url, response.headers.get("Location", ""))
                    if new == url or (url.startswith("https:") and not new.startswith("https:")):
                        raise PortalError("download", "BAD_REDIRECT", f"the portal sends us to {redact(new)}")
                    url = new
                    continue
                return _read_file(response, limit)
        raise PortalError("download", "BAD_REDIRECT", "the portal sends us on without end")


def _may_repeat(error: PortalError, tries: int) -> bool:
    # OVERLOAD_LIMIT is a block by hand and OPERATION_TIME_LIMIT lasts minutes: both are for the caller to
    # wait out.
    if error.retry != "later" or error.code in ("OVERLOAD_LIMIT", "OPERATION_TIME_LIMIT", "expired_token"):
        return False
    # Each time-out costs up to a minute, and a lane waits meanwhile.
    is_cheap = error.code in ("QUERY_LIMIT_EXCEEDED", "NO_CONNECTION")
    return tries <= (len(_DELAYS) if is_cheap else _COSTLY_TRIES)


@contextmanager
def _plain_errors(method: str, *, is_write: bool) -> Iterator[None]:
    try:
        yield
    except _UNSENT as error:
        raise PortalError(method, "NO_CONNECTION", f"cannot reach the portal: {error}", "later") from None
    except httpx.TransportError as error:
        text = f"the portal did not answer: {error or type(error).__name__}"
        raise PortalError(method, "NO_ANSWER", text, "unknown" if is_write else "later") from None


def _read_envelope(method: str, response: httpx.Response, *, is_write: bool) -> Mapping[str, object]:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if isinstance(body, Mapping):
        return body
    shown = response.headers.get("Content-Type", "no content type").partition(";")[0]
    text = f"HTTP {response.status_code}, {len(response.content)} bytes of {shown} instead of a JSON answer"
    if response.status_code < 400 or response.status_code >= 500:
        raise PortalError(method, "NOT_JSON", text, "unknown" if is_write else "later")
    raise PortalError(method, "NOT_JSON", text)


def _read_file(response: httpx.Response, limit: int) -> Download:
    given = response.headers.get("Content-Disposition", "")
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    if response.status_code != 200:
        retry: Retry = "later" if response.status_code >= 500 else "never"
        raise PortalError("download", "NO_CONTENT", f"HTTP {response.status_code} instead of a file", retry)
    size, parts = 0, []
    for part in response.iter_bytes():
        size += len(part)
        if size > limit:
            raise PortalError("download", "TOO_LARGE", f"the file is larger than {limit} bytes")
        parts.append(part)
    content = b"".join(parts)
    if is_json and not given and (body := _error_body(content)) is not None:
        raise classify("download", 400, body, writes=False)
    return Download(_file_name(given), content)


def _error_body(content: bytes) -> Mapping[str, object] | None:
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, Mapping) and "error" in body else None


def _file_name(disposition: str) -> str:
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
