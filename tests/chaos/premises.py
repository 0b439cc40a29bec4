"""The company's folder of one schedule: the shipped regulations, and a config for each engine on the same state.

Decides where the state is: a file in the folder, or a database of its own on a Postgres server.
"""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from engine.runtime.embedded import ASKS
from engine.runtime.opening import open_store
from engine.runtime.store import Store
from engine.settings import read_settings
from tests.chaos.process import free_port
from tests.runtime.service_case import ROOT

_ENGINES = 3
# A killed engine's lanes are taken over after so many seconds.
_TAKEOVER = 2


@dataclass(frozen=True)
class Premises:
    """One config an engine; the portal posts to the first one's `port`."""

    configs: tuple[Path, ...]
    port: int

    def open_state(self) -> Store:
        """Return the state, for asking beside the engines. Raises StateError."""
        settings, found = read_settings(self.configs[0], {})
        assert settings is not None, found
        return open_store(settings, mode=ASKS)


def make_premises(folder: Path, server: str) -> Premises:
    """Write the folder: for one engine on a file, or for three on a new database of `server`."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "regulations", folder / "regulations", ignore=shutil.ignore_patterns("examples"))
    (folder / "plugins").mkdir()
    state = f"state: {_make_database(server)}\ntakeover: {_TAKEOVER}" if server else ""
    ports = [free_port() for _ in range(_ENGINES if server else 1)]
    return Premises(tuple(_write_config(folder, port, state) for port in ports), ports[0])


def _write_config(folder: Path, port: int, state: str) -> Path:
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    text = text.replace("127.0.0.1:8024", f"127.0.0.1:{port}").replace("127.0.0.1:8026", "127.0.0.1:0")
    config = folder / f"config-{port}.yaml"
    config.write_text(text.replace("state: ./state/engine.db", state) if state else text, "utf-8")
    return config


def _make_database(server: str) -> str:
    """Make an empty database; return its address."""
    import psycopg  # of the extra `cluster`: not everybody who runs the embedded schedules has it

    name = f"chaos_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.rpartition('/')[0]}/{name}"
