"""The flat tables: one for each entity of the map, a row an item, a column a field.

Decides how the tables are named, made and filled, and reads of them exactly what a question needs. A table's name holds
the hash of its columns: another map makes another table, which is filled anew, and the old one is dropped. It knows no
expression; what a cell means stands in `cells.py`.

Measured on 20,000 acts: reading the few columns that a filter needs costs 40–60 ms, evaluating the compiled filter on
them 60–120 ms. Filters translated to SQL as a whole would have to say the same as the language for empty, unknown,
two currencies and exact sums; SQL only drops rows that some conjunct of the filter certainly excludes (`narrow.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from hashlib import sha256
from typing import cast

from engine.language.values import Item, Undecided, Value
from engine.registers.cells import UNKNOWN, Cell, Decode, decoder, encode
from engine.registers.shape import Shape
from engine.runtime.store import Row, Store

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Table:
    """One entity's table: its name, and the column of each stored field."""

    entity: str
    name: str
    columns: Mapping[str, str]


@dataclass(slots=True)
class Rows:
    """Rows read for one question, by id. `at` is where a field stands in a row and how it is decoded (None: as is)."""

    at: Mapping[str, tuple[int, Decode | None]] = field(default_factory=dict)
    by_id: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    is_whole: bool = False

    def value(self, entity: str, id_: str, name: str) -> Value:
        """Return a field as it is stored; undecided where the row or its value is not known."""
        row = self.by_id.get(id_)
        if row is None or name not in self.at:
            return Undecided(f"{entity}.{name}")
        place, decode = self.at[name]
        cell = row[place]
        if cell is None:
            return None
        if cell[:1] == UNKNOWN:
            return unknown(cell, entity, name)
        return cell if decode is None else decode(cell)


