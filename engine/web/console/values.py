"""Values of the journal's JSON in people's words: money, dates, yes and no, files, fields by their titles. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from engine.language.formats import date_text, money_text
from engine.language.types import World
from engine.language.values import Money
from engine.web.console.desk import say

_MONEY = re.compile(r"-?\d+(?:\.\d+)? [A-Z]{3}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_SHOWN = 6


def value_text(value: object, world: World | None = None, field: str = "") -> str:
    """Return a value as people write it; `field` (`act.form`) names choices and stages by their titles."""
    if value is None or value == "":
        return say("пусто", "empty")
    if isinstance(value, bool):
        return say("ДА", "YES") if value else say("НЕТ", "NO")
    if isinstance(value, Mapping):
        return _mapping_text(value, world)
    if isinstance(value, list | tuple):
        return _list_text(list(value), world)
    text = str(value)
    if field.endswith(".sha256"):
        return f"{text[:8]}…"
    if field.endswith(".size") and isinstance(value, int):
        return size_text(value)
    named = _named(text, world, field)
    if named:
        return named
    if _MONEY.fullmatch(text):
        amount, _, currency = text.partition(" ")
        return money_text(Money(Decimal(amount), currency))
    if _DATE.fullmatch(text):
        return date_text(date.fromisoformat(text))
    if _TIME.match(text):
        return datetime.fromisoformat(text).strftime("%d.%m.%Y %H:%M")
    return text


def _named(text: str, world: World | None, field: str) -> str:
    """Return the title of a stage or a pipeline that a field of that kind holds, empty where it is neither."""
    entity, _, name = field.rpartition(".")
    entity = entity.rpartition(".")[2]
    spec = world.field(entity, name) if world is not None and entity else None
    if world is None or spec is None:
        return ""
    stage = world.stages(entity).get(text)
    if stage is not None and spec.codes.get(text) == stage.code:
        return f"«{stage.title}»"
    if spec.codes.get(text) and text in world.pipelines:
        return f"«{world.pipelines[text].title}»"
    return ""


def _mapping_text(value: Mapping[str, object], world: World | None) -> str:
    if "name" in value and "kind" in value:
        return file_text(value)
    if "undecided" in value:
        return say("не известно", "not known")
    return ", ".join(f"{key}: {value_text(one, world)}" for key, one in value.items())


def _list_text(values: list[object], world: World | None) -> str:
    shown = ", ".join(value_text(one, world) for one in values[:_SHOWN])
    more = len(values) - _SHOWN
    if not values:
        return say("ничего", "none")
    return f"{shown} {say(f'и ещё {more}', f'and {more} more')}" if more > 0 else shown


def file_text(value: Mapping[str, object]) -> str:
    """Return a file: its name and size."""
    size = value.get("size")
    return f"{value.get('name')}, {size_text(size)}" if isinstance(size, int) else str(value.get("name"))


def size_text(size: int) -> str:
    """Return a number of bytes: «412 КБ»."""
    for limit, russian, english in ((1 << 20, "МБ", "MB"), (1 << 10, "КБ", "KB")):
        if size >= limit:
            number = f"{size / limit:.1f}" if size < 10 * limit else str(size // limit)
            return f"{say(number.replace('.', ','), number)} {say(russian, english)}"
    return f"{size} {say('Б', 'B')}"


def field_title(world: World, path: str) -> str:
    """Return what people call a field: `act.signed` → «Акт подписан»; the path itself where nobody named it."""
    entity, _, name = path.rpartition(".")
    spec = world.field(entity.rpartition(".")[2], name) if entity else None
    return spec.title if spec is not None and spec.title else path
