"""The portal's memory: collections of rows in one SQLite file.

A row is a JSON object under an int id, a collection is a table. The store decides when a change is durable
(before `transaction` returns) and refuses to know what a row means. Rows have no fixed columns because a
portal's fields are its owner's to add.

One connection under one lock: the portal's answers are serial per transaction, as a caller can observe them.
Rows are cached decoded; whoever gets one must copy before changing it (`put` stores a whole row).
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

Record: TypeAlias = dict[str, object]

_T = TypeVar("_T")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Store:
    """Durable rows and files; safe to share between threads."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, or a store in memory; `is_new` says whether it was empty.

        Raises `sqlite3.DatabaseError` where the file is something else.
        """
        self._lock = threading.RLock()
        self._depth = 0
        self._begun = False
        self._cache: dict[str, dict[int, Record]] = {}
        self._derived: dict[Hashable, tuple[tuple[int, ...], object]] = {}
        self._revisions: Counter[str] = Counter()
        self._touched: set[str] = set()
        self._meta: dict[str, str | None] = {}
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        found = self._tables()
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
        )
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS content (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL)"
        )
        # One killed before its first rows were there has the two tables and nothing in them.
        is_bare = self._connection.execute("SELECT 1 FROM meta").fetchone() is None
        self.is_new = found <= {"meta", "content"} and is_bare

    def _tables(self) -> set[str]:
        rows = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {str(row[0]) for row in rows}

    def close(self) -> None:
        """Give the file back; the store is unusable afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are durable together at the end, or none of them if an exception leaves it."""
        with self._lock:
            if self._depth:
                yield
                return
            self._depth = 1
            try:
                yield
            except BaseException:
                self._undo()
                raise
            else:
                if self._begun:
                    self._connection.execute("COMMIT")
            finally:
                self._depth, self._begun = 0, False
                self._touched.clear()

    def _undo(self) -> None:
        if self._begun:
            self._connection.execute("ROLLBACK")
        for collection in self._touched:
            self._cache.pop(collection, None)
            self._revisions[collection] += 1
        self._meta.clear()

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        """Change something, inside a transaction; a transaction that only reads costs the file nothing."""
        if not self._begun:
            self._connection.execute("BEGIN IMMEDIATE")
            self._begun = True
        self._connection.execute(sql, values)

    def _rows(self, collection: str) -> dict[int, Record]:
        known = self._cache.get(collection)
        if known is None:
            if not _NAME.fullmatch(collection):
                raise ValueError(f"not a collection name: {collection!r}")
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS {collection} (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"
            )
            found = self._connection.execute(f"SELECT id, body FROM {collection} ORDER BY id")  # noqa: S608
            known = {int(row[0]): json.loads(row[1]) for row in found}
            self._cache[collection] = known
            if self._begun:
                # A table made inside a transaction goes with it.
                self._touched.add(collection)
        return known

    def _touch(self, collection: str) -> None:
        self._touched.add(collection)
        self._revisions[collection] += 1

    def rows(self, collection: str) -> list[Record]:
        """All rows by ascending id."""
        with self._lock:
            return list(self._rows(collection).values())

    def numbered(self, collection: str) -> list[tuple[int, Record]]:
        """All rows with the id they are kept under, ascending."""
        with self._lock:
            return list(self._rows(collection).items())

    def get(self, collection: str, row_id: int) -> Record | None:
        """One row, or None."""
        with self._lock:
            return self._rows(collection).get(row_id)

    def derived(self, name: Hashable, of: tuple[str, ...], make: Callable[[], _T]) -> _T:
        """What `make` gives, kept under `name` until a row of one of these collections changes."""
        with self._lock:
            revisions = tuple(self._revisions[collection] for collection in of)
            kept = self._derived.get(name)
            if kept is None or kept[0] != revisions:
                kept = self._derived[name] = revisions, make()
            return cast("_T", kept[1])

    def put(self, collection: str, row_id: int, row: Mapping[str, object]) -> None:
        """Insert or replace one row."""
        with self.transaction():
            known = self._rows(collection)
            self._touch(collection)
            body = json.dumps(row, ensure_ascii=False)
            self._write(
                f"INSERT OR REPLACE INTO {collection} (id, body) VALUES (?, ?)",  # noqa: S608
                (row_id, body),
            )
            is_last = row_id in known or not known or row_id > next(reversed(known))
            known[row_id] = dict(row)
            if not is_last:
                self._cache[collection] = dict(sorted(known.items()))

    def remove(self, collection: str, row_id: int) -> bool:
        """Delete one row; false if there was none."""
        with self.transaction():
            known = self._rows(collection)
            self._touch(collection)
            self._write(f"DELETE FROM {collection} WHERE id = ?", (row_id,))  # noqa: S608
            return known.pop(row_id, None) is not None

    def next_id(self, collection: str) -> int:
        """A new id, above every one ever given in this collection (deleted rows' ids stay used)."""
        with self.transaction():
            known = self._rows(collection)
            highest = next(reversed(known)) if known else 0
            given = max(highest, int(self.read_meta(f"last:{collection}") or 0)) + 1
            self.write_meta(f"last:{collection}", str(given))
            return given

    def read_meta(self, name: str) -> str | None:
        """A single named value, or None."""
        with self._lock:
            if name not in self._meta:
                found = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
                self._meta[name] = str(found[0]) if found else None
            return self._meta[name]

    def write_meta(self, name: str, value: str) -> None:
        """Set a single named value."""
        with self.transaction():
            self._write("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))
            self._meta[name] = value

    def write_content(self, content: bytes) -> str:
        """Keep some bytes; returns their sha256 in hex, under which `read_content` finds them."""
        digest = sha256(content).hexdigest()
        with self.transaction():
            self._write("INSERT OR IGNORE INTO content (sha256, bytes) VALUES (?, ?)", (digest, content))
        return digest

    def read_content(self, digest: str) -> bytes:
        """The bytes kept under this sha256; `KeyError` if there are none."""
        with self._lock:
            row = self._connection.execute("SELECT bytes FROM content WHERE sha256 = ?", (digest,)).fetchone()
        if row is None:
            raise KeyError(digest)
        return bytes(row[0])
