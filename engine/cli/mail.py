"""`engine mail`: is the mail set up right? `check` says what the servers show; it sends only what it is told to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.options import Options, shared_options
from engine.effects import Said

if TYPE_CHECKING:
    from datetime import datetime

    from engine.portal.findings import Finding, Severity
    from engine.settings import Settings
    from engine.setup import InboxSetup, MailSetup

_MARKS = {"ok": "✓", "error": "✗", "warning": "!", "advice": "·"}
_MEGABYTE = 1_048_576
_SOON = 21
"""Days before a certificate's end from which on it is worth a word."""


@click.group("mail")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Check how letters leave and where answers to them arrive."""
    ctx.obj = given


@command.command("check")
@click.option("--to", "to", default="", help="Also send a test letter to this address.")
@pass_opening
def check(opening: Opening, to: str) -> None:
    """Log in at the mail server and the mailbox of the settings, and say what they show. Sends nothing without --to.

    Exit 0 where all works (warnings allowed), 1 where something does not.
    """
    from engine.letters import ascii_address

    if to and ascii_address(to) is None:
        raise Mistake("bad_value", name="--to", what=to)
    settings = opening.settings()
    is_failed = False
    for one in _findings(settings, to):
        is_failed = is_failed or one.severity == "error"
        click.echo(f"{_MARKS[one.severity]} {_in(one.what, opening.language)}")
        if one.mend is not None:
            click.echo(f"    → {_in(one.mend, opening.language)}")
    if is_failed:
        sys.exit(1)


def _in(said: Said, language: str) -> str:
    return said.ru if language == "ru" else said.en


def _findings(settings: Settings, to: str) -> Iterator[Finding]:
    from datetime import datetime

    now = datetime.now(settings.zone)
    yield _sender(settings.mail)
    if settings.mail.via == "portal":
        yield _finding(
            "advice",
            "письма по умолчанию шлёт портал (mail.via: portal)",
            "the portal sends letters by default",
        )
    yield from _server(settings.mail, now)
    yield _box(settings.mail, settings.mail.inbox)
    if to:
        yield _letter(settings.mail, to, now)


def _finding(severity: Severity, ru: str, en: str, mend: Said | None = None) -> Finding:
    from engine.portal.findings import Finding

    return Finding(severity, "mail", Said(ru, en), mend)


def _sender(setup: MailSetup) -> Finding:
    from engine.letters import read_sender

    if read_sender(setup.sender)[1]:
        return _finding("ok", f"отправитель: {setup.sender}", f"sender: {setup.sender}")
    mend = Said("впишите в mail.from: Имя <адрес>", "put Name <address> into mail.from")
    return _finding(
        "error", f"отправитель не годится: «{setup.sender}»", f"no sender: {setup.sender!r}", mend
    )


def _server(setup: MailSetup, now: datetime) -> Iterator[Finding]:
    from engine.smtp import greet

    where = f"{setup.host}:{setup.port}"
    shown = greet(setup)
    if shown.why is not None:
        ru, en = f"сервер {where}: {shown.why.ru}", f"server {where}: {shown.why.en}"
        yield _finding("error", ru, en)
        return
    facts = [Said(f"сервер {where} отвечает", f"the server {where} answers")]
    if setup.user:
        facts.append(Said(f"логин {setup.user} принят", f"the login {setup.user} is accepted"))
    if shown.tls:
        facts.append(Said(shown.tls, shown.tls))
    if shown.limit:
        size = shown.limit // _MEGABYTE
        facts.append(Said(f"письма до {size} МБ", f"letters up to {size} MB"))
    yield _finding("ok", ", ".join(one.ru for one in facts), ", ".join(one.en for one in facts))
    if not shown.tls:
        mend = Said(
            "для сервера вне этой машины задайте mail.security: starttls или tls",
            "for a server elsewhere set mail.security: starttls or tls",
        )
        yield _finding("warning", "связь не шифруется", "the connection is not encrypted", mend)
    if shown.until is not None:
        day = shown.until.astimezone(now.tzinfo)
        yield _finding(
            "ok" if (shown.until - now).days > _SOON else "warning",
            f"сертификат действует до {day:%d.%m.%Y}",
            f"the certificate is valid until {day:%Y-%m-%d}",
        )


def _box(setup: MailSetup, inbox: InboxSetup | None) -> Finding:
    from engine.mailbox.sources import MailboxError, name_of, open_box

    if inbox is None:
        mend = Said("задайте mail.inbox", "set mail.inbox")
        return _finding(
            "advice", "отказы и ответы никто не читает", "nobody reads refusals and answers", mend
        )
    where = name_of(inbox)
    try:
        with open_box(setup, inbox) as box:
            count = len(box.places())
    except MailboxError as error:
        return _finding("error", f"ящик {where}: {error.said.ru}", f"mailbox {where}: {error.said.en}")
    except OSError as error:
        return _finding("error", f"ящик {where}: {error}", f"mailbox {where}: {error}")
    return _finding(
        "ok", f"ящик {where} открывается, писем за 30 дней: {count}", f"mailbox {where}: {count} in 30 days"
    )


@dataclass
class _Notes:
    """A test letter is remembered by nobody: it may be sent again."""

    known: dict[str, str] = field(default_factory=dict)

    def recall(self, key: str) -> str | None:
        """Return what was remembered."""
        return self.known.get(key)

    def remember(self, key: str, value: str) -> None:
        """Keep it until the command ends."""
        self.known[key] = value


def _letter(setup: MailSetup, to: str, now: datetime) -> Finding:
    from engine.letters import Letter, letter_id, read_sender
    from engine.smtp import send_over_one_line

    domain = read_sender(setup.sender)[1].rpartition("@")[2]
    if not domain:
        return _finding(
            "error", "письмо не отправлено: нет отправителя", "no letter is sent: there is no sender"
        )
    text = (
        "Это проверочное письмо Регламента: почта настроена.\n\n"
        f"Отправлено {now:%d.%m.%Y в %H:%M} через {setup.host}:{setup.port}."
    )
    own = letter_id(f"mail check {now.isoformat()}", to, domain)
    letter = Letter(setup.sender, to, "Проверка почты — Регламент", text, own, now)
    [row] = send_over_one_line(setup, [letter], _Notes())
    said = str(row.get("said"))
    if row.get("status") == "accepted":
        return _finding("ok", f"письмо на {to} принято: {said}", f"the letter to {to} is accepted: {said}")
    return _finding(
        "error", f"письмо на {to} не принято: {said}", f"the letter to {to} is not accepted: {said}"
    )
