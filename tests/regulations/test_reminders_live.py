"""The shipped ladder on the demo portal with a real mail server: each letter once, until the act is signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox, read_mails
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.journal import RunLine
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import (
    ACT,
    ROOT,
    TOKEN,
    Live,
    copy_regulations,
    make_folder,
    open_service,
)

DEAL, NUMBER = 122, "А-2026/015"


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: str) -> None:
        self.set(now)

    def set(self, now: str) -> None:
        self.now = datetime.fromisoformat(now).replace(tzinfo=ZONE)

    def __call__(self) -> datetime:
        return self.now


class Office:
    """The act of one deal on a living portal, and the letters about it."""

    def __init__(self, live: Live, clock: Clock) -> None:
        self.live, self.clock = live, clock
        [act] = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": DEAL})["items"]
        self.act = int(act["id"])

    def write(self, **fields: str) -> None:
        """A person changes the act."""
        self.live.person.update(ACT, self.act, {f"ufCrm12{name}": value for name, value in fields.items()})
        self.live.settle()

    def timers(self) -> list[RunLine]:
        """The runs that a deadline of the act began, the oldest first."""
        mine = f"act/{self.act}"
        return [run for run in self.live.runs() if run.event == "timer" and run.item == mine]

    def letters(self) -> list[Mapping[str, object]]:
        """The letters about the act, the oldest first; the company has other acts that wait."""
        return [mail for mail in read_mails(self.live.portal.store) if NUMBER in str(mail["subject"])]

    def wait_till(self, moment: str) -> list[str]:
        """Let the time pass; return how the subjects of the client's letters begin, the oldest first."""
        self.clock.set(moment)
        self.live.settle()
        return [str(mail["subject"]).split()[0] for mail in self.letters()]


@dataclass(frozen=True)
class Town:
    """What goes on while the engine is off: the portal, the mail server, the company's folder."""

    portal: Portal
    server: PortalServer
    box: Mailbox
    folder: Path

    @contextmanager
    def office(self, now: str) -> Iterator[Office]:
        """Run the engine with the shipped regulation and a clock that stands."""
        clock, variables = Clock(now), {"SMTP_PORT": str(self.box.port)}
        config = self.folder / "config.yaml"
        with open_service(config, self.server.webhook_url, variables=variables, clock=clock) as service:
            assert service.wait_idle(30)
            set_receiver(self.portal, service.public_url + "/portal/events", TOKEN)
            yield Office(Live(self.portal, self.server, service, Person(self.portal, 6), self.folder), clock)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The demo company, nobody at work yet."""
    make_folder(tmp_path, (ROOT / "regulations" / "acts.yaml").read_text("utf-8"))
    copy_regulations(tmp_path)
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as box:
        portal.deliveries.delay = 0.0
        yield Town(portal, server, box, tmp_path)


FIRST, SECOND = "Напоминание:", "Просим"


def test_each_letter_goes_once_and_a_signature_ends_the_ladder(town: Town) -> None:
    with town.office("2026-03-13T10:00:00") as desk:
        desk.write(Sentat="2026-03-13T10:00:00+03:00")
        assert desk.wait_till("2026-03-20T09:59:00") == []
        assert desk.wait_till("2026-03-20T10:00:01") == [FIRST]
        [mail] = desk.letters()
        assert isinstance(mail["attachments"], list)
        assert [file["name"] for file in mail["attachments"]] == ["Акт А-2026-015.pdf"]
        # The date of sending is put right: the timers run anew, the letter about this file has gone already.
        desk.write(Sentat="2026-03-16T10:00:00+03:00")
        assert desk.wait_till("2026-03-23T10:00:01") == [FIRST]
        assert desk.wait_till("2026-03-27T10:00:01") == [FIRST]
        assert desk.wait_till("2026-03-30T10:00:01") == [FIRST, SECOND]
        desk.write(Originalreceivedat="2026-04-01")
        assert desk.wait_till("2026-06-01T10:00:00") == [FIRST, SECOND]
        assert {run.status for run in desk.timers()} == {"done"}
        notified = [
            run
            for run in desk.timers()
            if any(step.action == "notify" and step.status == "done" for step in run.steps)
        ]
        assert len(notified) == 2


def test_an_engine_that_was_off_when_the_time_came_writes_on_coming_back_and_once(town: Town) -> None:
    with town.office("2026-03-13T10:00:00") as desk:
        desk.write(Sentat="2026-03-13T10:00:00+03:00")
    with town.office("2026-03-24T08:30:00") as desk:
        assert desk.wait_till("2026-03-24T08:30:05") == [FIRST]
    with town.office("2026-03-25T09:00:00") as desk:
        assert desk.wait_till("2026-03-25T09:00:05") == [FIRST]
        assert len(desk.timers()) == 1


def test_an_engine_that_stood_for_months_writes_no_letter_and_tells_the_manager_once(town: Town) -> None:
    with town.office("2026-03-13T10:00:00") as desk:
        desk.write(Sentat="2026-03-13T10:00:00+03:00")
    with town.office("2026-06-01T09:00:00") as desk:
        assert desk.wait_till("2026-06-01T10:00:00") == []
        done = [(step.rule, step.status) for run in desk.timers() for step in run.steps]
        assert done == [("acts/unsigned-too-long", "done")]
        [notice] = [row for row in desk.live.portal.store.rows("notice") if NUMBER in str(row)]
        assert "позвоните клиенту" in str(notice)
