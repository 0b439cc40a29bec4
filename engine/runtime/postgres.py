"""One connection to Postgres, spoken to as `Store` speaks: `?` in the SQL, rows by name or position, few round trips.

Decides how statements travel: they are sent together when somebody asks for the answer of one, so that a transaction
of many changes waits for the server once. It speaks through libpq itself (`psycopg.pq`), each statement prepared once:
psycopg's cursors cost more of the interpreter's time than the server takes. It knows no table and no lane.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from engine.runtime.store import Fenced, Row, StateError, StateLost

# A process that was frozen inside a transaction must not keep the rows that another one takes over.
_SESSION = {
    "application_name": "reglament",
    "idle_in_transaction_session_timeout": "8s",
    "lock_timeout": "20s",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
_OPEN_SECONDS = 5
_MOST_PREPARED = 400
# Notices an unplugged server within half a minute; the system's default takes hours.
_ALIVE: Mapping[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.PIPELINE_ABORTED)


def _number(value: bytes) -> int | float:
    return float(value) if b"." in value else int(value)


# By the types' numbers in `pg_type`; all others are text.
_READ: Mapping[int, Callable[[bytes], object]] = {
    16: lambda value: value == b"t",
    17: lambda value: bytes.fromhex(value[2:].decode()),
    20: int,
    21: int,
    23: int,
    700: float,
    701: float,
    1700: _number,
}


class _Row:
    """One row of an answer, read column by column as asked."""

    __slots__ = ("_cursor", "_row")

    def __init__(self, cursor: PostgresCursor, row: int) -> None:
        self._cursor, self._row = cursor, row

    def __getitem__(self, key: str | int) -> Any:
        return self._cursor.value(self._row, key)

    def __iter__(self) -> Iterator[Any]:
        return self._cursor.values(self._row)


class PostgresCursor:
    """What a statement gave, awaited when it is asked for."""

    __slots__ = ("_at", "_next", "_readers", "_session", "result")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.result: PGresult | None = None
        self._at: Mapping[str, int] | None = None
        self._readers: list[Callable[[bytes], object]] | None = None
        self._next = 0

    @property
    def rowcount(self) -> int:
        """How many rows a change touched."""
        return self._answer().command_tuples or 0

    def fetchone(self) -> Row | None:
        """Return the next row, None at the end."""
        if self._next >= self._answer().ntuples:
            return None
        self._next += 1
        return _Row(self, self._next - 1)

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        first, self._next = self._next, self._answer().ntuples
        return [_Row(self, row) for row in range(first, self._next)]

    def value(self, row: int, key: str | int) -> object:
        """Return one column of one row."""
        result = self._answer()
        if self._at is None:
            self._at = {(result.fname(at) or b"").decode(): at for at in range(result.nfields)}
        column = key if isinstance(key, int) else self._at[key]
        if not 0 <= column < result.nfields:
            raise IndexError(column)
        found = result.get_value(row, column)
        if found is None:
            return None
        read = _READ.get(result.ftype(column))
        return found.decode() if read is None else read(found)

    def values(self, row: int) -> Iterator[object]:
        """Yield the columns of one row in their order; whoever reads many rows asks so."""
        result = self._answer()
        if self._readers is None:
            self._readers = [_READ.get(result.ftype(at), bytes.decode) for at in range(result.nfields)]
        for column, read in enumerate(self._readers):
            found = result.get_value(row, column)
            yield None if found is None else read(found)

    def _answer(self) -> PGresult:
        if self.result is None:
            self._session.wait_for(self)
        assert self.result is not None
        return self.result


class _Preparing(PostgresCursor):
    """A statement being prepared; the server forgets it where something before it failed."""

    __slots__ = ("sql",)

    def __init__(self, session: Session, sql: str) -> None:
        super().__init__(session)
        self.sql = sql


class Session:
    """A connection that one thread uses at a time.

    Every fault of the server itself is raised as StateLost; a division by zero as Fenced: nothing else divides here,
    and a condition that fails its transaction in the server costs no waiting of its own.
    """

    def __init__(self, address: str, options: Mapping[str, str] | None = None) -> None:
        self._raw = connect(address, options or {})
        self._libpq = self._raw.pgconn
        self._libpq.enter_pipeline_mode()
        # What was sent and not yet answered; None is a point of meeting.
        self._sent: deque[PostgresCursor | None] = deque()
        self._names: dict[str, bytes] = {}
        self._numbers = count()

    def close(self) -> None:
        """Let the connection go; what was under way is rolled back."""
        self._raw.close()

    @property
    def is_usable(self) -> bool:
        """False where the server has closed its end meanwhile, or a transaction was left behind."""
        if self._libpq.status != ConnStatus.OK or self._sent:
            return False
        return self._libpq.transaction_status == TransactionStatus.IDLE and not self._poll(0)

    def execute(self, sql: str, values: Sequence[object] = (), /) -> PostgresCursor:
        """Send one statement of a transaction."""
        cursor = PostgresCursor(self)
        with self._speaking():
            given = [written(value) for value in values]
            name = self._names.get(sql) or self._prepare(sql)
            if name:
                self._libpq.send_query_prepared(name, given)
            else:
                self._libpq.send_query_params(numbered(sql), given)
            self._sent.append(cursor)
        if sql.startswith("RELEASE"):
            # A change that failed must be known before its savepoint is gone.
            self.wait_for(cursor)
        return cursor

    def _prepare(self, sql: str) -> bytes:
        """Have the statement prepared; return its name, empty where there are too many already."""
        if len(self._names) >= _MOST_PREPARED:
            return b""
        name = self._names[sql] = b"s%d" % next(self._numbers)
        self._libpq.send_prepare(name, numbered(sql))
        self._sent.append(_Preparing(self, sql))
        return name

    def executemany(self, sql: str, values: Iterable[Sequence[object]], /) -> None:
        """Send one statement for each row of values."""
        for one in values:
            self.execute(sql, tuple(one))

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a statement that is a transaction by itself."""
        cursor = self.execute(sql, values)
        self._meet()
        return cursor.fetchall()

    @contextmanager
    def transaction(self, before_commit: Callable[[], None]) -> Iterator[None]:
        """One transaction: committed at the end after `before_commit`, rolled back if the block raises."""
        try:
            self.execute("BEGIN")
            yield
            before_commit()
            self.execute("COMMIT")
            self._meet()
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """End a failed transaction; where that fails too the connection is of no more use."""
        try:
            self._resume()
            if self._libpq.transaction_status != TransactionStatus.IDLE:
                self.execute("ROLLBACK")
                self._meet()
        except (psycopg.Error, StateLost):
            self._raw.close()

    def wait_for(self, cursor: PostgresCursor) -> None:
        """Wait until the statement was answered. Raises what failed, be it an earlier one."""
        with self._speaking():
            self._libpq.send_flush_request()
            while cursor.result is None:
                if not self._sent:
                    raise psycopg.OperationalError("the transaction has failed before")
                self._read_next()

    def _meet(self) -> None:
        """Wait until everything sent so far was answered; what is not in a transaction is committed."""
        with self._speaking():
            self._libpq.pipeline_sync()
            self._sent.append(None)
            while self._sent:
                self._read_next()

    def _resume(self) -> None:
        """Make the server listen again: after a fault it ignores all it is sent until the next point of meeting."""
        with suppress(psycopg.Error):
            self._libpq.pipeline_sync()
            self._sent.append(None)
        while self._sent and self._libpq.status == ConnStatus.OK:
            with suppress(psycopg.Error):
                self._read_next()

    def _read_next(self) -> None:
        """Read the answer of the earliest statement that has none yet. Raises what it failed with."""
        result = self._receive()
        one = self._sent.popleft()
        if one is None:
            return
        self._receive()  # the end of this statement's answers
        assert result is not None
        if result.status in _FAILED:
            if isinstance(one, _Preparing):
                self._names.pop(one.sql, None)
            raise error_from_result(result)
        one.result = result

    def _receive(self) -> PGresult | None:
        while self._libpq.flush():
            self._poll(None, is_full=True)
            self._libpq.consume_input()
        while self._libpq.is_busy():
            self._poll(None)
            self._libpq.consume_input()
        return self._libpq.get_result()

    def _poll(self, seconds: float | None, *, is_full: bool = False) -> bool:
        """Wait until the server has said something, or where `is_full` until it listens; False after `seconds`."""
        descriptor = self._libpq.socket
        if not hasattr(select, "poll"):
            return any(select.select([descriptor], [descriptor] if is_full else [], [], seconds))
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | (select.POLLOUT if is_full else 0))
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn the server's faults into StateLost, and let a failed transaction be spoken to again."""
        try:
            yield
        except psycopg.Error as error:
            # Tables that a newer process has changed meanwhile: a new connection knows them.
            is_outdated = isinstance(error, psycopg.errors.FeatureNotSupported)
            if not is_outdated:
                self._resume()
            if isinstance(error, psycopg.errors.DivisionByZero):
                raise Fenced("taken over by another process") from error
            is_bad = self._libpq.status != ConnStatus.OK or is_outdated
            if is_bad:
                self._raw.close()
            if is_bad or isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
                raise lost(error) from error
            raise


