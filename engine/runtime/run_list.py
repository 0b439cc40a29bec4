"""Pages of the list of runs: which of them a person asked for, the newest first, quick among a hundred thousand.

Decides the queries. Runs and events are numbered in the order in which they came, so a moment is a number, found by
halving, and a page begins below the last number of the page before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.runtime.store import Store


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs: those of an item, with steps of a rule, of a status, of an event's name, begun in a time, late ones.

    `status` may be several with commas between; `words` stand in what the run is found by (deal, act, client);
    `has_steps` says whether anything was planned. `before` is the number of a run: only older ones, `after` only newer
    ones. Empty and None leave open.
    """

    item: str = ""
    rule: str = ""
    status: str = ""
    event: str = ""
    since: datetime | None = None
    until: datetime | None = None
    is_late: bool = False
    before: int = 0
    limit: int = 50
    words: str = ""
    has_steps: bool | None = None
    after: int = 0


def find_numbers(store: Store, wanted: Wanted) -> list[int]:
    """Return the numbers of one page of runs, the newest first."""
    sql, values = query_of(store, wanted)
    return [int(row[0]) for row in store.rows(sql, values)]


def query_of(store: Store, wanted: Wanted) -> tuple[str, list[object]]:
    """Return the query of one page with its values; every form of it goes along an index."""
    number = "step.run" if wanted.rule else "run.n"
    clauses, values = ["1 = 1"], list[object]()
    if wanted.is_late:
        clauses.append("run.late = 1")
    if wanted.has_steps is not None:
        there = "EXISTS (SELECT 1 FROM step AS s WHERE s.run = run.n)"
        clauses.append(there if wanted.has_steps else f"NOT {there}")
    for clause, value in _clauses(store, wanted, number):
        clauses.append(clause)
        values.extend(value if isinstance(value, tuple) else (value,))
    where = " AND ".join(clauses)
    values.append(wanted.limit)
    # The texts joined here are this module's own; what a person gave is among the values.
    if wanted.rule:
        # From the rule's steps to their runs: a CROSS JOIN is what keeps SQLite from going the other way round.
        tables = f"step CROSS JOIN run WHERE run.n = step.run AND {where}"
        return f"SELECT DISTINCT step.run FROM {tables} ORDER BY step.run DESC LIMIT ?", values  # noqa: S608
    return f"SELECT run.n FROM run WHERE {where} ORDER BY run.n DESC LIMIT ?", values  # noqa: S608


def _clauses(store: Store, wanted: Wanted, number: str) -> Iterator[tuple[str, object]]:
    if wanted.rule:
        yield "step.rule = ?", wanted.rule
    if wanted.item:
        yield "run.item = ?", wanted.item
    if wanted.status:
        statuses = tuple(wanted.status.split(","))
        yield f"run.status IN ({','.join('?' * len(statuses))})", statuses
    for word in wanted.words.casefold().split():
        yield "run.words LIKE ? ESCAPE '\\'", f"%{_plain(word)}%"
    if wanted.after:
        yield f"{number} > ?", wanted.after
    if wanted.event:
        yield "run.event_name = ?", wanted.event
    if wanted.before:
        yield f"{number} < ?", wanted.before
    if wanted.since is not None:
        yield f"{number} >= ?", first_since(store, "run", "started", wanted.since)
    if wanted.until is not None:
        yield f"{number} < ?", first_since(store, "run", "started", wanted.until)


def _plain(word: str) -> str:
    """Return a word as a pattern of LIKE that means itself."""
    for sign in ("\\", "%", "_"):
        word = word.replace(sign, f"\\{sign}")
    return word


def first_since(store: Store, table: str, column: str, moment: datetime) -> int:
    """Return the number from which on the rows' times in `column` are `moment` or later."""
    ends = f"SELECT (SELECT min(n) FROM {table}) AS low, (SELECT max(n) FROM {table}) AS high"  # noqa: S608
    row = store.row(ends)
    if row is None or row["low"] is None:
        return 0
    low, high = int(row["low"]), int(row["high"]) + 1
    probe = f"SELECT n, {column} FROM {table} WHERE n >= ? ORDER BY n LIMIT 1"  # noqa: S608
    while low < high:
        middle = (low + high) // 2
        found = store.row(probe, (middle,))
        if found is None or datetime.fromisoformat(found[1]) >= moment:
            high = middle
        else:
            low = int(found[0]) + 1
    return low
