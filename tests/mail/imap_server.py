"""A small IMAP server over a real socket: as much of RFC 3501 as a reader needs, with its own mailbox in memory."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Shelf:
    """What lies in the folder: UID to bytes and flags; `said` are the commands as they came."""

    user: str = "docs"
    password: str = "right"
    folder: str = "INBOX"
    validity: int = 1
    letters: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def put(self, raw: bytes) -> int:
        uid = max(self.letters, default=0) + 1
        self.letters[uid] = raw
        self.flags[uid] = set()
        return uid


class _Session(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        self.shelf: Shelf = self.server.shelf  # type: ignore[attr-defined]
        self._say("* OK [CAPABILITY IMAP4rev1] ready")
        while line := self.rfile.readline().decode("utf-8").rstrip("\r\n"):
            tag, _, command = line.partition(" ")
            self.shelf.said.append(command)
            if not self._answer(tag, command):
                return

    def _say(self, line: str | bytes) -> None:
        self.wfile.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def _answer(self, tag: str, command: str) -> bool:
        word = command.partition(" ")[0].upper()
        if word == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif word == "LOGIN":
            right = command == f'LOGIN {self.shelf.user} "{self.shelf.password}"'
            self._say(f"{tag} OK in" if right else f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials")
            return True
        elif word == "SELECT":
            if command.split(" ", 1)[1].strip('"') != self.shelf.folder:
                self._say(f"{tag} NO [NONEXISTENT] Unknown Mailbox")
                return True
            self._say(f"* {len(self.shelf.letters)} EXISTS")
            self._say(f"* OK [UIDVALIDITY {self.shelf.validity}] UIDs valid")
        elif word == "UID":
            self._uid(command)
        elif word == "LOGOUT":
            self._say("* BYE")
            self._say(f"{tag} OK")
            return False
        self._say(f"{tag} OK done")
        return True

    def _uid(self, command: str) -> None:
        if command.startswith("UID SEARCH"):
            self._say("* SEARCH " + " ".join(map(str, self.shelf.letters)))
        elif found := re.fullmatch(r"UID FETCH (\d+) \((.*)\)", command):
            uid, what = int(found[1]), found[2]
            raw = self.shelf.letters[uid]
            if what == "RFC822.SIZE":
                self._say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)})")
                return
            part = raw if what == "BODY.PEEK[]" else raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            head = f"* {uid} FETCH (UID {uid} BODY[] {{{len(part)}}}".encode()
            self._say(head + b"\r\n" + part + b")")
        elif found := re.fullmatch(r"UID STORE (\d+) \+FLAGS\.SILENT \((.*)\)", command):
            self.shelf.flags[int(found[1])].add(found[2])


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, shelf: Shelf, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.shelf = shelf
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up in the middle of a handshake is no fault of the server."""


@contextmanager
def serving(shelf: Shelf, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve the shelf; yield the port."""
    with _Server(shelf, context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join(5)
