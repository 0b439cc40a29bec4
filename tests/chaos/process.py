"""The engine's processes: started, killed without a word, started again on the same port.

Decides nothing about when; a process that ends by itself is an error of the engine's and is kept to be reported.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.runtime.service_case import ROOT


class EngineProcess:
    """One process on one config. `arguments` are those of `tests.chaos.serving`; its log is appended to `log`."""

    def __init__(self, arguments: tuple[str, ...], log: Path) -> None:
        self._arguments, self._log = arguments, log
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.deaths: list[int] = []
        """Exit codes of processes that nobody killed."""
        self.kills = 0

    def start(self) -> None:
        """A process runs; nothing happens where one does already."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            if self._process is not None:
                self.deaths.append(self._process.returncode)
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.chaos.serving", *self._arguments],
                    stdout=log, stderr=log, env=environment, cwd=ROOT,
                )  # fmt: skip

    def last_words(self) -> str:
        """Return the end of the log."""
        return self._log.read_text("utf-8", "replace")[-2000:] if self._log.exists() else ""

    def kill(self) -> None:
        """The process is gone, as by a power cut."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            if process.poll() is not None:
                self.deaths.append(process.returncode)
                return
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills += 1


class Crew:
    """Engines on one state: one, or several on a database. `mortal` is the place of the one that is killed."""

    def __init__(self, engines: Sequence[EngineProcess], mortal: int = 0) -> None:
        self._engines, self._mortal = engines, engines[mortal]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def kills(self) -> int:
        """How often one was killed."""
        return self._mortal.kills

    @property
    def deaths(self) -> list[int]:
        """Exit codes of those that ended by themselves."""
        return [code for engine in self._engines for code in engine.deaths]

    def last_words(self) -> str:
        """Return the ends of their logs."""
        return "\n".join(engine.last_words() for engine in self._engines)

    def start(self) -> None:
        """All run."""
        for engine in self._engines:
            engine.start()

    def kill(self) -> None:
        """One is gone, as by a power cut."""
        self._mortal.kill()

    def end(self) -> None:
        """All are gone."""
        for engine in self._engines:
            engine.kill()


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