def connect(address: str, options: Mapping[str, str]) -> psycopg.Connection[tuple[Any, ...]]:
    """Return an open connection as psycopg makes it. Raises StateError."""
    settings = " ".join(f"-c {name}={value}" for name, value in {**_SESSION, **options}.items())
    try:
        raw = psycopg.connect(
            address, autocommit=True, connect_timeout=_OPEN_SECONDS, options=settings, **_ALIVE
        )
    except psycopg.ProgrammingError as error:
        # What libpq says of an address that it cannot read may hold the password.
        raise StateError(
            "the state's address is not one of Postgres (postgresql://user:password@host/database)",
            "адрес состояния не читается как адрес Postgres (postgresql://user:password@host/database)",
        ) from error
    except psycopg.OperationalError as error:
        where = name_of(address)
        raise StateLost(
            f"{where} cannot be used: {_first_line(error)}", f"{where} недоступно: {_first_line(error)}"
        ) from None
    return raw


def lost(error: Exception) -> StateLost:
    """Return the error for a server that was lost or gave up on a transaction."""
    return StateLost(
        f"the state was lost: {_first_line(error)}", f"связь с состоянием потеряна: {_first_line(error)}"
    )


def name_of(address: str) -> str:
    """Return the address as people may see it: host and database, never a password."""
    try:
        parts = conninfo_to_dict(address)
    except psycopg.Error:
        return "postgresql"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def written(value: object) -> bytes | None:
    """Return a value as Postgres reads it; the statement says of what type it is."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a NUL character: Postgres holds none")
        return value.encode()
    if isinstance(value, bool):
        return b"1" if value else b"0"
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if isinstance(value, int | float):
        return repr(value).encode()
    if isinstance(value, list):
        inner = (str(one).replace("\\", "\\\\").replace('"', '\\"') for one in value)
        return ("{" + ",".join(f'"{one}"' for one in inner) + "}").encode()
    raise TypeError(f"no value for a database: {type(value).__name__}")


@lru_cache(maxsize=1024)
def numbered(sql: str) -> bytes:
    """Return the statement with `?` numbered as Postgres wants it. No text of ours holds a question mark."""
    numbers = count(1)
    parts = sql.split("?")
    return "".join([parts[0], *(f"${next(numbers)}{part}" for part in parts[1:])]).encode()
