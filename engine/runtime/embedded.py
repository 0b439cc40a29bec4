"""The embedded state: one SQLite file for one engine, every commit on the disk before it returns.

Decides how the file is opened, migrated and kept for one process, and which transactions share a commit. Others may
read it meanwhile, or put a request into its inbox; a second engine is refused.

Threads change the file one after another, and the last one that finds nobody waiting commits for all before it. So a
lone transaction costs one commit and no hand-over, and under load the disk is waited for once by many. Nobody returns
before what it did is on the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.runtime.store import Connection, Row, StateError, Store, migrations, newer_state

_PATIENCE = 10.0
OWNS, ASKS, READS = "owns", "asks", "reads"


class _Group:
    """Transactions that share one commit; `error` is what the commit raised."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.error: BaseException | None = None


class EmbeddedStore(Store):
    """The open file. One connection, one transaction at a time.

    With `mode` OWNS the file is made with its folder where it is missing, and a second owner is refused with
    StateError; ASKS writes beside a running engine, READS only reads: both need a file that is there.
    """

    def __init__(self, path: Path, *, mode: str = OWNS) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._coming = 0
        self._coming_lock = threading.Lock()
        self._holder: int | None = None
        self._group = _Group()
        self._guard: sqlite3.Connection | None = None
        self._local = threading.local()
        self._readers: list[tuple[sqlite3.Connection, threading.Lock]] = []
        if mode != OWNS:
            if not path.is_file():
                raise StateError(f"there is no state at {path}", f"состояния {path} нет")
            self._connection = _connect(
                f"{path.as_uri()}?mode={'ro' if mode == READS else 'rw'}", is_uri=True
            )
            if self._version() < len(migrations()):
                self._refuse_old()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._guard = _take_guard(path)
        # Letters, journals and an application's tokens are in it; SQLite gives its side files the same rights.
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._connection = _connect(str(path))
        self._connection.execute("PRAGMA journal_mode = WAL")
        # WAL with NORMAL may lose the last commits in a power cut, and they were answered 200.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._migrate()

    @property
    def folder(self) -> Path:
        """The file's own folder."""
        return self.path.parent

    def close(self) -> None:
        """Close the file; another process may take it."""
        with self._lock:
            for reader, is_used in self._readers:
                # SQLite crashes the process where a connection is closed under a thread that is reading by it.
                with is_used:
                    reader.close()
            self._connection.close()
            if self._guard is not None:
                self._guard.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """See `Store.transaction`."""
        if self._holder == threading.get_ident():
            yield self._connection
            return
        self._enter()
        is_committed = False
        group = self._group
        try:
            self._connection.execute("SAVEPOINT one")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK TO SAVEPOINT one")
                raise
            finally:
                self._connection.execute("RELEASE SAVEPOINT one")
        finally:
            self._holder = None
            if self._coming == 0:
                is_committed = True
                self._commit()
            self._lock.release()
        if not is_committed:
            group.done.wait()
        if group.error is not None:
            raise group.error

    def _enter(self) -> None:
        with self._coming_lock:
            self._coming += 1
        self._lock.acquire()
        with self._coming_lock:
            self._coming -= 1
        try:
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._lock.release()
            raise
        self._holder = threading.get_ident()

    def _commit(self) -> None:
        """Commit for every transaction of the group, and let them all return."""
        group, self._group = self._group, _Group()
        try:
            self._connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 — every member raises it
            group.error = error
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        group.done.set()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """See `Store.rows`. Outside a transaction only what is on the disk is seen, and nobody is waited for."""
        if self._holder == threading.get_ident():
            return self._connection.execute(sql, tuple(values)).fetchall()
        reader, is_used = self._reader()
        with is_used:
            return reader.execute(sql, tuple(values)).fetchall()

    def execute(self, sql: str, values: Sequence[object] = ()) -> int:
        """See `Store.execute`."""
        if self._holder == threading.get_ident():
            return self._connection.execute(sql, tuple(values)).rowcount
        return super().execute(sql, values)

    def write(self, sql: str, values: Sequence[object] = ()) -> None:
        """See `Store.write`."""
        self.execute(sql, values)

    def _reader(self) -> tuple[sqlite3.Connection, threading.Lock]:
        """Return this thread's own connection for reading, and what is held while it is in use."""
        found: tuple[sqlite3.Connection, threading.Lock] | None = getattr(self._local, "reader", None)
        if found is None:
            connection = _connect(f"{self.path.absolute().as_uri()}?mode=ro", is_uri=True)
            connection.execute("PRAGMA cache_size = -512")  # there is one for each thread
            found = self._local.reader = (connection, threading.Lock())
            self._readers.append(found)
        return found

    def lock(self, name: str) -> None:
        """Nothing to do: there is one transaction at a time."""

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        steps = migrations()
        at = self._version()
        if at > steps[-1][0]:
            raise newer_state(str(self.path))
        for number, script in steps:
            if number > at:
                self._connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")

    def _refuse_old(self) -> None:
        self._connection.close()
        raise StateError(
            f"{self.path} is of an older version: start `engine serve` once, it brings it up to date",
            f"{self.path} записан более старой версией: запустите `engine serve`, он обновит его",
        )


def is_owned(path: Path) -> bool:
    """True while an engine works on the file."""
    try:
        _take_guard(path).close()
    except StateError:
        return True
    return False


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """While the block runs no engine works on the file, nor starts on it. Raises StateError where one does."""
    guard = _take_guard(path)
    try:
        yield
    finally:
        guard.close()


def _connect(path: str, *, is_uri: bool = False) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=is_uri,
            cached_statements=512,
        )  # fmt: skip
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path}: {error}", f"{path}: это не состояние Регламента ({error})") from error
    return connection


def _take_guard(path: Path) -> sqlite3.Connection:
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
