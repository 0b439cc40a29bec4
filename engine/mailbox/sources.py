"""Where answers arrive: an IMAP folder, or a Maildir on this machine. Nothing is ever deleted there.

Decides which messages are looked at and how one is marked as seen. It does not know what a message says.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from engine.effects import Said
from engine.setup import InboxSetup, MailSetup
from engine.smtp import TIMEOUT, trust
from engine.smtp_words import failure_words

LOOK_BACK: Final = timedelta(days=30)
"""How old a message may be: what is older was there before us, or was read long ago."""
MOST: Final = 60 * 1_048_576
"""The largest message in bytes that is read whole; of a larger one the headers alone."""


class MailboxError(Exception):
    """The mailbox cannot be read; the message says why in English, `said` in both languages."""

    def __init__(self, why: Said | str) -> None:
        self.said = why if isinstance(why, Said) else Said(why, why)
        super().__init__(self.said.en)


@dataclass(frozen=True, slots=True)
class Post:
    """One message: `place` names it for good within the box."""

    place: str
    raw: bytes


class Box(Protocol):
    """An open mailbox."""

    def places(self) -> list[str]:
        """Return the messages of the last 30 days, the oldest first."""

    def read(self, place: str) -> Post | None:
        """Return a message, None where it has gone."""

    def mark(self, place: str) -> None:
        """Mark a message as seen."""


def open_box(mail: MailSetup, inbox: InboxSetup) -> AbstractContextManager[Box]:
    """Open the mailbox that the settings name. Entering it raises MailboxError."""
    return _open_maildir(inbox) if inbox.maildir is not None else _open_imap(mail, inbox)


def name_of(inbox: InboxSetup) -> str:
    """Return what tells this box from another: a box that is set anew begins anew."""
    return (
        f"maildir {inbox.maildir}"
        if inbox.maildir
        else f"{inbox.user}@{inbox.host}:{inbox.port}/{inbox.folder}"
    )


class MaildirBox:
    """A Maildir; a message's place is its file's name before the colon, which stays when the flags change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def places(self) -> list[str]:
        """Return the messages of the last 30 days by the time they arrived."""
        since = time.time() - LOOK_BACK.total_seconds()
        dated: list[tuple[float, str]] = []
        for file in self._files():
            with contextlib.suppress(
                OSError
            ):  # another reader moved it meanwhile: it is there at the next look
                dated.append((file.stat().st_mtime, file.name.partition(":")[0]))
        return [place for moment, place in sorted(dated) if moment >= since]

    def read(self, place: str) -> Post | None:
        """Return a message, its headers alone where it is too large."""
        file = self._find(place)
        try:
            raw = file.read_bytes() if file is not None else b""
        except OSError:
            return None
        if not raw:
            return None
        return Post(place, raw if len(raw) <= MOST else _head(raw))

    def mark(self, place: str) -> None:
        """Move it to `cur` with the flag S; its bytes stay as they are."""
        file = self._find(place)
        if file is None:
            return
        flags = file.name.partition(":2,")[2]
        if "S" not in flags:
            name = f"{place}:2,{''.join(sorted({*flags, 'S'}))}"
            with contextlib.suppress(OSError):
                file.rename(self._folder / "cur" / name)

    def _files(self) -> list[Path]:
        folders = (self._folder / "new", self._folder / "cur")
        return [file for folder in folders if folder.is_dir() for file in folder.iterdir()]

    def _find(self, place: str) -> Path | None:
        return next((file for file in self._files() if file.name.partition(":")[0] == place), None)


@contextmanager
def _open_maildir(inbox: InboxSetup) -> Iterator[Box]:
    assert inbox.maildir is not None
    if not (inbox.maildir / "new").is_dir():
        raise MailboxError(
            Said(
                f"{inbox.maildir}: это не Maildir, в нём нет папки `new`",
                f"{inbox.maildir}: not a Maildir, it has no folder `new`",
            )
        )
    yield MaildirBox(inbox.maildir)


