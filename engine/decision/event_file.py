"""An event file becomes an event and its facts; what is wrong with it has a place in the file.

Accepts the product's own form (CONTRACT) and the portal's raw delivery, as JSON or as the form body. Values are
text, numbers and lists of JSON; the portal map says what each of them is (`event_values.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from engine.decision.delivery import from_delivery, is_delivery
from engine.decision.event import BACKFILL, CREATED, DELETED, UPDATED, Event
from engine.decision.event_source import MAX_SIZE, decode, parse_tree
from engine.decision.event_values import ValueReader, plain, shown
from engine.decision.given import Given, Report
from engine.decision.ties import tie
from engine.language.json_places import Places
from engine.language.literals import parse_literal
from engine.language.shape import nearest
from engine.language.typenames import parse_type
from engine.language.types import ANY, TIME, Type, World
from engine.language.types import item as item_of
from engine.language.values import Item, Undecided, Value

__all__ = ["MAX_SIZE", "Given", "read_event"]

_KEYS = ("event", "id", "time", "item", "before", "facts", "by", "timer", "command", BACKFILL)
_WORDS = ("timer", "command", BACKFILL)
_TEXTS = ("id", "by", *_WORDS)

Received = Mapping[str, Mapping[str, str]]


def read_event(file: str, content: bytes, world: World, zone: tzinfo, received: Received) -> Given:
    """Return what `content` says. Never raises for what a file holds.

    `received` are the plugins' own events: name → root → type.
    """
    given = Given()
    text = decode(content)
    if isinstance(text, tuple):
        Report(given, Places(file, "")).say((), "R300", what_ru=text[0], what_en=text[1])
        return given
    report = Report(given, Places(file, text))
    raw = parse_tree(text, report)
    if raw is not None and is_delivery(raw):
        raw = from_delivery(raw, report, world, zone)
    if raw is not None:
        _Reader(report, world, zone, received).read(raw)
    if given.is_broken:
        given.event = None
    return given


class _Reader:
    """One reading of the product's own form; it goes on after a finding, to find the next."""

    def __init__(self, report: Report, world: World, zone: tzinfo, received: Received) -> None:
        self.given = report.given
        self.say = report.say
        self.world = world
        self.received = received
        self.values = ValueReader(report, world, zone)

    def read(self, raw: Mapping[str, object]) -> None:
        for key in raw:
            if key not in _KEYS:
                self.say((key,), "R304", key=key, known=", ".join(_KEYS), suggestion=nearest(key, _KEYS))
        name = self.name(raw)
        own = name.rpartition(".")[0] if name not in self.received else ""
        item = self.item(raw)
        time = self.time(raw)
        texts = {key: self.text(raw, key) for key in _TEXTS}
        self.facts(name, self.mapping(raw, "facts"))
        if item is None and own:
            item = self.item_of_facts(own)
        if item is not None:
            self.check_item(item, own)
            self.given.roots.setdefault(item.entity, item)
        tie(self.given.items, self.given.roots, self.world)
        before = self.before(raw, item)
        if name in _WORDS and not texts[name]:
            self.say((), "R306", key=name)
        if name and time is not None:
            identity = texts["id"] or f"{name}-{item or ''}-{time.isoformat()}"
            detail = texts.get(name, "") if name in _WORDS else ""
            self.given.event = Event(name, identity, time, item, before, texts["by"], detail)

    def name(self, raw: Mapping[str, object]) -> str:
        name = raw.get("event")
        if name is None:
            self.say((), "R306", key="event")
            return ""
        known = [f"{entity}.{verb}" for entity in self.world.entities for verb in (CREATED, UPDATED, DELETED)]
        known = [*_WORDS, *self.received, *known]
        if isinstance(name, str) and name in known:
            return name
        listed = ", ".join(known[:9]) + ", …"
        told = name if isinstance(name, str) else shown(name)
        self.say(("event",), "R302", event=told, known=listed, suggestion=nearest(told, known))
        return ""

    def item(self, raw: Mapping[str, object]) -> Item | None:
        written = raw.get("item")
        if written is None:
            return None
        text = written if isinstance(written, str) else shown(written)
        entity = text.partition("/")[0]
        found = parse_literal(text, item_of(entity)) if "/" in text else None
        if entity not in self.world.entities or not isinstance(found, Item):
            self.say(("item",), "R303", entity=text, suggestion=nearest(entity, self.world.entities))
            return None
        return found

    def item_of_facts(self, entity: str) -> Item | None:
        """Return the item that the facts hold under its entity's name; say so where they hold none."""
        root = self.given.roots.get(entity)
        if isinstance(root, Item):
            return root
        if not self.given.is_broken:
            self.say((), "R306", key="item")
        return None

    def check_item(self, item: Item, entity: str) -> None:
        """Say where the event, its item and the facts tell of different things: no rule could see both."""
        root = self.given.roots.get(item.entity, item)
        if entity and item.entity != entity:
            self.say(("item",), "R309", item=str(item), other=entity)
        elif isinstance(root, Item) and root != item:
            self.say(("facts", item.entity, "id"), "R309", item=str(item), other=str(root))

    def time(self, raw: Mapping[str, object]) -> datetime | None:
        written = raw.get("time")
        if written is None:
            self.say((), "R306", key="time")
            return None
        found = self.values.moment(written, ("time",), TIME)
        return None if isinstance(found, Undecided) else found

    def text(self, raw: Mapping[str, object], key: str) -> str:
        value = raw.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self.say((key,), "R305", field=key, found=shown(value), type="text")
        return ""

    def mapping(self, raw: Mapping[str, object], key: str) -> Mapping[str, object]:
        value = raw.get(key)
        if value is None or isinstance(value, dict):
            return value or {}
        self.say((key,), "R305", field=key, found=shown(value), type="object")
        return {}

    def before(self, raw: Mapping[str, object], item: Item | None) -> dict[str, Value]:
        given = self.mapping(raw, "before")
        return self.values.fields(item.entity, given, ("before",), 1) if item is not None else {}

    def facts(self, name: str, raw: Mapping[str, object]) -> None:
        declared = self.received.get(name, {})
        # Of an event that nobody knows, what its facts should be called is unknown too: that was said already.
        others = {root for fields in self.received.values() for root in fields} if not name else set()
        for root, value in raw.items():
            path = ("facts", root)
            if root in declared:
                found = self.root(parse_type(declared[root], self.world) or ANY, value, path)
            elif root in self.world.entities:
                found = self.values.nested(root, value, path, 0)
            elif root in others:
                found = plain(value)
            else:
                self.say(
                    path, "R303", entity=root, suggestion=nearest(root, [*declared, *self.world.entities])
                )
                continue
            if not isinstance(found, Undecided):
                self.given.roots[root] = found

    def root(self, kind: Type, value: object, path: tuple[str, str]) -> Value:
        """Return what a plugin's event brings under a name of its own."""
        return self.values.value(kind, value, path, 0)
