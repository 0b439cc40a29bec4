"""Parameters as a batch wants them: a method and a URL query with PHP's brackets.

Decides the text of one command of a batch and what a reference in it looks like. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from urllib.parse import quote

from engine.action import Ref


def batch_key(position: int) -> str:
    """Return the key of the command at `position`. Keys 0, 1, … would come back as lists (PROTOCOL §1)."""
    return f"c_{position}"


def batch_command(method: str, params: Mapping[str, object], keys: Mapping[str, str]) -> str:
    """Return `method?query`; `keys` holds the batch keys of the commands that a `Ref` may name."""
    pairs = [f"{name}={quote(_text(value, keys), safe='')}" for name, value in _flatten(params)]
    return f"{method}?{'&'.join(pairs)}" if pairs else method


def follow(result: object, path: tuple[str | int, ...]) -> object:
    """Return what stands at `path` of an answer; the empty text where nothing does, as the portal puts it."""
    for step in path:
        if isinstance(result, Mapping):
            result = result.get(step, result.get(str(step)))
        elif isinstance(result, list | tuple) and str(step).isdigit() and int(step) < len(result):
            result = result[int(step)]
        else:
            return ""
    return "" if result is None else result


def _flatten(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            word = quote(str(key), safe="")
            yield from _flatten(member, f"{name}[{word}]" if name else word)
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _flatten(member, f"{name}[{index}]")
    else:
        yield name, value


def _text(value: object, keys: Mapping[str, str]) -> str:
    if isinstance(value, Ref):
        return f"$result[{keys[value.command]}]" + "".join(f"[{step}]" for step in value.path)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
