"""The rows that a question needs, as facts that expressions read.

Decides which tables and columns have to be read for a set of paths, and how far along the ties. A path that nobody
asked for beforehand is undecided; nothing is read while an expression runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from engine.decision.derivation import steps_of
from engine.language.reading import Calendar
from engine.language.types import FieldSpec
from engine.language.values import Item, Mixed, Undecided, Value
from engine.registers.cells import UNKNOWN
from engine.registers.shape import Shape
from engine.registers.tables import Rows, Tables, item_id, unknown


@dataclass
class TableFacts:
    """Facts of rows that were read. One item at a time is `item`, under its entity's name.

    With `computes` no stored derived field is believed: all are computed from the fields they follow from.
    """

    shape: Shape
    calendar: Calendar
    now: datetime
    rows: Mapping[str, Rows]
    children: Mapping[tuple[str, str], Mapping[str, tuple[Item, ...]]]
    computes: bool = False
    item: Item | None = None
    _derived: dict[tuple[Item, str], Value] = field(default_factory=dict)
    _today: date | None = None

    @property
    def today(self) -> date:
        """The day of the question."""
        if self._today is None:
            self._today = self.now.date()
        return self._today

    def root(self, name: str) -> Value:
        """Return the item under its entity's name, or its field of that name."""
        current = self.item
        if current is None:
            return Undecided(name)
        return current if name == current.entity else self.field(current, name)

    def field(self, item: Item, name: str) -> Value:
        """Return a field as stored, computed, or collected; undecided where it was not read."""
        rows = self.rows.get(item.entity)
        slot = rows.at.get(name) if rows is not None else None
        if rows is not None and slot is not None:
            # As `Rows.value`, written out: this runs several times for every row of a register.
            row = rows.by_id.get(item.id)
            if row is None:
                return Undecided(f"{item.entity}.{name}")
            cell = row[slot[0]]
            if cell is None or slot[1] is None:
                return cell if cell is None or cell[:1] != UNKNOWN else unknown(cell, item.entity, name)
            return slot[1](cell) if cell[:1] != UNKNOWN else unknown(cell, item.entity, name)
        if name == "id":
            return item.id
        listed = self.children.get((item.entity, name))
        if listed is not None:
            if rows is None or item.id not in rows.by_id:
                return Undecided(f"{item.entity}.{name}")
            return listed.get(item.id, ())
        if self._is_derived(item, name):
            return self._compute(item, name)
        return Undecided(f"{item.entity}.{name}")

    def display(self, item: Item) -> str | Mixed:
        """Return how people call the item: by its number, title or name, else `act/43`."""
        for name in ("number", "title", "short_name", "name"):
            value = self.field(item, name)
            if isinstance(value, str) and value:
                return value
        return str(item)

    def with_roots(self, roots: Mapping[str, Value]) -> TableFacts:
        """Return the same facts about another item, which `roots` names by its entity."""
        [item] = [value for value in roots.values() if isinstance(value, Item)]
        return TableFacts(
            self.shape, self.calendar, self.now, self.rows, self.children, self.computes, item, self._derived
        )

    def _is_derived(self, item: Item, name: str) -> bool:
        return (item.entity, name) in self.shape.derivations

    def _compute(self, item: Item, name: str) -> Value:
        memo = (item, name)
        if memo not in self._derived:
            # A derivation that asks for itself finds this and stays undecided instead of recursing.
            self._derived[memo] = Undecided(f"{item.entity}.{name}")
            there = self if item == self.item else self.with_roots({item.entity: item})
            self._derived[memo] = self.shape.derivations.value(item, name, there)
        return self._derived[memo]


