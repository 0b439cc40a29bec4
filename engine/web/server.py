"""A WSGI app on a port: waitress in a thread of its own, stopped cleanly."""

from __future__ import annotations

import threading

from flask import Flask
from waitress.server import create_server  # type: ignore[import-untyped]

from engine.runtime.intake import LARGEST_BODY
from engine.web.together import Door, TogetherDispatcher


class WebServer:
    """One listener. Bound on return (port 0 takes a free one); OSError where the port is taken."""

    def __init__(self, app: Flask, host: str, port: int, *, name: str, threads: int = 4) -> None:
        door = app.wsgi_app
        # A little over the app's own limit, so that a body just too large is refused, and counted, by the app.
        self._server = create_server(
            app,
            _dispatcher=_dispatcher(door, threads) if isinstance(door, Door) else None,
            host=host,
            port=port,
            threads=threads,
            ident=None,
            max_request_body_size=4 * LARGEST_BODY,
        )
        self.host, self.port = host, int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name=name, daemon=True)

    @property
    def url(self) -> str:
        """The listener's address without a final slash."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; requests under way are finished first; the port is free."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        if self._thread.is_alive():
            # The sockets belong to the server's own thread: closed from outside, its select fails.
            self._server.trigger.pull_trigger(self._close_sockets)
            self._thread.join(5)
        else:
            self._close_sockets()

    def _close_sockets(self) -> None:
        for channel in list(self._server._map.values()):  # noqa: SLF001 — waitress has no public way
            channel.close()


def _dispatcher(door: Door, threads: int) -> TogetherDispatcher:
    dispatcher = TogetherDispatcher(door)
    dispatcher.set_thread_count(threads)
    return dispatcher
