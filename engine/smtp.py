"""One connection to the company's SMTP server: greeted, encrypted, logged in, and what it says to each letter.

Decides what an answer of the server means. Which letters go, and what is done about those that did not, is
`letters.py`'s affair.
"""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.effects import Said
from engine.language.values import Row
from engine.letters import (
    ACCEPTED,
    HANDED,
    Letter,
    Notes,
    ascii_address,
    build,
    note_of,
    read_sender,
    row_of,
)
from engine.smtp_words import failure_words, refusal_words, size_words

if TYPE_CHECKING:
    from engine.setup import MailSetup

TIMEOUT = 30.0
"""Seconds to connect and for every answer; RFC 5321 §4.5.3.2 allows minutes, but a deal's lane waits."""


def send_over_one_line(setup: MailSetup, letters: Sequence[Letter], notes: Notes) -> list[Row]:
    """Send over one connection; return a row a letter, fewer where the line was lost after a letter's text."""
    rows: list[Row] = []
    status, said = "not_tried", "связь оборвалась"
    try:
        with connect(setup) as server:
            for letter in letters:
                rows.append(row_of(letter, *_send(server, setup, letter, notes)))
                if rows[-1].get("status") == "unknown":
                    return rows
    except smtplib.SMTPResponseException as error:
        # A login refused for good (535) concerns every letter; a 4xx greeting passes.
        status = "refused" if error.smtp_code >= 500 else "not_tried"
        said = _without_login(refusal_words(error.smtp_code, _words(error.smtp_error)).ru, setup)
    except (OSError, smtplib.SMTPException) as error:
        lasting = (ssl.SSLCertVerificationError, smtplib.SMTPNotSupportedError)
        status = "refused" if isinstance(error, lasting) else "not_tried"
        said = failure_words(error, setup.host).ru
    # After the last letter only the goodbye can fail, and every letter has its answer.
    return [*rows, *(row_of(letter, status, said) for letter in letters[len(rows) :])]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server showed of itself: `tls` its version (empty in the clear), `until` when its certificate ends.

    `limit` is the largest letter in bytes that it takes, 0 where it says none. `why` is what failed, None where the
    login worked; the rest is then what was seen before.
    """

    tls: str = ""
    until: datetime | None = None
    limit: int = 0
    why: Said | None = None


def greet(setup: MailSetup) -> Greeting:
    """Log in as a letter would, send nothing, and return what the server shows of itself."""
    try:
        with connect(setup) as server:
            sock = server.sock
            if not isinstance(sock, ssl.SSLSocket):
                return Greeting(limit=limit_of(server))
            ends = str((sock.getpeercert() or {}).get("notAfter", ""))
            until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
            return Greeting(sock.version() or "", until, limit_of(server))
    except smtplib.SMTPResponseException as error:
        said = refusal_words(error.smtp_code, _words(error.smtp_error))
        return Greeting(why=Said(_without_login(said.ru, setup), _without_login(said.en, setup)))
    except (OSError, smtplib.SMTPException) as error:
        return Greeting(why=failure_words(error, setup.host))


def limit_of(server: smtplib.SMTP) -> int:
    """Return the largest letter in bytes that the server says it takes, 0 where it says none (RFC 1870)."""
    said = server.esmtp_features.get("size", "")
    return int(said) if said.isdigit() else 0


def trust(ca: Path | None) -> ssl.SSLContext:
    """Return the checks of a server's certificate: the system's authorities, and those of the file `ca` beside them.

    Raises OSError where the file cannot be read, ssl.SSLError where it holds no certificate.
    """
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(ca)
    return context


def connect(setup: MailSetup) -> smtplib.SMTP:
    """Return a greeted, encrypted and logged-in connection; the server's certificate and name are always checked.

    Raises OSError and smtplib.SMTPException. Where `starttls` is set and not offered, nothing goes in the clear.
    """
    greeting = (read_sender(setup.sender)[1] or "@localhost").rpartition("@")[2]
    context = trust(setup.ca)
    if setup.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            setup.host, setup.port, greeting, timeout=TIMEOUT, context=context
        )
    else:
        server = smtplib.SMTP(setup.host, setup.port, greeting, timeout=TIMEOUT)
    try:
        if setup.security == "starttls":
            server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
        _log_in(server, setup)
    except BaseException:
        server.close()
        raise
    return server


def _log_in(server: smtplib.SMTP, setup: MailSetup) -> None:
    if not (setup.user + setup.password).isascii():
        # smtplib writes credentials as ASCII and would fail with the password in its message.
        raise smtplib.SMTPNotSupportedError("mail.user и mail.password могут быть только из знаков ASCII")
    if setup.user:
        server.login(setup.user, setup.password)


def _send(server: smtplib.SMTP, setup: MailSetup, letter: Letter, notes: Notes) -> tuple[str, str]:
    """Return a letter's status and the server's words. Raises OSError before the text is handed over."""
    written = build(letter).as_bytes()
    limit = limit_of(server)
    if limit and len(written) > limit:
        # The server would say so after the whole text was sent, or cut the line in the middle of it.
        return "refused", size_words(len(written), limit).ru
    content = re.sub(rb"(?m)^\.", b"..", written)
    sender = ascii_address(setup.bounces) or read_sender(letter.sender)[1]
    to = ascii_address(letter.to) or ""
    code, words = server.mail(sender, [f"SIZE={len(written)}"] if server.has_extn("size") else [])
    if code == 250:
        code, words = server.rcpt(to)
    if code in (250, 251):
        code, words = server.docmd("DATA")
    if code != 354:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.rset()
        return _verdict(code), f"{code} {_words(words)}"
    notes.remember(note_of(letter.message_id), HANDED)
    try:
        server.send(content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        # From here on only the server knows: it may have taken the letter and lost the line while saying so.
        server.close()
        return "unknown", f"связь оборвалась после текста письма: {error}"
    status, said = _verdict(code), f"{code} {_words(words)}"
    notes.remember(note_of(letter.message_id), f"{status} {said}" if status == ACCEPTED else "")
    return status, said


def _verdict(code: int) -> str:
    return ACCEPTED if code == 250 else "deferred" if 400 <= code < 500 else "refused"


def _without_login(said: str, setup: MailSetup) -> str:
    """Return a server's words without the password: one that is being debugged repeats what it was sent."""
    user, password = setup.user.encode(), setup.password.encode()
    sent = [base64.b64encode(one).decode() for one in (b"\0%s\0%s" % (user, password), password)]
    for secret in (setup.password, *sent) if password else ():
        said = said.replace(secret, "***")
    return said


def _words(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
