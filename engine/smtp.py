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
from email.utils import parseaddr
from typing import TYPE_CHECKING

from engine.language.values import Row
from engine.letters import ACCEPTED, HANDED, Letter, ascii_address, build, note_of, row_of

if TYPE_CHECKING:
    from engine.action import Outside
    from engine.setup import MailSetup

TIMEOUT = 30.0
"""Seconds to connect and for every answer; RFC 5321 §4.5.3.2 allows minutes, but a deal's lane waits."""


def send_over_one_line(setup: MailSetup, letters: Sequence[Letter], outside: Outside) -> list[Row]:
    """Send over one connection; return a row a letter, fewer where the line was lost after a letter's text."""
    rows: list[Row] = []
    status, said = "not_tried", "связь оборвалась"
    try:
        with _connect(setup) as server:
            for letter in letters:
                rows.append(row_of(letter, *_send(server, letter, outside)))
                if rows[-1].get("status") == "unknown":
                    return rows
    except smtplib.SMTPResponseException as error:
        # A login refused for good (535) concerns every letter; a 4xx greeting passes.
        status = "refused" if error.smtp_code >= 500 else "not_tried"
        said = _without_login(f"{error.smtp_code} {_words(error.smtp_error)}", setup)
    except (OSError, smtplib.SMTPException) as error:
        lasting = (ssl.SSLCertVerificationError, smtplib.SMTPNotSupportedError)
        status, said = "refused" if isinstance(error, lasting) else "not_tried", str(error)
    # After the last letter only the goodbye can fail, and every letter has its answer.
    return [*rows, *(row_of(letter, status, said) for letter in letters[len(rows) :])]


def try_login(setup: MailSetup) -> str:
    """Log in as a letter would and send nothing; return why that fails, empty where it works."""
    try:
        with _connect(setup):
            return ""
    except smtplib.SMTPResponseException as error:
        return _without_login(f"{error.smtp_code} {_words(error.smtp_error)}", setup)
    except (OSError, smtplib.SMTPException) as error:
        return str(error) or type(error).__name__


def _connect(setup: MailSetup) -> smtplib.SMTP:
    """Return a greeted, encrypted and logged-in connection; the server's certificate is always checked."""
    greeting = (ascii_address(parseaddr(setup.sender)[1]) or "@localhost").rpartition("@")[2]
    context = ssl.create_default_context()
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


def _send(server: smtplib.SMTP, letter: Letter, outside: Outside) -> tuple[str, str]:
    """Return a letter's status and the server's words. Raises OSError before the text is handed over."""
    content = re.sub(rb"(?m)^\.", b"..", build(letter).as_bytes())
    sender, to = ascii_address(parseaddr(letter.sender)[1]) or "", ascii_address(letter.to) or ""
    code, words = server.mail(sender)
    if code == 250:
        code, words = server.rcpt(to)
    if code in (250, 251):
        code, words = server.docmd("DATA")
    if code != 354:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.rset()
        return _verdict(code), f"{code} {_words(words)}"
    outside.remember(note_of(letter.message_id), HANDED)
    try:
        server.send(content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        # From here on only the server knows: it may have taken the letter and lost the line while saying so.
        server.close()
        return "unknown", f"связь оборвалась после текста письма: {error}"
    status, said = _verdict(code), f"{code} {_words(words)}"
    outside.remember(note_of(letter.message_id), f"{status} {said}" if status == ACCEPTED else "")
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
