"""A Postgres of one's own for measurements and tests: made in a temporary folder, gone afterwards.

Decides where the server's programs are found and as whom they run. It touches no server that is there already.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")
_PATIENCE = 30.0
# Debian's package makes the first; the second is everywhere. The server refuses to run as root.
_USERS = ("postgres", "nobody")


class NoPostgres(Exception):  # noqa: N818 — it names a state of the machine
    """The machine has no Postgres server."""


def find_programs() -> Path:
    """Return the folder of `initdb` and `postgres`, the newest where there are several. Raises NoPostgres."""
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda one: float(one.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in [*folders, *([Path(on_path).parent] if on_path else [])]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("no Postgres server on this machine (Debian: apt-get install postgresql)")


@contextmanager
def private_postgres(options: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield the address of a server that only we know, without a database of ours in it yet.

    `options` are settings of the server. Commits are as durable as a server's are by default. Raises NoPostgres.
    """
    programs, user = find_programs(), _user()
    with _folder(user) as folder:
        data = folder / "data"
        _run(
            [programs / "initdb", "-D", data, "-U", "reglament", "-A", "trust", "-E", "UTF8", "--no-sync"],
            user,
        )
        port = _free_port()
        given = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
        settings = [
            part for name, value in {**given, **(options or {})}.items() for part in ("-c", f"{name}={value}")
        ]
        log = (folder / "server.log").open("wb")
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *settings], stdout=log, stderr=log, user=user, cwd=folder
        )
        try:
            _wait_until_ready(server, folder / "server.log")
            yield f"postgresql://reglament@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed any more
            server.wait()
            log.close()


def _user() -> str | None:
    """Return as whom to run the server: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _USERS if name in known), None)


@contextmanager
def _folder(user: str | None) -> Iterator[Path]:
    # Short: the path of a Unix socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="reglament-pg-", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str | Path], user: str | None) -> None:
    done = subprocess.run(command, capture_output=True, user=user, cwd="/", check=False)
    if done.returncode:
        raise NoPostgres(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server says so in its log: a port that answers may still refuse everybody."""
    deadline = time.monotonic() + _PATIENCE
    while b"ready to accept connections" not in log.read_bytes():
        if server.poll() is not None or time.monotonic() > deadline:
            raise NoPostgres(f"the server did not start: {log.read_text(errors='replace').strip()[-500:]}")
        time.sleep(0.02)
