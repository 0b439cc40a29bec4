"""Which rows a filter certainly leaves out, said in SQL, so that Python decides on the others alone.

Decides nothing by itself: a row is dropped only where a conjunct of the filter is certainly false, never where it is
undecided, since those rows are counted and told. Only comparisons are translated whose answer in a database is the
language's own: equality of texts, choices and yes/no, the order of days. Sums, currencies and times stay Python's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from engine.language.expression import Expression, Hint
from engine.language.types import FieldSpec
from engine.language.values import Value
from engine.registers.cells import UNKNOWN, encode
from engine.registers.shape import Shape
from engine.registers.tables import Table

_EXACT = frozenset({"text", "choice", "yes/no"})
_ORDER = frozenset({"<", "<=", ">", ">="})


def narrow(shape: Shape, table: Table, entity: str, hints: Iterable[Hint]) -> tuple[str, tuple[str, ...]]:
    """Return an SQL condition that every row meets for which no hint is certainly false, with its values."""
    conditions: list[str] = []
    given: list[str] = []
    for hint in _seen_through(shape, entity, hints):
        parts = shape.absolute(entity, hint.path).split(".")[1:]
        spec = shape.world.field(entity, parts[0]) if len(parts) == 1 else None
        column = table.columns.get(parts[0]) if spec is not None else None
        if spec is None or column is None:
            continue
        found = _condition(spec, column, hint)
        if found is not None:
            conditions.append(f"({found[0]} OR substr({column}, 1, 1) = ?)")
            given.extend((*found[1], UNKNOWN))
    return " AND ".join(conditions), tuple(given)


def _seen_through(shape: Shape, entity: str, hints: Iterable[Hint]) -> Iterator[Hint]:
    """Yield the hints, in the place of a computed yes those of the expression it follows from: where one of them is
    certainly false, so is the whole.
    """
    for hint in hints:
        parts = shape.absolute(entity, hint.path).split(".")[1:]
        cases = shape.derivations.cases.get((entity, parts[0]), ()) if len(parts) == 1 else ()
        if (
            hint.op == "=="
            and hint.value is True
            and len(cases) == 1
            and not shape.is_stored(entity, parts[0])
        ):
            when, found = cases[0]
            if when is None and isinstance(found, Expression):
                yield from _seen_through(shape, entity, found.hints)
        else:
            yield hint


def _condition(spec: FieldSpec, column: str, hint: Hint) -> tuple[str, list[str]] | None:
    """Return the condition under which the hint is true or open, None where SQL cannot say it exactly."""
    if hint.op in ("==", "in") and spec.type.kind in _EXACT:
        cells = [_cell(spec, one) for one in (hint.value if isinstance(hint.value, tuple) else (hint.value,))]
        if any(cell is None for cell in cells):
            return None
        # A yes/no that is empty is neither: asked for as a condition of its own it is undecided.
        empty = f"{column} IS NULL OR " if spec.type.kind == "yes/no" else ""
        marks = ", ".join("?" * len(cells))
        return f"{empty}{column} IN ({marks})", [cell for cell in cells if cell is not None]
    if hint.op in _ORDER and spec.type.kind == "date" and _is_day(hint.value):
        # An order with empty is undecided, so an empty day stays in.
        cell = encode(spec.type, hint.value)
        return (f"{column} IS NULL OR {column} {hint.op} ?", [cell]) if cell is not None else None
    return None


def _cell(spec: FieldSpec, value: Value) -> str | None:
    """Return how the column holds a literal, None for what compares otherwise than by its text."""
    is_plain = (isinstance(value, str) and value != "") or isinstance(value, bool)
    cell = encode(spec.type, value) if is_plain else None
    return None if cell is None or cell.startswith(UNKNOWN) else cell


def _is_day(value: Value) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
