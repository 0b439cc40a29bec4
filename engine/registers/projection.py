"""Keeps the flat tables in step with the snapshots: what changed is projected, and what follows from it computed anew.

Decides which rows a change touches. An item's snapshot and the note that its row is out of date are stored in one
transaction (`register_change`), so that no change is missed; a row is written from the snapshot as it is by then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Final

from engine.decision.derivation import steps_of
from engine.language.reading import Calendar
from engine.language.values import Item, Undecided, Value
from engine.portal.codec import Codec, Place
from engine.portal.map import PortalMap
from engine.portal.requisites import Papers, decode_papers
from engine.registers.facts import Gathering, TableFacts
from engine.registers.shape import Shape
from engine.registers.tables import CHUNK, Tables
from engine.runtime.store import Row, Store
from engine.runtime.wire import item_of, load_map

_COMPANY = 4
# From here on computing everything anew costs less than finding out what is touched.
_MANY = 2000
_UNKNOWN: Final = Undecided("")
Way = tuple[tuple[str, str], ...]


class Projection:
    """The tables of one shape, fed from one store."""

    def __init__(
        self,
        store: Store,
        portal: PortalMap,
        shape: Shape,
        tables: Tables,
        calendar: Calendar,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._portal, self._shape, self._tables = store, portal, shape, tables
        self._calendar, self._clock = calendar, clock
        self._gathering = Gathering(tables, shape)

    def refresh(self) -> int:
        """Bring the tables up to date; return how many items were written. Two processes may do it at once."""
        with self._store.alone("registers") as is_alone:
            return self._refresh() if is_alone else 0

    def _refresh(self) -> int:
        missing = self._tables.missing()
        count = 0
        if len(missing) == len(self._tables.by_entity):
            # What is noted by now is in the snapshots that are about to be read whole.
            self._store.write("DELETE FROM register_change")
        for table in missing:
            self._tables.make(table)
        for table in missing:
            count += self._fill(table.entity)
        if missing:
            self._compute_all()
            for table in missing:
                self._tables.set_filled(table)
        while changes := self._store.rows("SELECT n, item FROM register_change ORDER BY n LIMIT ?", (CHUNK,)):
            self._apply([found for row in changes if (found := item_of(row["item"]))])
            with self._store.transaction() as connection:
                connection.executemany(
                    "DELETE FROM register_change WHERE n = ?", [(row["n"],) for row in changes]
                )
            count += len(changes)
        return count

    def _fill(self, entity: str) -> int:
        """Write a row for every snapshot of an entity, and for every user there is."""
        count = 0
        for rows in self._snapshots(entity):
            known = [(Item(entity, row[0].partition("/")[2]), load_map(row[1])) for row in rows]
            self._tables.put(entity, [(item.id, self._own(item, fields)) for item, fields in known])
            count += len(rows)
        return count

    def _snapshots(self, entity: str) -> Iterator[list[Row]]:
        if self._shape.world.entities[entity].type_id is None:
            sql = "SELECT 'user/' || id, fields FROM register_person ORDER BY id"
            yield self._store.rows(sql)
            return
        last = f"{entity}/"
        while rows := self._store.rows(
            "SELECT item, fields FROM snapshot WHERE item > ? AND item < ? ORDER BY item LIMIT ?",
            (last, f"{entity}0", CHUNK),
        ):
            yield rows
            last = rows[-1][0]

    def _own(self, item: Item, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Return what a row says without computing: the snapshot, and what the map, papers and people add.

        Every field that is not computed is in it, so that nothing stays of a former item of the same id.
        """
        spec = self._shape.world.entities[item.entity]
        found: dict[str, Value] = {
            one.name: _UNKNOWN for one in self._shape.stored[item.entity] if not one.is_derived
        }
        found |= fields
        for name, one in spec.fields.items():
            if "always" in one.binding:
                place = Place(spec.type_id, item.id, "")
                found[name] = Codec(self._portal.zone).decode(one, one.binding["always"], place)
            elif "link" in one.binding:
                found[name] = self._portal.address.rstrip("/") + one.binding["link"].replace("{id}", item.id)
        if spec.type_id == _COMPANY:
            found |= decode_papers(spec, item.id, self._papers(item.id))
        return found

    def _papers(self, company: str) -> Papers:
        row = self._store.row(
            "SELECT name, requisites, banks FROM register_paper WHERE company = ?", (company,)
        )
        if row is None:
            return Papers()
        name = row["name"]
        sql = "SELECT company FROM register_paper WHERE name = ?"
        namesakes = self._store.rows(sql, (name,)) if name else []
        return Papers(
            json.loads(row["requisites"]),
            json.loads(row["banks"]),
            [{"ENTITY_ID": one[0]} for one in namesakes],
        )

    def _apply(self, items: Sequence[Item]) -> None:
        """Write the rows of items that changed, and compute what follows from them."""
        by_entity: dict[str, set[str]] = {}
        for item in items:
            if item.entity in self._tables.by_entity:
                by_entity.setdefault(item.entity, set()).add(item.id)
        parents = self._parents(by_entity)
        for entity, ids in by_entity.items():
            known = self._known(entity, ids)
            self._tables.put(entity, [(one.id, self._own(one, fields)) for one, fields in known.items()])
            self._tables.drop_rows(entity, ids - {one.id for one in known})
        for way, ids in self._parents(by_entity).items():
            parents.setdefault(way, set()).update(ids)
        touched: dict[str, set[str]] = {entity: set(ids) for entity, ids in by_entity.items()}
        for way, ids in parents.items():
            touched.setdefault(way[0][0], set()).update(ids)
        for entity, ids in touched.items():
            if self._shape.derived(entity):
                self._compute(entity, ids if len(ids) < _MANY else None)

    def _known(self, entity: str, ids: Iterable[str]) -> dict[Item, dict[str, Value]]:
        """Return the present fields of those items that exist."""
        if self._shape.world.entities[entity].type_id is None:
            sql, prefix = "SELECT id, fields FROM register_person WHERE id = ?", ""
        else:
            sql, prefix = "SELECT item, fields FROM snapshot WHERE item = ?", f"{entity}/"
        found = {}
        for id_ in sorted(ids):
            row = self._store.row(sql, (prefix + id_,))
            if row is not None:
                found[Item(entity, id_)] = load_map(row["fields"])
        return found

    def _parents(self, changed: Mapping[str, Iterable[str]]) -> dict[Way, set[str]]:
        """Return, for every way that ends at a changed item, the items where it begins, as the tables stand."""
        found: dict[Way, set[str]] = {}
        for entity, ids in changed.items():
            for way in self._ways.get(entity, ()):
                here = set(ids)
                for owner, name in reversed(way):
                    here = self._behind(owner, name, here)
                found[way] = here
        return found

    def _behind(self, owner: str, name: str, ids: set[str]) -> set[str]:
        spec = self._shape.world.entities[owner].fields[name]
        if "by" in spec.binding and spec.type.of is not None:
            return self._tables.values_of(spec.type.of.entity, spec.binding["by"], ids)
        return self._tables.linked(owner, name, ids)

    @cached_property
    def _ways(self) -> Mapping[str, frozenset[Way]]:
        """For each entity the ways along ties by which derived fields of others read it."""
        found: dict[str, set[Way]] = {}
        for entity in self._shape.stored:
            for path in self._needs(entity):
                steps = steps_of(self._shape.world, path)
                for length in range(1, len(steps)):
                    found.setdefault(steps[length][0], set()).add(tuple(steps[:length]))
        return {entity: frozenset(ways) for entity, ways in found.items()}

    def _needs(self, entity: str) -> frozenset[str]:
        names = frozenset(f"{entity}.{one.name}" for one in self._shape.derived(entity))
        return self._shape.expanded(entity, names, wholly=True)

    def _compute_all(self) -> None:
        for entity in self._shape.stored:
            if self._shape.derived(entity):
                self._compute(entity, None)

    def _compute(self, entity: str, ids: set[str] | None) -> None:
        """Compute the stored derived fields of items anew; `None` for all."""
        names = [one.name for one in self._shape.derived(entity)]
        paths = frozenset(f"{entity}.{name}" for name in names)
        rows, children = self._gathering.gather(entity, paths, ids, wholly=True)
        facts = TableFacts(self._shape, self._calendar, self._clock(), rows, children, computes=True)
        batch: list[tuple[str, dict[str, Value]]] = []
        for id_ in rows[entity].by_id:
            item = Item(entity, id_)
            batch.append((id_, {name: facts.field(item, name) for name in names}))
            if len(batch) == CHUNK:
                self._tables.put(entity, batch)
                batch = []
        self._tables.put(entity, batch)
