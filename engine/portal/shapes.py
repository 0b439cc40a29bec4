"""The shape of an answer: which members it has and of which type each is, whatever they hold.

Decides when two answers to one question may be told apart by a client. Values, the order of members and the number
of rows say nothing; neither do a null, an empty list or an empty map, which the portal writes for one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, Union

from engine.effects import Said

Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "dict[str, Json]", None]
Kind: TypeAlias = Literal["bool", "number", "text", "list", "map", "null", "empty"]
Shape: TypeAlias = Mapping[str, frozenset[Kind]]
"""Types by path: `result.items[].id` → `{"number"}`. A map whose keys are all digits is written `{}`."""

# Fields and relations that one portal has and another has not: what they are called is no part of the protocol.
OWN_MEMBER = re.compile(r"^(UF_\w+|ufCrm\w*|parentId\d+|PARENT_ID_\d+|PROPERTY_\d+)$")
# Which of these `time` holds varies from answer to answer (PROTOCOL §1).
_LOOSE = re.compile(r"^time\.operating")
_SILENT: frozenset[Kind] = frozenset({"null", "empty"})
_WORDS: Mapping[Kind, Said] = {
    "bool": Said("да/нет", "a boolean"),
    "number": Said("число", "a number"),
    "text": Said("текст", "a text"),
    "list": Said("список", "a list"),
    "map": Said("набор полей", "a map"),
    "null": Said("null", "null"),
    "empty": Said("пусто", "nothing"),
}


@dataclass(frozen=True, slots=True)
class ShapeDifference:
    """One place where two answers differ; `what` says how, for people."""

    path: str
    kind: Literal["absent", "extra", "type", "status", "error"]
    what: Said


def shape_of(answer: Json) -> Shape:
    """Return the types found at each path of `answer`; rows of a list are taken together."""
    found: dict[str, set[Kind]] = {}
    for path, kind in _walk(answer, ""):
        found.setdefault(path, set()).add(kind)
    return {path: frozenset(kinds) for path, kinds in found.items()}


def compare_shapes(theirs: Shape, ours: Shape) -> tuple[ShapeDifference, ...]:
    """Return where `ours` (the twin's) differs from `theirs` (the portal's), in order of the paths."""
    return tuple(_differences(theirs, ours))


def compare_answers(
    theirs: Json, ours: Json, statuses: tuple[int, int] = (200, 200)
) -> tuple[ShapeDifference, ...]:
    """Return the differences of two whole answers: HTTP status, then the error's code, then the shape."""
    found: list[ShapeDifference] = []
    if statuses[0] != statuses[1]:
        said = Said(
            f"портал отвечает HTTP {statuses[0]}, двойник HTTP {statuses[1]}",
            f"the portal answers HTTP {statuses[0]}, the twin HTTP {statuses[1]}",
        )
        found.append(ShapeDifference("", "status", said))
    codes = [answer.get("error") if isinstance(answer, dict) else None for answer in (theirs, ours)]
    if codes[0] != codes[1]:
        names = ["—" if code is None else repr(code) for code in codes]
        said = Said(
            f"код ошибки у портала {names[0]}, у двойника {names[1]}",
            f"the error code is {names[0]} on the portal, {names[1]} on the twin",
        )
        found.append(ShapeDifference("error", "error", said))
        return tuple(found)
    return (*found, *compare_shapes(shape_of(theirs), shape_of(ours)))


def _walk(value: Json, path: str) -> Iterator[tuple[str, Kind]]:
    yield path, _kind(value)
    if isinstance(value, list):
        for one in value:
            yield from _walk(one, f"{path}[]")
    elif isinstance(value, dict):
        is_by_id = bool(value) and all(key.isdecimal() for key in value)
        for key, one in value.items():
            yield from _walk(one, f"{path}{{}}" if is_by_id else f"{path}.{key}".lstrip("."))


def _kind(value: Json) -> Kind:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if not value:
        return "empty"
    return "list" if isinstance(value, list) else "map"


def _differences(theirs: Shape, ours: Shape) -> Iterator[ShapeDifference]:
    for path in sorted({*theirs, *ours}):
        if _is_own(path) or _LOOSE.match(path):
            continue
        if path not in theirs or path not in ours:
            if _has_rows(_above(path), theirs) and _has_rows(_above(path), ours):
                yield _alone(path, is_theirs=path in theirs)
            continue
        their, our = theirs[path] - _SILENT, ours[path] - _SILENT
        if their and our and not their & our:
            yield ShapeDifference(path, "type", _types(their, our))


def _is_own(path: str) -> bool:
    return any(OWN_MEMBER.match(name) for name in re.split(r"\[\]|\{\}|\.", path))


def _above(path: str) -> str:
    if path.endswith(("[]", "{}")):
        return path[:-2]
    return path.rpartition(".")[0]


def _has_rows(path: str, shape: Shape) -> bool:
    """True where members of `path` could have been seen: a list without rows tells nothing of them."""
    return bool(shape.get(path, frozenset()) & {"map"})


def _alone(path: str, *, is_theirs: bool) -> ShapeDifference:
    if is_theirs:
        return ShapeDifference(path, "absent", Said("у двойника этого нет", "the twin has not got it"))
    return ShapeDifference(path, "extra", Said("у портала этого нет", "the portal has not got it"))


def _types(theirs: Sequence[Kind] | frozenset[Kind], ours: Sequence[Kind] | frozenset[Kind]) -> Said:
    pairs = [[_WORDS[kind] for kind in sorted(kinds)] for kinds in (theirs, ours)]
    ru = [" / ".join(word.ru for word in words) for words in pairs]
    en = [" / ".join(word.en for word in words) for words in pairs]
    return Said(f"у портала {ru[0]}, у двойника {ru[1]}", f"{en[0]} on the portal, {en[1]} on the twin")
