"""The open registers: a question in, its rows out.

Decides which rows meet a question and in which order, and that what a viewer may not see takes part in nothing: not in
rows, not in sums, not in counts. Every list, export, print and mail asks here, so rights are judged in this one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from engine.decision.derivation import steps_of
from engine.language.expression import Expression
from engine.language.reading import Calendar
from engine.language.source import undisturbed
from engine.language.values import Item, Undecided, Value
from engine.registers.definitions import compile_filter, compile_path, make_column
from engine.registers.facts import Gathering, TableFacts
from engine.registers.narrow import narrow
from engine.registers.order import sort_ids
from engine.registers.query import (
    Column,
    Doubts,
    Page,
    Query,
    Register,
    RegisterRow,
    UnknownName,
    WrongQuery,
)
from engine.registers.search import Search
from engine.registers.shape import Shape
from engine.registers.states import FLAGS, STATE
from engine.registers.sums import Sums
from engine.registers.tables import CHUNK, Tables

FILTER = "--where"


@dataclass(slots=True)
class Found:
    """The ids of all rows that meet a question, in its order, with what was counted on the way."""

    ids: list[str]
    sums: Sums
    doubts: Doubts
    columns: tuple[Column, ...]


@dataclass(slots=True)
class _Asked:
    """A question compiled: conditions that must hold, paths read, how rows are sorted and summed."""

    register: Register
    query: Query
    columns: tuple[Column, ...]
    conditions: list[Expression]
    searched: list[Expression] = field(default_factory=list)
    owners: list[Expression] = field(default_factory=list)
    sort: Expression | None = None
    summed: list[tuple[str, Expression]] = field(default_factory=list)

    @property
    def expressions(self) -> list[Expression]:
        """All that is evaluated for every row."""
        sort = [self.sort] if self.sort is not None else []
        summed = [one for _, one in self.summed]
        return [*self.conditions, *self.searched, *self.owners, *sort, *summed]


class Registers:
    """Answers questions about the tables as they stand; `refresh` of the projection brings them up to date."""

    def __init__(
        self,
        tables: Tables,
        shape: Shape,
        registers: Mapping[str, Register],
        calendar: Calendar,
        clock: Callable[[], datetime],
    ) -> None:
        self.registers, self.shape = registers, shape
        self._tables, self._calendar, self._clock = tables, calendar, clock
        self._gathering = Gathering(tables, shape)
        self._is_filled = False

    @property
    def is_ready(self) -> bool:
        """True once every table was filled."""
        # Only the yes is kept: a console opened during the first reading must not say no for ever.
        self._is_filled = self._is_filled or not self._tables.missing()
        return self._is_filled

    def register(self, name: str) -> Register:
        """Return a register. Raises UnknownName."""
        if name not in self.registers:
            raise _unknown("register", name, self.registers)
        return self.registers[name]

    def select(self, query: Query) -> Page:
        """Return one page of what meets the question. Raises WrongQuery, UnknownName."""
        found = self._find(query)
        start = max(query.page - 1, 0) * query.size
        rows = tuple(self._rows(query, found.columns, found.ids[start : start + query.size]))
        return Page(
            rows, len(found.ids), found.sums.totals(), found.doubts, found.columns, found.sums.unknown
        )

    def iterate(self, query: Query, *, states: bool = True) -> tuple[Page, Iterator[RegisterRow]]:
        """Return the answer without rows, and all its rows, some hundred read at a time. Raises as `select` does.

        Without `states` the rows say nothing of them, and come sooner.
        """
        found = self._find(query)
        page = Page((), len(found.ids), found.sums.totals(), found.doubts, found.columns, found.sums.unknown)
        return page, self._stream(query, found, states=states)

    def ids(self, query: Query) -> list[str]:
        """Return the ids of all items that meet the question, in its order. Raises as `select` does."""
        return self._find(query).ids

    def counts(self, query: Query) -> dict[str, int]:
        """Return how many rows meet each preset of the register, beside what else the question says."""
        register = self.register(query.register)
        asked = self._compile(query)
        presets = {
            one.name: found
            for one in register.presets
            if (found := compile_filter(self.shape, register.entity, one.where)[0]) is not None
        }
        facts = self._facts(asked, [*asked.expressions, *presets.values()], is_narrow=False)
        counts = dict.fromkeys(presets, 0)
        is_seen, search = _sight(asked, facts), self._search(asked, facts)
        for id_ in facts.rows[register.entity].by_id:
            facts.item = Item(register.entity, id_)
            if is_seen(id_) and _answer(asked, facts, search) is True:
                for name, expression in presets.items():
                    counts[name] += expression.evaluate(facts) is True
        return counts

    def _stream(self, query: Query, found: Found, *, states: bool) -> Iterator[RegisterRow]:
        for start in range(0, len(found.ids), CHUNK):
            yield from self._rows(query, found.columns, found.ids[start : start + CHUNK], states=states)

    def _rows(
        self, query: Query, columns: Sequence[Column], ids: Sequence[str], *, states: bool = True
    ) -> Iterator[RegisterRow]:
        """Yield the rows of these ids with their cells."""
        entity = self.register(query.register).entity
        cells = [compile_path(self.shape, entity, column.path) for column in columns]
        state = compile_path(self.shape, entity, STATE) if states else None
        flags = [
            (name, found)
            for name in (FLAGS.get(entity, ()) if states else ())
            if (found := compile_path(self.shape, entity, name))
        ]
        used = [one for one in (*cells, state, *(flag for _, flag in flags)) if one is not None]
        facts = self._read(entity, used, ids)
        for id_ in ids:
            facts.item = Item(entity, id_)
            held = state.evaluate(facts) if state is not None else None
            others = [name for name, flag in flags if flag.evaluate(facts) is True and name != held]
            yield RegisterRow(
                facts.item,
                tuple(one.evaluate(facts) if one is not None else None for one in cells),
                (*((held,) if isinstance(held, str) else ()), *others),
            )

    def _find(self, query: Query) -> Found:
        """Decide every row of the register once: seen, met, summed, sorted."""
        asked = self._compile(query)
        with undisturbed():
            return self._decide(asked)

    def _decide(self, asked: _Asked) -> Found:
        query = asked.query
        facts = self._facts(asked, asked.expressions, is_narrow=True)
        entity = asked.register.entity
        is_seen, search = _sight(asked, facts), self._search(asked, facts)
        keys: list[tuple[Value, str]] = []
        sums = Sums([path for path, _ in asked.summed])
        reasons: dict[str, int] = {}
        doubtful = 0
        for id_ in facts.rows[entity].by_id:
            facts.item = Item(entity, id_)
            if not is_seen(id_):
                continue
            answer = _answer(asked, facts, search)
            if answer is True:
                keys.append((asked.sort.evaluate(facts) if asked.sort is not None else None, id_))
                for path, expression in asked.summed:
                    sums.add(path, expression.evaluate(facts))
            elif isinstance(answer, Undecided):
                doubtful += 1
                reasons[answer.reason] = reasons.get(answer.reason, 0) + 1
        ids = sort_ids(keys, is_falling=query.sort.startswith("-") or not query.sort)
        return Found(ids, sums, Doubts(doubtful, reasons), asked.columns)

    def _search(self, asked: _Asked, facts: TableFacts) -> Search | None:
        if not asked.searched:
            return None
        register = asked.register
        return Search(self.shape, register.entity, register.search, asked.query.search, facts.rows)

    def _facts(self, asked: _Asked, used: Sequence[Expression], *, is_narrow: bool) -> TableFacts:
        entity = asked.register.entity
        hints = [hint for one in asked.conditions for hint in one.hints] if is_narrow else []
        where = narrow(self.shape, self._tables.by_entity[entity], entity, hints)
        return self._read(entity, used, None, where)

    def _read(
        self,
        entity: str,
        used: Sequence[Expression],
        ids: Sequence[str] | None,
        where: tuple[str, Sequence[str]] = ("", ()),
    ) -> TableFacts:
        paths = frozenset(path for one in used for path in one.needs)
        rows, children = self._gathering.gather(entity, paths, ids, where=where)
        return TableFacts(self.shape, self._calendar, self._clock(), rows, children)

    def _compile(self, query: Query) -> _Asked:
        register = self.register(query.register)
        preset = register.preset(query.preset) if query.preset else None
        if query.preset and preset is None:
            raise _unknown("preset", query.preset, [one.name for one in register.presets])
        texts = [register.where, preset.where if preset is not None else "", query.where]
        sort = query.sort.lstrip("-") or ("date" if "date" in self._fields(register) else "")
        columns = self.columns(register, query.columns)
        return _Asked(
            register,
            query,
            columns,
            [self._condition(register, text) for text in texts if text.strip()],
            self._paths(register, register.search) if query.search.strip() else [],
            self._paths(register, register.own),
            self._path(register, sort) if sort else None,
            [(one.path, self._path(register, one.path)) for one in columns if one.is_summed],
        )

    def columns(self, register: Register, paths: Sequence[str] = ()) -> tuple[Column, ...]:
        """Return the columns of these paths, the register's own where none is given. Raises UnknownName."""
        if not paths:
            paths = [column.path for column in register.columns]
        found = []
        for path in paths:
            column = make_column(self.shape, register.entity, path)
            if column is None:
                raise self._no_column(register, path)
            found.append(column)
        return tuple(found)

    def _condition(self, register: Register, text: str) -> Expression:
        found, problems = compile_filter(self.shape, register.entity, text, FILTER)
        if found is None:
            raise WrongQuery(problems, {FILTER: text.encode("utf-8", "replace")})
        return found

    def _paths(self, register: Register, paths: Sequence[str]) -> list[Expression]:
        return [self._path(register, path) for path in paths]

    def _path(self, register: Register, path: str) -> Expression:
        found = compile_path(self.shape, register.entity, path)
        if found is None:
            raise self._no_column(register, path)
        return found

    def _no_column(self, register: Register, path: str) -> UnknownName:
        """Return the refusal of a path, with the nearest that exists at the place where it goes wrong."""
        known = set(self._fields(register)) | {column.path for column in register.columns}
        steps = steps_of(self.shape.world, self.shape.absolute(register.entity, path))
        if steps and len(steps) < path.count(".") + 1:
            spec = self.shape.world.field(*steps[-1])
            if spec is not None and spec.type.kind == "item":
                begun = ".".join(path.split(".")[: len(steps)])
                known |= {f"{begun}.{name}" for name in self.shape.world.entities[spec.type.entity].fields}
        return _unknown("column", path, known - {path})

    def _fields(self, register: Register) -> Sequence[str]:
        return tuple(self.shape.world.entities[register.entity].fields)


