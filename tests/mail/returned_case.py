"""What the mailbox tests share: a running engine that has written about deal 118, and a way to have its box read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox, read_mails
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from engine.portal.contents import Contents
from engine.runtime.logs import open_log
from engine.runtime.returned_mail import ReturnedMail
from engine.setup import InboxSetup
from tests.runtime.service_case import DEAL, ROOT, TOKEN, Live, make_folder, open_service

RULES = """
ruleset: test
title: Проверка
rules:
  - id: write
    title: Пишем клиенту
    triggers:
      - changed: deal.title
    actions:
      - mail.send:
          to: docs@client.example
          subject: Акт по сделке ${deal.title}
          text: Здравствуйте!
        key: letter ${deal.id} ${deal.title}
"""


@dataclass
class Office:
    """The running engine and its mailbox."""

    live: Live
    inbox: InboxSetup

    def letters(self) -> list[dict[str, object]]:
        return [dict(one) for one in read_mails(self.live.portal.store)]

    def first_id(self) -> str:
        return str(self.letters()[0]["message_id"])

    def rename(self, title: str) -> None:
        self.live.person.update(DEAL, 118, {"title": title})
        self.live.settle()

    def read(self, inbox: InboxSetup | None = None) -> dict[str, int]:
        """Look into the box as the engine's duty does, then let the rules work."""
        service, box = self.live.service, inbox or self.inbox
        setup = replace(service.settings.mail, inbox=box)
        contents = Contents(service._client, service.store.folder / "files")
        # Letters bear the time of their events, which is the portal's.
        clock = self.live.portal.clock.now
        found = ReturnedMail(service.store, setup, box, contents, clock, service._wake, open_log()).read()
        self.live.settle()
        return found

    def notices(self) -> list[str]:
        return [str(row["MESSAGE"]) for row in self.live.portal.store.rows("notice")]


@contextmanager
def office(folder: Path, inbox: InboxSetup | None = None) -> Iterator[Office]:
    """Start everything; one letter about deal 118 has gone out when this yields."""
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as box:
        portal.deliveries.delay = 0.0
        config = make_folder(folder, RULES)
        rules = (ROOT / "regulations" / "mail.yaml").read_text("utf-8")
        (folder / "regulations" / "mail.yaml").write_text(rules, "utf-8")
        variables = {"SMTP_PORT": str(box.port)}
        with open_service(config, server.webhook_url, variables=variables) as service:
            assert service.wait_idle(30)
            set_receiver(portal, service.public_url + "/portal/events", TOKEN)
            found = Office(Live(portal, server, service, Person(portal, 6), folder), inbox or InboxSetup())
            found.rename("Первое письмо")
            assert len(found.letters()) == 1
            yield found


def maildir(folder: Path) -> Path:
    """Make an empty Maildir."""
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def drop(box: Path, name: str, raw: bytes) -> None:
    """Deliver a message as a mail server does."""
    (box / "tmp" / name).write_bytes(raw)
    (box / "tmp" / name).rename(box / "new" / name)
