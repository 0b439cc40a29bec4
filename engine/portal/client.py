"""One HTTP request to the portal: send, wait, understand.

Decides what may be repeated at once and what must not be repeated at all. It knows no item, no field and no batch.
Where to and with what is the credentials' affair. A write whose outcome nobody knows is never sent twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Self, TypeVar
from urllib.parse import urljoin

import httpx

from engine import __version__
from engine.portal.answers import Reply, plain_errors, read_envelope, read_reply
from engine.portal.credentials import Access, Credentials, Webhook
from engine.portal.downloads import (
    LARGEST_FILE,
    MOST_HOPS,
    Download,
    download_headers,
    next_download,
    read_file,
)
from engine.portal.errors import PortalError, classify, only_reads
from engine.portal.moved import MOST_HOPS as MOST_MOVES
from engine.portal.moved import REDIRECTS, new_base, next_address
from engine.portal.pace import Pace
from engine.portal.spending import Spending
from engine.portal.uploads import LARGEST_INLINE, in_two_steps, place_for

__all__ = ["LARGEST_FILE", "LONGEST_SECONDS", "Download", "PortalClient"]

T = TypeVar("T")

LONGEST_SECONDS = 60.0  # the cloud ends a request after 60 s
_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0)
_COSTLY_TRIES = 2
# They last for minutes, or until a person does something: the caller waits them out.
_LASTING = frozenset(
    {
        "OVERLOAD_LIMIT", "OPERATION_TIME_LIMIT", "EXPIRED_TOKEN", "METHOD_CONFIRM_WAITING", "BAD_CERTIFICATE",
        "NOT_INSTALLED", "APPLICATION_GONE", "INVALID_GRANT", "INVALID_CLIENT", "WRONG_CLIENT", "PAYMENT_REQUIRED",
        "FOREIGN_PORTAL", "INVALID_SCOPE",
    }
)  # fmt: skip


class PortalClient:
    """The portal behind `credentials`: an inbound webhook's address (`https://portal/rest/1/secret/`) or more. Close
    it, or use it with `with`.

    `pace=None` switches our own limit off; `sleep` is called between tries; `told` is called once for each new address
    of a portal that has moved, for a person to see; a file over `inline` bytes goes in two steps; `transport` is for
    tests.
    """

    def __init__(
        self,
        credentials: str | Credentials,
        *,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = LONGEST_SECONDS,
        inline: int = LARGEST_INLINE,
        told: Callable[[str], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.credentials = Webhook(credentials) if isinstance(credentials, str) else credentials
        self._pace, self._sleep, self._told, self._inline = pace, sleep, told, inline
        self._rests: dict[str, float] = {}
        self._moves: set[str] = set()
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
        return f"PortalClient({self.credentials!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def pace(self) -> Pace | None:
        """Our own limit, None where it is switched off."""
        return self._pace

    @property
    def address(self) -> str:
        """The portal's own address: `https://portal.example`; empty while an application is not installed."""
        return self.credentials.address

    def call(
        self, method: str, params: Mapping[str, object], *, writes: bool | None = None
    ) -> Mapping[str, object]:
        """Return the answer's envelope (`result`, and for lists `total` and `next`) of one method.

        Refusals for the rate and lost connections are tried again within about half a minute; a write whose
        answer never came is not, and raises `PortalError` with `retry="unknown"`. `writes=None` goes by the
        method's name. A large file for the Drive goes in two steps (see `uploads`), with the same answer.
        """
        parcel = in_two_steps(method, params, self._inline)
        if parcel is not None:
            # The first step changes nothing: it may be asked again.
            first = self._persist(lambda: self._once(method, parcel.params, is_write=False))
            url, part = place_for(method, first)
            return self.upload(url, part, parcel.name, parcel.content)
        is_write = not only_reads(method) if writes is None else writes
        return self._persist(lambda: self._once(method, params, is_write=is_write))

    def _persist(self, ask: Callable[[], T]) -> T:
        for tries, delay in enumerate((*_DELAYS, 0.0), 1):
            try:
                return ask()
            except PortalError as error:
                self.spending.failed(error)
                if not _may_repeat(error, tries):
                    raise
                if error.code == "QUERY_LIMIT_EXCEEDED" and self._pace:
                    self._pace.fill()
            self._sleep(delay)
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, params: Mapping[str, object], *, is_write: bool) -> Mapping[str, object]:
        """Ask once; once more with a new token where the old one was refused, which happens before anything runs."""
        access = self.credentials.access()
        try:
            return self._ask(access, method, params, is_write=is_write)
        except PortalError as error:
            if not self._has_another(access, error):
                raise
        return self._ask(self.credentials.access(), method, params, is_write=is_write)

    def _has_another(self, access: Access, error: PortalError) -> bool:
        code = error.code.upper()
        if code == "EXPIRED_TOKEN":
            return self.credentials.renew(access)
        # An install while the request was on its way has given other tokens.
        return code in ("INVALID_TOKEN", "NO_AUTH_FOUND") and self.credentials.access() != access

    def _ask(
        self, access: Access, method: str, params: Mapping[str, object], *, is_write: bool
    ) -> Mapping[str, object]:
        reply = self._send(access, method, params, is_write=is_write)
        envelope = read_envelope(method, reply, writes=is_write)
        self.remember_rest(method, envelope.get("time"))
        if "error" in envelope:
            raise self.with_rest(method, classify(method, reply.status, envelope, writes=is_write))
        if reply.status >= 400 or "result" not in envelope:
            text = f"HTTP {reply.status} without a result"
            raise PortalError(method, "NOT_JSON", text, "unknown" if is_write else "later")
        self.spending.answered()
        return envelope

    def _send(self, access: Access, method: str, params: Mapping[str, object], *, is_write: bool) -> Reply:
        """Return the answer, from wherever the portal has moved to.

        A renamed portal answers 302; an HTTP library would repeat the POST as a GET and lose the body.
        """
        url = asked = access.base + method
        body = {**params, "auth": access.token} if access.token else params
        for _ in range(MOST_MOVES):
            reply = self._post(url, method, body, is_write=is_write)
            if reply.status not in REDIRECTS:
                if url != asked:
                    self._note_move(access.base, asked, url)
                return reply
            url = next_address(method, url, reply.headers.get("Location", ""))
        raise PortalError(method, "BAD_REDIRECT", "the portal sends us on without end")

    def _post(self, url: str, method: str, body: Mapping[str, object], *, is_write: bool) -> Reply:
        if self._pace:
            self._pace.wait()
        self.spending.asked()
        with (
            plain_errors(method, writes=is_write),
            self._http.stream("POST", url, json=body) as response,
        ):
            return read_reply(response, url)

    def _note_move(self, base: str, asked: str, answered: str) -> None:
        new = new_base(base, asked, answered)
        if new is None:
            return
        self.credentials.moved(new)
        host = httpx.URL(new).host
        if host not in self._moves:
            self._moves.add(host)
            if self._told:
                self._told(host)

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
        return self._persist(lambda: self._fetch(urljoin(self.credentials.access().base, url), limit))

    def _fetch(self, url: str, limit: int) -> Download:
        headers = download_headers(self.address)
        for _ in range(MOST_HOPS):
            if self._pace:
                self._pace.wait()
            self.spending.asked()
            with (
                plain_errors("download", writes=False),
                self._http.stream("GET", url, headers=headers) as response,
            ):
                if response.status_code not in (*REDIRECTS, 303):
                    return read_file(response, limit)
                url = next_download(url, response.headers.get("Location", ""))
        raise PortalError("download", "BAD_REDIRECT", "the portal sends us on without end")

    def upload(self, url: str, field: str, name: str, content: bytes) -> Mapping[str, object]:
        """Post a file to an `uploadUrl` of the portal as its part `field`; return the answer's envelope.

        The address is good for one file, so a lost answer is `retry="unknown"`: the folder says what became of it.
        Raises PortalError.
        """
        target = urljoin(self.credentials.access().base, url)
        if self._pace:
            self._pace.wait()
        self.spending.asked()
        files = {field: (name, content, "application/octet-stream")}
        try:
            with (
                plain_errors("upload", writes=True),
                self._http.stream(
                    "POST", target, files=files, headers={"Referer": self.address + "/"}
                ) as response,
            ):
                reply = read_reply(response, target)
            envelope = _whole("upload", reply)
        except PortalError as error:
            self.spending.failed(error)
            raise
        self.spending.answered()
        return envelope


def _whole(method: str, reply: Reply) -> Mapping[str, object]:
    """Return the envelope of a written answer. Raises PortalError for an error or an answer without a result."""
    envelope = read_envelope(method, reply, writes=True)
    if "error" in envelope:
        raise classify(method, reply.status, envelope, writes=True)
    if reply.status >= 400 or "result" not in envelope:
        raise PortalError(method, "NOT_JSON", f"HTTP {reply.status} without a result", "unknown")
    return envelope


def _may_repeat(error: PortalError, tries: int) -> bool:
    if error.retry != "later" or error.code.upper() in _LASTING:
        return False
    # Each time-out costs up to a minute, and a lane waits meanwhile.
    is_cheap = error.code in ("QUERY_LIMIT_EXCEEDED", "NO_CONNECTION")
    return tries <= (len(_DELAYS) if is_cheap else _COSTLY_TRIES)
