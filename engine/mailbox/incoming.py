"""One message of the mailbox: is it a refusal, an automatic answer, or a person's answer, and to which letters.

Decides by what a message says of itself. It does not know which letters were ours: that is matched by Message-ID.
Sources: RFC 3464 (delivery status), RFC 3834 (automatic answers), and what mail servers send beside them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parseaddr
from typing import Final

from engine.letters import ascii_address, flat_text
from engine.mailbox.reply_text import own_words

BOUNCE, AUTOMATIC, REPLY, NOTICE = "bounce", "automatic", "reply", "notice"
MOST_FILES, MOST_BYTES = 20, 52_428_800
_LONGEST_REASON: Final = 300
_ID = re.compile(r"<[^<>\s@]+@[^<>\s]+>")
_ID_LINE = re.compile(r"(?im)^[>\s]*Message-ID:\s*(<[^<>\s]+>)")
_ROBOTS = re.compile(r"(?i)^(mailer-daemon|postmaster|mail-?delivery.*|mdaemon|noreply-bounce)@")
_FAILED = re.compile(
    r"(?i)undeliver|undelivered|delivery (status|failure|has failed)|failure notice|returned mail|mail delivery failed"
    r"|недоставл|не (может быть |могло быть |было )?доставлен|ошибка доставки"
)
_ANSWER = re.compile(r"(?m)(?:^|\b)((?:4|5)\d\d[ -](?:\d\.\d{1,3}\.\d{1,3}\s)?[^\r\n]{3,200})")
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient that a letter did not reach: `address` as the server names it (may be empty), and why."""

    address: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message read. `kind` is BOUNCE, AUTOMATIC, REPLY or NOTICE (a report of no failure).

    `about` are the Message-IDs that it names, the nearest letter first. `files` are the attachments of an answer, name
    and bytes; `left_out` says how many were too many or too large.
    """

    kind: str
    message_id: str
    sender: str
    subject: str
    about: tuple[str, ...]
    failures: tuple[Failure, ...] = ()
    text: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    left_out: int = 0


def read_incoming(raw: bytes) -> Incoming:
    """Return what a message is and says. Any bytes give an answer, never an error."""
    try:
        return _read(raw)
    except Exception:  # noqa: BLE001 — one letter that Python's parser trips over must not stop the box for good
        return Incoming(NOTICE, "", "", "", ())


def _read(raw: bytes) -> Incoming:
    message = message_from_bytes(raw, policy=policy.default)
    sender = parseaddr(_header(message, "From"))[1]
    about = _named(message)
    reports = _reports(message)
    failures = tuple(_failures(reports)) or tuple(_failed_recipients(message))
    if failures:
        kind = BOUNCE
    elif reports:
        kind = NOTICE
    elif _is_refusal(message, sender):
        kind, failures = BOUNCE, (Failure("", *_said_in(_plain(message))),)
    else:
        kind = AUTOMATIC if _is_automatic(message) else REPLY
    if kind == BOUNCE:
        about = (*about, *(one for one in _inside(message, raw) if one not in about))
    own = _header(message, "Message-ID")
    files, left_out = _files(message) if kind == REPLY else ((), 0)
    return Incoming(
        kind, own, sender, flat_text(_header(message, "Subject")), about, failures,
        own_words(_plain(message)) if kind in (REPLY, AUTOMATIC) else "", files, left_out,
    )  # fmt: skip


def _header(message: Message, name: str) -> str:
    # A header that is no header (a stray byte, a date in no calendar) must not stop the box.
    try:
        return str(message.get(name, "") or "").strip()
    except Exception:  # noqa: BLE001 — Python's parser raises whatever it trips over
        return ""


def _named(message: Message) -> tuple[str, ...]:
    """Return the letters that an answer names: In-Reply-To first, then References from the last to the first."""
    direct = _ID.findall(_header(message, "In-Reply-To"))
    earlier = _ID.findall(_header(message, "References"))
    return tuple(dict.fromkeys([*direct, *reversed(earlier)]))


def _reports(message: Message) -> list[Message]:
    """Return what a delivery report says of each recipient: delayed and delivered ones as well."""
    found: list[Message] = []
    for part in message.walk():
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            groups = part.get_payload()
            found += [one for one in groups if isinstance(one, Message)] if isinstance(groups, list) else []
    return [one for one in found if one.get("Final-Recipient") or one.get("Action")]


def _failures(reports: Sequence[Message]) -> Iterator[Failure]:
    """Yield the recipients that were given up; one that is only late (`delayed`) may still be reached."""
    for group in reports:
        status = (_ENHANCED.search(_header(group, "Status")) or [""])[0]
        action = _header(group, "Action").lower()
        if action == "failed" or (not action and status.startswith("5")):
            address = _address(_header(group, "Final-Recipient") or _header(group, "Original-Recipient"))
            yield Failure(address, status, _reason(_header(group, "Diagnostic-Code")) or status)


def _failed_recipients(message: Message) -> Iterator[Failure]:
    """Yield the addresses of Exim's header, which Mail.ru and many hosters use in place of a report."""
    given = _header(message, "X-Failed-Recipients")
    text = _plain(message) if given else ""
    for one in given.split(","):
        if one.strip():
            _, _, after = text.partition(one.strip())
            yield Failure(one.strip(), *_said_in(after or text))


