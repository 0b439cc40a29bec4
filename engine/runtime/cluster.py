"""The cluster state: one Postgres for several engines, each of which may die or freeze at any moment.

Decides which connection a thread speaks through, what is done once at a transaction's end, and how lanes are kept
in the order of their rows although several processes write at once. Which process works on a lane is `dispatch.py`'s.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.runtime.cluster_schema import bring_up_to_date, refuse_other_version
from engine.runtime.embedded import OWNS, READS
from engine.runtime.jobs import put_jobs
from engine.runtime.postgres import Session, connect, name_of
from engine.runtime.store import Connection, Lease, Row, StateLost, Store

_MOST_SESSIONS = 24
# Divides by zero where the row is held by another attempt: `postgres.py` raises Fenced for that.
_HOLD = "SELECT 1 / count(*) FROM (SELECT 1 FROM event WHERE n = ? AND attempt = ? FOR UPDATE) AS held"
_OWN_JOB = "SELECT 1 / count(*) FROM procrastinate_jobs WHERE id = ?"


@dataclass(slots=True)
class _UnderWay:
    """A thread's transaction: what it leaves for its end."""

    session: Session
    lanes: dict[str, None] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


class ClusterStore(Store):
    """The database at `address`; files that belong to the state are kept in `folder`, which all processes share.

    With `mode` OWNS the tables are made and brought up to date; ASKS and READS need them as they are. Raises
    StateError where the server cannot be reached, lets us not in, or holds the tables of another version.
    """

    for_update = " FOR UPDATE"

    def __init__(self, address: str, folder: Path, *, mode: str = OWNS) -> None:
        self.address, self._folder = address, folder
        self._options: Mapping[str, str] = {"default_transaction_read_only": "on"} if mode == READS else {}
        self._local = threading.local()
        self._idle: list[Session] = []
        self._room = threading.BoundedSemaphore(_MOST_SESSIONS)
        self._is_closed = False
        with connect(address, self._options) as connection:
            if mode == OWNS:
                bring_up_to_date(connection, name_of(address))
            else:
                refuse_other_version(connection, name_of(address))

    @property
    def folder(self) -> Path:
        """See `Store.folder`."""
        return self._folder

    def close(self) -> None:
        """Close the connections that nobody uses; one in use is closed when it is given back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """See `Store.transaction`. Raises StateLost where the server was lost: then nothing of it is stored."""
        under_way: _UnderWay | None = getattr(self._local, "under_way", None)
        if under_way is not None:
            yield under_way.session
            return
        with self._session() as session:
            mine = self._local.under_way = _UnderWay(session)
            try:
                with session.transaction(lambda: _finish(mine)):
                    yield session
            finally:
                self._local.under_way = None

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """See `Store.rows`. Outside a transaction a reading is done again once where its connection was lost."""
        under_way: _UnderWay | None = getattr(self._local, "under_way", None)
        if under_way is not None:
            return under_way.session.execute(sql, tuple(values)).fetchall()
        try:
            return self._read(sql, tuple(values))
        except StateLost:
            return self._read(sql, tuple(values))

    def _read(self, sql: str, values: Sequence[object]) -> list[Row]:
        with self._session() as session:
            return session.ask(sql, values)

    def lock(self, name: str) -> None:
        """See `Store.lock`."""
        self._under_way.session.execute("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (name,))

    def enter(self, lane: str) -> None:
        """See `Store.enter`. Those who enter do not wait for each other, only those who take wait for them."""
        self._under_way.session.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(?, 0))", (f"lane {lane}",)
        )

    def announce(self, connection: Connection, lane: str) -> None:  # noqa: ARG002 — ours knows its own end
        """See `Store.announce`: a job of the lane comes with the transaction, or not at all."""
        self._under_way.lanes[lane] = None

    def count(self, name: str, by: int = 1) -> None:
        """See `Store.count`. Counted at the transaction's end, so that no counter is held for long."""
        with self.transaction():
            self._under_way.counts[name] += by

    @contextmanager
    def fenced(self, lease: Lease) -> Iterator[Connection]:
        """See `Store.fenced`. The server itself refuses, so that nobody waits for its answer before the end."""
        with self.transaction() as connection:
            connection.execute(_HOLD, (lease.event, lease.attempt))
            yield connection

    @contextmanager
    def working(self, job: int) -> Iterator[None]:
        """This thread does a job: what it takes meanwhile it takes as long as the job is its own."""
        self._local.job = job
        try:
            yield
        finally:
            self._local.job = None

    @contextmanager
    def taking(self, lane: str) -> Iterator[Connection]:
        """See `Store.taking`. A process that was frozen finds its job gone: another one works on the lane."""
        job: int | None = getattr(self._local, "job", None)
        with self.transaction() as connection:
            self.lock(f"lane {lane}")
            if job:
                connection.execute(_OWN_JOB, (job,))
            yield connection

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """See `Store.alone`. Whoever dies lets go at once."""
        with self._session() as session:
            sql = "SELECT pg_try_advisory_lock(hashtextextended(?, 0))"
            is_alone = bool(session.ask(sql, (f"alone {name}",))[0][0])
            try:
                yield is_alone
            finally:
                if is_alone:
                    session.ask("SELECT pg_advisory_unlock(hashtextextended(?, 0))", (f"alone {name}",))

    @property
    def _under_way(self) -> _UnderWay:
        found: _UnderWay | None = getattr(self._local, "under_way", None)
        assert found is not None, "outside a transaction"
        return found

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """Yield a connection that is this thread's for now."""
        with self._room:
            session = self._take_session()
            try:
                yield session
            finally:
                if session.is_usable and not self._is_closed:
                    self._idle.append(session)
                else:
                    session.close()

    def _take_session(self) -> Session:
        if self._is_closed:
            raise StateLost("the state was closed", "состояние закрыто")
        while self._idle:
            try:
                session = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if session.is_usable:
                return session
            session.close()
        return Session(self.address, self._options)


def _finish(under_way: _UnderWay) -> None:
    """Write what the transaction has left for its end, in an order that is everybody's: no two wait for each other."""
    if under_way.lanes:
        put_jobs(under_way.session, list(under_way.lanes))
    for name, number in sorted(under_way.counts.items()):
        under_way.session.execute(
            "INSERT INTO count (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = count.value + excluded.value",
            (name, number),
        )
