"""An event put together from a form: its item by name or by the portal's link, its kind, what changed, its fields.

Decides how a person's words for a value («4820», «Отчет отправлен», «да», «09.03.2026») are written in an event file.
Knows no rule; what fits nothing is passed on as it is, and the reading of the event file says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.decision.forms import Json
from engine.language.types import FieldSpec, Type, World
from engine.language.values import Item

KINDS = (
    ("updated", "изменено", "updated"),
    ("created", "создано", "created"),
    ("command", "команда", "a command"),
    ("timer", "срок", "a deadline"),
)
_NAMED = ("command", "timer")
_ITEM = re.compile(r"([a-z_]\w*)/([\w-]{1,40})")
_MARK = "0815471123"
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MONEY = re.compile(r"-?\d{1,15}(\.\d{1,2})?")
_YES, _NO = ("да", "yes", "true", "1"), ("нет", "no", "false", "0")
# What a form has one line for; lists of children and rows of work are written in event.json itself.
_SIMPLE = frozenset({"text", "number", "money", "date", "time", "yes/no", "choice", "item", "file"})


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form: its name in regulations, what people call it, `kind`, and the options to choose from."""

    name: str
    title: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()


def form_fields(world: World, entity: str) -> list[FormField]:
    """Return the fields of an entity that a person can write on a line, in the map's order."""
    specs = world.entities[entity].fields.values() if entity in world.entities else ()
    return [
        FormField(one.name, one.title or one.name, one.type.kind, _options(world, entity, one))
        for one in specs
        if not one.is_derived and one.type.kind in _SIMPLE and one.name != "id"
    ]


def _options(world: World, entity: str, spec: FieldSpec) -> tuple[tuple[str, str], ...]:
    stages = world.stages(entity)
    titles = {name: stage.title for name, stage in stages.items() if spec.codes.get(name) == stage.code}
    return tuple((one, titles.get(one, one)) for one in spec.type.options)


def item_named(text: str, world: World, url: Callable[[Item], str]) -> Item | None:
    """Return the item that a person means: `deal/118`, or the address of its page on the portal; None for neither."""
    text = text.strip()
    found = _ITEM.fullmatch(text)
    if found is not None:
        return Item(found[1], found[2]) if found[1] in world.entities else None
    for entity in world.entities:
        path = url(Item(entity, _MARK)).partition("://")[2].partition("/")[2]
        before, mark, after = path.partition(_MARK)
        if not mark:
            continue
        pattern = (
            rf"https?://[^/]+/{re.escape(before)}([\w-]{{1,40}}){re.escape(after.rstrip('/'))}(?:[/?#].*)?"
        )
        if (met := re.fullmatch(pattern, text)) is not None:
            return Item(entity, met[1])
    return None


def event_of_form(
    world: World, item: Item, form: Mapping[str, str], now: datetime, url: Callable[[Item], str]
) -> dict[str, Json]:
    """Return the event file: `kind`, `name` of a command or deadline, `by`, `field1`/`old1`…, and facts `f.<field>`.

    Without any fact there is no `facts`, so that whoever reads the file knows that nothing is known of the item.
    """
    kind = form.get("kind", "updated")
    name = kind if kind in _NAMED else f"{item.entity}.{'created' if kind == 'created' else 'updated'}"
    event: dict[str, Json] = {
        "event": name,
        "id": f"sandbox-{now:%Y%m%d%H%M%S}",
        "time": now.replace(microsecond=0).isoformat(),
        "item": str(item),
    }
    if form.get("by", "").strip():
        event["by"] = form["by"].strip()
    if kind in _NAMED:
        event[kind] = form.get("name", "").strip()
    before: dict[str, Json] = {}
    for at in range(1, 9):
        field = form.get(f"field{at}", "").rpartition(".")[2]
        spec = world.field(item.entity, field)
        if spec is not None and kind == "updated":
            before[field] = value_of(world, item.entity, spec, form.get(f"old{at}", ""), url)
    if before:
        event["before"] = before
    facts: dict[str, Json] = {}
    for one in form_fields(world, item.entity):
        text, spec = form.get(f"f.{one.name}", "").strip(), world.field(item.entity, one.name)
        if text and spec is not None:
            facts[one.name] = value_of(world, item.entity, spec, text, url)
    if facts:
        event["facts"] = {item.entity: {"id": item.id, **facts}}
    return event


def value_of(world: World, entity: str, spec: FieldSpec, text: str, url: Callable[[Item], str]) -> Json:
    """Return a person's words as the event file writes a value of the field; nothing and «пусто» are empty."""
    text = text.strip()
    if not text or text.casefold() in ("пусто", "empty"):
        return None
    kind = spec.type.kind
    if kind == "list" and spec.type.of is not None:
        return [_plain(spec.type.of, one.strip()) for one in text.split(",") if one.strip()]
    if kind == "choice":
        return next((name for name, title in _options(world, entity, spec) if title == text), text)
    if kind == "item":
        found = item_named(text, world, url)
        return {"id": found.id if found is not None else text}
    return _plain(spec.type, text)


def _plain(kind: Type, text: str) -> Json:
    if kind.kind == "yes/no":
        lower = text.casefold()
        return True if lower in _YES else False if lower in _NO else text
    if kind.kind == "file":
        return {"name": text}
    if kind.kind in ("number", "money"):
        bare = re.sub(r"[\s\u00a0₽]", "", text).replace(",", ".")
        if kind.kind == "money" and _MONEY.fullmatch(bare):
            return f"{bare} RUB"
        return bare if _MONEY.fullmatch(bare) else text
    if kind.kind == "date" and (found := _DAY.fullmatch(text)) is not None:
        return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    return text
