"""Which types meet in which operator, and what comes of it. Static: no values, no closures."""

from __future__ import annotations

from collections.abc import Mapping

from engine.language.types import (
    ANY,
    DATE,
    DURATION,
    MONEY,
    NOTHING,
    NUMBER,
    TEXT,
    TIME,
    Type,
    choice,
    list_of,
)

ORDERED = frozenset({"number", "money", "date", "time", "duration", "text", "any"})
_ARITHMETIC: Mapping[tuple[str, str, str], Type] = {
    **{(op, "number", "number"): NUMBER for op in ("+", "-", "*", "/", "//", "%")},
    **{(op, "money", "money"): MONEY for op in ("+", "-")},
    ("/", "money", "money"): NUMBER,
    ("*", "money", "number"): MONEY,
    ("*", "number", "money"): MONEY,
    ("/", "money", "number"): MONEY,
    ("+", "text", "text"): TEXT,
    **{(op, "date", "duration"): DATE for op in ("+", "-")},
    ("+", "duration", "date"): DATE,
    ("-", "date", "date"): DURATION,
    **{(op, "time", "duration"): TIME for op in ("+", "-")},
    ("+", "duration", "time"): TIME,
    ("-", "time", "time"): DURATION,
    **{(op, "duration", "duration"): DURATION for op in ("+", "-")},
    ("*", "duration", "number"): DURATION,
    ("*", "number", "duration"): DURATION,
}
_DATED = {"year": NUMBER, "month": NUMBER, "day": NUMBER, "weekday": NUMBER}
PROPERTY_TYPES: Mapping[str, Mapping[str, Type]] = {
    "date": _DATED,
    "time": {**_DATED, "date": DATE, "hour": NUMBER},
    "money": {"amount": NUMBER, "currency": TEXT},
    "duration": {"days": NUMBER},
}


def as_text_kind(kind: str) -> str:
    """Return the kind that an operator sees: a choice is text to it."""
    return "text" if kind == "choice" else kind


def result_of(op: str, left: Type, right: Type) -> Type | None:
    """Return the type of `left op right`, None where the operator does not join them."""
    if left.kind == "any" or right.kind == "any":
        return ANY
    return _ARITHMETIC.get((op, as_text_kind(left.kind), as_text_kind(right.kind)))


def comparable(left: Type, right: Type) -> bool:
    """True where the two can ever be equal."""
    kinds = {left.kind, right.kind}
    if kinds & {"any", "empty"}:
        return True
    if kinds == {"choice"}:
        return bool(set(left.options) & set(right.options))
    if as_text_kind(left.kind) != as_text_kind(right.kind):
        return False
    if left.kind == "item":
        return not left.entity or not right.entity or left.entity == right.entity
    if left.kind == "list":
        return comparable(left.of or ANY, right.of or ANY)
    return left.kind not in ("row", "folder")


def is_ordered(type_: Type) -> bool:
    """True where `<` has a meaning."""
    return type_.kind in ORDERED


def joined(left: Type, right: Type) -> Type | None:
    """Return the one type of two branches or list members, None where they have none in common."""
    if left == right or right.kind == "empty":
        return left
    if left.kind == "empty":
        return right
    if "any" in (left.kind, right.kind):
        return ANY
    if left.kind == right.kind == "choice":
        return choice(*dict.fromkeys((*left.options, *right.options)))
    if as_text_kind(left.kind) == as_text_kind(right.kind) == "text":
        return TEXT
    if left.kind == right.kind == "list":
        member = joined(left.of or ANY, right.of or ANY)
        return list_of(member) if member else None
    if left.kind == right.kind == "item" and "" in (left.entity, right.entity):
        return Type("item")
    return None


def assignable(found: Type, expected: Type) -> bool:
    """True where a `found` may stand where `expected` is asked for (literals are checked apart)."""
    if "any" in (found.kind, expected.kind) or found == NOTHING:
        return True
    if expected.kind == "text":
        return found.kind in ("text", "choice")
    if expected.kind == "choice":
        return found.kind == "choice" and set(found.options) <= set(expected.options)
    if expected.kind != found.kind:
        return False
    if expected.kind == "item":
        return not expected.entity or not found.entity or expected.entity == found.entity
    if expected.kind == "list":
        return assignable(found.of or ANY, expected.of or ANY)
    return True
