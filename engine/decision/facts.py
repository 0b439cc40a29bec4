"""What is known about the items of one event.

Facts answer questions of expressions and actions: a value, empty, or *undecided* where nothing is known. They
follow derivations of the portal map and keep one copy of an item however often it is named. They read no portal
and no clock: the event's time is the only now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from engine.decision.derivation import Derivations
from engine.effects import Change, Effect, FieldChange, ItemChange, StageChange
from engine.language.reading import Calendar
from engine.language.types import World
from engine.language.values import Item, Mixed, Pending, Undecided, Value

Fields = Mapping[str, Value]


@dataclass(frozen=True)
class Facts:
    """Items by name, each with its known fields, and the roots by which rules name them.

    `items[Item("act", "43")]` maps field names to values; an absent field is undecided, `None` is empty.
    """

    world: World
    derivations: Derivations
    calendar: Calendar
    now: datetime
    items: Mapping[Item, Fields]
    roots: Mapping[str, Value]
    _derived: dict[tuple[Item, str], Value] = field(default_factory=dict, repr=False, compare=False)

    @property
    def today(self) -> date:
        """The event's day in the company's time zone."""
        return self.now.date()

    def root(self, name: str) -> Value:
        """Return what a rule calls `name`, undecided where this event reaches no such thing."""
        # Asked for with every expression: nothing is made unless it is missing.
        return self.roots[name] if name in self.roots else Undecided(name)

    def field(self, item: Item, name: str) -> Value:
        """Return a field of `item`: as given, else derived, else undecided. A planned item's id is pending."""
        if name == "id" and item.is_planned:
            return Pending(f"{item}.id", shown=item.id)
        known = self.items.get(item)
        if known is not None and name in known:
            return known[name]
        if (item.entity, name) not in self.derivations:
            return Undecided(f"{item.entity}.{name}")
        memo = (item, name)
        if memo not in self._derived:
            # A derivation that asks for itself finds this and stays undecided instead of recursing.
            self._derived[memo] = Undecided(f"{item.entity}.{name}")
            self._derived[memo] = self.derivations.value(item, name, self.with_roots({item.entity: item}))
        return self._derived[memo]

    def display(self, item: Item) -> str | Mixed:
        """Return what people call `item`: by the map's template, else its title or name, else `act/43`."""
        named = self.derivations.name(item, self)
        if isinstance(named, str | Mixed) and str(named).strip():
            return named
        for attribute in ("title", "name"):
            value = self.field(item, attribute)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, Pending):
                return Mixed((value,))
        return str(item)

    def with_roots(self, roots: Mapping[str, Value]) -> Facts:
        """Return the same facts seen under further names."""
        return replace(self, roots={**self.roots, **roots})

    def with_planned(self, effect: Effect) -> Facts:
        """Return facts that also know what `effect` would make: created items, and the folder or the like it gives.

        Fields of items that exist already do not move: conditions and parameters of one event see one moment.
        """
        made: dict[Item, Fields] = {
            change.item: dict(change.fields) for change in effect.changes if isinstance(change, ItemChange)
        }
        if isinstance(effect.result, Item) and effect.result.entity not in self.world.entities:
            made[effect.result] = dict(effect.details)
        return replace(self, items={**self.items, **made}, _derived={}) if made else self

    def after(self, changes: Iterable[Change]) -> Facts:
        """Return the facts once `changes` are done: fields, creations, lists of children, derived values."""
        items: dict[Item, dict[str, Value]] = {item: dict(known) for item, known in self.items.items()}
        touched: set[tuple[str, str]] = set()
        for change in changes:
            for item, name, value in _written(change):
                before = items.setdefault(item, {}).get(name)
                items[item][name] = value
                touched.add((item.entity, name))
                touched.update(self._relist(items, item, name, before, value))
        stale = self.derivations.following(touched)
        for item, known in items.items():
            for name in [n for n in known if (item.entity, n) in stale]:
                del known[name]
        return replace(self, items=items, _derived={})

    def _relist(
        self, items: dict[Item, dict[str, Value]], item: Item, link: str, before: Value, after: Value
    ) -> Iterator[tuple[str, str]]:
        """Move `item` from the lists of the parent that `link` named to those of the new one; yield these lists."""
        for parent, is_new in ((before, False), (after, True)):
            if before == after or not isinstance(parent, Item) or parent.entity not in self.world.entities:
                continue
            for name, spec in self.world.entities[parent.entity].fields.items():
                member = spec.type.of.entity if spec.type.of else ""
                known = items.get(parent, {}).get(name)
                if spec.binding.get("by") == link and member == item.entity and isinstance(known, tuple):
                    others = tuple(one for one in known if one != item)
                    items[parent][name] = (*others, item) if is_new else others
                    yield (parent.entity, name)


def _written(change: Change) -> Iterator[tuple[Item, str, Value]]:
    if isinstance(change, FieldChange | StageChange):
        yield change.item, change.field, change.after
    elif isinstance(change, ItemChange):
        for name, value in change.fields.items():
            yield change.item, name, value
