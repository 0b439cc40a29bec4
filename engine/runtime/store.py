"""The engine's own database: one SQLite file, every commit on the disk before it returns.

Decides how the file is opened, migrated and kept for one process. It knows no table: the SQL of each stands with
the module that owns its meaning.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

MIGRATIONS = Path(__file__).parent / "migrations"
Row: TypeAlias = sqlite3.Row
Connection: TypeAlias = sqlite3.Connection
_PATIENCE = 10.0


class StateError(Exception):
    """The state cannot be used; the message says it to a person, in English; `russian` in Russian."""

    def __init__(self, english: str, russian: str) -> None:
        super().__init__(english)
        self.russian = russian


class Store:
    """The open database. Safe between threads: one connection, one transaction at a time.

    `path` is made with its folder where it is missing. A second process on the same file is refused with
    StateError, unless it `only_reads`.
    """

    def __init__(self, path: Path, *, only_reads: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._guard: Connection | None = None
        if only_reads:
            if not path.is_file():
                raise StateError(f"there is no state at {path}", f"состояния {path} нет")
            self._connection = _connect(f"{path.as_uri()}?mode=ro", is_uri=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._guard = _take_guard(path)
        self._connection = _connect(str(path))
        self._connection.execute("PRAGMA journal_mode = WAL")
        # WAL with NORMAL may lose the last commits in a power cut, and they were answered 200.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._migrate()

    def close(self) -> None:
        """Close the file; another process may take it."""
        with self._lock:
            self._connection.close()
            if self._guard is not None:
                self._guard.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield the connection inside one transaction: committed at the end, rolled back if the block raises.

        A transaction inside another one is part of it.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(sql, tuple(values)).fetchall()

    def row(self, sql: str, values: Sequence[object] = ()) -> Row | None:
        """Return the first row of a query, None where there is none."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        """Change something in a transaction of its own (or in the one under way)."""
        with self.transaction() as connection:
            connection.execute(sql, tuple(values))

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter that survives restarts."""
        self.execute(
            "INSERT INTO count VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, by),
        )

    def counts(self) -> dict[str, int]:
        """Return every counter."""
        return {row["name"]: row["value"] for row in self.rows("SELECT * FROM count ORDER BY name")}

    def _migrate(self) -> None:
        at = self._connection.execute("PRAGMA user_version").fetchone()[0]
        files = sorted(MIGRATIONS.glob("[0-9]*.sql"))
        if at > len(files):
            raise StateError(
                f"{self.path} was written by a newer version of Reglament",
                f"{self.path} записан более новой версией Регламента",
            )
        for number, file in enumerate(files[at:], at + 1):
            script = file.read_text("utf-8")
            self._connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")


def _connect(path: str, *, is_uri: bool = False) -> Connection:
    try:
        connection = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=is_uri
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path}: {error}", f"{path}: это не состояние Регламента ({error})") from error
    return connection


def _take_guard(path: Path) -> Connection:
    """Hold an exclusive lock beside the state for as long as this process lives.

    A lock of SQLite, since it works the same on every system and a killed process leaves none behind; a file of
    its own, so that the journal stays readable meanwhile.
    """
    guard = sqlite3.connect(f"{path}.lock", timeout=0, isolation_level=None, check_same_thread=False)
    try:
        guard.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        guard.close()
        raise StateError(
            f"another engine is running on {path}: stop it first",
            f"с {path} уже работает другой процесс Регламента: сначала остановите его",
        ) from error
    return guard
