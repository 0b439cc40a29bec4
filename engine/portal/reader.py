"""Facts from the portal: an item and all that it is tied to, in as few requests as its ties allow.

Decides what is read when. Each wave asks, in shared batches, for everything that the answers so far have made
known; a deal takes two waves, an act three. What could not be read is absent, so undecided, never empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.action import Answer, Command, Ref
from engine.language.values import File, Item, Value
from engine.portal.codec import as_id
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.map import NOT_FOUND, PortalMap
from engine.portal.needs import Need, need_of
from engine.portal.requisites import Papers

_PAGE = 50
_COMPANY = 4
_NONE = Item("", "")


@dataclass(frozen=True, slots=True)
class ReadFailure:
    """A read that failed: what was wanted (`deal/118.acts`, `act/43.scan`) and why."""

    what: str
    error: PortalError


class Case(dict[Item, dict[str, Value]]):
    """Fields by item. `failures` says what is missing because its read failed.

    `row` is the item's own row as the portal sent it, `beside` the outcome of the command that was read with it;
    `urls` the download addresses of files by their `source`, good for minutes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[ReadFailure] = []
        self.row: Mapping[str, object] = {}
        self.urls: Mapping[str, str] = {}
        self.beside: Answer | PortalError | None = None


class Reader:
    """Reads cases through `gateway` by `portal_map`; `files` looks into files. Holds nothing between
    calls.
    """

    def __init__(self, gateway: Gateway, portal_map: PortalMap, files: Contents) -> None:
        self._gateway, self._map, self._files = gateway, portal_map, files

    def read_case(self, item: Item, needs: frozenset[str], beside: Command | None = None) -> Case:
        """Return the item with what `needs` can ask for (`deal.acts.signed`, `act.scan.sha256`, `deal.*`).

        `beside` is one more read that travels with the item's own.

        Items that do not exist are not in the result, the item itself included. Raises PortalError where the
        item itself could not be read; any other failed read leaves its fields out and is listed in
        `failures`.
        """
        reading = _Reading(self._map, item)
        if beside is not None:
            reading.more.append((beside, reading.take_beside))
        self._read(reading, {item: needs})
        reading.case.row = reading.rows.get(item, {})
        return reading.case

    def read_many(self, needs: Mapping[Item, frozenset[str]]) -> Case:
        """Return several items with what each one's needs ask for, in waves that they share.

        An item that does not exist is not in the result; every failed read is listed in `failures`, none raises.
        """
        reading = _Reading(self._map, _NONE)
        self._read(reading, needs)
        return reading.case

    def _read(self, reading: _Reading, needs: Mapping[Item, frozenset[str]]) -> None:
        world = self._map.world
        wanted = [(item, need_of(world, item.entity, paths)) for item, paths in needs.items()]
        while wanted:
            asked = reading.ask(wanted)
            outcomes = self._gateway.outcomes([command for command, _ in asked])
            for (_, take), outcome in zip(asked, outcomes, strict=True):
                take(outcome)
            wanted = reading.next_wave(wanted)
        reading.settle_papers()
        reading.case.urls = reading.urls
        for (owner, name), is_whole in reading.files.items():
            self._look(reading, owner, name, inside=is_whole)

    def _look(self, reading: _Reading, owner: Item, name: str, *, inside: bool) -> None:
        held = reading.case.get(owner, {}).get(name)
        try:
            if isinstance(held, File):
                url = reading.urls.get(held.source or "")
                reading.case[owner][name] = self._files.look(held, url, inside=inside)
            elif isinstance(held, tuple):
                reading.case[owner][name] = tuple(
                    self._files.look(one, reading.urls.get(one.source or ""), inside=inside)
                    if isinstance(one, File)
                    else one
                    for one in held
                )
        except PortalError as error:
            # Its size and kind stay unknown, which is undecided for the rules that ask.
            reading.case.failures.append(ReadFailure(f"{owner}.{name}", error))


Take = Callable[[Answer | PortalError], None]
Asked = list[tuple[Command, Take]]


