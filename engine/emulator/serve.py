"""A portal on a port.

Decides how the HTTP server runs: waitress with several threads, in a thread of its own, so that a test or a
demonstration goes on beside it.
"""

from __future__ import annotations

import threading
from typing import Self

from waitress.server import create_server  # type: ignore[import-untyped]
from waitress.wasyncore import dispatcher  # type: ignore[import-untyped]

from engine.emulator.app import create_app
from engine.emulator.portal import Portal


class PortalServer:
    """The running server; a context manager. It serves `portal` and does not close it."""

    def __init__(self, portal: Portal, host: str = "127.0.0.1", port: int = 0, threads: int = 16) -> None:
        """Bound on return; port 0 takes a free one. `OSError` if the port is taken."""
        self.portal = portal
        self._server = create_server(create_app(portal), host=host, port=port, threads=threads, ident=None)
        self.host, self.port = host, int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="portal-server", daemon=True)
        portal.base_url = self.url

    @property
    def url(self) -> str:
        """The portal's address without a final slash."""
        return f"http://{self.host}:{self.port}"

    @property
    def webhook_url(self) -> str:
        """The address of the first inbound webhook, with a final slash; `LookupError` if there is none."""
        rows = self.portal.store.rows("webhook")
        if not rows:
            raise LookupError("the portal has no inbound webhook")
        return f"{self.url}/rest/{rows[0]['user']}/{rows[0]['secret']}/"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Answering from now on."""
        self._thread.start()

    def run(self) -> None:
        """Answer in this thread until interrupted."""
        self._server.run()

    def close(self) -> None:
        """No longer answering; requests under way are finished first; the port is free."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        if self._thread.is_alive():
            # The sockets belong to the server's own thread: closed from outside, its select fails.
            self._server.trigger.pull_trigger(self._close_sockets)
            self._thread.join(5)
        else:
            self._close_sockets()
        # Last of all: whoever pulls the trigger still writes to it after the server's thread has woken.
        self._server.trigger.close()

    def _close_sockets(self) -> None:
        """Close everything but the trigger, which is only forgotten: the server's loop ends with that."""
        trigger = self._server.trigger
        for channel in list(self._server._map.values()):  # noqa: SLF001
            if channel is trigger:
                channel.del_channel()
            else:
                # The server's own `close` would take the trigger with it.
                dispatcher.close(channel)
