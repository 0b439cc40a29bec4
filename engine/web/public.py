"""The public listener: `POST /portal/events` and `/healthz`, with an application its own addresses, nothing else.

Decides nothing: the intake judges what came. Errors are a line of text, never a traceback.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from engine.addresses import EVENTS, ROBOT
from engine.runtime.intake import LARGEST_BODY, Intake
from engine.runtime.viewing import Viewing
from engine.web.install import add_install
from engine.web.tab import add_tab
from engine.web.together import Door

_HOLDS = 5.0
_TEXT = "text/plain; charset=utf-8"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_WORDS = {
    200: "ok",
    400: "not an event of the portal",
    403: "wrong application_token",
    413: "too large",
    500: "a fault of ours, send it again later",
    503: "the inbox is full, send it again later",
    507: "the state cannot be written",
}


def create_public_app(
    intake: Intake,
    is_writable: Callable[[], bool],
    install: Callable[[Mapping[str, str]], int] | None = None,
    robot: Callable[[bytes], int] | None = None,
    tab: Viewing | None = None,
) -> Flask:
    """Return the app. It answers 404 or 405 to everything that it does not know.

    `install` judges installs of a configured application, `robot` calls of its robots, `tab` shows its page.
    `is_writable` proves that the state can be written; anybody may ask, so its answer holds for a few seconds.
    """
    app = Flask("reglament-public", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY

    writable = _Writable(is_writable)
    if install is not None:
        add_install(app, install)
    if robot is not None:
        add_robot(app, robot)
    if tab is not None:
        add_tab(app, tab)

    @app.get("/healthz")
    def health() -> Response:
        return _answer(200 if writable() else 507)

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        return Response(f"{error.name}\n", error.code or 500, content_type=_TEXT)

    @app.after_request
    def close(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    app.url_map.add(Rule(EVENTS, methods=["POST"], endpoint="door"))  # so that other methods are 405
    app.wsgi_app = Door(app.wsgi_app, EVENTS, intake, _write)  # type: ignore[method-assign]
    return app


def add_robot(app: Flask, take: Callable[[bytes], int]) -> None:
    """Let `app` answer the portal's robots; `take` returns the status of a post's body."""

    @app.post(ROBOT)
    def robot() -> Response:
        status = take(request.get_data())
        # The portal reads the status alone; what came of the call is told when its run has ended.
        return Response(b"" if status == HTTPStatus.OK else _line(status), status, content_type=_TEXT)


class _Writable:
    """The last answer of `ask`, asked again once it is older than a few seconds."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask, self._lock = ask, threading.Lock()
        self._until, self._answer = 0.0, True

    def __call__(self) -> bool:
        with self._lock:
            if time.monotonic() >= self._until:
                self._answer = self._ask()
                self._until = time.monotonic() + _HOLDS
            return self._answer


def _write(status: int) -> tuple[dict[str, str], bytes]:
    if status == HTTPStatus.OK:
        # The portal reads the status alone; an answer without a body leaves in one piece and has nothing to be kept.
        return {"Content-Length": "0"}, b""
    body = _line(status)
    return {"Content-Type": _TEXT, "Content-Length": str(len(body)), **_HEADERS}, body


def _line(status: int) -> bytes:
    return f"{_WORDS.get(status, '')}\n".encode()


def _answer(status: int) -> Response:
    return Response(_line(status), status, content_type=_TEXT)
