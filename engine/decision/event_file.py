"""An event file becomes an event and its facts; what is wrong with it has a place in the file.

Accepts the product's own form (CONTRACT) and the portal's raw delivery, as JSON or as the form body. Values are
text, numbers and lists of JSON; the portal map says what each of them is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from urllib.parse import parse_qsl

from engine.decision.event import CREATED, DELETED, UPDATED, Event
from engine.language.diagnostics import Diagnostic
from engine.language.json_places import Places
from engine.language.literals import parse_literal
from engine.language.shape import nearest
from engine.language.types import FILE_PARTS, Type, World
from engine.language.values import File, Item, Row, Undecided, Value

MAX_SIZE = 8 << 20
_KEYS = ("event", "id", "time", "item", "before", "facts", "by", "timer", "command")
_DELIVERED = re.compile(r"ONCRM(DEAL|COMPANY|DYNAMICITEM)(ADD|UPDATE|DELETE)(?:_\d+)?", re.IGNORECASE)
_VERBS = {"ADD": CREATED, "UPDATE": UPDATED, "DELETE": DELETED}


@dataclass
class Given:
    """What an event file holds: the event, its items' fields and roots, and what is wrong.

    `event` is None where the file is broken; `needs_reading` is true for a raw delivery without facts.
    """

    event: Event | None = None
    items: dict[Item, dict[str, Value]] = field(default_factory=dict)
    roots: dict[str, Value] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def needs_reading(self) -> bool:
        """True where nothing is known of the item that woke it."""
        return self.event is not None and self.event.item is not None and self.event.item not in self.items


def read_event(
    file: str, content: bytes, world: World, zone: tzinfo, received: Mapping[str, Mapping[str, str]]
) -> Given:
    """Return what `content` says. Never raises for what a file holds."""
    given = Given()
    if len(content) > MAX_SIZE:
        _say(
            given,
            Places(file, ""),
            (),
            "R300",
            what_ru=f"файл больше {MAX_SIZE} байт",
            what_en="the file is too big",
        )
        return given
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _say(given, Places(file, ""), (), "R300", what_ru="это не текст в UTF-8", what_en="not a UTF-8 text")
        return given
    places = Places(file, text)
    raw = _parse(given, places, text)
    if raw is None:
        return given
    if isinstance(raw.get("data"), dict):
        raw = _from_delivery(given, places, raw, world, zone)
        if raw is None:
            return given
    _Reader(given, places, world, zone, received).read(raw)
    if any(found.is_error for found in given.diagnostics):
        given.event = None
    return given


def _say(given: Given, places: Places, path: tuple[str | int, ...], code: str, **values: str) -> None:
    severity = "warning" if code == "R307" else "error"
    kept = {name: value for name, value in values.items() if value or name != "suggestion"}
    given.diagnostics.append(Diagnostic(code, places.span(path), kept, severity))


def _parse(given: Given, places: Places, text: str) -> dict[str, object] | None:
    stripped = text.strip()
    if "=" in stripped and not stripped.startswith(("{", "[")):
        return _unflatten(parse_qsl(stripped, keep_blank_values=True))
    try:
        raw = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        what = getattr(error, "msg", str(error))
        given.diagnostics.append(Diagnostic("R301", places.at(line, column), {"what": what}))
        return None
    if not isinstance(raw, dict):
        _say(given, places, (), "R300", what_ru="нужен объект JSON", what_en="a JSON object is needed")
        return None
    return raw


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _unflatten(pairs: list[tuple[str, str]]) -> dict[str, object]:
    """Turn `data[FIELDS][ID]=7` into nested dicts, as the portal's form bodies mean it."""
    top: dict[str, object] = {}
    for key, value in pairs:
        names = [key.split("[")[0], *re.findall(r"\[([^\]]*)\]", key)]
        holder = top
        for name in names[:-1]:
            inner = holder.setdefault(name, {})
            holder = inner if isinstance(inner, dict) else {}
        holder[names[-1]] = value
    return top


def _from_delivery(
    given: Given, places: Places, raw: Mapping[str, object], world: World, zone: tzinfo
) -> dict[str, object] | None:
    """Turn a raw delivery into the product's own form; it says which item, never what."""
    name = str(raw.get("event", ""))
    found = _DELIVERED.fullmatch(name)
    fields = raw.get("data")
    ids = fields.get("FIELDS") if isinstance(fields, dict) else None
    if found is None or not isinstance(ids, dict) or not re.fullmatch(r"\d{1,18}", str(ids.get("ID", ""))):
        _say(
            given,
            places,
            ("event",),
            "R302",
            event=name,
            known="ENTITY.created|updated|deleted",
            suggestion="",
        )
        return None
    kind = found[1].upper()
    type_id = {"DEAL": "2", "COMPANY": "4"}.get(kind, str(ids.get("ENTITY_TYPE_ID", "")))
    entity = next((one.name for one in world.entities.values() if str(one.type_id) == type_id), "")
    if not entity:
        _say(given, places, ("data",), "R303", entity=f"ENTITY_TYPE_ID {type_id}", suggestion="")
        return None
    stamp = str(raw.get("ts", ""))
    time = (
        datetime.fromtimestamp(int(stamp), UTC).astimezone(zone)
        if stamp.isdigit() and len(stamp) < 12
        else None
    )
    own: dict[str, object] = {
        "event": f"{entity}.{_VERBS[found[2].upper()]}",
        "id": f"{name}-{ids['ID']}-{stamp}",
        "item": f"{entity}/{ids['ID']}",
        "time": time.isoformat() if time else None,
    }
    for extra in ("facts", "before", "by"):
        if extra in raw:
            own[extra] = raw[extra]
    return own