class ImapBox:
    """A selected folder; places are `UIDVALIDITY:UID`, since a server that renumbers says so by the former."""

    def __init__(self, server: imaplib.IMAP4, validity: str) -> None:
        self._server, self._validity = server, validity

    def places(self) -> list[str]:
        """Return the messages of the last 30 days."""
        since = (datetime.now(UTC) - LOOK_BACK).strftime("%d-%b-%Y")
        found = self._uid("SEARCH", "SINCE", since)
        numbers = found[0].split() if found and isinstance(found[0], bytes) else []
        return [f"{self._validity}:{number.decode()}" for number in sorted(numbers, key=int)]

    def read(self, place: str) -> Post | None:
        """Return a message without touching its flags, its headers alone where it is too large."""
        uid = place.partition(":")[2]
        sizes = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(_flat(self._uid("FETCH", uid, "(RFC822.SIZE)"))))
        if sizes is None:
            return None
        part = "(BODY.PEEK[])" if int(sizes[1]) <= MOST else "(BODY.PEEK[HEADER])"
        for one in self._uid("FETCH", uid, part):
            if isinstance(one, tuple) and len(one) > 1:
                return Post(place, bytes(one[1]))
        return None

    def mark(self, place: str) -> None:
        """Set the flag of a message that was read."""
        self._uid("STORE", place.partition(":")[2], "+FLAGS.SILENT", r"(\Seen)")

    def _uid(self, command: str, *given: str) -> list[object]:
        try:
            kind, found = self._server.uid(command, *given)
        except (OSError, imaplib.IMAP4.error) as error:
            raise MailboxError(f"{command}: {error}") from error
        if kind != "OK":
            raise MailboxError(f"{command}: {found!r}")
        return list(found)


@contextmanager
def _open_imap(mail: MailSetup, inbox: InboxSetup) -> Iterator[Box]:
    try:
        server = _connect(mail, inbox)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(_why(error, inbox)) from error
    try:
        yield _select(server, inbox)
    finally:
        try:
            server.logout()
        except (OSError, imaplib.IMAP4.error):
            server.shutdown()


def _connect(mail: MailSetup, inbox: InboxSetup) -> imaplib.IMAP4:
    """Return a logged-in connection; the certificate is checked as for sending."""
    context: ssl.SSLContext = trust(mail.ca)
    if inbox.security == "tls":
        server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            inbox.host, inbox.port, ssl_context=context, timeout=TIMEOUT
        )
    else:
        server = imaplib.IMAP4(inbox.host, inbox.port, timeout=TIMEOUT)
    try:
        if inbox.security == "starttls":
            server.starttls(context)
        server.login(inbox.user, inbox.password)
    except BaseException:
        server.shutdown()
        raise
    return server


def _select(server: imaplib.IMAP4, inbox: InboxSetup) -> ImapBox:
    name = imap_name(inbox.folder)
    try:
        kind, said = server.select(f'"{name}"')
        _, validity = server.response("UIDVALIDITY")
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(f"{inbox.folder}: {error}") from error
    if kind != "OK":
        raise MailboxError(f"{inbox.folder}: {b' '.join(_flat(list(said))).decode('utf-8', 'replace')}")
    first = validity[0] if validity else None
    return ImapBox(server, first.decode() if isinstance(first, bytes) else "0")


def imap_name(folder: str) -> str:
    """Return a folder's name as IMAP writes it: modified UTF-7 (RFC 3501 §5.1.3), quoted characters escaped."""

    def shifted(found: re.Match[str]) -> str:
        coded = found[0].encode("utf-16-be")
        return "&" + base64.b64encode(coded).decode().rstrip("=").replace("/", ",") + "-"

    written = re.sub(r"[^\x20-\x7e]+", shifted, folder.replace("&", "&-"))
    return written.replace("\\", "\\\\").replace('"', '\\"')


def _flat(found: list[object]) -> list[bytes]:
    parts: list[bytes] = []
    for one in found:
        members = one if isinstance(one, tuple) else (one,)
        parts += [member for member in members if isinstance(member, bytes)]
    return parts


def _head(raw: bytes) -> bytes:
    return re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0] + b"\r\n\r\n"


def _why(error: OSError | imaplib.IMAP4.error, inbox: InboxSetup) -> Said:
    """Return why there is no connection: a certificate in plain words, all else in the server's."""
    if isinstance(error, OSError):
        return failure_words(error, inbox.host)
    words = _hidden(str(error) or type(error).__name__, inbox)
    return Said(words, words)


def _hidden(said: str, inbox: InboxSetup) -> str:
    return said.replace(inbox.password, "***") if inbox.password else said
