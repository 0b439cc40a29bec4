"""A page of a register as an aligned table for people, and as JSON (`reglament/register/1`). Only shapes."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.registers.query import Page, Query

_RIGHT = frozenset({"money", "number"})
_FIXED = _RIGHT | {"date", "time", "yes/no"}
_WIDEST, _NARROWEST, _GAP = 34, 8, "  "
# A heading may take its two parts on two lines; a direction mark in a client's name must not turn the table over.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def page_text(entity: str, page: Page, language: str) -> str:
    """Return the rows under their headings, as wide as the terminal; a longer cell ends in an ellipsis."""
    from engine.registers.query import in_language
    from engine.registers.shown import cell_text

    heads = [_visible(in_language(column.title, language)) for column in page.columns]
    rows = [
        [
            _visible(cell_text(entity, column, value, language))
            for column, value in zip(page.columns, row.cells, strict=True)
        ]
        for row in page.rows
    ]
    ids = [row.item.id for row in page.rows]
    return table_text(
        ["id", *heads],
        [[id_, *row] for id_, row in zip(ids, rows, strict=True)],
        [True, *(column.type.kind in _RIGHT for column in page.columns)],
        [True, *(column.type.kind in _FIXED for column in page.columns)],
    )


def table_text(
    heads: Sequence[str], rows: Sequence[Sequence[str]], is_right: Sequence[bool], is_fixed: Sequence[bool]
) -> str:
    """Return a table of columns side by side; those of `is_fixed` are never cut."""
    widths = [
        min(max(_width(one) for one in (head, *(row[at] for row in rows))), _WIDEST)
        for at, head in enumerate(heads)
    ]
    # On a terminal long texts give way; numbers and days never do, and a pipe takes everything.
    room = max(shutil.get_terminal_size().columns, 80) if sys.stdout.isatty() else 1 << 16
    soft = [at for at, width in enumerate(widths) if width > _NARROWEST and not is_fixed[at]]
    while soft and sum(widths) + len(_GAP) * (len(widths) - 1) > room:
        widest = max(soft, key=lambda at: widths[at])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    lines = [[_cut(head, width) for head, width in zip(heads, widths, strict=True)]]
    lines += [[_cut(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    text = [_GAP.join(map(_padded, line, widths, is_right)).rstrip() for line in lines]
    text.insert(1, _GAP.join("─" * width for width in widths))
    return "\n".join(text) + "\n"


def _visible(text: str) -> str:
    return "".join(" " if unicodedata.category(one) in _HIDDEN else one for one in text)


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: wide letters take two, joined marks none."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    kept = text
    while kept and _width(kept) > width - 1:
        kept = kept[:-1]
    return kept + "…"


def _padded(cell: str, width: int, is_right: bool) -> str:  # noqa: FBT001 — one of three columns of a map
    room = " " * (width - _width(cell))
    return room + cell if is_right else cell + room


def page_json(query: Query, entity: str, page: Page) -> str:
    """Return the page as JSON: columns with titles, rows by path, sums as text, what nobody can judge."""
    from engine.decision.forms import value_json, write_json

    form: dict[str, Json] = {
        "schema": "reglament/register/1",
        "register": query.register,
        "total": page.total,
        "page": query.page,
        "columns": [
            {"path": one.path, "title": {"ru": one.title.ru, "en": one.title.en}, "type": str(one.type)}
            for one in page.columns
        ],
        "rows": [
            {
                "item": str(row.item),
                "states": list(row.states),
                "cells": {
                    column.path: value_json(value)
                    for column, value in zip(page.columns, row.cells, strict=True)
                },
            }
            for row in page.rows
        ],
        "sums": {path: [str(one) for one in sums] for path, sums in page.sums.items()},
        "undecided": {"count": page.undecided.count, "reasons": dict(page.undecided.reasons)},
        "entity": entity,
    }
    return write_json(form)