class Tables:
    """The tables of one shape in one store."""

    def __init__(self, store: Store, shape: Shape, zone: tzinfo) -> None:
        self._store, self._shape, self._zone = store, shape, zone
        self.by_entity = {name: _table(shape, name) for name in shape.stored}

    def missing(self) -> list[Table]:
        """Return the tables that are not there or not filled yet."""
        filled = {
            row["name"] for row in self._store.rows("SELECT name FROM register_table WHERE is_filled = 1")
        }
        return [table for table in self.by_entity.values() if table.name not in filled]

    def make(self, table: Table) -> None:
        """Make an empty table in the place of the entity's former one, whichever it was."""
        ties = [one.name for one in self._shape.stored[table.entity] if one.type.kind == "item"]
        with self._store.transaction() as connection:
            former = connection.execute(
                "SELECT name FROM register_table WHERE entity = ?", (table.entity,)
            ).fetchone()
            for name in {table.name, former[0]} if former is not None else {table.name}:
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            # What a row does not say is unknown: NULL would call it empty.
            kind = f"TEXT DEFAULT '{UNKNOWN}'"
            columns = ", ".join(["id TEXT PRIMARY KEY", *(f"{one} {kind}" for one in table.columns.values())])
            connection.execute(f"CREATE TABLE {table.name} ({columns})")
            for tie in ties:
                column = table.columns[tie]
                connection.execute(f"CREATE INDEX {table.name}_{column} ON {table.name} ({column})")
            connection.execute(
                "INSERT INTO register_table (entity, name) VALUES (?, ?)"
                " ON CONFLICT (entity) DO UPDATE SET name = excluded.name, is_filled = 0",
                (table.entity, table.name),
            )

    def set_filled(self, table: Table) -> None:
        """Note that every snapshot has its row."""
        self._store.write("UPDATE register_table SET is_filled = 1 WHERE entity = ?", (table.entity,))

    def put(self, entity: str, rows: Iterable[tuple[str, Mapping[str, Value]]]) -> None:
        """Set the given fields of rows; the other fields of a new row are unknown."""
        table, specs = self.by_entity[entity], self._shape.world.entities[entity].fields
        with self._store.transaction() as connection:
            for id_, values in rows:
                names = [name for name in table.columns if name in values]
                cells = [encode(specs[name].type, values[name]) for name in names]
                if not names:
                    continue
                columns = [table.columns[name] for name in names]
                marks = ", ".join("?" * (len(names) + 1))
                updates = ", ".join(f"{column} = excluded.{column}" for column in columns)
                connection.execute(
                    f"INSERT INTO {table.name} (id, {', '.join(columns)}) VALUES ({marks})"  # noqa: S608
                    f" ON CONFLICT (id) DO UPDATE SET {updates}",
                    (id_, *cells),
                )

    def drop_rows(self, entity: str, ids: Iterable[str]) -> None:
        """Forget items that are gone."""
        table = self.by_entity[entity]
        for id_ in ids:
            self._store.write(f"DELETE FROM {table.name} WHERE id = ?", (id_,))  # noqa: S608

    def linked(self, entity: str, tie: str, targets: Iterable[str]) -> set[str]:
        """Return the ids of the items whose field `tie` names one of `targets`."""
        table = self.by_entity[entity]
        found: set[str] = set()
        for part in _chunks(sorted(set(targets))):
            sql = f"SELECT id FROM {table.name} WHERE {table.columns[tie]} IN ({_marks(part)})"  # noqa: S608
            found.update(row[0] for row in self._store.rows(sql, part))
        return found

    def values_of(self, entity: str, name: str, ids: Iterable[str]) -> set[str]:
        """Return the ids that the field `name` of the given items names."""
        table = self.by_entity[entity]
        found: set[str] = set()
        for part in _chunks(sorted(set(ids))):
            sql = f"SELECT {table.columns[name]} FROM {table.name} WHERE id IN ({_marks(part)})"  # noqa: S608
            found.update(row[0] for row in self._store.rows(sql, part) if row[0] and row[0][:1] != UNKNOWN)
        return found

    def load(
        self,
        entity: str,
        names: Sequence[str],
        ids: Iterable[str] | None = None,
        *,
        where: str = "",
        given: Sequence[str] = (),
    ) -> Rows:
        """Return the fields `names` of all items, of `ids`, or of those that meet an SQL condition."""
        table, specs = self.by_entity[entity], self._shape.world.entities[entity].fields
        known = [name for name in names if name in table.columns]
        columns = ", ".join(["id", *(table.columns[name] for name in known)])
        at = {
            name: (place, decoder(specs[name].type, self._zone)) for place, name in enumerate(known, start=1)
        }
        rows = Rows(at, is_whole=ids is None and not where)
        sql = f"SELECT {columns} FROM {table.name}"  # noqa: S608
        if ids is None:
            found = self._store.rows(sql + (f" WHERE {where}" if where else ""), given)
            rows.by_id = {row[0]: _cells(row) for row in found}
            return rows
        for part in _chunks(sorted(set(ids))):
            for row in self._store.rows(f"{sql} WHERE id IN ({_marks(part)})", part):
                rows.by_id[row[0]] = _cells(row)
        return rows

    def count(self, entity: str) -> int:
        """Return how many items there are."""
        row = self._store.row(f"SELECT count(*) FROM {self.by_entity[entity].name}")  # noqa: S608
        return int(row[0]) if row is not None else 0


def unknown(cell: str, entity: str, name: str) -> Undecided:
    """Return what an unknown cell says: why, where that is known, else which fact is missing."""
    return Undecided(cell[1:] or f"{entity}.{name}")


def _table(shape: Shape, entity: str) -> Table:
    specs = shape.stored[entity]
    form = ";".join(f"{one.name}:{one.type}:{one.derive}" for one in specs)
    mark = sha256(f"{entity};{form}".encode()).hexdigest()[:12]
    return Table(
        entity, f"register_rows_{mark}", {one.name: f"c{number}" for number, one in enumerate(specs)}
    )


def _chunks(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), CHUNK):
        yield list(ids[start : start + CHUNK])


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _cells(row: Row) -> tuple[Cell, ...]:
    """Return a row's columns. Both stores' rows are sequences by position, and tuples are read much faster."""
    return tuple(cast("Iterable[Cell]", row))


def item_id(value: Value) -> str:
    """Return the id of an item, empty for anything else."""
    return value.id if isinstance(value, Item) else ""
