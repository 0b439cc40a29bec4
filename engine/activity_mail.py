"""Letters by the portal itself: an e-mail activity in an item's card, sent from the portal's mailbox.

Decides how such a letter is written down as a command, how it is found again, and what its answer means. The portal
tells of no Message-ID: bounces and answers to these letters arrive in the portal's own mailbox, not in ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.action import Answer, Command, Content
from engine.drive import Asking, rows_of
from engine.language.values import File
from engine.letters import ACCEPTED, ascii_address, note_of, paragraphs
from engine.portal.errors import PortalError

ORIGINATOR: Final = "reglament"
_EMAIL, _OUTGOING, _HTML = 4, 2, 3
_FAILED: Final = "Email send error"


@dataclass(frozen=True, slots=True)
class Card:
    """The card in which letters are written: its item, who answers for it, whom they go to; ids are the portal's.

    `client` is (type, id) of the company or contact, None where no card of one is known.
    """

    type_id: int
    id: str
    manager: str = ""
    client: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class PortalLetter:
    """One letter to one address from `card`; `at` is the event's time."""

    card: Card
    sender: str
    to: str
    subject: str
    text: str
    at: datetime
    files: tuple[File, ...] = ()


def origin_of(key: str, to: str) -> str:
    """Return the mark by which a letter's activity is found again: the same for the same key and address."""
    return hashlib.sha256(f"mail.send portal\0{key}\0{ascii_address(to) or to}".encode()).hexdigest()[:40]


def send_activity(letter: PortalLetter, key: str, number: int) -> Asking[str]:
    """Send one letter unless it is known as sent; return what the portal said against it, empty where it took it.

    `number` tells the commands of several letters of one step apart. A refused letter leaves no activity behind.
    """
    origin = origin_of(key, letter.to)
    note = note_of(origin)
    [known] = yield [Command(f"known_{number}", "engine.recall", {"key": note})]
    if isinstance(known.result, str) and known.result.startswith(ACCEPTED):
        return ""
    [answer] = yield [
        Command(
            f"letter_{number}", "crm.activity.add", {"fields": _fields(letter, origin)},
            writes=True, assume=1, tolerate=frozenset({""}),
        )
    ]  # fmt: skip
    if answer.result is None:
        if not answer.description.startswith(_FAILED):
            # An empty code is the portal's for whatever it says, also for a fault of its own with a letter under way.
            is_fault = not answer.description or answer.description.startswith("HTTP ")
            raise PortalError(
                "crm.activity.add", answer.error, answer.description, "unknown" if is_fault else "never"
            )
        # The activity has been made all the same, and would be taken for a sent letter.
        yield from _remove(origin, number)
        return answer.description
    said = f"{ACCEPTED} activity {answer.result}"
    yield [Command(f"noted_{number}", "engine.remember", {"key": note, "value": said}, writes=True)]
    return ""


def find_activities(key: str, addresses: Sequence[str]) -> Asking[list[str]]:
    """Return each letter's activity id by address, "" where there surely is none; found ones are noted as sent."""
    origins = [origin_of(key, one) for one in addresses]
    answers = yield [_look(f"found_{at}", origin) for at, origin in enumerate(origins)]
    ids = [_id_of(answer) for answer in answers]
    noted = [
        Command(
            f"noted_{at}", "engine.remember",
            {"key": note_of(origin), "value": f"{ACCEPTED} activity {one}"}, writes=True,
        )
        for at, (origin, one) in enumerate(zip(origins, ids, strict=True))
        if one
    ]  # fmt: skip
    if noted:
        yield noted
    return ids


def _remove(origin: str, number: int) -> Asking[None]:
    [answer] = yield [_look(f"left_{number}", origin)]
    if left := _id_of(answer):
        yield [Command(f"removed_{number}", "crm.activity.delete", {"id": left}, writes=True)]


def _look(name: str, origin: str) -> Command:
    params = {"filter": {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": origin}, "select": ["ID"]}
    return Command(name, "crm.activity.list", params, assume=[])


def _id_of(answer: Answer) -> str:
    rows = rows_of(answer)
    return str(rows[0].get("ID") or "") if rows else ""


def _fields(letter: PortalLetter, origin: str) -> Mapping[str, object]:
    """Return the activity: without any of type 4, direction 2 and completed the portal keeps it silently unsent."""
    card = letter.card
    receiver: dict[str, object] = {"VALUE": letter.to}
    if card.client is not None:
        receiver |= {"ENTITY_TYPE_ID": card.client[0], "ENTITY_ID": card.client[1]}
    fields: dict[str, object] = {
        "TYPE_ID": _EMAIL,
        "DIRECTION": _OUTGOING,
        "COMPLETED": "Y",
        "OWNER_TYPE_ID": card.type_id,
        "OWNER_ID": card.id,
        "SUBJECT": letter.subject,
        "DESCRIPTION": paragraphs(letter.text),
        "DESCRIPTION_TYPE": _HTML,
        "COMMUNICATIONS": [receiver],
        "START_TIME": letter.at.isoformat(),
        "END_TIME": letter.at.isoformat(),
        # A copy of every letter to its own sender would fill the mailbox.
        "SETTINGS": {"DISABLE_SENDING_MESSAGE_COPY": "Y"}
        | ({"MESSAGE_FROM": letter.sender} if letter.sender else {}),
        "ORIGINATOR_ID": ORIGINATOR,
        "ORIGIN_ID": origin,
    }
    if card.manager:
        fields["RESPONSIBLE_ID"] = card.manager
    if letter.files:
        fields["FILES"] = [{"fileData": [file.name, Content(file)]} for file in letter.files]
    return fields
