"""Both adapters: what `state:` of `config.yaml` says, a file of its own or a database of its own for each test."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from engine.bench.postgres import NoPostgres, private_postgres
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.portal import Portal
from engine.runtime.cluster import ClusterStore
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.store import Store

_numbers = count(1)
TAKEOVER = 3


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a Postgres of our own. Where a machine has none the tests are skipped, but not in CI."""
    try:
        with private_postgres() as address:
            yield address
    except NoPostgres as reason:
        if os.environ.get("REGLAMENT_TEST_POSTGRES") == "required":
            raise
        pytest.skip(str(reason))


@pytest.fixture
def database(server: str) -> str:
    """The address of an empty database."""
    name = f"state{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.rpartition('/')[0]}/{name}"


@pytest.fixture(params=["embedded", "cluster"])
def adapter(request: pytest.FixtureRequest) -> str:
    """Each test runs with both."""
    return str(request.param)


@pytest.fixture
def state(adapter: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The lines of `config.yaml` that name the state, without the first key."""
    if adapter == "embedded":
        return str(tmp_path / "state" / "engine.db")
    return f"{request.getfixturevalue('database')}\ntakeover: {TAKEOVER}"


@pytest.fixture
def store(adapter: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The open store alone."""
    found: Store
    if adapter == "embedded":
        found = EmbeddedStore(tmp_path / "engine.db")
    else:
        found = ClusterStore(request.getfixturevalue("database"), tmp_path)
    yield found
    found.close()


@pytest.fixture
def portal() -> Iterator[Portal]:
    """The twin, with the demo company on it."""
    with open_portal(None, demo_company()) as found:
        found.deliveries.delay = 0.0
        yield found