@dataclass(slots=True)
class _Reading:
    """One call of `read_case`: what is known so far and what was asked already."""

    map: PortalMap
    root: Item
    case: Case = field(default_factory=Case)
    files: dict[tuple[Item, str], bool] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    rows: dict[Item, Mapping[str, object]] = field(default_factory=dict)
    papers: dict[Item, Papers] = field(default_factory=dict)
    done: set[tuple[Item, str]] = field(default_factory=set)
    more: Asked = field(default_factory=list)
    unfinished: set[Item] = field(default_factory=set)

    def ask(self, wanted: Sequence[tuple[Item, Need]]) -> Asked:
        """Return the commands of this wave, each with what to do with its answer."""
        asked, self.more = self.more, []
        users: dict[Item, None] = {}
        for item, need in wanted:
            spec = self.map.world.entities.get(item.entity)
            if spec is None or item.is_planned:
                continue
            if spec.type_id is None and self._is_new(item, ""):
                users[item] = None
            elif spec.type_id is not None and item not in self.rows and self._is_new(item, ""):
                asked.append((self.map.read("", item, tolerate=NOT_FOUND), self._taking_row(item)))
            if spec.type_id == _COMPANY and self._is_new(item, "papers"):
                asked.extend(self._ask_papers(item, len(asked)))
            for name in need.lists:
                if self._is_new(item, name):
                    asked.append(self._ask_children(item, name))
            for name in need.lines:
                if self._is_new(item, name):
                    asked.append(self._ask_lines(item, name, 0))
            for name in need.files:
                self.files[item, name] = name in need.insides or self.files.get((item, name), False)
        everyone = list(users)
        for start in range(0, len(everyone), _PAGE):
            asked.append(self._ask_users(everyone[start : start + _PAGE]))
        return [(_named(command, number), take) for number, (command, take) in enumerate(asked)]

    def next_wave(self, wanted: Sequence[tuple[Item, Need]]) -> list[tuple[Item, Need]]:
        """Return the items behind the fields just read, and those whose lists go on, with their needs."""
        unfinished, self.unfinished = self.unfinished, set()
        found: list[tuple[Item, Need]] = []
        for item, need in wanted:
            found.extend([(item, need)] if item in unfinished else [])
            for name, inner in need.links.items():
                held = self.case.get(item, {}).get(name)
                behind = held if isinstance(held, tuple) else (held,)
                found.extend((one, inner) for one in behind if isinstance(one, Item))
        return found

    def take_beside(self, outcome: Answer | PortalError) -> None:
        """Keep the outcome of the read that came along."""
        self.case.beside = outcome

    def settle_papers(self) -> None:
        """Put the requisites into the companies that were read."""
        for item, papers in self.papers.items():
            if item in self.case:
                self.case[item] |= self.map.decode(item.entity, self.rows[item], papers)

    def _is_new(self, item: Item, part: str) -> bool:
        is_new = (item, part) not in self.done
        self.done.add((item, part))
        return is_new

    def _fail(self, what: str, error: PortalError) -> None:
        self.case.failures.append(ReadFailure(what, error))

    def _keep(self, item: Item, row: Mapping[str, object]) -> None:
        # An item may be read twice: by itself, and as a row of a list, which tells less (not who changed it, or when).
        self.rows[item] = {**self.rows.get(item, {}), **row}
        self.case.setdefault(item, {}).update(self.map.decode(item.entity, row))
        self.urls |= self.map.file_urls(item.entity, row)

    def _taking_row(self, item: Item) -> Take:
        def take(outcome: Answer | PortalError) -> None:
            if isinstance(outcome, PortalError):
                if item == self.root:
                    raise outcome
                self._fail(str(item), outcome)
            elif not outcome.error and isinstance(row := _part(outcome, "item"), Mapping):
                self._keep(item, row)

        return take

    def _ask_users(self, users: Sequence[Item]) -> tuple[Command, Take]:
        ids = [as_id(user.id) for user in users]
        entity = users[0].entity

        def take(outcome: Answer | PortalError) -> None:
            if isinstance(outcome, PortalError):
                if self.root in users:
                    raise outcome
                for user in users:
                    self._fail(str(user), outcome)
                return
            for row in _rows(outcome.result):
                if (user := Item(entity, str(row.get("ID")))) in users:
                    self._keep(user, row)

        return Command("", "user.get", {"filter": {"ID": ids}}), take

    def _ask_children(self, parent: Item, name: str, after: str = "") -> tuple[Command, Take]:
        spec = self.map.world.entities[parent.entity].fields[name]
        entity = spec.type.of.entity if spec.type.of else ""

        def take(outcome: Answer | PortalError) -> None:
            if isinstance(outcome, PortalError):
                self.case.get(parent, {}).pop(name, None)
                self._fail(f"{parent}.{name}", outcome)
                return
            children = []
            for row in _rows(_part(outcome, "items")):
                children.append(Item(entity, str(row.get("id"))))
                self._keep(children[-1], row)
            if parent not in self.case:
                return
            held = self.case[parent].get(name)
            self.case[parent][name] = (*(held if isinstance(held, tuple) else ()), *children)
            if len(children) == _PAGE:
                self.unfinished.add(parent)
                self.more.append(self._ask_children(parent, name, children[-1].id))

        return self.map.children("", entity, parent, after=after), take

    def _ask_lines(self, owner: Item, name: str, start: int) -> tuple[Command, Take]:
        command = self.map.lines("", owner)

        def take(outcome: Answer | PortalError) -> None:
            if isinstance(outcome, PortalError):
                self.case.get(owner, {}).pop(name, None)
                self._fail(f"{owner}.{name}", outcome)
            elif owner in self.case:
                lines = self.map.decode_lines(outcome.result, str(self.rows[owner].get("currencyId") or ""))
                held = self.case[owner].get(name)
                self.case[owner][name] = (*(held if isinstance(held, tuple) else ()), *lines)
                if len(lines) == _PAGE:
                    self.unfinished.add(owner)
                    self.more.append(self._ask_lines(owner, name, start + _PAGE))

        return replace(command, params={**command.params, "start": start}), take

    def _ask_papers(self, company: Item, number: int) -> Asked:
        """Return the reads of a company's requisites, their bank details and companies of the same name.

        The latter two go by references to the first, so that all three travel in one batch.
        """
        fields = self.map.world.entities[company.entity].fields
        codes = [code for one in fields.values() for code in one.binding.get("requisite", "").split()]
        unique = next((one.binding["unique"] for one in fields.values() if "unique" in one.binding), "")
        code = next(iter(fields[unique].binding.get("requisite", "").split()), "") if unique in fields else ""
        key, order = f"r{number}", {"ID": "ASC"}
        mine = {"ENTITY_TYPE_ID": _COMPANY, "ENTITY_ID": as_id(company.id)}
        select = ["ID", "ENTITY_ID", *codes]
        params: dict[str, Mapping[str, object]] = {}
        if codes:
            params["requisites"] = {"filter": mine, "select": select, "order": order}
        if codes and any("bank" in one.binding for one in fields.values()):
            params["banks"] = {"filter": {"ENTITY_ID": Ref(key, (0, "ID"))}, "order": order}
        if code:
            namesakes = {"ENTITY_TYPE_ID": _COMPANY, code: Ref(key, (0, code))}
            params["namesakes"] = {"filter": namesakes, "select": ["ID", "ENTITY_ID"], "order": order}
        methods = {"banks": "crm.requisite.bankdetail.list"}
        return [
            (Command("", methods.get(part, "crm.requisite.list"), one), self._taking_papers(company, part))
            for part, one in params.items()
        ]

    def _taking_papers(self, company: Item, part: str) -> Take:
        def take(outcome: Answer | PortalError) -> None:
            papers = self.papers.setdefault(company, Papers())
            if isinstance(outcome, PortalError):
                self._fail(f"{company}.{part}", outcome)
                return
            rows = tuple(_rows(outcome.result))
            requisites = rows if part == "requisites" else papers.requisites
            banks = rows if part == "banks" else papers.banks
            self.papers[company] = Papers(
                requisites, banks, rows if part == "namesakes" else papers.namesakes
            )

        return take


def _named(command: Command, number: int) -> Command:
    return replace(command, id=f"r{number}")


def _part(answer: Answer, name: str) -> object:
    return answer.result.get(name) if isinstance(answer.result, Mapping) else None


def _rows(found: object) -> list[Mapping[str, object]]:
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
