"""Letters to people outside the portal: one message a recipient, over the company's own SMTP server.

Decides who gets a letter, what an address may look like and what the server's answer means. It does not know
what a letter is about, and it never sends a second time by itself: the caller decides that from its rows.
"""

from __future__ import annotations

import contextlib
import encodings.idna
import hashlib
import html
import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import ClassVar

from engine import (
    Action,
    Commands,
    Effect,
    Facts,
    File,
    MailChange,
    MailSetup,
    Mixed,
    Outside,
    Param,
    Params,
    Pending,
    PluginError,
    Row,
    Said,
    Setup,
    Undecided,
    Value,
    hookimpl,
)

TIMEOUT = 30.0
"""Seconds to connect and for every answer; RFC 5321 §4.5.3.2 allows minutes, but a deal's lane waits."""
TYPES: Mapping[str, tuple[str, str]] = {
    "pdf": ("application", "pdf"),
    "jpg": ("image", "jpeg"),
    "png": ("image", "png"),
    "tiff": ("image", "tiff"),
}
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

# The codec reads files on its first use; `effect` may read none.
IDNA = encodings.idna.getregentry()


class DeliveryError(PluginError):
    """Not every recipient's letter was accepted: `rows` say which were, `retry` whether to repeat the step.

    Each row has `address`, `status` (`accepted`, `refused`, `deferred`, `unknown`, `not_tried`), `message_id`
    and `said`, the server's words. `retry` is true only where no letter was accepted or may have
    been, and the reason is one that passes: the connection, or a 4xx answer.
    """

    def __init__(self, what: str, rows: Sequence[Row]) -> None:
        super().__init__("mail", "send", what)
        self.rows = tuple(rows)
        states = {row.get("status") for row in rows}
        self.retry = states <= {"deferred", "not_tried"}


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


def read_recipients(value: Value) -> tuple[str, ...] | Undecided:
    """Return the addresses of `to`, each once, blanks left out; undecided where one is no address."""
    texts = value if isinstance(value, tuple) else (value,)
    found: dict[str, str] = {}
    for text in texts:
        if isinstance(text, Undecided):
            return text
        if text is not None and not isinstance(text, str):
            return Undecided(f"mail.send.to: «{text}» — не адрес")
        # A line break is no separator: it would be the start of another header.
        for part in re.split(r"[,;]", text or ""):
            if not part.strip(" "):
                continue
            address = ascii_address(part) if part.strip(" ").isprintable() else None
            if address is None:
                return Undecided(f"mail.send.to: адрес {part.strip()!r} неверен")
            found.setdefault(address, part.strip())
    return tuple(found.values())


def one_line(value: str | Mixed | Pending) -> str | Mixed | Pending:
    """Return a subject without control characters: a line break in a deal's title begins no header."""
    if isinstance(value, Pending):
        return value
    if isinstance(value, Mixed):
        return Mixed(tuple(part if isinstance(part, Pending) else _flat(part) for part in value.parts))
    return _flat(value).strip()


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text))


