"""Posts that come together are taken together: one thread, one transaction, then an answer to each.

Decides which requests wait for no thread of their own. With a thread each, posts that share a commit wait for one
another's turn of the interpreter, and that costs more than storing them. Everything else goes the server's usual way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]

from engine.runtime.intake import LARGEST_BODY, Intake

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST_GROUP = 64


class Door:
    """Takes what is posted to `path` to the intake, and everything else to `rest`.

    `write` returns the headers and the body of the answer with a status.
    """

    def __init__(
        self,
        rest: WSGIApplication,
        path: str,
        intake: Intake,
        write: Callable[[int], tuple[dict[str, str], bytes]],
    ) -> None:
        self._rest, self._intake, self._write = rest, intake, write
        self.path = path
        self._known = threading.local()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != self.path:
            return self._rest(environ, start_response)
        status: int | None = getattr(self._known, "status", None)
        if status is None:
            # The server has read the whole body: it knows its length, however it was sent.
            length = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_BODY + 1)
            [status] = self._intake.take_all([environ["wsgi.input"].read(length)])
        headers, body = self._write(status)
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
        return [body] if body else []

    def take_all(self, bodies: Sequence[bytes]) -> Sequence[int]:
        """Return the status of each post; 500 for all where the state could not be written."""
        return self._intake.take_all(bodies)

    def say(self, status: int | None) -> None:
        """Have the next post in this thread told `status`, which `take_all` has given for it; None ends that."""
        self._known.status = status


class TogetherDispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Waitress's dispatcher, with one thread for what goes through `door`."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door
        self._queue: SimpleQueue[_Channel | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="reglament-posts", daemon=True)
        self._thread.start()

    def add_task(self, task: _Channel) -> None:
        """See waitress: the first request of the channel `task` is complete."""
        request = task.requests[0]
        if request.error is None and request.command == "POST" and request.path == self._door.path:
            self._queue.put(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:  # noqa: FBT001, FBT002 — waitress's
        """Answer what has come so far, then end."""
        self._queue.put(None)
        self._thread.join(timeout)
        return bool(super().shutdown(cancel_pending, timeout))

    def _work(self) -> None:
        is_last = False
        while not is_last and (first := self._queue.get()) is not None:
            group = [first]
            while len(group) < LARGEST_GROUP and not is_last:
                try:
                    one = self._queue.get_nowait()
                except Empty:
                    break
                if one is None:
                    is_last = True
                else:
                    group.append(one)
            self._serve(group)

    def _serve(self, group: Sequence[_Channel]) -> None:
        bodies = [one.requests[0].get_body_stream().read(LARGEST_BODY + 1) for one in group]
        for one, status in zip(group, self._door.take_all(bodies), strict=True):
            self._door.say(status)
            try:
                one.service()
            except BaseException:  # as waitress does: one connection's fault is its own
                self.logger.exception("Exception when servicing %r", one)
        self._door.say(None)


class _Stream(Protocol):
    def read(self, most: int, /) -> bytes: ...


class _Request(Protocol):
    error: object
    command: str
    path: str

    def get_body_stream(self) -> _Stream: ...


class _Channel(Protocol):
    requests: Sequence[_Request]

    def service(self) -> None: ...
