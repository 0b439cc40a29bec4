"""A condition put together from a form: field, sign, value, as an expression of the regulation language. Pure.

Decides how a person's words for a value («100 000», «просрочен», «да») become a literal of the field's type, and which
signs fit it. What does not fit is refused here in words, so that no diagnostic about types meets a person's form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from engine.language.types import TEXT, Type

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
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")
_SIGNS = {"is": "==", "not": "!=", "more": ">=", "less": "<="}
_ORDERED = frozenset({"number", "money", "date", "time"})
_YES, _NO = frozenset({"да", "yes", "true", "1"}), frozenset({"нет", "no", "false", "0"})


class Unfit(ValueError):  # noqa: N818 — a state of the form, no fault
    """The form makes no condition; `why` is a name: `sign`, `number`, `date`, `choice`, `yes_no`, `value`, `field`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as its condition needs it: path, type, the words of its options, and what an item of it is called by."""

    path: str
    type: Type = TEXT
    words: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


def read_condition(asked: Asked, sign: str, value: str) -> str:
    """Return the expression that the form asks for. Raises Unfit."""
    if not _PATH.fullmatch(asked.path):
        raise Unfit("field")
    kind, value = asked.type.kind, value.strip()
    if sign in ("empty", "full"):
        return f"{asked.path} {'==' if sign == 'empty' else '!='} empty"
    if sign in ("yes", "no") or kind == "yes/no":
        return _yes_no(asked.path, kind, sign, value)
    if not value:
        raise Unfit("value")
    if sign not in (*_SIGNS, "has"):
        raise Unfit("sign")
    if kind == "choice":
        return _chosen(asked, sign, value)
    if kind in _ORDERED:
        return _compared(asked.path, kind, sign, value)
    path = f"{asked.path}.{asked.name}" if kind == "item" else asked.path
    if kind not in ("text", "item") or (kind == "item" and not asked.name) or sign in ("more", "less"):
        raise Unfit("sign")
    if sign == "has":
        return f"contains(lower({path}), {_quoted(value.lower())})"
    return f"{path} {_SIGNS[sign]} {_quoted(value)}"


def _yes_no(path: str, kind: str, sign: str, value: str) -> str:
    if kind != "yes/no" or sign not in ("yes", "no", "is", "not"):
        raise Unfit("sign")
    if sign in ("is", "not"):
        if value.casefold() not in _YES | _NO:
            raise Unfit("yes_no")
        sign = "yes" if (value.casefold() in _YES) == (sign == "is") else "no"
    return f"{path} == {'true' if sign == 'yes' else 'false'}"


def _chosen(asked: Asked, sign: str, value: str) -> str:
    """Compare with the options meant: by their names, or by the words that people see for them."""
    if sign not in ("is", "not", "has"):
        raise Unfit("sign")
    wanted = value.casefold()
    names = {one: asked.words.get(one, one).casefold() for one in asked.type.options}
    meant = [one for one, words in names.items() if wanted in (one.casefold(), words)]
    if not meant or sign == "has":
        meant = [one for one, words in names.items() if wanted in words or wanted in one.casefold()]
    if not meant:
        raise Unfit("choice")
    told = " or ".join(f"{asked.path} == {_quoted(one)}" for one in meant)
    if sign == "not":
        return " and ".join(f"{asked.path} != {_quoted(one)}" for one in meant)
    return f"({told})" if len(meant) > 1 else told


def _compared(path: str, kind: str, sign: str, value: str) -> str:
    if sign == "has":
        raise Unfit("sign")
    if kind in ("date", "time"):
        day = _day(value)
        if day is None:
            raise Unfit("date")
        return f'{path}{".date" if kind == "time" else ""} {_SIGNS[sign]} date("{day.isoformat()}")'
    plain = re.sub(r"[\s\u00a0₽]", "", value).replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise Unfit("number")
    literal = f'money({plain}, "RUB")' if kind == "money" else plain
    return f"{path} {_SIGNS[sign]} {literal}"


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
