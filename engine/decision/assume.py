"""Stand-ins for what only carrying out can give, so that a plan's cost can be reckoned without a portal.

Every planned item is taken for a real one called `0`, every pending value for the text `0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.effects import Effect
from engine.language.values import Item, Mixed, Path, Pending, Row, Segment, Value

STAND_IN = "0"


def assumed_effect(effect: Effect) -> Effect:
    """Return the effect as if every step before it had been done."""
    params = {
        name: {key: assumed(inner) for key, inner in value.items()}
        if isinstance(value, Mapping)
        else assumed(value)
        for name, value in effect.params.items()
    }
    details = {name: assumed(value) for name, value in effect.details.items()}
    return replace(effect, params=params, details=details, result=assumed(effect.result))


def assumed(value: Value) -> Value:
    """Return `value` with stand-ins for its planned and pending parts."""
    if isinstance(value, Item):
        return Item(value.entity, STAND_IN) if value.is_planned else value
    if isinstance(value, Pending):
        return STAND_IN
    if isinstance(value, Mixed):
        return _text(value)
    if isinstance(value, Path):
        return Path(tuple(_segment(segment) for segment in value.segments))
    if isinstance(value, Row):
        return Row(tuple((name, assumed(member)) for name, member in value.values))
    if isinstance(value, tuple):
        return tuple(assumed(member) for member in value)
    return value


def _text(mixed: Mixed) -> str:
    return "".join(STAND_IN if isinstance(part, Pending) else part for part in mixed.parts)


def _segment(segment: Segment) -> Segment:
    return replace(segment, text=_text(segment.text)) if isinstance(segment.text, Mixed) else segment
