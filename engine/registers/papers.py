"""The papers of a selection, one after another in its order: bytes of documents or scans, fetched with limits.

Decides what is asked of the portal (the items of a page together, then each file by itself) and what becomes of one
that is missing: it is named, never left out in silence. One file at a time is held in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.decision.facts import Facts
from engine.effects import Said
from engine.language.expressions.operators import is_empty
from engine.language.values import File, Item, Undecided, Value
from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.file_kind import file_kind
from engine.portal.reader import Case, Reader

LARGEST_PAPER = 64 * 1024 * 1024
_ITEMS_AT_ONCE = 50
_PARTY = {"act": "client", "invoice": "client", "contract": "counterparty"}


@dataclass(frozen=True, slots=True)
class Paper:
    """One file of an item: `kind` by content. `content` is empty and `fault` says why where there is none.

    `client` is whose it is, `folder` that company's folder name as the map makes it.
    """

    item: Item
    title: str
    client: Item | None
    folder: str
    name: str = ""
    kind: str = ""
    content: bytes = b""
    fault: Said | None = None


@dataclass(frozen=True)
class Papers:
    """Fetches the files of `field` (`document`, `scan`) over `client`; `bare` gives the map's words for items."""

    reader: Reader
    client: PortalClient
    bare: Facts
    field: str
    largest: int = LARGEST_PAPER

    def fetch(self, items: Iterable[Item]) -> Iterator[Paper]:
        """Yield a paper for each item, in the same order; an item with several files yields as many.

        Raises PortalError only where the portal cannot be spoken to at all.
        """
        for some in _pages(items):
            needs = {item: self._needs(item) for item in some}
            case = self.reader.read_many(needs)
            facts = Facts(
                self.bare.world, self.bare.derivations, self.bare.calendar, self.bare.now, dict(case), {}
            )
            for item in some:
                yield from self._of_item(item, facts, case)

    def _needs(self, item: Item) -> frozenset[str]:
        entity = self.bare.world.entities[item.entity]
        party = _PARTY.get(item.entity, "")
        paths = {f"{item.entity}.id", *(f"{item.entity}.{name}" for name in (self.field, "number", "title"))}
        if party in entity.fields:
            paths |= {f"{item.entity}.{party}.{name}" for name in ("folder_name", "short_name", "title")}
        return frozenset(paths)

    def _of_item(self, item: Item, facts: Facts, case: Case) -> Iterator[Paper]:
        unread = next((one.error for one in case.failures if one.what == str(item)), None)
        if unread is not None:
            yield Paper(item, str(item), None, "", fault=_unread(unread))
            return
        if item not in case:
            why = Said("на портале этого нет", "the portal has no such item")
            yield Paper(item, str(item), None, "", fault=why)
            return
        client = facts.field(item, _PARTY.get(item.entity, ""))
        bare = Paper(
            item,
            str(facts.display(item)),
            client if isinstance(client, Item) else None,
            _folder(client, facts) if isinstance(client, Item) else "",
        )
        held = facts.field(item, self.field)
        files = held if isinstance(held, tuple) else (held,)
        if isinstance(held, Undecided) or is_empty(held):
            yield _with(bare, fault=_missing(held, self.field))
            return
        for file in files:
            if isinstance(file, File):
                yield self._download(bare, file, case.urls)

    def _download(self, bare: Paper, file: File, urls: Mapping[str, str]) -> Paper:
        url = urls.get(file.source or "")
        if url is None:
            why = Said("портал не дал адреса файла", "the portal gave no address for the file")
            return _with(bare, fault=why)
        try:
            got = self.client.fetch(url, limit=self.largest)
        except PortalError as error:
            if error.retry == "later":
                raise
            return _with(bare, name=file.name, fault=_unread(error))
        name = got.name or file.name
        return _with(bare, name=name, kind=file_kind(got.content), content=got.content)


def bare_facts(facts: Facts) -> Facts:
    """Return the same world, derivations and calendar without items."""
    return Facts(facts.world, facts.derivations, facts.calendar, facts.now, {}, {})


def _pages(items: Iterable[Item]) -> Iterator[list[Item]]:
    waiting = iter(items)
    while page := list(itertools.islice(waiting, _ITEMS_AT_ONCE)):
        yield page


def _with(
    bare: Paper, name: str = "", kind: str = "", content: bytes = b"", fault: Said | None = None
) -> Paper:
    return Paper(bare.item, bare.title, bare.client, bare.folder, name, kind, content, fault)


def _folder(client: Item, facts: Facts) -> str:
    for field in ("folder_name", "short_name", "title"):
        name = facts.field(client, field)
        if isinstance(name, str) and name.strip():
            return name
    return str(client)


def _missing(held: Value, field: str) -> Said:
    if isinstance(held, Undecided):
        return Said(f"неизвестно: {held.reason}", f"unknown: {held.reason}")
    names = {"scan": ("нет скана", "no scan"), "document": ("нет документа", "no document")}
    ru, en = names.get(field, (f"поле {field} пусто", f"{field} is empty"))
    return Said(ru, en)


def _unread(error: PortalError) -> Said:
    if error.code == "TOO_LARGE":
        return Said("файл больше допустимого", "the file is larger than what is taken")
    return Said(f"не прочитан: {error}", f"could not be read: {error}")
