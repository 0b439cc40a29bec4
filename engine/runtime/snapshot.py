"""Items as last processed, and what differs from them now.

The portal never says what changed, only that something did. Decides which fields are compared and when two
values of a field are one. A difference found is a change made by somebody else: our own confirmed writes have
moved the snapshot on already, so their echo finds none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.language.types import FieldSpec, World
from engine.language.values import File, Item, Undecided, Value
from engine.readback import is_same
from engine.runtime.store import Store
from engine.runtime.wire import dump, load_map

# Where the item's own row keeps a value. Lists of children, product rows and requisites are read only where a rule
# needs them, so their absence from a reading says nothing.
_OWN = ("field", "contact", "user")
# Among a snapshot's fields: when the portal last moved the item to another stage, by the portal's clock.
MOVED = "@moved"


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as last processed; `moved` is when the portal had last changed its stage then, None where unknown."""

    fields: Mapping[str, Value]
    moved: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Old values of the fields that changed; `is_new` where the item was never seen."""

    before: Mapping[str, Value]
    is_new: bool = False

    def __bool__(self) -> bool:
        """True where there is something to tell the rules."""
        return self.is_new or bool(self.before)


def own_fields(world: World, entity: str, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Return the fields that a snapshot keeps: the item's own, known, and not derived."""
    specs = world.entities[entity].fields
    return {
        name: value
        for name, value in fields.items()
        if name in specs and _is_own(specs[name]) and not isinstance(value, Undecided)
    }


def _is_own(spec: FieldSpec) -> bool:
    return spec.name != "id" and not spec.is_derived and any(key in spec.binding for key in _OWN)


def compare(old: Mapping[str, Value] | None, new: Mapping[str, Value]) -> Difference:
    """Return what changed between two snapshots. A field that one of them lacks is no change: nobody knew it."""
    if old is None:
        return Difference({}, is_new=True)
    return Difference({name: old[name] for name in new if name in old and not is_equal(old[name], new[name])})


def is_equal(old: Value, new: Value) -> bool:
    """True where a field did not change. A file is the same by its place on the portal, or by its bytes."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        return len(old) == len(new) and all(map(is_equal, old, new))
    if isinstance(old, File) and isinstance(new, File) and old.source and old.source == new.source:
        return True
    return is_same(old, new)


def load_snapshot(store: Store, item: Item) -> dict[str, Value] | None:
    """Return the item's fields as last processed, None where it was never seen."""
    row = store.row("SELECT fields FROM snapshot WHERE item = ?", (str(item),))
    return load_map(row["fields"]) if row else None


def load_seen(store: Store, item: Item) -> Seen | None:
    """Return the item as last processed with the portal's mark of its last move, None where it was never seen."""
    row = store.row("SELECT fields, moved FROM snapshot WHERE item = ?", (str(item),))
    return seen_in(row["fields"], row["moved"]) if row else None


def seen_in(fields: str, moved: str) -> Seen:
    """Return what two columns of a snapshot say."""
    return Seen(load_map(fields), datetime.fromisoformat(moved) if moved else None)


def save_snapshot(store: Store, item: Item, fields: Mapping[str, Value], now: datetime) -> None:
    """Set the given fields of the item's snapshot; others stay. Part of the transaction under way, if any."""
    own = {name: value for name, value in fields.items() if name != MOVED}
    moved = fields.get(MOVED)
    # Two lanes may write to one item (a company of two deals): neither must take the other's fields back.
    row = store.row("SELECT fields FROM snapshot WHERE item = ?" + store.for_update, (str(item),))  # noqa: S608
    known = {**(load_map(row["fields"]) if row else {}), **own}
    store.write(
        "INSERT INTO snapshot (item, lane, fields, at, moved) VALUES (?, ?, ?, ?, ?) ON CONFLICT (item) DO UPDATE"
        " SET lane = excluded.lane, fields = excluded.fields, at = excluded.at,"
        " moved = CASE WHEN excluded.moved = '' THEN snapshot.moved ELSE excluded.moved END",
        (
            str(item),
            lane_in(item, known),
            dump(known),
            now.isoformat(),
            moved.isoformat() if isinstance(moved, datetime) else "",
        ),
    )
    note_change(store, item)


def note_change(store: Store, item: Item) -> None:
    """Note, in the same transaction, that the registers' row of the item is out of date (engine/registers)."""
    store.write("INSERT INTO register_change (item) VALUES (?)", (str(item),))


def moved_at(row: Mapping[str, object]) -> datetime | None:
    """Return when the portal last changed the stage of the item in `row`, None where the row does not say."""
    try:
        found = datetime.fromisoformat(str(row.get("movedTime") or ""))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def drop_snapshot(store: Store, item: Item) -> None:
    """Forget an item that is gone."""
    store.write("DELETE FROM snapshot WHERE item = ?", (str(item),))
    note_change(store, item)


def lane_in(item: Item, fields: Mapping[str, Value]) -> str:
    """Return the lane of an item: its deal, else itself."""
    deal = fields.get("deal")
    return str(deal) if isinstance(deal, Item) else str(item)


def lane_of(store: Store, item: Item) -> str:
    """Return the lane by the snapshot; an item never seen is its own."""
    row = store.row("SELECT lane FROM snapshot WHERE item = ?", (str(item),))
    return str(row["lane"]) if row else str(item)
