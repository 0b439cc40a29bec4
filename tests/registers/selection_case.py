"""What tests of selections share: the demo portal over HTTP, a real mail server, the engine with the shipped rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.mailbox import Mailbox, read_mails
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.language.values import Item
from engine.portal.contents import Contents
from engine.portal.gateway import Gateway
from engine.portal.reader import Reader
from engine.registers.remind import Remind, RemindPlan, put_reminders
from engine.runtime.service import Service
from tests.cli.conftest import Ran, start
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import ACT, ROOT, TOKEN, copy_regulations, make_folder, open_service

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=ZONE)


@dataclass
class Office:
    """A running engine before a running portal, and its letters."""

    portal: Portal
    server: PortalServer
    service: Service
    folder: Path
    smtp: int

    @property
    def gateway(self) -> Gateway:
        return self.service._gateway

    @property
    def reader(self) -> Reader:
        contents = Contents(self.service._client, self.folder / "looked")
        return Reader(self.gateway, self.service.workshop.setup.map, contents)

    @property
    def remind(self) -> Remind:
        edition = self.service.editions.current.edition
        return Remind(edition, self.reader, self.service.store, self.service.settings.brakes)

    def plan(self, acts: list[Item], now: datetime = NOW) -> RemindPlan:
        return self.remind.plan(acts, now, "все акты")

    def send(self, plan: RemindPlan, now: datetime = NOW) -> list[str]:
        ids = put_reminders(self.service.store, plan.going, plan.selection, now)
        self.service._lanes.look_again()
        assert self.service.wait_idle(60)
        return ids

    def acts(self) -> list[Item]:
        return [Item("act", str(row["id"])) for row in self.portal.store.rows(f"item_{ACT}")]

    def rows(self, type_id: int = ACT) -> list[Mapping[str, object]]:
        """The portal's own rows of a kind, asked for past the engine."""
        asked = {"entityTypeId": type_id, "select": ["*", "ufCrm*"], "order": {"id": "ASC"}, "start": 0}
        found: list[Mapping[str, object]] = []
        while True:
            page = httpx.post(self.server.webhook_url + "crm.item.list", json=asked, trust_env=False).json()
            found += page["result"]["items"]
            if "next" not in page:
                return found
            asked["start"] = page["next"]

    def letters(self) -> list[Mapping[str, object]]:
        return list(read_mails(self.portal.store))

    def wait_for(self, is_so: Callable[[], bool], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, "it never came about"
            time.sleep(0.05)

    def person(self, user: int = 2) -> Person:
        return Person(self.portal, user)

    def ask(self, *arguments: str) -> Ran:
        """Run the program beside the engine, as a person does."""
        env = {
            "BITRIX24_WEBHOOK_URL": self.server.webhook_url,
            "BITRIX24_APPLICATION_TOKEN": TOKEN,
            "SMTP_PORT": str(self.smtp),
        }
        return start((*arguments, "--lang", "en"), self.folder, env)


@contextmanager
def office(
    folder: Path,
    *,
    clock: Callable[[], datetime] | None = lambda: NOW,
    rules: str = "registers",
    more_config: str = "",
) -> Iterator[Office]:
    """Start everything with the shipped regulation of that name and that clock; stop everything afterwards."""
    make_folder(folder, (ROOT / "regulations" / f"{rules}.yaml").read_text("utf-8"))
    copy_regulations(folder)
    config = folder / "config.yaml"
    config.write_text(config.read_text("utf-8") + more_config, "utf-8")
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as box:
        portal.deliveries.delay = 0.0
        more = {"clock": clock} if clock is not None else {}
        variables = {"SMTP_PORT": str(box.port)}
        with open_service(config, server.webhook_url, variables=variables, **more) as service:
            assert service.wait_idle(60)
            yield Office(portal, server, service, folder, box.port)
