"""Filter, order and page of a list call.

Decides which rows a list call returns; how a row is found and printed is its method's business. Rows reach
this module as flat maps of comparable values; prefixes and the nested OR logic are those of the vendor's
pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from engine.emulator.php import items_of, mapping
from engine.emulator.values import moment

PAGE_SIZE = 50

Reader: TypeAlias = Callable[[Mapping[str, object], str], object]
"""Gives a row's value by filter name."""

_T = TypeVar("_T")

_KEY = re.compile(r"(!=%|!%=|!=|!@|!%|!|>=|<=|=%|%=|>|<|=|@|%)?(.+)", re.DOTALL)


@dataclass(frozen=True)
class Test:
    """One comparison of a filter."""

    name: str
    operator: str
    wanted: object


@dataclass(frozen=True)
class Group:
    """Tests and groups joined by AND, or by OR."""

    any_of: bool
    members: tuple[Test | Group, ...]


def parse_filter(raw: object) -> Group:
    """The filter of a call. Numbered keys holding maps are nested groups with their own ``logic``."""
    members: list[Test | Group] = []
    any_of = False
    for key, value in items_of(raw):
        if key.lower() == "logic":
            any_of = str(value).upper() == "OR"
        elif key.isdigit() and isinstance(value, Mapping | list):
            members.append(parse_filter(value))
        else:
            match = _KEY.fullmatch(key)
            if match:
                members.append(Test(match[2], match[1] or "", value))
    return Group(any_of, tuple(members))


def names_in(group: Group) -> list[str]:
    """Every field name a filter mentions."""
    found: list[str] = []
    for member in group.members:
        found += [member.name] if isinstance(member, Test) else names_in(member)
    return found


def rename(group: Group, name_of: Callable[[str], str | None]) -> Group:
    """The filter under other names; tests of names unknown to `name_of` (None) are dropped.

    The old methods ignore what they do not know; those that refuse check `names_in` first.
    """
    members: list[Test | Group] = []
    for member in group.members:
        if isinstance(member, Group):
            members.append(rename(member, name_of))
        elif (name := name_of(member.name)) is not None:
            members.append(Test(name, member.operator, member.wanted))
    return Group(group.any_of, tuple(members))


def matches(group: Group, row: Mapping[str, object], read: Reader, zone: ZoneInfo) -> bool:
    """Whether a row passes."""
    results = (
        matches(member, row, read, zone)
        if isinstance(member, Group)
        else _passes(member, read(row, member.name), zone)
        for member in group.members
    )
    return any(results) if group.any_of and group.members else all(results)


def _passes(test: Test, value: object, zone: ZoneInfo) -> bool:
    if isinstance(value, list):
        if test.operator.startswith("!"):
            return all(_compare(test, one, zone) for one in value) if value else _compare(test, None, zone)
        return any(_compare(test, one, zone) for one in value) if value else _compare(test, None, zone)
    return _compare(test, value, zone)


def _compare(test: Test, value: object, zone: ZoneInfo) -> bool:
    operator, wanted = test.operator, test.wanted
    if operator.startswith("!"):
        positive = {"!": "", "!=": "=", "!@": "@", "!%": "%", "!=%": "=%", "!%=": "%="}[operator]
        return not _compare(Test(test.name, positive, wanted), value, zone)
    if operator in ("", "=", "@"):
        options = list(mapping(wanted).values()) if isinstance(wanted, Mapping | list) else [wanted]
        return any(_equal(value, option, zone) for option in options)
    if operator in ("%", "=%", "%="):
        return _like(value, wanted, anywhere=operator == "%")
    return _ordered(operator, value, wanted, zone)


def _like(value: object, wanted: object, *, anywhere: bool) -> bool:
    if value is None or value == "":
        return False
    have, text = str(value).casefold(), str(wanted).casefold()
    if anywhere and "%" not in text:
        return text in have
    pattern = "".join(".*" if char == "%" else "." if char == "_" else re.escape(char) for char in text)
    return re.fullmatch(pattern, have, re.DOTALL) is not None


def comparable(value: object, like: object, zone: ZoneInfo) -> object:
    """A filter value in the terms of the row's value: a number, a moment, or folded text.

    Raises `ValueError` or `InvalidOperation` where it cannot be read so.
    """
    if isinstance(like, datetime):
        return moment(value, zone)
    if isinstance(like, Decimal):
        return Decimal(1) if value is True else Decimal(str(value))
    return str(value).casefold()


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value is False


def _equal(value: object, wanted: object, zone: ZoneInfo) -> bool:
    if _is_empty(wanted):
        return _is_empty(value) or value == Decimal(0)
    if _is_empty(value):
        return str(wanted) == "0"
    try:
        return comparable(wanted, value, zone) == (
            value if isinstance(value, Decimal | datetime) else str(value).casefold()
        )
    except (ValueError, InvalidOperation):
        return False


def _ordered(operator: str, value: object, wanted: object, zone: ZoneInfo) -> bool:
    if _is_empty(value) or _is_empty(wanted):
        return False
    have = value if isinstance(value, Decimal | datetime) else str(value).casefold()
    try:
        mark = comparable(wanted, value, zone)
    except (ValueError, InvalidOperation):
        return False
    sign = (have > mark) - (have < mark)  # type: ignore[operator]
    return {">": sign > 0, ">=": sign >= 0, "<": sign < 0, "<=": sign <= 0}[operator]


def sort_rows(
    rows: Iterable[Mapping[str, object]], order: Sequence[tuple[str, str]], read: Reader
) -> list[Mapping[str, object]]:
    """Rows by several names, first the most important; empty values come first, as in the portal's
    database.
    """
    found = list(rows)
    for name, direction in reversed(order):

        def key(row: Mapping[str, object], name: str = name) -> tuple[bool, object]:
            value = read(row, name)
            if isinstance(value, list):
                value = value[0] if value else None
            if value is None:
                return (False, "")
            return (True, value if isinstance(value, Decimal | datetime) else str(value).casefold())

        found.sort(key=key, reverse=direction.upper() == "DESC")
    return found


@dataclass(frozen=True)
class Page:
    """A list answer: the result and the members of the envelope beside it."""

    result: object
    total: int
    next: int | None = None


def read_start(raw: object) -> int:
    """The offset of a call: 0 where it is absent or no number, -1 for "do not count"."""
    try:
        return max(int(str(raw)), -1)
    except ValueError:
        return 0


def cut(rows: Sequence[_T], start: int) -> tuple[Sequence[_T], int, int | None]:
    """A page of 50 with `total` and `next`; `start` -1 gives the first page, total 0 and no next."""
    if start < 0:
        return rows[:PAGE_SIZE], 0, None
    end = start + PAGE_SIZE
    return rows[start:end], len(rows), end if end < len(rows) else None
