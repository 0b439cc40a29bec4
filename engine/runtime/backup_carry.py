"""A state from a file into an empty Postgres: the same rows in the same tables, in one transaction.

Decides the order and the numbers that the database goes on counting from. Both adapters have the same tables by the
same numbered steps, so no row is changed on the way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from engine.runtime.cluster_schema import bring_up_to_date
from engine.runtime.postgres import connect, name_of
from engine.runtime.store import StateError

# Who is referred to goes first; the others refer to nobody.
_FIRST = ("event", "edition", "edition_file", "run")


def carry_over(copy: Path, address: str) -> None:
    """The database holds the rows of the SQLite file, which is of the present version. Raises StateError, and then
    the database is as it was.
    """
    where = name_of(address)
    try:
        with connect(address, {}) as target, target.transaction(), closing(sqlite3.connect(copy)) as source:
            bring_up_to_date(target, where)
            for table in _tables(source):
                _copy_rows(source, target, table)
    except psycopg.Error as error:
        why = str(error).strip().partition("\n")[0]
        raise StateError(f"{where}: {why}", f"{where}: {why}") from error


def _tables(source: sqlite3.Connection) -> list[str]:
    found = source.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    names = sorted(str(row[0]) for row in found)
    return [*_FIRST, *(name for name in names if name not in _FIRST)]


def _copy_rows(source: sqlite3.Connection, target: psycopg.Connection[tuple[Any, ...]], table: str) -> None:
    rows = source.execute(f'SELECT * FROM "{table}"')  # noqa: S608 — a name that SQLite itself gave
    columns = [str(column[0]) for column in rows.description]
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    with (
        target.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), listed)) as given,
    ):
        for row in rows:
            given.write_row(row)
    for column in _counted(target, table):
        last = sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), max({})) FROM {}")
        target.execute(
            last.format(
                sql.Literal(table), sql.Literal(column), sql.Identifier(column), sql.Identifier(table)
            )
        )


def _counted(target: psycopg.Connection[tuple[Any, ...]], table: str) -> Iterator[str]:
    """Yield the columns whose values the database counts by itself."""
    found = target.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_identity = 'YES'",
        (table,),
    )
    for row in found.fetchall():
        yield str(row[0])