class Send(Action):
    """Sends a letter to each recipient by itself: nobody sees who else got it."""

    name = "mail.send"
    parameters: ClassVar[Mapping[str, Param]] = {
        "to": Param(
            "any", "an address, or a list of them; empty means nobody, which is said and not a fault"
        ),
        "template": Param(
            "template", "a letter of the regulations' `mail` folder: subject and text", required=False
        ),
        "subject": Param("text", "the subject, where there is no template", required=False),
        "text": Param("text", "the text, where there is no template", required=False),
        "attachments": Param("list of file", "files that go with it", required=False),
    }
    example = 'mail.send: {to: "${deal.client.email}", template: review_request}\nkey: review ${deal.id}'
    kinds = ("mail",)
    result = "any"
    irreversible = True

    def __init__(self, setup: MailSetup) -> None:
        self._setup = setup

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say which letters would go; undecided where an address is none or an attachment is missing."""
        recipients = read_recipients(_plain(params.get("to")))
        subject, text = params.get("subject"), params.get("text")
        files = read_files(_plain(params.get("attachments", ())))
        if isinstance(recipients, Undecided):
            return recipients
        if not recipients:
            return _nobody(params)
        if not isinstance(subject, str | Mixed | Pending) or not isinstance(text, str | Mixed | Pending):
            return Undecided("mail.send: нужны template или subject и text")
        if isinstance(files, Undecided):
            return files
        line = one_line(subject)
        return Effect(
            params=params,
            changes=tuple(MailChange(to, line, text, files) for to in recipients),
            details={"subject": line, "recipients": recipients},
        )

    def probe(self, key: str, effect: Effect) -> Commands:
        """Return undecided: SMTP cannot be asked whether a letter went, so a person has to say."""
        yield from ()
        return Undecided(f"письмо могло уйти: ключ {key}")

    def perform(self, effect: Effect, outside: Outside) -> Value:
        """Send the letters; return a row each, all `accepted`. Raises DeliveryError where one was not."""
        letters = self._write(effect, outside)
        rows = deliver(self._setup, letters) if letters else ()
        if any(row.get("status") != "accepted" for row in rows):
            raise DeliveryError("; ".join(_say(row) for row in rows), rows)
        return rows

    def _write(self, effect: Effect, outside: Outside) -> tuple[Letter, ...]:
        """Turn the effect into letters, pending parts known by now."""
        sender = self._setup.sender
        address = ascii_address(parseaddr(sender)[1])
        if address is None or _flat(sender) != sender:
            raise PluginError("mail", "send", f"mail.from: «{sender}» — не адрес отправителя")
        recipients, subject = effect.details.get("recipients"), _plain(effect.details.get("subject"))
        text = _plain(effect.params.get("text"))
        files = read_files(_plain(effect.params.get("attachments", ())))
        if not isinstance(subject, str) or not isinstance(text, str) or isinstance(files, Undecided):
            raise PluginError("mail", "send", "тема, текст или вложение ещё не известны")
        attachments = tuple((file, outside.read(file)) for file in files)
        domain = address.rpartition("@")[2]
        line = str(one_line(subject))
        return tuple(
            Letter(sender, to, line, text, message_id(outside.key, to, domain), outside.now, attachments)
            for to in (recipients if isinstance(recipients, tuple) else ())
            if isinstance(to, str)
        )


def _plain(value: Value | Mapping[str, Value]) -> Value:
    return Undecided("mail.send: словарь вместо значения") if isinstance(value, Mapping) else value


def _nobody(params: Params) -> Effect:
    said = Said("у клиента нет адреса: письмо не отправлено", "the client has no address: no letter is sent")
    # No result: `known(sent)` in a regulation must not take "nobody was written to" for a letter that went.
    return Effect(params=params, nothing_to_do=said, warnings=(said,))


def _say(row: Row) -> str:
    return f"{row.get('address')}: {row.get('status')} ({row.get('said')})"


def read_files(value: Value) -> tuple[File, ...] | Undecided:
    """Return the attachments; undecided where one is empty: «во вложении» would be untrue."""
    files = value if isinstance(value, tuple) else (value,)
    for file in files:
        if isinstance(file, Undecided):
            return file
        if not isinstance(file, File):
            return Undecided("mail.send.attachments: файла нет")
    return tuple(file for file in files if isinstance(file, File))


def message_id(key: str, to: str, domain: str) -> str:
    """Return the same id for the same key and recipient, so that a letter sent twice shows as one."""
    digest = hashlib.sha256(f"mail.send\0{key}\0{ascii_address(to) or to}".encode()).hexdigest()[:40]
    return f"<{digest}@{domain}>"


def build(letter: Letter) -> EmailMessage:
    """Return the message: plain text with an HTML twin, attachments under their own names (RFC 2231)."""
    message = EmailMessage(policy=SMTP)
    name, address = parseaddr(letter.sender)
    local, _, domain = (ascii_address(address) or "").rpartition("@")
    message["From"] = Address(name, local, domain)
    message["To"] = ascii_address(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    # RFC 3834: an automatic answer («я в отпуске») to a robot's letter helps nobody.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, charset="utf-8")
    message.add_alternative(as_html(letter.text), subtype="html", charset="utf-8")
    for file, content in letter.attachments:
        major, minor = TYPES.get(file.kind or "", ("application", "octet-stream"))
        message.add_attachment(content, maintype=major, subtype=minor, filename=_flat(file.name))
    seal = hashlib.sha256(letter.message_id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={seal}-{number}=")
    return message


def as_html(text: str) -> str:
    """Return the text as paragraphs; addresses of pages become links, everything else stays text."""
    escaped = html.escape(text.strip())
    page = r"https?://[^\s<>&]+(?:&amp;[^\s<>&]+)*"
    linked = re.sub(page, lambda found: f'<a href="{found[0]}">{found[0]}</a>', escaped)
    paragraphs = [part.replace("\n", "<br>\n") for part in re.split(r"\n\s*\n", linked)]
    body = "\n".join(f"<p>{part}</p>" for part in paragraphs)
    return f'<!doctype html>\n<html lang="ru"><meta charset="utf-8"><body>\n{body}\n</body></html>\n'


def deliver(setup: MailSetup, letters: Sequence[Letter]) -> tuple[Row, ...]:
    """Send each letter over one connection; return what became of each, in order; faults are rows too.

    A letter refused does not stop the next one; a lost connection does: the letter under way is `unknown` if
    its text had been handed over, those after it are `not_tried`.
    """
    rows: list[Row] = []
    status, said = "not_tried", "связь оборвалась"
    try:
        with _connect(setup) as server:
            for letter in letters:
                rows.append(_row(letter, *_send(server, letter)))
                if rows[-1].get("status") == "unknown":
                    break
    except smtplib.SMTPResponseException as error:
        # A login refused for good (535) concerns every letter; a 4xx greeting passes.
        status = "refused" if error.smtp_code >= 500 else "not_tried"
        said = f"{error.smtp_code} {_words(error.smtp_error)}"
    except (OSError, smtplib.SMTPException) as error:
        lasting = (ssl.SSLCertVerificationError, smtplib.SMTPNotSupportedError)
        status, said = "refused" if isinstance(error, lasting) else "not_tried", str(error)
    # After the last letter only the goodbye can fail, and every letter has its answer.
    return (*rows, *(_row(letter, status, said) for letter in letters[len(rows) :]))


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


def _send(server: smtplib.SMTP, letter: Letter) -> tuple[str, str]:
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
    try:
        server.send(content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        # From here on only the server knows: it may have taken the letter and lost the line while saying so.
        server.close()
        return "unknown", f"связь оборвалась после текста письма: {error}"
    return _verdict(code), f"{code} {_words(words)}"


def _verdict(code: int) -> str:
    return "accepted" if code == 250 else "deferred" if 400 <= code < 500 else "refused"


def _words(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _row(letter: Letter, status: str, said: str) -> Row:
    return Row(
        (("address", letter.to), ("status", status), ("message_id", letter.message_id), ("said", said))
    )


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `mail.send`."""
    return [Send(setup.mail)]
