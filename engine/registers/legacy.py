"""Documents of former years: what is known of each, and what becomes of it in the register.

Decides the fate of every file, as a pure function of the rows, of what the portal holds and of what was taken in
before. It reads and writes nothing. What is not sure is a person's: such a row is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from engine.effects import Said
from engine.language.values import File
from engine.registers.legacy_names import EARLIEST, fold_firm

MAKE, LINK, SKIP, REFUSE = "make", "link", "skip", "refuse"
ENTITIES: Final[Mapping[str, str]] = {"acts": "act", "contracts": "contract"}
FILED: Final = frozenset({"pdf", "jpg", "png", "tiff", "heic", "docx"})
LARGEST: Final = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Old:
    """One document as somebody kept it. Empty and None are unknown.

    `file` is its path from the folder that was given, `content` what is known of the bytes (no source yet); `faults`
    say what could not be read of its row. `place` is where a person finds it: `list.csv:7`, or the path.
    """

    place: str
    number: str = ""
    issued: date | None = None
    client: str = ""
    inn: str = ""
    amount: Decimal | None = None
    deal: str = ""
    file: str = ""
    signed: bool | None = None
    content: File | None = None
    faults: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """A company of the portal: its id, short legal name and ИНН."""

    id: str
    name: str
    inn: str


@dataclass(frozen=True, slots=True)
class Held:
    """An item that stands in the register already. `has_file` where a file hangs on it."""

    id: str
    number: str
    issued: date | None
    client: str
    has_file: bool = False


@dataclass(frozen=True)
class Known:
    """What the portal holds: companies, items of the register, deals by (client's id, text) → ids; `done` are keys."""

    clients: Sequence[Client] = ()
    held: Sequence[Held] = ()
    deals: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    done: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one document: `what` is make, link, skip, refuse; `why` is the reason, `notes` what is left out.

    `client` is its company, `item` the id of what it is linked to, `deal` the id of its deal; both may be empty.
    """

    old: Old
    what: str
    why: Said
    client: Client | None = None
    item: str = ""
    deal: str = ""
    notes: tuple[Said, ...] = ()

    @property
    def is_work(self) -> bool:
        """True where something would be done."""
        return self.what in (MAKE, LINK)


def key_of(sha256: str, number: str) -> str:
    """Return the business key: one file is taken in once for one number."""
    return f"legacy {sha256} {number}"


def decide_fates(rows: Iterable[Old], known: Known, today: date) -> Iterator[Fate]:
    """Yield the fate of each row, in order. Two rows of one list know of each other."""
    judge = _Judge(known, today)
    for row in rows:
        yield judge.fate(row)


class _Judge:
    def __init__(self, known: Known, today: date) -> None:
        self.known, self.today = known, today
        self.by_inn: dict[str, list[Client]] = {}
        self.by_name: dict[str, list[Client]] = {}
        for client in known.clients:
            self.by_inn.setdefault(client.inn, []).append(client)
            self.by_name.setdefault(fold_firm(client.name), []).append(client)
        self.held: dict[tuple[str, date | None, str], list[Held]] = {}
        for one in known.held:
            self.held.setdefault((fold_number(one.number), one.issued, one.client), []).append(one)
        self.seen: dict[str, str] = {}
        self.coming: dict[tuple[str, date | None, str], str] = {}

    def fate(self, old: Old) -> Fate:
        """Return what becomes of one document."""
        fault = self._fault(old)
        if fault is not None:
            return Fate(old, REFUSE, fault)
        assert old.content is not None
        digest = str(old.content.sha256)
        if key_of(digest, old.number) in self.known.done:
            return Fate(old, SKIP, Said("этот файл уже перенесён", "this file has been taken in before"))
        if digest in self.seen:
            place = self.seen[digest]
            return Fate(old, SKIP, Said(f"тот же файл, что и {place}", f"the same file as {place}"))
        found = self._client(old)
        if isinstance(found, Said):
            return Fate(old, REFUSE, found)
        return self._placed(old, found, digest)

    def _fault(self, old: Old) -> Said | None:
        if old.faults:
            return Said("; ".join(one.ru for one in old.faults), "; ".join(one.en for one in old.faults))
        if not old.number:
            return Said("не найден номер документа", "no number of the document was found")
        if len(old.number) > 100:
            return Said("номер длиннее 100 знаков", "the number has more than 100 characters")
        if old.issued is None:
            return Said("не найдена дата документа", "no date of the document was found")
        if not EARLIEST <= old.issued <= self.today:
            return Said(f"дата {old.issued:%d.%m.%Y} невозможна", f"the date {old.issued} is impossible")
        return _fault_of_content(old.content)

    def _client(self, old: Old) -> Client | Said:
        """By ИНН, else by the short legal name where it is the only one."""
        if old.inn:
            found = self.by_inn.get(old.inn, [])
            if not found:
                return Said(f"на портале нет компании с ИНН {old.inn}", f"no company with ИНН {old.inn}")
            if len(found) > 1:
                ids = ", ".join(one.id for one in found)
                return Said(
                    f"ИНН {old.inn} у нескольких компаний: {ids}", f"several companies have it: {ids}"
                )
            if old.client and not _may_be(old.client, found[0]):
                said = f"{old.inn} — {found[0].name}"
                return Said(f"название и ИНН не сходятся: {said}", f"name and ИНН disagree: {said}")
            return found[0]
        if not old.client:
            return Said("не указан клиент", "no client is named")
        found = self.by_name.get(fold_firm(old.client), [])
        if len(found) == 1:
            return found[0]
        if not found:
            return Said(
                f"на портале нет компании «{old.client}»: впишите ИНН",
                f"the portal has no company “{old.client}”: write its ИНН",
            )
        inns = ", ".join(one.inn or "?" for one in found)
        return Said(
            f"компаний «{old.client}» несколько: впишите ИНН ({inns})",
            f"several companies are called “{old.client}”: write the ИНН ({inns})",
        )

    def _placed(self, old: Old, client: Client, digest: str) -> Fate:
        where = (fold_number(old.number), old.issued, client.id)
        there = self.held.get(where, [])
        if len(there) > 1:
            ids = ", ".join(one.id for one in there)
            return Fate(
                old,
                REFUSE,
                Said(f"в реестре несколько таких: {ids}", f"the register has several: {ids}"),
                client,
            )
        if there and there[0].has_file:
            said = Said(f"уже есть в реестре: {there[0].id}", f"in the register already: {there[0].id}")
            return Fate(old, SKIP, said, client, there[0].id)
        self.seen[digest] = old.place
        deal, notes = self._deal(old, client)
        if there:
            said = Said(f"файл к записи {there[0].id}", f"the file goes to {there[0].id}")
            return Fate(old, LINK, said, client, there[0].id, deal, notes)
        if where in self.coming:
            first = self.coming[where]
            said = Said(f"ещё один файл документа {first}", f"one more file of {first}")
            return Fate(old, LINK, said, client, "", deal, notes)
        self.coming[where] = old.place
        return Fate(old, MAKE, Said("новая запись", "a new item"), client, "", deal, notes)

    def _deal(self, old: Old, client: Client) -> tuple[str, tuple[Said, ...]]:
        notes: list[Said] = []
        if old.amount is None:
            notes.append(Said("сумма неизвестна", "the sum is unknown"))
        if old.signed is None:
            notes.append(Said("подпись неизвестна", "the signature is unknown"))
        found = self.known.deals.get((client.id, old.deal), ()) if old.deal else ()
        if old.deal and len(found) != 1:
            notes.append(
                Said(f"сделка «{old.deal}» не найдена", f"the deal “{old.deal}” was not found")
                if not found
                else Said(f"сделок «{old.deal}» несколько", f"several deals are called “{old.deal}”")
            )
        return (found[0] if len(found) == 1 else ""), tuple(notes)


def fold_number(number: str) -> str:
    """Return a number as it is compared: case and spaces aside."""
    return "".join(number.split()).casefold()


def _may_be(name: str, client: Client) -> bool:
    """True where a written name may stand for the company: one holds the other."""
    mine, other = fold_firm(name), fold_firm(client.name)
    return mine in other or other in mine or client.inn in name


def _fault_of_content(content: File | None) -> Said | None:
    if content is None:
        return Said("файл не найден", "the file was not found")
    if not content.size:
        return Said("файл пуст", "the file is empty")
    if content.size > LARGEST:
        return Said("файл больше 50 МБ", "the file is larger than 50 MB")
    if content.kind not in FILED:
        return Said(
            f"это не документ: по содержимому — {content.kind}",
            f"no document: by its content, {content.kind}",
        )
    return None


def with_signature(rows: Iterable[Old]) -> Iterator[Old]:
    """Yield the rows with unknown signatures taken for given: a person has said so of all of them."""
    for row in rows:
        yield replace(row, signed=True) if row.signed is None else row
