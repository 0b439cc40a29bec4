"""TLS in front of a server that speaks plain HTTP.

Carries bytes between an encrypted port and a plain one on this machine, connection by connection, and closes one side
when the other closes; reads no HTTP. The server behind keeps its threads, its connections and its broken answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading

_CHUNK = 65536
# A client that does not answer the end of an encrypted connection is not waited for.
_PATIENCE = 0.5


class TlsFront:
    """An encrypted port before `behind` (host, port). Bound on return of the constructor, answering after `start`."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
        """Port 0 takes a free one. `OSError` if the port is taken."""
        self.peers: dict[int, str] = {}
        """Whose connection comes to the server behind from which port of this machine."""
        self._socket = socket.create_server((host, port), backlog=128)
        # Inherited by every connection; asyncio sets it only where a socket names its protocol, as this one does not.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = int(self._socket.getsockname()[1])
        self._context, self._behind = context, behind
        self._connections: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="portal-tls", daemon=True)

    def start(self) -> None:
        """Answering from now on."""
        self._thread.start()
        self._is_ready.wait()

    def close(self) -> None:
        """No longer answering: connections are cut, the port is free."""
        if self._loop is None or self._stopping is None:
            self._socket.close()
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._is_ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._accept, sock=self._socket, ssl=self._context, ssl_shutdown_timeout=_PATIENCE
        )
        self._is_ready.set()
        await self._stopping.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        # An aborted connection gives its socket back one turn of the loop later.
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            # A cut connection is everyday life here: clients hang up, planned faults break answers.
            with contextlib.suppress(OSError):
                with contextlib.closing(writer):
                    await self._carry(reader, writer)
                await writer.wait_closed()
        except asyncio.CancelledError:
            # `close` cuts what is still open.
            return
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both directions, until either side closes."""
        inner_reader, inner_writer = await asyncio.open_connection(*self._behind)
        with contextlib.closing(inner_writer):
            port = int(inner_writer.get_extra_info("sockname")[1])
            # None where the client has already gone.
            peer = writer.get_extra_info("peername")
            self.peers[port] = str(peer[0]) if peer else ""
            ways = [
                asyncio.create_task(_pump(reader, inner_writer)),
                asyncio.create_task(_pump(inner_reader, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                del self.peers[port]


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()
