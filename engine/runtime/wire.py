"""Values of the regulation language as JSON text and back, exactly.

Text, yes/no and empty are themselves, tuples are lists; every other type is an object of one key, so that money
comes back as money and an id as text. What is not a value is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.language.values import (
    INSIDE_PARTS,
    Duration,
    File,
    Inside,
    Item,
    Mixed,
    Money,
    Path,
    Pending,
    Row,
    Segment,
    Undecided,
    Value,
)

# Made once: `json.dumps` with separators makes an encoder for every call.
_NOTHING = '{"o":{}}'
_to_text = json.JSONEncoder(separators=(",", ":")).encode


def dump(value: Value | Mapping[str, Value]) -> str:
    """Return the text of a value or of named values. Raises TypeError for anything else."""
    return _to_text(encode(value))


def load(text: str) -> Value:
    """Return the value that `dump` wrote. Raises ValueError for other text."""
    return decode(json.loads(text))


def load_map(text: str) -> dict[str, Value]:
    """Return the named values that `dump` wrote."""
    if text == _NOTHING:
        return {}
    raw = json.loads(text)
    if not isinstance(raw, dict) or set(raw) != {"o"}:
        raise ValueError(f"no named values: {text[:80]}")
    return {name: decode(member) for name, member in raw["o"].items()}


def encode(value: Value | Mapping[str, Value]) -> Any:
    """Return plain JSON data. Text is escaped to ASCII by `dump`: the portal lets half surrogates through."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return [encode(member) for member in value]
    if isinstance(value, Mapping):
        return {"o": {name: encode(member) for name, member in value.items()}}
    if isinstance(value, datetime):
        zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else ""
        return {"t": [value.isoformat(), zone]}
    for kind, (tag, parts) in _WRITERS.items():
        if isinstance(value, kind):
            return {tag: parts(value)}
    raise TypeError(f"{type(value).__name__} is not a value of the language")


_WRITERS: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    Decimal: ("n", str),
    Money: ("m", lambda v: [str(v.amount), v.currency]),
    date: ("d", lambda v: v.isoformat()),
    Duration: ("u", lambda v: [v.amount, v.unit]),
    Item: ("i", lambda v: [v.entity, v.id]),
    File: ("f", lambda v: [v.name, v.size, v.kind, v.sha256, v.source, *_inside_parts(v.inside)]),
    Row: ("r", lambda v: [[name, encode(member)] for name, member in v.values]),
    Pending: ("p", lambda v: [v.ref, v.shown, v.format]),
    Mixed: ("x", lambda v: [encode(part) for part in v.parts]),
    Path: ("h", lambda v: [[encode(one.text), one.origin] for one in v.segments]),
    Undecided: ("?", lambda v: [v.reason, v.is_void]),
}


def _inside_parts(inside: Inside | None) -> list[Any]:
    """Return what ends the form of a file that was looked into, nothing for others: most are not."""
    return [] if inside is None else [[getattr(inside, name) for name in INSIDE_PARTS]]


def decode(raw: Any) -> Value:
    """Return the value of plain JSON data. Raises ValueError where it is none."""
    if raw is None or isinstance(raw, bool | str):
        return raw
    if isinstance(raw, list):
        return tuple(decode(member) for member in raw)
    if isinstance(raw, dict) and len(raw) == 1:
        [(tag, parts)] = raw.items()
        if tag in _READERS:
            return _READERS[tag](parts)
    raise ValueError(f"no value: {str(raw)[:80]}")


def _time(parts: Any) -> datetime:
    moment = datetime.fromisoformat(parts[0])
    # A zone, not its offset of that day: adding working days must meet the next change of clocks.
    return moment.astimezone(ZoneInfo(parts[1])) if parts[1] else moment


def _file(parts: Any) -> File:
    name, size, kind, digest, source, *rest = parts
    if not rest:
        return File(name, size, kind, digest, source)
    found = dict(zip(INSIDE_PARTS, rest[0], strict=True))
    numbers = found.pop("numbers")
    return File(
        name, size, kind, digest, source, Inside(**found, numbers=None if numbers is None else tuple(numbers))
    )


def _mixed_part(raw: Any) -> str | Pending:
    part = decode(raw)
    if isinstance(part, str | Pending):
        return part
    raise ValueError(f"no part of a text: {str(raw)[:80]}")


def _text(raw: Any) -> str | Mixed:
    text = decode(raw)
    if isinstance(text, str | Mixed):
        return text
    raise ValueError(f"no text: {str(raw)[:80]}")


_READERS: Mapping[str, Callable[[Any], Value]] = {
    "n": Decimal,
    "m": lambda p: Money(Decimal(p[0]), p[1]),
    "d": date.fromisoformat,
    "t": _time,
    "u": lambda p: Duration(p[0], p[1]),
    "i": lambda p: Item(p[0], p[1]),
    "f": _file,
    "r": lambda p: Row(tuple((name, decode(member)) for name, member in p)),
    "p": lambda p: Pending(*p),
    "x": lambda p: Mixed(tuple(_mixed_part(part) for part in p)),
    "h": lambda p: Path(tuple(Segment(_text(text), origin) for text, origin in p)),
    "?": lambda p: Undecided(p[0], is_void=p[1]),
}


def item_of(text: str) -> Item | None:
    """Return the item that `act/43` names, None for the empty text."""
    entity, slash, id_ = text.partition("/")
    return Item(entity, id_) if slash else None
