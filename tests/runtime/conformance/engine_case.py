"""Engines as processes of their own, which can be killed and frozen, and what their journal says of order."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.runtime.store import Store
from tests.runtime.service_case import ROOT

PROGRAM = """
import sys, time, signal
from pathlib import Path
from engine.runtime.logs import open_log
from tests.runtime.service_case import open_service
service = open_service(Path(sys.argv[1]), sys.argv[2], log=open_log(sys.stderr))
service.start()
while not service.status.has_baseline():
    time.sleep(0.02)
print(service.public_url, flush=True)
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
while not stopped:
    time.sleep(0.02)
service.stop()
"""
# The step says that it was begun, and by whom; it ends when a file appears.
PLUGIN = """
import os, time
from pathlib import Path
from engine import Action, CallChange, Effect, hookimpl

HERE = Path(__file__).parent

class Once(Action):
    name = "own.once"
    parameters = {}
    example = "- own.once: {}"
    kinds = ("call",)

    def effect(self, params, facts):
        return Effect(params, (CallChange("own", "once"),))

    def perform(self, effect, outside):
        with (HERE / "begun").open("a") as file:
            file.write(f"{os.getpid()}" + chr(10))
        while not (HERE / "gate").exists():
            time.sleep(0.01)

@hookimpl
def reglament_actions(setup):
    return [Once()]
"""


class Engine:
    """An engine as a process; `log` is a file that takes what it says."""

    def __init__(self, config: Path, webhook: str, name: str = "one") -> None:
        self._log = (config.parent / f"{name}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(config), webhook],
            stdout=subprocess.PIPE, stderr=self._log, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    @property
    def events_url(self) -> str:
        """Where it takes the portal's events; waits until it has started."""
        assert self.process.stdout is not None
        address = self.process.stdout.readline().decode().strip()
        assert address, "the engine did not start"
        return address + "/portal/events"

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()


def until(holds: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def order_breaks(store: Store) -> list[str]:
    """Return where a run of a lane began before an earlier one of the lane had ended."""
    rows = store.rows(
        "SELECT event.lane AS lane, run.event AS event, run.started AS started, run.ended AS ended"
        " FROM run JOIN event ON event.n = run.event ORDER BY event.lane, run.event"
    )
    found: list[str] = []
    for before, after in itertools.pairwise(rows):
        if before["lane"] == after["lane"] and (
            before["ended"] is None or before["ended"] > after["started"]
        ):
            found.append(
                f"{after['lane']}: {before['event']} {before['ended']}, {after['event']} {after['started']}"
            )
    return found