def _sight(asked: _Asked, facts: TableFacts) -> Callable[[str], bool]:
    """Return whether the row of `facts`, whose id is given, is one of those asked for and may be seen.

    Denied by default: an item whose owner is not known is seen by those alone who see everything.
    """
    viewer, wanted = asked.query.viewer, frozenset(asked.query.items)
    owners, items = viewer.owners(), viewer.items(asked.register.entity)
    if owners is None and items is None and not wanted:
        return lambda _id: True

    def is_seen(id_: str) -> bool:
        if (wanted and id_ not in wanted) or (items is not None and id_ not in items):
            return False
        if owners is None:
            return True
        held = [one.evaluate(facts) for one in asked.owners] if owners else []
        return any(isinstance(one, Item) and one.id in owners for one in held)

    return is_seen


def _answer(asked: _Asked, facts: TableFacts, search: Search | None) -> Value:
    """Return whether the row of `facts` meets the question, by Kleene's `and`."""
    doubt: Undecided | None = None
    for one in asked.conditions:
        answer = one.evaluate(facts)
        if answer is False:
            return False
        if isinstance(answer, Undecided):
            doubt = answer if doubt is None else doubt
    if search is not None and facts.item is not None:
        answer = search.answer(facts.item.id)
        if answer is False:
            return False
        if isinstance(answer, Undecided):
            doubt = answer if doubt is None else doubt
    return True if doubt is None else doubt


def _unknown(kind: str, name: str, known: Sequence[str] | Mapping[str, object] | set[str]) -> UnknownName:
    near = get_close_matches(name, sorted(known), n=1)
    return UnknownName(kind, name, near[0] if near else "")
