"""A condition put together from a form: field, sign, value, as an expression of the regulation language. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime

CONDITIONS = (
    ("is", "равно", "is"),
    ("not", "не равно", "is not"),
    ("more", "не меньше", "at least"),
    ("less", "не больше", "at most"),
    ("has", "содержит", "contains"),
    ("empty", "пусто", "is empty"),
    ("full", "заполнено", "is filled in"),
    ("yes", "да", "yes"),
    ("no", "нет", "no"),
)
_PATH = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*){0,4}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_SIGNS = {"is": "==", "not": "!=", "more": ">=", "less": "<="}


def read_condition(field: str, sign: str, value: str) -> str:
    """Return the expression, empty where the form does not make one."""
    if not _PATH.fullmatch(field):
        return ""
    match sign:
        case "empty":
            return f"{field} == empty"
        case "full":
            return f"{field} != empty"
        case "yes" | "no":
            return f"{field} == {'true' if sign == 'yes' else 'false'}"
        case "has":
            return f"contains(lower({field}), {_quoted(value.strip().lower())})" if value.strip() else ""
        case "is" | "not" | "more" | "less":
            return f"{field} {_SIGNS[sign]} {_literal(value.strip())}" if value.strip() else ""
        case _:
            return ""


def _literal(text: str) -> str:
    plain = text.replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if _NUMBER.fullmatch(plain):
        return plain
    day = _day(text)
    return f'date("{day.isoformat()}")' if day is not None else _quoted(text)


def _day(text: str) -> date | None:
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 — a day has no zone
        except ValueError:
            continue
    return None


def _quoted(text: str) -> str:
    """Return a text as a literal; what would end or break it is left out."""
    return '"' + "".join(one for one in text if one.isprintable() and one not in '"\\')[:200] + '"'
