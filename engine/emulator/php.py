"""How a PHP server reads a request and prints an answer.

Bracketed keys become nested maps, maps with the keys 0..n-1 are lists, an empty map is ``[]``. Nothing here
knows a method or a field. The portal is written in PHP, and clients feel it in exactly these places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

_BRACKETS = re.compile(r"\[([^\]]*)\]")


def parse_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Nest form pairs by their brackets: ``fields[A][0]=x`` gives ``{"fields": {"A": ["x"]}}``.

    ``key[]`` appends. A later pair wins over an earlier one of the same name.
    """
    root: dict[str, object] = {}
    for key, value in pairs:
        head, bracket, tail = key.partition("[")
        path = [head, *_BRACKETS.findall(bracket + tail)]
        _put(root, path, value)
    return {key: as_array(value) for key, value in root.items()}


def parse_query(text: str) -> dict[str, object]:
    """A URL query, with PHP's nesting; blank values are kept."""
    return parse_pairs(parse_qsl(text, keep_blank_values=True))


def _put(node: dict[str, object], path: list[str], value: str) -> None:
    for position, step in enumerate(path):
        key = step if step or position == 0 else _next_index(node)
        if position == len(path) - 1:
            node[key] = value
            return
        child = node.get(key)
        if not isinstance(child, dict):
            child = {}
            node[key] = child
        node = child


def _next_index(node: Mapping[str, object]) -> str:
    numbers = [int(key) for key in node if key.isdigit()]
    return str(max(numbers) + 1 if numbers else 0)


def as_array(value: object) -> object:
    """A nested map whose keys are 0..n-1 in order is a list, at every depth."""
    if isinstance(value, dict):
        inner = {key: as_array(item) for key, item in value.items()}
        if inner and list(inner) == [str(index) for index in range(len(inner))]:
            return list(inner.values())
        return inner
    if isinstance(value, list):
        return [as_array(item) for item in value]
    return value


def printable(value: object) -> object:
    """A value as `json_encode` would print it: empty maps and 0..n-1 maps are lists.

    Seen on live portals in batch answers: keys 0..n-1 come back as JSON lists.
    """
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, Mapping):
        if not value:
            return []
        is_list = str(next(iter(value))) == "0" and all(
            str(key) == str(index) for index, key in enumerate(value)
        )
        if is_list:
            return [printable(item) for item in value.values()]
        return {str(key): printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [printable(item) for item in value]
    return value


def flatten(value: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Nested maps to form pairs with bracket keys, the way the portal posts its events."""
    pairs: list[tuple[str, str]] = []
    for key, item in value.items():
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(item, Mapping):
            pairs += flatten(item, name)
        else:
            pairs.append((name, str(item)))
    return pairs


def items_of(value: object) -> list[tuple[str, object]]:
    """The pairs of a PHP array that arrived as a JSON list or as a map."""
    if isinstance(value, Mapping):
        return [(str(key), item) for key, item in value.items()]
    if isinstance(value, list):
        return [(str(index), item) for index, item in enumerate(value)]
    return []


def mapping(value: object) -> dict[str, object]:
    """The value as a map; an empty list is an empty map, anything else unfit is empty too."""
    return dict(items_of(value))


def listing(value: object) -> list[object]:
    """The value as a list: a map gives its values, a scalar a list of one, nothing an empty list."""
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]