def _is_refusal(message: Message, sender: str) -> bool:
    """True for what a mail server writes in its own words: from its robot, or with nobody to answer to."""
    is_robot = bool(_ROBOTS.match(sender)) or _header(message, "Return-Path") == "<>"
    return is_robot and bool(_FAILED.search(_header(message, "Subject")))


def _is_automatic(message: Message) -> bool:
    said = _header(message, "Auto-Submitted").lower()
    if said and not said.startswith("no"):
        return True
    old = _header(message, "Precedence").lower() in ("auto_reply", "bulk", "junk", "list")
    return old or any(_header(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply"))


def _inside(message: Message, raw: bytes) -> list[str]:
    """Return the Message-IDs of the letter that a refusal carries along, whole, as headers, or quoted as text."""
    found: list[str] = []
    for part in message.walk():
        if part is message:
            continue
        if part.get_content_type() == "text/rfc822-headers":
            found += _ID_LINE.findall(_decoded(part))
        elif part.get("Message-ID"):
            found += _ID.findall(_header(part, "Message-ID"))
    if not found:
        body = raw.partition(b"\r\n\r\n")[2] or raw.partition(b"\n\n")[2]
        found = _ID_LINE.findall(body.decode("utf-8", "replace")) + _ID_LINE.findall(_plain(message))
    return list(dict.fromkeys(found))


def _plain(message: Message) -> str:
    """Return the text for people, from HTML where there is no plain one."""
    if isinstance(message, EmailMessage):
        with contextlib.suppress(Exception):  # a part that calls itself text and is none
            body = message.get_body(("plain", "html"))
            if body is not None:
                text = _decoded(body)
                return re.sub(r"<[^>]*>", " ", text) if body.get_content_subtype() == "html" else text
    return _decoded(message) if message.get_content_maintype() == "text" else ""


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _said_in(text: str) -> tuple[str, str]:
    """Return status and reason from a server's prose: its SMTP answer where it quotes one, else the first words."""
    answer = _ANSWER.search(text)
    reason = answer[1] if answer else next((line for line in text.splitlines() if line.strip()), "")
    return (_ENHANCED.search(reason) or [""])[0], _reason(reason)


def _reason(text: str) -> str:
    """Return a diagnostic code without its type (`smtp;`), in one line."""
    return flat_text(re.sub(r"(?i)^\s*(smtp|x-[\w-]+)\s*;\s*", "", text)).strip()[:_LONGEST_REASON]


def _address(text: str) -> str:
    address = text.partition(";")[2].strip(" <>") if ";" in text else text.strip(" <>")
    return ascii_address(address) or flat_text(address)


def _files(message: EmailMessage) -> tuple[tuple[tuple[str, bytes], ...], int]:
    """Return the attachments and how many were left out; pictures of a signature are none."""
    found: list[tuple[str, bytes]] = []
    size = left_out = 0
    for part in _attached(message):
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or not content:
            continue
        size += len(content)
        if len(found) >= MOST_FILES or size > MOST_BYTES:
            left_out += 1
            continue
        # A name comes from outside: no folder, no control or direction character.
        name = re.split(r"[/\\]", flat_text(part.get_filename() or ""))[-1].strip(" .")
        found.append((name[:150] or f"вложение {len(found) + 1}", content))
    return tuple(found), left_out


def _attached(message: EmailMessage) -> Sequence[Message]:
    """Return the parts that are files: Gmail gives a scan a Content-ID too, so a picture counts by being shown."""
    parts = [part for part in message.walk() if not part.is_multipart()]
    pages = "".join(_decoded(part) for part in parts if part.get_content_type() == "text/html")
    return [
        part
        for part in parts
        if (part.get_content_disposition() == "attachment" or part.get_filename())
        and not _is_shown(_header(part, "Content-ID").strip("<>"), pages)
    ]


def _is_shown(content_id: str, pages: str) -> bool:
    return bool(content_id) and f"cid:{content_id}" in pages
