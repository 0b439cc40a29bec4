"""Letters to people outside the portal: one message a recipient, over the company's SMTP server or the portal's own.

Decides who gets a letter, and what became of a step whose letters met different fates: which of them may be sent
again, which a person has to look for. It does not know what a letter is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from engine import (
    Action,
    Card,
    Command,
    Commands,
    Effect,
    Facts,
    File,
    Item,
    Letter,
    MailChange,
    MailSetup,
    Mixed,
    Outside,
    Param,
    Params,
    Pending,
    PluginError,
    PortalLetter,
    Row,
    Said,
    Setup,
    Undecided,
    Value,
    ascii_address,
    deliver_letters,
    earlier_letters,
    find_activities,
    flat_text,
    hookimpl,
    letter_id,
    origin_of,
    read_sender,
    recall_letters,
    send_activity,
)

HANDED = "handed"
# RFC 6531 (SMTPUTF8): few servers take it on the whole way, and a bounce comes too late.
_BEYOND_ASCII = ": до знака @ могут стоять только латинские буквы, цифры и знаки"


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
                why = "" if part.isascii() or part.partition("@")[0].isascii() else _BEYOND_ASCII
                return Undecided(f"mail.send.to: адрес {part.strip()!r} неверен{why}")
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
    title: ClassVar[Said] = Said("Отправить письмо", "Send a letter")
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
        "about": Param(
            "item",
            "what it is about: letters to one address about one item are one thread; the run's deal by default",
            required=False,
        ),
        "via": Param(
            "text",
            "`smtp`, or `portal`: from the card of `about`; the setting `mail.via` by default",
            required=False,
        ),
    }
    example = 'mail.send: {to: "${deal.client.email}", template: review_request}\nkey: review ${deal.id}'
    kinds = ("mail",)
    result = "any"
    irreversible = True

    def __init__(self, setup: MailSetup, type_ids: Mapping[str, int] | None = None) -> None:
        self._setup, self._type_ids = setup, type_ids or {}

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
        about, via = _plain(params.get("about")), params.get("via", self._setup.via)
        if isinstance(about, Undecided):
            return about
        if via not in ("smtp", "portal"):
            return Undecided("mail.send.via: smtp или portal")
        line = one_line(subject)
        details: dict[str, Value] = {"subject": line, "recipients": recipients, "about": about}
        if via == "portal":
            card = self._card(about, facts)
            if isinstance(card, Undecided):
                return card
            details |= {"card": card, "at": facts.now}
        return Effect(
            params=params,
            changes=tuple(MailChange(to, line, text, files) for to in recipients),
            details=details,
        )

    def _card(self, about: Value, facts: Facts) -> Row | Undecided:
        """Return the card that a letter goes out from: its type and id, whose it is, whom it belongs to."""
        if not isinstance(about, Item) or about.entity not in self._type_ids:
            return Undecided(
                'mail.send.about: через портал письмо идёт из карточки, укажите about: "${deal}"'
            )
        owner = facts.field(about, "manager")
        client = next(
            (one for name in ("client", "company") if isinstance(one := facts.field(about, name), Item)), None
        )
        known = client if client is not None and client.entity in self._type_ids else None
        manager = owner.id if isinstance(owner, Item) else ""
        return Row((("item", about), ("manager", manager), ("client", known)))

    def commands(self, effect: Effect) -> Commands:
        """Send the letters from the portal's card, where they go that way. Raises DeliveryError, PortalError."""
        card = effect.details.get("card")
        if not isinstance(card, Row):
            return effect.result
        [key] = yield [Command("key", "engine.key", {})]
        rows: list[Row] = []
        for number, letter in enumerate(self._portal_letters(effect, card)):
            refused = yield from send_activity(letter, str(key.result), number)
            rows.append(_portal_row(letter.to, str(key.result), refused))
        if any(row.get("status") != "accepted" for row in rows):
            raise DeliveryError("; ".join(_say(row) for row in rows), rows)
        return tuple(rows)

    def _portal_letters(self, effect: Effect, card: Row) -> list[PortalLetter]:
        item, client, at = card.get("item"), card.get("client"), effect.details.get("at")
        subject, text, recipients, files = self._known(effect)
        assert isinstance(item, Item)
        assert isinstance(at, datetime)
        receiver = (self._type_ids[client.entity], client.id) if isinstance(client, Item) else None
        place = Card(self._type_ids[item.entity], item.id, str(card.get("manager") or ""), receiver)
        sender = self._setup.sender
        return [PortalLetter(place, sender, to, subject, text, at, files) for to in recipients]

    def probe(self, key: str, effect: Effect) -> Commands:
        """Return the rows where every letter was accepted, None where none is doubtful: the missing ones may go.

        Undecided where a letter's text was handed over and no answer came: SMTP cannot be asked, a person can look.
        """
        recipients = effect.details.get("recipients")
        sender = read_sender(self._setup.sender)[1]
        to = [one for one in recipients if isinstance(one, str)] if isinstance(recipients, tuple) else []
        if isinstance(effect.details.get("card"), Row):
            found = yield from find_activities(key, to)
            return tuple(_portal_row(one, key, "") for one in to) if to and all(found) else None
        if not sender or not to:
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
        if isinstance(effect.details.get("card"), Row):
            *_, recipients, _ = self._known(effect)
            return tuple(_portal_row(one, outside.key, "") for one in recipients)
        letters = self._write(effect, outside)
        rows = deliver_letters(self._setup, letters, outside) if letters else ()
        if any(row.get("status") != "accepted" for row in rows):
            raise DeliveryError("; ".join(_say(row) for row in rows), rows)
        return rows

    def _write(self, effect: Effect, outside: Outside) -> tuple[Letter, ...]:
        """Turn the effect into letters, pending parts known by now."""
        sender = self._setup.sender
        address = read_sender(sender)[1]
        if not address or flat_text(sender) != sender:
            raise PluginError("mail", "send", f"mail.from: «{sender}» — не адрес отправителя")
        subject, text, recipients, files = self._known(effect)
        attachments = tuple((file, outside.read(file)) for file in files)
        domain = address.rpartition("@")[2]
        item = effect.details.get("about")
        about = str(item) if isinstance(item, Item) else outside.about
        letters: list[Letter] = []
        for to in recipients:
            own = letter_id(outside.key, to, domain)
            before = earlier_letters(outside, about, to, own)
            letters.append(Letter(sender, to, subject, text, own, outside.now, attachments, before, about))
        return tuple(letters)

    @staticmethod
    def _known(effect: Effect) -> tuple[str, str, list[str], tuple[File, ...]]:
        """Return subject, text, recipients and files. Raises PluginError for what is still pending."""
        recipients, subject = effect.details.get("recipients"), _plain(effect.details.get("subject"))
        text = _plain(effect.params.get("text"))
        files = read_files(_plain(effect.params.get("attachments", ())))
        if not isinstance(subject, str) or not isinstance(text, str) or isinstance(files, Undecided):
            raise PluginError("mail", "send", "тема, текст или вложение ещё не известны")
        to = [one for one in recipients if isinstance(one, str)] if isinstance(recipients, tuple) else []
        return str(one_line(subject)), text, to, files


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


def _portal_row(to: str, key: str, refused: str) -> Row:
    status = "refused" if refused else "accepted"
    said = refused or "отправлено порталом"
    return Row((("address", to), ("status", status), ("message_id", origin_of(key, to)), ("said", said)))


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
    entities = setup.map.world.entities
    type_ids = {name: one.type_id for name, one in entities.items() if one.type_id is not None}
    return [Send(setup.mail, type_ids)]


@hookimpl
def reglament_events() -> Mapping[str, Mapping[str, str]]:
    """Declare what comes back: `letter` has the fields that docs/mail.md lists; what it was not about is empty."""
    seen = {"letter": "any", "deal": "deal", "contract": "contract"}
    return {"mail.bounced": seen, "mail.replied": seen}
