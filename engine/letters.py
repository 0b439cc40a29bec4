"""Letters over the company's own SMTP server: one message a recipient, each remembered as soon as it is accepted.

Decides what an address may look like, how a letter is built and what the server's answer means. It does not know
who gets a letter or what it is about, and sends none that it remembers as accepted.
"""

from __future__ import annotations

import encodings.idna
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final, Protocol

from engine.action import Command
from engine.attachment_name import name_attachment
from engine.language.values import File, Row

if TYPE_CHECKING:
    from engine.action import Outside
    from engine.drive import Asking
    from engine.setup import MailSetup

TYPES: Mapping[str, tuple[str, str]] = {
    "pdf": ("application", "pdf"),
    "jpg": ("image", "jpeg"),
    "png": ("image", "png"),
    "tiff": ("image", "tiff"),
    "heic": ("image", "heic"),
    "zip": ("application", "zip"),
    "docx": ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
# Headers stay as they were written: Python folds a file's name into `filename*0*=`, which Outlook does not join.
POLICY = SMTP.clone(refold_source="none")
HANDED: Final = "handed"
ACCEPTED: Final = "accepted"
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Notes(Protocol):
    """Where it is kept what became of a letter: `remember` is durable when it returns."""

    def recall(self, key: str) -> str | None:
        """Return what was remembered under `key`."""

    def remember(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""


# The codec reads files on its first use; `effect` may read none.
IDNA = encodings.idna.getregentry()


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient, ready to be built: the same letter gives the same bytes."""

    sender: str
    to: str
    subject: str
    text: str
    message_id: str
    at: datetime
    attachments: tuple[tuple[File, bytes], ...] = ()
    references: tuple[str, ...] = ()
    """Message-IDs of the letters before it about the same business, the first one first."""
    about: str = ""
    """The item that it is about as `deal/118`; empty where none is known."""


def ascii_address(text: str) -> str | None:
    """Return an address fit for an envelope, its domain in IDNA form; None where it is not one address.

    A local part beyond ASCII is refused: few servers take SMTPUTF8, and a bounce comes too late.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or not LOCAL.fullmatch(local) or len(local) > 64:
        return None
    try:
        known = IDNA.encode(domain.rstrip("."))[0].decode("ascii").lower()
    except UnicodeError:
        return None
    labels = known.split(".")
    return (
        f"{local}@{known}" if all(LABEL.fullmatch(label) for label in labels) and len(known) < 254 else None
    )


def read_sender(text: str) -> tuple[str, str]:
    """Return name and address of `Name <address>`, also where the name has a comma and no quotes; or of an address.

    The address is empty where there is none that could stand in an envelope.
    """
    found = re.fullmatch(r"\s*(.*?)\s*<([^<>]*)>\s*", text)
    name, address = found.groups() if found is not None else ("", text)
    bare = name[1:-1].replace('\\"', '"') if re.fullmatch(r'".*"', name) else name
    return bare, ascii_address(address) or ""


def flat_text(text: str) -> str:
    """Return the text in one line, without control characters: a line break would begin another header."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text))


def letter_id(key: str, to: str, domain: str) -> str:
    """Return the same id for the same key and recipient, so that a letter sent twice shows as one."""
    digest = hashlib.sha256(f"mail.send\0{key}\0{ascii_address(to) or to}".encode()).hexdigest()[:40]
    return f"<{digest}@{domain}>"


def build(letter: Letter) -> EmailMessage:
    """Return the message: plain text with an HTML twin, attachments under their own names.

    A letter with `references` continues their thread; its subject stays its own, since «Re:» on a letter that answers
    nobody is what spam does.
    """
    message = EmailMessage(policy=POLICY)
    name, address = read_sender(letter.sender)
    message.set_raw("From", _named(name, address))
    message["To"] = ascii_address(letter.to)
    # Not `message["Subject"] = …`: Python folds a long Cyrillic header between words, and loses the space there or
    # puts one into a word.
    charset = "us-ascii" if letter.subject.isascii() else "utf-8"
    message.set_raw("Subject", Header(letter.subject, charset, header_name="Subject").encode())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    if letter.references:
        message["In-Reply-To"] = letter.references[-1]
        message.set_raw("References", "\r\n ".join(letter.references))
    # RFC 3834: an automatic answer («я в отпуске») to a robot's letter helps nobody.
    message["Auto-Submitted"] = "auto-generated"
    # Base64: eight bits pass every server only since yesterday, and one that recodes a letter breaks its signature.
    message.set_content(letter.text, charset="utf-8", cte="base64")
    message.add_alternative(as_html(letter.text), subtype="html", charset="utf-8", cte="base64")
    for file, content in letter.attachments:
        major, minor = TYPES.get(file.kind or "", ("application", "octet-stream"))
        message.add_attachment(content, maintype=major, subtype=minor)
        [*_, part] = message.iter_attachments()
        name_attachment(part, f"{major}/{minor}", flat_text(file.name).strip() or "file")
    seal = hashlib.sha256(letter.message_id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={seal}-{number}=")
    return message


def _named(name: str, address: str) -> str:
    """Return a From header; what is encoded needs no quotes."""
    local, _, domain = address.rpartition("@")
    if name.isascii():
        return str(Address(name, local, domain))
    return f"{Header(name, 'utf-8', header_name='From').encode()}\r\n <{address}>"


def as_html(text: str) -> str:
    """Return the text as a page of paragraphs."""
    return (
        f'<!doctype html>\n<html lang="ru"><meta charset="utf-8"><body>\n{paragraphs(text)}\n</body></html>\n'
    )


def paragraphs(text: str) -> str:
    """Return the text as HTML paragraphs; addresses of pages become links, everything else stays text."""
    escaped = html.escape(text.strip())
    page = r"https?://[^\s<>&]+(?:&amp;[^\s<>&]+)*"
    linked = re.sub(page, lambda found: f'<a href="{found[0]}">{found[0]}</a>', escaped)
    parts = [part.replace("\n", "<br>\n") for part in re.split(r"\n\s*\n", linked)]
    return "\n".join(f"<p>{part}</p>" for part in parts)


def deliver_letters(setup: MailSetup, letters: Sequence[Letter], outside: Outside) -> tuple[Row, ...]:
    """Send each letter that was not accepted before; return what became of each, in order; faults are rows too.

    Each row has `address`, `status` (`accepted`, `refused`, `deferred`, `unknown`, `not_tried`), `message_id` and
    `said`, the server's words. What is known of a letter is remembered as soon as it is known, so that after a crash
    only the letter under way is doubtful. A letter refused does not stop the next one, nor does a line lost after a
    letter's text (`unknown`): the others go over a new connection. A line lost otherwise leaves the rest `not_tried`.
    """
    # The libraries behind it stay out of a simulation's way.
    from engine.letter_thread import note_facts
    from engine.smtp import send_over_one_line

    rows: dict[str, Row] = {}
    for letter in letters:
        known = outside.recall(note_of(letter.message_id)) or ""
        if known.startswith(ACCEPTED):
            rows[letter.message_id] = row_of(letter, ACCEPTED, known.removeprefix(ACCEPTED).strip())
        else:
            note_facts(outside, letter)
    while left := [letter for letter in letters if letter.message_id not in rows]:
        sent = send_over_one_line(setup, left, outside)
        rows |= {letter.message_id: row for letter, row in zip(left, sent, strict=False)}
    return tuple(rows[letter.message_id] for letter in letters)


def recall_letters(ids: Sequence[str]) -> Asking[list[str]]:
    """Return what is known of letters by Message-ID: "" surely not sent, `handed` nobody knows, `accepted …`."""
    answers = yield [
        Command(f"letter_{at}", "engine.recall", {"key": note_of(one)}) for at, one in enumerate(ids)
    ]
    return [answer.result if isinstance(answer.result, str) else "" for answer in answers]


def note_of(message_id: str) -> str:
    """Return the key under which the engine remembers what became of a letter."""
    return f"letter {message_id}"


def row_of(letter: Letter, status: str, said: str) -> Row:
    """Return what became of a letter."""
    return Row(
        (("address", letter.to), ("status", status), ("message_id", letter.message_id), ("said", said))
    )
