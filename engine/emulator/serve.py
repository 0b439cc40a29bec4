"""A portal on a port.

Decides how the HTTP server runs: waitress with several threads, in a thread of its own, so that a test or a
demonstration goes on beside it; where TLS is asked for, behind a port that speaks it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]
from waitress.wasyncore import dispatcher  # type: ignore[import-untyped]

from engine.emulator.app import create_app
from engine.emulator.portal import Portal
from engine.emulator.tls import issue_certificate
from engine.emulator.tls_front import TlsFront

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class PortalServer:
    """The running server; a context manager. It serves `portal` and does not close it."""

    def __init__(
        self,
        portal: Portal,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int = 16,
        ca_file: Path | None = None,
        names: tuple[str, ...] = (),
        beside: str = "",
    ) -> None:
        """Bound on return; port 0 takes a free one. `OSError` if the port is taken.

        With `ca_file` it speaks HTTPS by a certificate of its own; the authority to trust is written there
        (`TlsMissingError` without the extra ``tls``). The certificate holds `names` besides this machine's and the
        portal's. `beside` is the address of a page shown in a frame beside the demo portal's own, none where it is
        empty; it may be set later.
        """
        self.portal, self.host, self.ca_file = portal, host, ca_file
        self.beside = beside
        context = None if ca_file is None else issue_certificate(ca_file, host, portal.domain, *names)
        # Behind TLS the plain port is this machine's own, and links still begin with https.
        app = create_app(portal, lambda: self.beside)
        app.wsgi_app = self._with_peer(app.wsgi_app)  # type: ignore[method-assign,assignment]
        self._server = create_server(
            app,
            host=host if context is None else "127.0.0.1",
            port=port if context is None else 0,
            threads=threads,
            ident=None,
            url_scheme="http" if context is None else "https",
        )
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="portal-server", daemon=True)
        self._front: TlsFront | None = None
        self._is_closed = False
        if context is not None:
            try:
                self._front = TlsFront(host, port, context, ("127.0.0.1", self.port))
            except OSError:
                self.close()
                raise
            self.port = self._front.port
        portal.base_url = self.url

    def _with_peer(self, answer: WSGIApplication) -> WSGIApplication:
        """The same application, which sees a client behind TLS by its own address and not by that of the front."""

        def seeing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if self._front is not None:
                peer = self._front.peers.get(int(environ["REMOTE_PORT"]))
                environ["REMOTE_ADDR"] = peer or environ["REMOTE_ADDR"]
            return answer(environ, start_response)

        return seeing

    @property
    def url(self) -> str:
        """The portal's address without a final slash."""
        return f"{'http' if self._front is None else 'https'}://{self.host}:{self.port}"

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
        if self._front is not None:
            self._front.start()

    def run(self) -> None:
        """Answer in this thread until interrupted."""
        if self._front is not None:
            self._front.start()
        self._server.run()

    def close(self) -> None:
        """No longer answering; requests under way are finished first; the port is free. Nothing the second time."""
        if self._is_closed:
            return
        self._is_closed = True
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        if self._thread.is_alive():
            # The sockets belong to the server's own thread: closed from outside, its select fails.
            self._server.trigger.pull_trigger(self._close_sockets)
            self._thread.join(5)
        else:
            self._close_sockets()
        if self._front is not None:
            self._front.close()
        # Last of all: whoever pulls the trigger still writes to it after the server's thread has woken.
        self._server.trigger.close()

    def _close_sockets(self) -> None:
        """Close everything but the trigger, which is only forgotten: the server's loop ends with that."""
        trigger = self._server.trigger
        for channel in list(self._server._map.values()):  # noqa: SLF001
            if channel is trigger:
                channel.del_channel()
            elif isinstance(channel, HTTPChannel):
                # Large answers wait in temporary files, which only this gives back.
                channel.handle_close()
            else:
                # The server's own `close` would take the trigger with it.
                dispatcher.close(channel)