class _Reader:
    """One reading; values that fit nothing are said with their place and left out (undecided)."""

    def __init__(
        self,
        given: Given,
        places: Places,
        world: World,
        zone: tzinfo,
        received: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.given = given
        self.places = places
        self.world = world
        self.zone = zone
        self.received = received
        self.depths: dict[Item, int] = {}

    def say(self, path: tuple[str | int, ...], code: str, **values: str) -> None:
        _say(self.given, self.places, path, code, **values)

    def read(self, raw: Mapping[str, object]) -> None:
        for key in raw:
            if key not in _KEYS:
                self.say((key,), "R304", key=key, known=", ".join(_KEYS), suggestion=nearest(key, _KEYS))
        name = self.name(raw)
        item = self.item(raw)
        time = self.time(raw)
        facts = raw.get("facts", {})
        if not isinstance(facts, dict):
            self.say(("facts",), "R305", field="facts", found=_shown(facts), type="object")
            facts = {}
        self.facts(facts)
        self.tie()
        if item is None and name and name.partition(".")[0] in self.world.entities:
            root = self.given.roots.get(name.partition(".")[0])
            item = root if isinstance(root, Item) else None
            if item is None:
                self.say(("item",), "R306", key="item")
        if item is not None:
            self.given.roots.setdefault(item.entity, item)
        before = self.before(raw, item)
        detail = str(raw.get("timer") or raw.get("command") or "")
        if name in ("timer", "command") and not detail:
            self.say((), "R306", key=name)
        if name and time is not None:
            identity = str(raw.get("id") or f"{name}-{item or ''}-{time.isoformat()}")
            self.given.event = Event(name, identity, time, item, before, str(raw.get("by") or ""), detail)

    def name(self, raw: Mapping[str, object]) -> str:
        name = raw.get("event")
        known = [f"{entity}.{verb}" for entity in self.world.entities for verb in (CREATED, UPDATED, DELETED)]
        known += ["timer", "command", *self.received]
        if not isinstance(name, str):
            self.say((), "R306", key="event")
            return ""
        if name not in known:
            self.say(
                ("event",),
                "R302",
                event=name,
                known=", ".join(known[:9]) + ", …",
                suggestion=nearest(name, known),
            )
            return ""
        return name

    def item(self, raw: Mapping[str, object]) -> Item | None:
        text = raw.get("item")
        if text is None:
            return None
        entity, _, identity = str(text).partition("/")
        if entity not in self.world.entities or not identity:
            self.say(("item",), "R303", entity=str(text), suggestion=nearest(entity, self.world.entities))
            return None
        return Item(entity, identity)

    def time(self, raw: Mapping[str, object]) -> datetime | None:
        text = raw.get("time")
        if text is None:
            self.say((), "R306", key="time")
            return None
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            self.say(("time",), "R305", field="time", found=_shown(text), type="time")
            return None
        return moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment.astimezone(self.zone)

    def before(self, raw: Mapping[str, object], item: Item | None) -> dict[str, Value]:
        given = raw.get("before") or {}
        if not isinstance(given, dict):
            self.say(("before",), "R305", field="before", found=_shown(given), type="object")
            return {}
        return self.fields(item.entity, given, ("before",), 1) if item is not None else {}

    def facts(self, raw: Mapping[str, object]) -> None:
        payloads = {
            root: fields for event in self.received.values() for root, fields in (("payment", event),)
        }
        for name, value in raw.items():
            if name in self.world.entities and isinstance(value, dict):
                found = self.nested(name, value, ("facts", name), 0)
                self.given.roots[name] = found
            elif name in payloads and isinstance(value, dict):
                self.given.roots[name] = Row(tuple((key, _plain(inner)) for key, inner in value.items()))
            elif value is not None:
                self.say(("facts", name), "R303", entity=name, suggestion=nearest(name, self.world.entities))

    def nested(self, entity: str, raw: object, path: tuple[str | int, ...], depth: int) -> Value:
        """Return the item that `raw` (an object with an id, an id, or `entity/id`) names; remember its fields."""
        if raw is None:
            return None
        if not isinstance(raw, dict):
            text = str(raw)
            return Item(entity, text.partition("/")[2] or text)
        identity = raw.get("id")
        if identity is None:
            self.say(path, "R306", key="id")
            return Undecided(entity)
        item = Item(entity, str(identity))
        fields = self.fields(entity, raw, path, depth + 1)
        fields["id"] = item.id
        self.remember(item, fields, path, depth)
        return item

    def remember(self, item: Item, fields: dict[str, Value], path: tuple[str | int, ...], depth: int) -> None:
        """Keep one copy of an item: where copies disagree, the one nearest the top wins, and it is said."""
        known = self.given.items.setdefault(item, {})
        for name, value in fields.items():
            if name in known and known[name] != value and not isinstance(value, Undecided):
                self.say((*path, name), "R307", item=str(item), field=name)
                if depth >= self.depths.get(item, depth):
                    continue
            known[name] = value
        self.depths[item] = min(depth, self.depths.get(item, depth))

    def fields(
        self, entity: str, raw: Mapping[str, object], path: tuple[str | int, ...], depth: int
    ) -> dict[str, Value]:
        found: dict[str, Value] = {}
        specs = self.world.entities[entity].fields
        for name, value in raw.items():
            spec = specs.get(name)
            if spec is None:
                self.say((*path, name), "R308", entity=entity, field=name, suggestion=nearest(name, specs))
                continue
            typed = self.value(spec.type, value, (*path, name), depth)
            if not isinstance(typed, Undecided):
                found[name] = typed
        return found

    def value(self, kind: Type, raw: object, path: tuple[str | int, ...], depth: int) -> Value:
        if raw is None:
            return None
        if kind.kind == "item":
            return self.nested(kind.entity, raw, path, depth)
        if kind.kind == "list" and kind.of is not None:
            if not isinstance(raw, list):
                return self.misfit(kind, raw, path)
            return tuple(self.value(kind.of, member, (*path, at), depth) for at, member in enumerate(raw))
        if kind.kind == "row":
            return self.row(kind, raw, path, depth)
        if kind.kind == "file":
            return self.file(raw, path)
        if kind.kind == "yes/no":
            return raw if isinstance(raw, bool) else self.misfit(kind, raw, path)
        if isinstance(raw, bool | dict | list):
            return self.misfit(kind, raw, path)
        if kind.kind in ("text", "any"):
            return str(raw)
        if kind.kind == "time":
            return self.moment(kind, raw, path)
        typed = parse_literal(str(raw), kind)
        return self.misfit(kind, raw, path) if not _fits(typed) else typed  # type: ignore[return-value]

    def moment(self, kind: Type, raw: object, path: tuple[str | int, ...]) -> Value:
        try:
            moment = datetime.fromisoformat(str(raw))
        except ValueError:
            return self.misfit(kind, raw, path)
        return moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment.astimezone(self.zone)

    def row(self, kind: Type, raw: object, path: tuple[str | int, ...], depth: int) -> Value:
        if not isinstance(raw, dict):
            return self.misfit(kind, raw, path)
        types = dict(kind.fields)
        values = []
        for name, value in raw.items():
            if name not in types:
                self.say((*path, name), "R308", entity="lines", field=name, suggestion=nearest(name, types))
                continue
            values.append((name, self.value(types[name], value, (*path, name), depth)))
        return Row(tuple(values))

    def file(self, raw: object, path: tuple[str | int, ...]) -> Value:
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            return self.misfit(Type("file"), raw, path)
        for name in raw:
            if name not in FILE_PARTS:
                self.say(
                    (*path, name), "R308", entity="file", field=name, suggestion=nearest(name, FILE_PARTS)
                )
        size = raw.get("size")
        return File(
            name=raw["name"],
            size=int(size) if isinstance(size, int | Decimal) else None,
            kind=raw.get("kind") if isinstance(raw.get("kind"), str) else None,
            sha256=raw.get("sha256") if isinstance(raw.get("sha256"), str) else None,
            source=f"event:{'.'.join(map(str, path))}",
        )

    def misfit(self, kind: Type, raw: object, path: tuple[str | int, ...]) -> Undecided:
        name = ".".join(str(part) for part in path)
        self.say(path, "R305", field=name, found=_shown(raw), type=str(kind))
        return Undecided(name)

    def tie(self) -> None:
        """Items side by side are tied: an act beside a deal is that deal's, unless it names another."""
        for root in list(self.given.roots.values()):
            if not isinstance(root, Item):
                continue
            for name, spec in self.world.entities[root.entity].fields.items():
                other = self.given.roots.get(name)
                if spec.type.kind == "item" and spec.type.entity == name and isinstance(other, Item):
                    self.given.items.setdefault(root, {}).setdefault(name, other)
                elif spec.type.kind == "item" and spec.type.entity == name:
                    linked = self.given.items.get(root, {}).get(name)
                    if isinstance(linked, Item):
                        self.given.roots[name] = linked


def _fits(value: object) -> bool:
    return value is None or isinstance(value, str | Decimal | datetime) or not hasattr(value, "diagnostic")


def _plain(value: object) -> Value:
    if value is None or isinstance(value, str | bool | Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else str(value)


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:80]
