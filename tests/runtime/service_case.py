"""What the live tests share: a folder with a regulation and plugins, the demo portal over HTTP, the engine before it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.journal import RunLine
from engine.runtime.logs import open_log
from engine.runtime.service import Service
from engine.settings import read_settings
from engine.workshop import open_workshop

ROOT = Path(__file__).parents[2]
TOKEN = "demo-application-token"
DEAL, ACT, INVOICE = 2, 1044, 31


def make_folder(folder: Path, rules: str, plugin: str = "", state: str = "", beside: str = "") -> Path:
    """Write a company's folder: the example's map, one regulation, perhaps a plugin of its own; return its config.

    `state` stands in for the file that the example names, `beside` are settings that it does not make.
    """
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    text = text.replace("public: 127.0.0.1:8024", "public: 127.0.0.1:0").replace(
        "console: 127.0.0.1:8026", "console: 127.0.0.1:0"
    )
    if state:
        text = text.replace("state: ./state/engine.db", f"state: {state}")
    (folder / "regulations").mkdir(parents=True, exist_ok=True)
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "regulations" / "test.yaml").write_text(rules, "utf-8")
    if plugin:
        (folder / "plugins" / "own.py").write_text(plugin, "utf-8")
    config = folder / "config.yaml"
    config.write_text(text + beside, "utf-8")
    return config


def open_service(config: Path, webhook: str, **more: Any) -> Service:
    """Return a service that is not started. Its log is kept in memory."""
    variables = {
        "BITRIX24_WEBHOOK_URL": webhook,
        "BITRIX24_APPLICATION_TOKEN": TOKEN,
        **more.pop("variables", {}),
    }
    settings, found = read_settings(config, variables)
    assert settings is not None, found
    workshop, problems = open_workshop(settings)
    assert not problems
    built = workshop.build()
    assert built.edition is not None, [(str(one.span), one.code, one.values) for one in built.diagnostics]
    more.setdefault("delays", (0.05, 0.05))
    more.setdefault("log", open_log(io.StringIO()))
    return Service(settings, workshop, built, **more)


@dataclass
class Live:
    """A running engine before a running portal."""

    portal: Portal
    server: PortalServer
    service: Service
    person: Person
    folder: Path

    def settle(self, timeout: float = 20.0) -> None:
        """Wait until the portal delivered everything and the engine processed everything, echoes included."""
        for _ in range(20):
            assert self.portal.deliveries.settle(timeout)
            assert self.service.wait_idle(timeout)
            if self.portal.deliveries.settle(0.0) and self.service.wait_idle(0.0):
                return
        raise AssertionError("it never came to rest")

    def runs(self) -> list[RunLine]:
        """The runs, the oldest first."""
        return self.service.journal.last_runs()[::-1]

    def call(self, method: str, **params: Any) -> Any:
        """Ask the portal as a REST client; return the result."""
        answer = httpx.post(self.server.webhook_url + method, json=params, trust_env=False, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def post(self, body: bytes | Mapping[str, str], **more: Any) -> int:
        """Post to the events' address; return the status."""
        form = {"data": body} if isinstance(body, Mapping) else {"content": body}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = self.service.public_url + "/portal/events"
        return httpx.post(url, headers=headers, trust_env=False, timeout=10, **form, **more).status_code


def delivery(item_id: int, event: str = "ONCRMDEALUPDATE", token: str = TOKEN, **more: str) -> dict[str, str]:
    """The form of a delivery."""
    return {
        "event": event,
        "event_handler_id": "7",
        "data[FIELDS][ID]": str(item_id),
        "ts": "1773478800",
        "auth[domain]": "demo.example",
        "auth[application_token]": token,
        **more,
    }


@contextmanager
def running(
    folder: Path,
    rules: str,
    plugin: str = "",
    *,
    subscribed: bool = True,
    state: str = "",
    beside: str = "",
    **more: Any,
) -> Iterator[Live]:
    """Start everything, wait for the first reading, subscribe; stop everything afterwards."""
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        config = make_folder(folder, rules, plugin, state, beside)
        with open_service(config, server.webhook_url, **more) as service:
            assert service.wait_idle(30)
            if subscribed:
                set_receiver(portal, service.public_url + "/portal/events", TOKEN)
            yield Live(portal, server, service, Person(portal, 2), folder)


def copy_regulations(folder: Path) -> None:
    """Put the shipped mail templates beside the test's regulation."""
    shutil.copytree(ROOT / "regulations" / "mail", folder / "regulations" / "mail", dirs_exist_ok=True)
