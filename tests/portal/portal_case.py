"""What the portal tests share: the shipped map, the demo portal over real HTTP, and a stub server for bad answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.action import Command
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.language.source import MapNode, read_source
from engine.language.types import World
from engine.language.world import read_world
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.portal.reader import Reader

ZONE = ZoneInfo("Europe/Moscow")
ROOT = Path(__file__).parents[2]


def world() -> World:
    node, found = read_source("config.example.yaml", (ROOT / "config.example.yaml").read_bytes())
    assert isinstance(node, MapNode), found
    part = node.get("map")
    assert isinstance(part, MapNode)
    result, found = read_world(part)
    assert not found
    return result


WORLD = world()
MAP = PortalMap(WORLD, "https://demo.example", "common", ZONE)


def no_engine(command: Command) -> object:
    raise AssertionError(f"unexpected {command.method}")


@dataclass
class Site:
    """A running demo portal and everything of ours in front of it."""

    portal: Portal
    server: PortalServer
    client: PortalClient
    contents: Contents
    gateway: Gateway
    map: PortalMap
    reader: Reader

    def gateway_with(self, methods: Callable[[Command], object]) -> Gateway:
        return Gateway(self.client, self.contents, methods)


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as server,
        PortalClient(server.webhook_url) as client,
    ):
        contents = Contents(client, folder)
        gateway = Gateway(client, contents, no_engine)
        portal_map = PortalMap(WORLD, server.url, "common", ZONE)
        yield Site(
            portal, server, client, contents, gateway, portal_map, Reader(gateway, portal_map, contents)
        )


@dataclass
class Reply:
    """One answer of the stub: `body` is JSON unless it is bytes; `cut` drops the connection instead."""

    status: int = 200
    body: object = field(default_factory=lambda: {"result": True})
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Stub:
    """A server that gives prepared replies in turn (the last one again and again) and keeps what it was asked."""

    url: str
    replies: list[Reply]
    asked: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def webhook_url(self) -> str:
        return f"{self.url}/rest/1/topsecret/"


@contextmanager
def running_stub(*replies: Reply) -> Iterator[Stub]:
    stub = Stub("", list(replies))

    class Answering(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stub.asked.append((self.command, self.path, dict(self.headers), body))
            reply = stub.replies.pop(0) if len(stub.replies) > 1 else stub.replies[0]
            if reply.cut:
                self.connection.close()
                return
            is_raw = isinstance(reply.body, bytes)
            content = reply.body if is_raw else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            kind = "text/html" if is_raw else "application/json"
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(content)),
                **reply.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except (ValueError, OSError):  # the connection was cut on purpose
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