class Gathering:
    """Reads what paths need, wave by wave along their ties, into facts."""

    def __init__(self, tables: Tables, shape: Shape) -> None:
        self._tables, self._shape = tables, shape

    def gather(
        self,
        entity: str,
        paths: frozenset[str],
        ids: Iterable[str] | None,
        *,
        wholly: bool = False,
        where: tuple[str, Sequence[str]] = ("", ()),
    ) -> tuple[dict[str, Rows], dict[tuple[str, str], dict[str, tuple[Item, ...]]]]:
        """Return rows and children by which `paths` of the items `ids` (None: all that meet `where`) can be read.

        `wholly` leaves stored derived fields out and reads what they follow from.
        """
        steps = [
            steps_of(self._shape.world, path) for path in self._shape.expanded(entity, paths, wholly=wholly)
        ]
        fields: dict[str, set[str]] = {entity: set()}
        lists: dict[tuple[str, str], FieldSpec] = {}
        inner = {entity for one in steps for position, (entity, _) in enumerate(one) if position}
        for one in steps:
            for owner, name in one:
                self._note(owner, name, fields, lists, wholly=wholly)
        is_all = ids is None
        rows = {
            name: self._tables.load(
                name,
                sorted(wanted),
                None if is_all else (),
                where=where[0] if name == entity and name not in inner else "",
                given=where[1] if name == entity and name not in inner else (),
            )
            for name, wanted in fields.items()
            if name in self._tables.by_entity
        }
        if ids is not None:
            self._follow(entity, set(ids), steps, rows, {name: sorted(w) for name, w in fields.items()})
        return rows, {key: _children(rows, spec) for key, spec in lists.items()}

    def _note(
        self,
        owner: str,
        name: str,
        fields: dict[str, set[str]],
        lists: dict[tuple[str, str], FieldSpec],
        *,
        wholly: bool,
    ) -> None:
        """Note what one step of a path needs read."""
        spec = self._shape.world.entities[owner].fields[name]
        fields.setdefault(owner, set())
        if "by" in spec.binding and spec.type.of is not None:
            lists[owner, name] = spec
            fields.setdefault(spec.type.of.entity, set()).add(spec.binding["by"])
        elif not (wholly and spec.is_derived):
            fields[owner].add(name)
        if spec.type.kind == "item":
            fields.setdefault(spec.type.entity, set())

    def _follow(
        self,
        entity: str,
        ids: set[str],
        steps: Sequence[Sequence[tuple[str, str]]],
        rows: dict[str, Rows],
        fields: Mapping[str, Sequence[str]],
    ) -> None:
        """Read the items themselves, then those behind each tie and in each list, as far as the paths go."""
        self._more(entity, ids, rows, fields)
        reached: dict[tuple[tuple[str, str], ...], set[str]] = {(): ids}
        for one in sorted(steps, key=len):
            for length in range(1, len(one) + 1):
                way = tuple(one[:length])
                if way in reached:
                    continue
                owner, name = way[-1]
                spec = self._shape.world.entities[owner].fields[name]
                before = reached[way[:-1]]
                if "by" in spec.binding and spec.type.of is not None:
                    target = spec.type.of.entity
                    behind = self._tables.linked(target, spec.binding["by"], before)
                elif spec.type.kind == "item" and name in rows[owner].at:
                    target = spec.type.entity
                    behind = {item_id(rows[owner].value(owner, one_id, name)) for one_id in before} - {""}
                else:
                    reached[way] = set()
                    continue
                reached[way] = behind
                if target in rows:
                    self._more(target, behind, rows, fields)

    def _more(
        self, entity: str, ids: set[str], rows: dict[str, Rows], fields: Mapping[str, Sequence[str]]
    ) -> None:
        new = ids - rows[entity].by_id.keys()
        if new:
            rows[entity].by_id.update(self._tables.load(entity, fields[entity], new).by_id)


def _children(rows: Mapping[str, Rows], spec: FieldSpec) -> dict[str, tuple[Item, ...]]:
    """Return the children of each parent, in the order of their ids."""
    assert spec.type.of is not None
    entity, by = spec.type.of.entity, spec.binding["by"]
    found: dict[str, list[Item]] = {}
    table = rows[entity]
    place = table.at[by][0] if by in table.at else None
    if place is not None:
        for id_, row in table.by_id.items():
            parent = row[place]
            if parent is not None:
                found.setdefault(parent, []).append(Item(entity, id_))
    return {
        parent: tuple(sorted(members, key=_number) if len(members) > 1 else members)
        for parent, members in found.items()
    }


def _number(item: Item) -> tuple[int, str]:
    return (int(item.id), "") if item.id.isascii() and item.id.isdigit() else (0, item.id)
