"""What the tests of operation share: the engine as its operator starts it, beside the twin over HTTP."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import httpx

from engine.cli import main
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from tests.chaos.process import free_port
from tests.cli.conftest import Ran, environment, start
from tests.runtime.service_case import DEAL, TOKEN, make_folder

PLAN = "ufCrm_1747309879"
RULES = """
ruleset: test
title: Проверка
rules:
  - id: plan
    title: Сделка в работе
    triggers:
      - changed: deal.stage
        to: in_work
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
      - notify: {to: "${deal.manager}", text: "План: ${deal.title}"}
"""


@dataclass
class Premises:
    """A folder with its config, the portal, and the engine's process where one runs."""

    portal: Portal
    server: PortalServer
    folder: Path
    port: int
    console: int
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def engine(self, *arguments: object) -> Ran:
        """Run a command of the engine to its end."""
        given = (*arguments, "--config", self.config)
        return start(given, self.folder, self._environment)

    def ask(self, *arguments: object) -> Ran:
        """The same within this process, which is quicker; a fault of ours is raised."""
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, self._environment), redirect_stdout(out), redirect_stderr(err):
            try:
                main([*map(str, arguments), "--config", str(self.config)])
            except SystemExit as end:
                code = int(end.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    def begin(self) -> None:
        """`engine serve` runs and has read the portal once."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine", "serve", "--config", str(self.config)],
                cwd=self.folder, env=environment(self._environment), stdout=log, stderr=log,
            )  # fmt: skip
        self.wait(lambda: self.get("/readyz") == 200)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "BITRIX24_WEBHOOK_URL": self.server.webhook_url,
            "BITRIX24_APPLICATION_TOKEN": TOKEN,
            **self.variables,
        }

    def get(self, path: str) -> int:
        try:
            return self.read(path).status_code
        except httpx.TransportError:
            return 0

    def read(self, path: str) -> httpx.Response:
        port = self.port if path == "/healthz" else self.console
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=10)

    def end(self, number: int = signal.SIGTERM) -> int:
        """The process has ended by this signal; return its code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(15)
        self.process = None
        return code

    def wait(self, is_so, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.log[-3000:]
            assert self.process is None or self.process.poll() is None, self.log[-3000:]
            time.sleep(0.05)

    def deal(self, number: int) -> int:
        """A new deal in the first stage."""
        made = Person(self.portal, 2).add(
            DEAL,
            {
                "title": f"Сделка {number}",
                "categoryId": 4,
                "stageId": "C4:NEW",
                "companyId": 12,
                "assignedById": 6,
            },
        )
        return int(str(made["id"]))

    @property
    def notices(self) -> list[object]:
        return list(self.portal.store.rows("notice"))

    def plan_of(self, deal: int) -> object:
        return Person(self.portal, 2).get(DEAL, deal)[PLAN]


@contextmanager
def premises(folder: Path, state: str = "", rules: str = RULES) -> Iterator[Premises]:
    """Yield the folder and the portal; no engine runs yet. One that runs at the end is killed."""
    port, console = free_port(), free_port()
    config = make_folder(folder, rules, state=state)
    text = config.read_text("utf-8")
    config.write_text(
        text.replace("public: 127.0.0.1:0", f"public: 127.0.0.1:{port}").replace(
            "console: 127.0.0.1:0", f"console: 127.0.0.1:{console}"
        ),
        "utf-8",
    )
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        set_receiver(portal, f"http://127.0.0.1:{port}/portal/events", TOKEN)
        found = Premises(portal, server, folder, port, console)
        try:
            yield found
        finally:
            if found.process is not None:
                found.end(signal.SIGKILL)
