"""The engine's own database, whichever it is: transactions, rows, a fence against processes that are out of date.

Decides what every adapter promises and what is common to both; `embedded.py` is one SQLite file for one process,
`cluster.py` is Postgres for several. It knows no table but the counters and the attempts of an event: the SQL of
each stands with the module that owns its meaning, written once for both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

MIGRATIONS = Path(__file__).parent / "migrations"


class Row(Protocol):
    """One row of an answer: a column by its name or its position."""

    def __getitem__(self, key: str | int) -> Any:
        """Return a column. Raises IndexError or KeyError for one that the query did not ask for."""


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows a change touched."""

    def fetchone(self) -> Row | None:
        """Return the next row, None at the end."""

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""


class Connection(Protocol):
    """A transaction under way. Placeholders are `?` with both adapters."""

    def execute(self, sql: str, values: Sequence[object] = (), /) -> Cursor:
        """Run one statement."""

    def executemany(self, sql: str, values: Iterable[Sequence[object]], /) -> object:
        """Run one statement for each row of values."""


class StateError(Exception):
    """The state cannot be used; the message says it to a person, in English; `russian` in Russian."""

    def __init__(self, english: str, russian: str) -> None:
        super().__init__(english)
        self.russian = russian


class StateLost(StateError):  # noqa: N818 — it names what befell us, not a fault
    """The server was lost or gave up on the transaction: nothing of it is stored, and it may be tried again."""


class Fenced(Exception):  # noqa: N818 — it names what befell us, not a fault
    """Somebody else has taken the event over since: what we were about to write must not be written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for an event: good as long as nobody took it again (`attempt` goes up then)."""

    event: int
    attempt: int


NOBODY = Lease(0, 0)


class Store(ABC):
    """An open database, safe between threads. Close it when everything that uses it has stopped."""

    for_update = ""
    """What makes a reading keep others from changing the row until the transaction ends; SQLite has one writer."""

    @property
    @abstractmethod
    def folder(self) -> Path:
        """Where files that belong to the state are kept."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database; another process may take it."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """Yield the connection inside one transaction: committed at the end, rolled back if the block raises.

        After the end it survives a power cut. A transaction inside another one of the same thread is part of it.
        """

    @abstractmethod
    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""

    @abstractmethod
    def lock(self, name: str) -> None:
        """Inside a transaction: wait until no other transaction holds the same name; released at its end."""

    def announce(self, connection: Connection, lane: str) -> None:  # noqa: B027 — one process has nobody to tell
        """Tell other processes, in the transaction under way, that the lane has something to do; here are none."""

    def enter(self, lane: str) -> None:  # noqa: B027 — one writer at a time is in order anyway
        """Say, inside a transaction, that a row is about to be put into the lane: who takes its next row waits for us.

        Rows are numbered when they are put and seen when they are committed; a lane is to be in the order of both.
        """

    @contextmanager
    def taking(self, lane: str) -> Iterator[Connection]:  # noqa: ARG002
        """Yield a transaction in which the lane's next row is taken, once those who `enter` it have committed.

        Raises Fenced where the lane was given to another process meanwhile.
        """
        with self.transaction() as connection:
            yield connection

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:  # noqa: ARG002
        """Yield True where no other process does what `name` stands for; it stays so while the block runs."""
        yield True

    def write(self, sql: str, values: Sequence[object] = ()) -> None:
        """Change something as `execute` does, where nobody asks how many rows."""
        with self.transaction() as connection:
            connection.execute(sql, tuple(values))

    def row(self, sql: str, values: Sequence[object] = ()) -> Row | None:
        """Return the first row of a query, None where there is none."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def execute(self, sql: str, values: Sequence[object] = ()) -> int:
        """Change something in a transaction of its own (or in the one under way); return how many rows."""
        with self.transaction() as connection:
            return connection.execute(sql, tuple(values)).rowcount

    @contextmanager
    def fenced(self, lease: Lease) -> Iterator[Connection]:
        """Yield a transaction that only the present holder of the event may make. Raises Fenced for another."""
        with self.transaction() as connection:
            sql = "SELECT attempt FROM event WHERE n = ?" + self.for_update  # noqa: S608
            found = connection.execute(sql, (lease.event,)).fetchone()
            if found is None or found[0] != lease.attempt:
                raise Fenced(f"event {lease.event} was taken over")
            yield connection

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter that survives restarts."""
        self.execute(
            "INSERT INTO count (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = count.value + excluded.value",
            (name, by),
        )

    def counts(self) -> dict[str, int]:
        """Return every counter."""
        return {row["name"]: row["value"] for row in self.rows("SELECT * FROM count ORDER BY name")}


def migrations() -> list[tuple[int, str]]:
    """Return the numbered steps from an empty database to the present tables, in their order."""
    files = sorted(MIGRATIONS.glob("[0-9]*.sql"))
    return [(int(file.stem), file.read_text("utf-8")) for file in files]


def newer_state(where: str) -> StateError:
    """Return the error for a state that a later version of the product has changed."""
    return StateError(
        f"{where} was written by a newer version of Reglament",
        f"{where}: записано более новой версией Регламента",
    )
