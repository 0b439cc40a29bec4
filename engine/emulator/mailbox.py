"""The mail catcher: an SMTP server that delivers nowhere and forgets nothing.

Decides how a letter is kept and read back. Every message stays in the portal's state file, byte for byte.
"""

from __future__ import annotations

import socket
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.emulator.clock import Clock
from engine.emulator.store import Record, Store

if TYPE_CHECKING:
    from engine.emulator.portal import Portal


def keep_mail(store: Store, clock: Clock, sender: str, to: list[str], raw: bytes) -> int:
    """Store one letter under its envelope; returns its number."""
    with store.transaction():
        number = store.next_id("mail")
        row = {
            "id": number,
            "sender": sender,
            "to": to,
            "time": clock.stamp(),
            "sha256": store.write_content(raw),
        }
        store.put("mail", number, row)
        return number


def read_mails(store: Store) -> list[Record]:
    """Every letter, oldest first: envelope, subject, message id, text, attachments with size and sha256."""
    return [_read(store, row) for row in store.rows("mail")]


def _read(store: Store, row: Record) -> Record:
    raw = store.read_content(str(row["sha256"]))
    letter = message_from_bytes(raw, policy=policy.default)
    body = letter.get_body(("plain", "html"))
    return {
        "id": row["id"],
        "from": row["sender"],
        "to": row["to"],
        "time": row["time"],
        "subject": str(letter.get("Subject", "")),
        "message_id": str(letter.get("Message-ID", "")),
        "headers": {name: str(value) for name, value in letter.items()},
        "text": str(body.get_content()) if body is not None else "",
        "is_page": body is not None and body.get_content_subtype() == "html",
        "size": len(raw),
        "attachments": [_attachment(part) for part in letter.iter_attachments()],
    }


def _attachment(part: EmailMessage) -> Record:
    content = part.get_payload(decode=True)
    content = content if isinstance(content, bytes) else b""
    return {
        "name": part.get_filename() or "",
        "type": part.get_content_type(),
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
    }


class _Catcher:
    """What the SMTP server calls when a letter is complete; the name of the method is the library's."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        to = [str(one) for one in envelope.rcpt_tos]
        keep_mail(self._portal.store, self._portal.clock, str(envelope.mail_from or ""), to, raw)
        return "250 Message accepted for delivery"


class _FreePort(Controller):
    """The library's server, able to take port 0: it probes the port it was told, not the one it got."""

    def bound_port(self) -> int:
        """The port in use; `OSError` before start."""
        sockets = getattr(self.server, "sockets", None)
        if not sockets:
            raise OSError("the mail catcher is not running")
        return int(sockets[0].getsockname()[1])

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.bound_port()), timeout=5) as probe:
            probe.recv(1024)


class Mailbox:
    """The running catcher. A context manager: it listens inside and is closed after."""

    def __init__(self, portal: Portal, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 takes a free one."""
        self._controller = _FreePort(_Catcher(portal), hostname=host, port=port, ready_timeout=10)
        self.host = host

    @property
    def port(self) -> int:
        """The port in use."""
        return self._controller.bound_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Listening on return; `OSError` if the port is taken."""
        self._controller.start()

    def close(self) -> None:
        """No longer listening; letters stay in the portal's state."""
        self._controller.stop(no_assert=True)
