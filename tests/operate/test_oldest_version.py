"""A state of the first release, brought up to date: every row is as it was, is read as before, and is gone on with."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from engine.runtime.cluster import ClusterStore
from engine.runtime.cluster_schema import translated
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.store import MIGRATIONS, Store, migrations
from tests.operate.operate_case import premises

FIRST = Path(__file__).with_name("first_state.sql")
# What was released is never altered, not even a word of a comment: states out there were made by these bytes.
RELEASED = {
    "0001": "b7db4a78e0bdb6824d940ef62a94cbed46ca7e7646553268a1fba7da983156bd",
    "0002": "0c6662db6a0951c8ecdc63d67bb8224f0252425d1b3d3bab91847e5d209a006b",
    "0003": "dc1718963424f8ebbe19de3b435ec52d6cb9519cc6d5d48a13262f5788552360",
    "0004": "93528eb18ac0cca0fce05870e8651b8538def9dde712b5491dee95719fc918d6",
    "0005": "aa054f0a4a4812cddb49b062fde1b73f84d44a8ac0aedb99daece72e92166d53",
    "0006": "5a4c130748fc2c31e534589604caf6b05eac70d74fd69d1bbb1958d667c7cf7d",
    "0007": "c726944c49c29c56c9e583cc33a038c6e36fb77e69a9b7691e474ba558e8dee4",
    "0008": "68a2377910cb03fde3833f0d5b4ab6c85209c6a121711672f41aeca651ceec71",
    "0009": "511bd054cee9bf2d1314e9e74615d461c314c4ba8d37373356dcc1d142080d28",
    "0010": "e2518b00e4857f5da11e3e42e395a5b80f2f3b86f9010931cc059464882ad118",
    "0011": "9701b0e305e8488f4b148f1f39ac550fc2b92f7f6daac8704ac7e558443ba873",
    "0012": "84a36c92c6eb1837ed5bdec96754b3d93b88e85c9f914bfb66267a28295083e8",
    "0013": "e61ef8c78e2448b1158116e7dfa08e5d65cfed97f78dd1f3eb66ca0edbd2f658",
}
WAITING = (
    "INSERT INTO event (kind, dedupe, name, item, lane, time, received) VALUES ('delivery', 'late one', 'deal.updated',"
    " 'deal/118', 'deal/118', '2026-03-16T10:00:00+03:00', '2026-03-16T10:00:00+03:00')"
)
# Who is referred to comes first; the others refer to nobody.
ORDER = "event edition edition_file run step intent"
Rows = Mapping[str, tuple[Sequence[str], list[tuple[object, ...]]]]


def write_first(file: Path) -> Rows:
    """Write the file as the first release left it; return its rows by table."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(FIRST.read_text("utf-8"))
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rootpage"
            )
        ]
        return {name: _read(connection, name) for name in tables}


def _read(connection: sqlite3.Connection, table: str) -> tuple[list[str], list[tuple[object, ...]]]:
    found = connection.execute(f"SELECT * FROM {table}")
    return [column[0] for column in found.description], found.fetchall()


def write_first_server(address: str, rows: Rows) -> None:
    """Make the same state in an empty database."""
    with psycopg.connect(address) as connection:
        connection.execute(translated(migrations()[0][1]).encode())
        connection.execute("CREATE TABLE reglament_schema (part TEXT, step TEXT, PRIMARY KEY (part, step))")
        connection.execute("INSERT INTO reglament_schema VALUES ('reglament', '0001')")
        for table, (columns, held) in sorted(rows.items(), key=lambda one: ORDER.find(one[0])):
            marks = ", ".join(["%s"] * len(columns))
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            for row in held:
                connection.execute(sql.encode(), row)
            if "n" in columns and table in ("event", "run"):  # numbers that were given by the database itself
                last = f"SELECT setval(pg_get_serial_sequence('{table}', 'n'), (SELECT max(n) FROM {table}))"
                connection.execute(last.encode())


@pytest.fixture
def opened(adapter: str, request: pytest.FixtureRequest, tmp_path: Path):
    """The state of the first release, opened by this one, and the rows that it had."""
    rows = write_first(tmp_path / "engine.db")
    store: Store
    if adapter == "embedded":
        store = EmbeddedStore(tmp_path / "engine.db")
    else:
        address = request.getfixturevalue("database")
        write_first_server(address, rows)
        store = ClusterStore(address, tmp_path)
    yield store, rows
    store.close()


def test_every_row_is_kept(opened: tuple[Store, Rows]) -> None:
    store, rows = opened
    assert {"event", "run", "step", "intent", "timer", "snapshot", "number", "edition_file"} <= {
        name for name, (_, held) in rows.items() if held
    }
    for table, (columns, held) in rows.items():
        listed = ", ".join(columns)
        found = store.rows(f"SELECT {listed} FROM {table}")
        now = {tuple(row[column] for column in columns) for row in found}
        assert now == set(held), table
    # What the fifth step fills in from the old rows.
    line = store.row("SELECT event_name, event_time FROM run WHERE n = 1")
    assert line is not None
    assert line["event_name"] == "deal.updated"
    assert line["event_time"].startswith("2026-03-16")


def test_a_new_row_takes_a_number_of_its_own(opened: tuple[Store, Rows]) -> None:
    store, rows = opened
    columns, held = rows["event"]
    last = max(row[columns.index("n")] for row in held)
    with store.transaction() as connection:
        row = connection.execute(WAITING + " RETURNING n").fetchone()
    assert row is not None
    assert row[0] > last


def test_no_released_step_was_altered() -> None:
    sums = {name: hashlib.sha256((MIGRATIONS / f"{name}.sql").read_bytes()).hexdigest() for name in RELEASED}
    assert sums == RELEASED
    numbers = [number for number, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1)), "a step is missing: a state would skip it for ever"


def test_an_engine_goes_on_with_it(tmp_path: Path) -> None:
    """What was answered 200 before the upgrade is acted on after it, and the old runs are read as before."""
    with premises(tmp_path) as here:
        state = tmp_path / "state" / "engine.db"
        write_first(state)
        with closing(sqlite3.connect(state)) as connection:
            connection.execute(WAITING)
            connection.commit()
        refused = here.engine("runs", "list", "--lang", "en")
        assert (refused.code, refused.is_plain) == (1, True)
        assert "older version" in refused.err
        assert (
            here.engine("backup", tmp_path / "before.zip").code == 0
        )  # before an upgrade, by either version
        here.begin()
        here.wait(lambda: _is_done(state))
        assert here.end() == 0
        listed = here.engine("runs", "list")
        assert (listed.code, listed.is_plain) == (0, True), listed.err
        assert "act/42" in listed.out
        for number in (1, 2, 3):
            shown = here.engine("runs", "show", number)
            assert (shown.code, shown.is_plain) == (0, True), shown.err
        exported = here.engine("runs", "export", 1)
        assert (exported.code, exported.is_plain) == (0, True), exported.err
        # An old backup goes into the new program, which brings it up to date.
        assert here.engine("restore", tmp_path / "before.zip", "--force").code == 0
        assert here.engine("runs", "list").code == 0


def _is_done(state: Path) -> bool:
    with closing(sqlite3.connect(f"{state.as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT state FROM event WHERE dedupe = 'late one'").fetchone()
    return bool(found[0] == "done")
