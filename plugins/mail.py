"""Letters to people outside the portal: one message a recipient, over the company's own SMTP server.

Decides who gets a letter, and what became of a step whose letters met different fates: which of them may be sent
again, which a person has to look for. It does not know what a letter is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import ClassVar

from engine import (
    Action,
    Commands,
    Effect,
    Facts,
    File,
    Letter,
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
    ascii_address,
    deliver_letters,
    flat_text,
    hookimpl,
    letter_id,
    recall_letters,
)

HANDED = "handed"


class DeliveryError(PluginError):
    """Not every recipient's letter was accepted: `rows` say which were, `retry` whether to repeat the step.

    The rows are those of `deliver_letters`. `retry` is true where every letter was accepted, which a repetition leaves
    alone, or surely was not for a reason that passes: the connection, or a 4xx answer.
    """

    def __init__(self, what: str, rows: Sequence[Row]) -> None:
        super().__init__("mail", "send", what)
        self.rows = tuple(rows)
        states = {row.get("status") for row in rows}
        self.retry = states <= {"accepted", "deferred", "not_tried"}


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
        return Mixed(tuple(part if isinstance(part, Pending) else flat_text(part) for part in value.parts))
    return flat_text(value).strip()


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
        """Return the rows where every letter was accepted, None where none is doubtful: the missing ones may go.

        Undecided where a letter's text was handed over and no answer came: SMTP cannot be asked, a person can look.
        """
        recipients = effect.details.get("recipients")
        sender = ascii_address(parseaddr(self._setup.sender)[1])
        to = [one for one in recipients if isinstance(one, str)] if isinstance(recipients, tuple) else []
        if sender is None or not to:
            return None
        ids = [letter_id(key, one, sender.rpartition("@")[2]) for one in to]
        known = yield from recall_letters(ids)
        doubtful = [
            f"{one}, Message-ID {at}" for one, at, said in zip(to, ids, known, strict=True) if said == HANDED
        ]
        if doubtful:
            return Undecided(_doubt(effect, to, doubtful, known))
        rows = tuple(
            Row((("address", one), ("status", "accepted"), ("message_id", at), ("said", _words_of(said))))
            for one, at, said in zip(to, ids, known, strict=True)
            if said
        )
        return rows if len(rows) == len(to) else None

    def perform(self, effect: Effect, outside: Outside) -> Value:
        """Send the letters that were not accepted before; return a row each, all `accepted`. Else DeliveryError."""
        letters = self._write(effect, outside)
        rows = deliver_letters(self._setup, letters, outside) if letters else ()
        if any(row.get("status") != "accepted" for row in rows):
            raise DeliveryError("; ".join(_say(row) for row in rows), rows)
        return rows

    def _write(self, effect: Effect, outside: Outside) -> tuple[Letter, ...]:
        """Turn the effect into letters, pending parts known by now."""
        sender = self._setup.sender
        address = ascii_address(parseaddr(sender)[1])
        if address is None or flat_text(sender) != sender:
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
            Letter(sender, to, line, text, letter_id(outside.key, to, domain), outside.now, attachments)
            for to in (recipients if isinstance(recipients, tuple) else ())
            if isinstance(to, str)
        )


def _doubt(effect: Effect, to: Sequence[str], doubtful: Sequence[str], known: Sequence[str]) -> str:
    """Tell a person which letter to look for, and what is known of the others."""
    subject = effect.details.get("subject")
    where = "найдите его в «Отправленных» или в журнале почтового сервера"
    parts = [f"неизвестно, ушло ли письмо «{subject}»: {', '.join(doubtful)} — {where}"]
    for words, states in (("принято", ("accepted",)), ("не отправлено", ("",))):
        there = [one for one, said in zip(to, known, strict=True) if said.partition(" ")[0] in states]
        if there:
            parts.append(f"{words}: {', '.join(there)}")
    return "; ".join(parts)


def _words_of(said: str) -> str:
    return said.partition(" ")[2]


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


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `mail.send`."""
    return [Send(setup.mail)]
