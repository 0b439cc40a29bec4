"""A real SMTP server for the mail tests: over TLS with a certificate of our own making, with limits and refusals."""

from __future__ import annotations

import socket
import ssl
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class Post:
    """What arrived: envelope sender, recipients, options of MAIL, bytes; `answers` are refusals by recipient."""

    answers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        self.options.append(envelope.mail_options)
        self.was_encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


class AnyPort(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        socket.create_connection(port_of(self)).close()


def port_of(controller: Controller) -> tuple[str, int]:
    host, port = cast("Server", controller.server).sockets[0].getsockname()[:2]
    return host, port


def certificate(
    authority: trustme.CA, name: str = "localhost", until: datetime | None = None
) -> ssl.SSLContext:
    """A server's side of TLS, its certificate issued for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=until).configure_cert(context)
    return context


@contextmanager
def serving(
    post: Post, security: str = "none", context: ssl.SSLContext | None = None, limit: int = 0
) -> Iterator[int]:
    """Serve; yield the port. With TLS the login is `docs`, its password `right`."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, auth: Any) -> AuthResult:
        return AuthResult(success=(auth.login, auth.password) == (b"docs", b"right"), handled=False)

    options: dict[str, Any] = {"data_size_limit": limit or 33_554_432}
    if security == "tls":
        options |= {"ssl_context": context, "auth_require_tls": False, "authenticator": check}
    elif security == "starttls":
        options |= {"tls_context": context, "require_starttls": True, "authenticator": check}
    controller = AnyPort(post, hostname="localhost", port=0, **options)
    controller.start()
    try:
        yield port_of(controller)[1]
    finally:
        controller.stop()
