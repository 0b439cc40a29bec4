"""Planned values become real ones once the steps they wait for are done.

`act/new-1` becomes `act/57`, the pending number its text, a file of an earlier step the file that was kept. Pure:
who learned the real values is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from engine.language.formats import format_value
from engine.language.paths import safe_name
from engine.language.values import File, Item, Mixed, Path, Pending, Row, Segment, Undecided, Value

FieldOf = Callable[[Item, str], Value]


@dataclass(frozen=True)
class Resolver:
    """What earlier steps of a run gave.

    `items` maps planned items to real ones, `files` planned files (by name) to kept ones; `field_of` reads a field
    of a real item, for pending values such as a number.
    """

    items: Mapping[Item, Item]
    files: Mapping[str, File]
    field_of: FieldOf
    zone: tzinfo

    def value(self, value: Value) -> Value:
        """Return `value` with every planned part real; undecided where its step gave nothing."""
        if isinstance(value, Item):
            return self.items.get(value, value)
        if isinstance(value, Pending):
            return self.pending(value)
        if isinstance(value, Mixed):
            return self.mixed(value)
        if isinstance(value, File):
            return self.files.get(value.name, value) if value.source is None else value
        if isinstance(value, Path):
            return Path(tuple(self.segment(segment) for segment in value.segments))
        if isinstance(value, Row):
            return Row(tuple((name, self.value(member)) for name, member in value.values))
        if isinstance(value, tuple):
            return tuple(self.value(member) for member in value)
        return value

    def params(
        self, params: Mapping[str, Value | Mapping[str, Value]]
    ) -> dict[str, Value | Mapping[str, Value]]:
        """Return parameters with every planned part real."""
        return {
            name: {key: self.value(inner) for key, inner in value.items()}
            if isinstance(value, Mapping)
            else self.value(value)
            for name, value in params.items()
        }

    def pending(self, value: Pending) -> Value:
        """Return what `ITEM.field` of a planned item has become, in its format."""
        owner, _, name = value.ref.rpartition(".")
        entity, _, identity = owner.partition("/")
        real = self.items.get(Item(entity, identity))
        if real is None:
            return Undecided(value.ref)
        found = real.id if name == "id" else self.field_of(real, name)
        return format_value(value.format, found, self.zone) if value.format else found

    def mixed(self, value: Mixed) -> Value:
        """Return the text with its pending parts filled in."""
        parts: list[str] = []
        for part in value.parts:
            found = self.pending(part) if isinstance(part, Pending) else part
            if isinstance(found, Undecided):
                return found
            parts.append("" if found is None else str(found))
        return "".join(parts)

    def segment(self, segment: Segment) -> Segment:
        """Return a path's segment with real text, made safe again: the value was not known when it was first."""
        if not isinstance(segment.text, Mixed):
            return segment
        found = self.mixed(segment.text)
        return replace(segment, text=safe_name(found) if isinstance(found, str) else segment.text)


def assumed(zone: tzinfo) -> Resolver:
    """Return a resolver for estimates: every planned item is taken for a real one called `0`."""
    return _Assuming({}, {}, lambda _item, _name: "0", zone)


class _Assuming(Resolver):
    def value(self, value: Value) -> Value:
        if isinstance(value, Item) and value.is_planned:
            return Item(value.entity, "0")
        return super().value(value)

    def pending(self, value: Pending) -> Value:  # noqa: ARG002
        return "0"
