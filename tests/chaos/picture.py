"""What stands on the twin at rest, in a form in which two runs of the same script are equal.

Decides what is legitimately different and is therefore left out or replaced:

* ids and numbers of acts and invoices: which deal's document gets the next number depends on who was first. A document
  is known by its deal and its place among the deal's; its number in texts, subjects, file names and paths is replaced
  by that. That the numbers have no gap is judged by themselves;
* Message-IDs follow from keys with ids in them: each is turned back into its key;
* times of day of what was done, and who wrote an item last (`updatedBy`, `movedBy`): they say when it was done;
* the bytes of documents that we print: they show the number. Their names are compared, and scans by their bytes;
* what the deal was paid, where a notice of a signature tells it: a payment of the same phase may come before or after;
* notices that a run waits for a person: only there where one did.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.emulator.demo import drive_tree
from engine.emulator.mailbox import read_mails
from engine.emulator.portal import Portal
from engine.emulator.store import Record
from engine.letters import letter_id
from tests.chaos.office import ACT, DEAL, INVOICE, TYPES, rows

NAMES: Final = {2: "deal", 4: "company", 31: "invoice", ACT: "act", 1046: "contract"}
_WHEN: Final = {
    "id", "createdTime", "updatedTime", "updatedBy", "movedTime", "movedBy", "lastActivityTime", "lastActivityBy",
}  # fmt: skip
_OWNERS: Final = {"D": DEAL, "SI": INVOICE, f"T{ACT:x}": ACT}
_NUMBER: Final = re.compile(r"(?:А|СЧ)-2026[/-]\d+")
NUMBER_FIELDS: Final = {ACT: "UF_CRM_12_NUMBER", INVOICE: "accountNumber"}
_TIME: Final = re.compile(r"^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d\+\d\d:\d\d$")
_LINK: Final = re.compile(r"https?://[^/\s]+(/crm/\w+/details/\d+/)(?:#[\w-]+)?")
_SIGNED: Final = re.compile(
    r"((?:Подписанный акт .{1,40} сохранён|Получен бумажный оригинал акта .{1,40}?)\. )(?:Счёт|Действующего)[^.]*\."
)
_OUR_PDF: Final = re.compile(r"^(?:Акт|Счёт) (?:А|СЧ)-2026-\d+\.pdf$")


@dataclass(frozen=True)
class Picture:
    """Items by a name that no id is part of, and what was sent, each in its own words with how often."""

    items: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sent: Mapping[str, Counter[str]] = field(default_factory=dict)


def take_picture(portal: Portal) -> Picture:
    """Return what stands on the twin now."""
    names = _Names(portal)
    items: dict[str, dict[str, str]] = {}
    for entity_type in TYPES:
        for row in rows(portal, entity_type):
            items[names.of(entity_type, row)] = dict(_fields(portal, names, entity_type, row))
    sent = {
        "mail": Counter(_mail(names, mail) for mail in read_mails(portal.store)),
        "post": Counter(names.plain(str(row["DETAIL_TEXT"])) for row in portal.store.rows("post")),
        "notice": Counter(_notice(names, row) for row in portal.store.rows("notice") if not _asks(row)),
        "file": Counter(_file(names, row) for row in drive_tree(portal)),
    }
    return Picture(items, sent)


class _Names:
    """Names of items and numbers that two runs have in common."""

    def __init__(self, portal: Portal) -> None:
        self.by_id: dict[tuple[int, int], str] = {}
        self.by_number: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        for entity_type in (ACT, INVOICE):
            count: Counter[str] = Counter()
            for row in rows(portal, entity_type):
                deal = str(row.get("parentId2") or "")
                count[deal] += 1
                name = f"{NAMES[entity_type]} {deal}#{count[deal]}"
                self.by_id[entity_type, int(str(row["id"]))] = name
                number = str(row.get(NUMBER_FIELDS[entity_type]) or "")
                self.by_number.setdefault(number.replace("/", "-"), f"‹{name}›")
                if entity_type == ACT:
                    self.keys[f"documents for act {row['id']}"] = f"documents for {name}"
        self.keys |= {f"review {row['id']}": f"review {row['id']}" for row in rows(portal, DEAL)}

    def of(self, entity_type: int, row: Record) -> str:
        number = int(str(row["id"]))
        if entity_type == DEAL and str(row["title"]).startswith("Новая сделка"):
            return f"deal «{row['title']}»"
        return self.by_id.get((entity_type, number), f"{NAMES[entity_type]} {number}")

    def plain(self, text: str) -> str:
        """Return a text with links shortened and numbers replaced."""
        found = _LINK.sub(r"\1", text)
        found = _SIGNED.sub(r"\1‹оплата›", found)
        return _NUMBER.sub(lambda at: self.by_number.get(at[0].replace("/", "-"), at[0]), found)

    def key(self, message_id: str, to: str) -> str:
        domain = message_id.rpartition("@")[2].rstrip(">")
        ours = (name for key, name in self.keys.items() if letter_id(key, to, domain) == message_id)
        return next(ours, message_id)


def _fields(portal: Portal, names: _Names, entity_type: int, row: Record) -> Iterator[tuple[str, str]]:
    for name, value in sorted(row.items()):
        if name in _WHEN or value in (None, ""):
            continue
        if isinstance(value, Mapping) and "size" in value:
            yield name, _held(portal, names, value)
        elif isinstance(value, str):
            yield name, names.plain(_TIME.sub(r"\1", value))
        else:
            yield name, json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    owned = [
        f"{line.get('productName')} × {line.get('quantity')} по {line.get('price')}"
        for line in portal.store.rows("productrow")
        if _OWNERS.get(str(line.get("ownerType"))) == entity_type
        and str(line.get("ownerId")) == str(row["id"])
    ]
    if owned:
        yield "lines", "; ".join(owned)


def _held(portal: Portal, names: _Names, value: Mapping[str, object]) -> str:
    name = str(value.get("name"))
    if _OUR_PDF.match(name):
        return names.plain(name)
    file = portal.store.get("file", int(str(value["id"]))) or {}
    return f"{name} {file.get('sha256')}"


def _mail(names: _Names, mail: Record) -> str:
    to = mail["to"]
    address = str(to[0]) if isinstance(to, list) and to else ""
    held = mail["attachments"]
    files = [names.plain(str(one["name"])) for one in held] if isinstance(held, list) else []
    key = names.key(str(mail["message_id"]), address)
    return f"{address}: {names.plain(str(mail['subject']))} [{key}] {', '.join(files)}"


def _notice(names: _Names, row: Record) -> str:
    return f"user {row['USER_ID']}: {names.plain(str(row['MESSAGE']))}"


def _asks(row: Record) -> bool:
    return str(row.get("TAG") or "").startswith("reglament run")


def _file(names: _Names, row: Record) -> str:
    return f"{row['storage']}:{names.plain(str(row['path']))} {row.get('sha256', 'folder')}"
