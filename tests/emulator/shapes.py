"""The shape of an answer: member names and JSON types, without any value. Used by the table and its recording."""

from __future__ import annotations

import re

# Keys that are ids or codes of this portal, not names of members.
_OWN_KEY = re.compile(r"\d+|UF_CRM_\w+|ufCrm\w*|PROPERTY_\d+|(?:PARENT_ID_|parentId)\d+")


def shape_of(value, depth=6):
    """``{"ID": "text", "items": [{…}]}``; lists by their first element, maps by id by their first value."""
    if isinstance(value, dict):
        if not depth:
            return "map"
        found = {}
        for key, one in value.items():
            name = "*" if _OWN_KEY.fullmatch(key) else key
            found.setdefault(name, shape_of(one, depth - 1))
        return dict(sorted(found.items()))
    if isinstance(value, list):
        return [shape_of(value[0], depth - 1)] if value and depth else []
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "null"


def brief(shape, width=44):
    """A shape in one line of a table."""
    text = _line(shape)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _line(shape):
    if isinstance(shape, dict):
        return "{" + ", ".join(shape) + "}"
    if isinstance(shape, list):
        return f"[{_line(shape[0])}]" if shape else "[]"
    return str(shape)
