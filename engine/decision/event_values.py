"""Values of an event file: the portal map says what each is; one that fits nothing is said with its place.

Keeps one copy of an item however often it stands in the file. Knows no event and no rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from engine.decision.given import Path, Report
from engine.language.faults import Fault
from engine.language.literals import parse_literal
from engine.language.shape import nearest
from engine.language.types import FILE_PARTS, TEXT, Type, World
from engine.language.types import item as item_of
from engine.language.values import INSIDE_PARTS, File, Inside, Item, Row, Undecided, Value

_MAX_FILE = 1 << 50


class ValueReader:
    """Reads the values of one event file into the items of `report.given`."""

    def __init__(self, report: Report, world: World, zone: tzinfo) -> None:
        self.report = report
        self.world = world
        self.zone = zone
        self._copies: dict[tuple[Item, str], tuple[int, Path]] = {}
        self._readers: Mapping[str, Callable[[Type, object, Path, int], Value]] = {
            "item": lambda kind, raw, path, depth: self.nested(kind.entity, raw, path, depth),
            "list": self._list,
            "row": self._row,
            "file": self._file,
            "yes/no": self._yes_no,
            "time": lambda kind, raw, path, _depth: self.moment(raw, path, kind),
        }

    def nested(self, entity: str, raw: object, path: Path, depth: int) -> Value:
        """Return the item that `raw` (an object with an id, an id, or `entity/id`) names; remember its fields."""
        if raw is None:
            return None
        if not isinstance(raw, dict):
            return self._scalar(item_of(entity), raw, path)
        if raw.get("id") is None:
            self.report.say(path, "R306", key="id")
            return Undecided(entity)
        item = self._scalar(item_of(entity), raw["id"], (*path, "id"))
        if isinstance(item, Item):
            rest = {name: value for name, value in raw.items() if name != "id"}
            self._remember(item, {"id": item.id}, path, depth)
            self._remember(item, self.fields(entity, rest, path, depth + 1), path, depth)
        return item

    def fields(self, entity: str, raw: Mapping[str, object], path: Path, depth: int) -> dict[str, Value]:
        """Return the fields of an item as the map types them; unknown and unfit ones are said and left out."""
        found: dict[str, Value] = {}
        specs = self.world.entities[entity].fields
        for name, value in raw.items():
            spec = specs.get(name)
            if spec is None:
                near = nearest(name, specs)
                self.report.say((*path, name), "R308", entity=entity, field=name, suggestion=near)
                continue
            typed = self.value(spec.type, value, (*path, name), depth)
            if not isinstance(typed, Undecided):
                found[name] = typed
        return found

    def value(self, kind: Type, raw: object, path: Path, depth: int) -> Value:
        """Return the value of type `kind` that `raw` writes; undecided where it writes none, and then it is said."""
        if raw is None:
            return None
        reader = self._readers.get(kind.kind)
        if reader is not None:
            return reader(kind, raw, path, depth)
        if kind.kind == "any":
            return plain(raw)
        return self._scalar(kind, raw, path)

    def moment(self, raw: object, path: Path, kind: Type) -> datetime | Undecided:
        """Return an ISO 8601 time in the company's zone, which it is taken to be in where it names none."""
        try:
            found = datetime.fromisoformat(raw) if isinstance(raw, str) else None
            if found is not None:
                return (
                    found.replace(tzinfo=self.zone) if found.tzinfo is None else found.astimezone(self.zone)
                )
        except (ValueError, OverflowError):
            pass
        return self.misfit(kind, raw, path)

    def misfit(self, kind: Type, raw: object, path: Path) -> Undecided:
        """Say that `raw` is no value of type `kind`."""
        name = ".".join(str(part) for part in path)
        self.report.say(path, "R305", field=name, found=shown(raw), type=str(kind))
        return Undecided(name)

    def _remember(self, item: Item, fields: Mapping[str, Value], path: Path, depth: int) -> None:
        """Keep one copy of each field: where copies disagree, the one nearest the top wins, and it is said."""
        known = self.report.given.items.setdefault(item, {})
        for name, value in fields.items():
            here = (depth, (*path, name))
            kept = self._copies.get((item, name))
            if kept is not None and (known[name] != value or type(known[name]) is not type(value)):
                losing = max(kept, here, key=lambda copy: copy[0]) if kept[0] != depth else here
                self.report.say(losing[1], "R307", item=str(item), field=name)
            if kept is None or depth < kept[0]:
                known[name] = value
                self._copies[item, name] = here

    def _scalar(self, kind: Type, raw: object, path: Path) -> Value:
        if not isinstance(raw, str | int | Decimal) or isinstance(raw, bool):
            return self.misfit(kind, raw, path)
        typed = parse_literal(str(raw), kind)
        if isinstance(typed, Fault) or (kind.kind == "item" and typed is None):
            return self.misfit(kind, raw, path)
        return typed

    def _list(self, kind: Type, raw: object, path: Path, depth: int) -> Value:
        if not isinstance(raw, list) or kind.of is None:
            return self.misfit(kind, raw, path)
        members = [self.value(kind.of, member, (*path, at), depth) for at, member in enumerate(raw)]
        return tuple(member for member in members if not isinstance(member, Undecided))

    def _row(self, kind: Type, raw: object, path: Path, depth: int) -> Value:
        if not isinstance(raw, dict):
            return self.misfit(kind, raw, path)
        types = dict(kind.fields)
        values: list[tuple[str, Value]] = []
        for name, value in raw.items():
            if name not in types:
                near = nearest(name, types)
                self.report.say((*path, name), "R308", entity="lines", field=name, suggestion=near)
                continue
            values.append((name, self.value(types[name], value, (*path, name), depth)))
        return Row(tuple(values))

    def _file(self, kind: Type, raw: object, path: Path, _depth: int) -> Value:
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            return self.misfit(kind, raw, path)
        for name in raw:
            if name not in FILE_PARTS:
                near = nearest(name, FILE_PARTS)
                self.report.say((*path, name), "R308", entity="file", field=name, suggestion=near)
        size = raw.get("size")
        is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= _MAX_FILE
        if size is not None and not is_size:
            self.misfit(Type("number"), size, (*path, "size"))
        texts = {name: self.value(TEXT, raw.get(name), (*path, name), 0) for name in ("kind", "sha256")}
        kept = {name: text for name, text in texts.items() if isinstance(text, str)}
        # The same bytes are the same file wherever they stand in the event: the source must not tell copies apart.
        source = f"event:{kept.get('sha256') or raw['name']}"
        known = size if is_size else None
        inside = self._inside(raw, path)
        return File(raw["name"], known, kept.get("kind"), kept.get("sha256"), source, inside)

    def _inside(self, raw: Mapping[str, object], path: Path) -> Inside | None:
        """Return what the event says of a file's inside, None where it says nothing."""
        found: dict[str, Any] = {}
        for name in INSIDE_PARTS:
            value = self.value(FILE_PARTS[name], raw[name], (*path, name), 0) if name in raw else None
            if isinstance(value, Decimal):
                found[name] = int(value)
            elif isinstance(value, bool | tuple):
                found[name] = value
        return Inside(**found) if found else None

    def _yes_no(self, kind: Type, raw: object, path: Path, _depth: int) -> Value:
        return raw if isinstance(raw, bool) else self.misfit(kind, raw, path)


def plain(raw: object) -> Value:
    """Return a JSON value of which no type is known: objects become rows, arrays lists, numbers exact."""
    if raw is None or isinstance(raw, str | bool | Decimal):
        return raw
    if isinstance(raw, int):
        return Decimal(raw)
    if isinstance(raw, dict):
        return Row(tuple((name, plain(value)) for name, value in raw.items()))
    return tuple(plain(member) for member in raw) if isinstance(raw, list) else str(raw)


def shown(raw: object) -> str:
    """Return a JSON value as a message shows it: on one line, not too long."""
    return json.dumps(raw, ensure_ascii=False, default=str)[:80]
