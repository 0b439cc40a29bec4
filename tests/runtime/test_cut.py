"""A run cut at any moment and gone on with after a new start does nothing twice."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox, read_mails
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from tests.runtime.service_case import (
    ACT,
    DEAL,
    INVOICE,
    ROOT,
    TOKEN,
    copy_regulations,
    make_folder,
    open_service,
)

WORKER = "reglament-worker"
ZONE = ZoneInfo("Europe/Moscow")


class Cut(BaseException):
    """The process is gone: nothing may catch this and tidy up."""


class Clock:
    """The worker asks it the time around everything it does; the `after`-th time, the worker dies on the spot."""

    def __init__(self, after: int | None = None) -> None:
        self.after = after
        self.asked = 0
        self.is_counting = False

    def __call__(self) -> datetime:
        if self.is_counting and threading.current_thread().name.startswith(WORKER):
            self.asked += 1
            if self.asked == self.after:
                raise Cut
        return datetime.now(ZONE)


def play(folder: Path, cut_after: int | None) -> tuple[dict[str, object], int]:
    """Report the work of deal 118; die after `cut_after` questions, start anew, come to rest; return what stands."""
    rules = (ROOT / "regulations" / "acts.yaml").read_text("utf-8")
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as box:
        portal.deliveries.delay = 0.0
        config = make_folder(folder, rules)
        copy_regulations(folder)
        # One thread, so that its death is the engine's.
        config.write_text(config.read_text("utf-8") + "lanes: 1\n", "utf-8")
        variables = {"SMTP_PORT": str(box.port)}
        clock = Clock(cut_after)
        first = open_service(config, server.webhook_url, variables=variables, clock=clock)
        first.start()
        assert first.wait_idle(30)
        set_receiver(portal, first.public_url + "/portal/events", TOKEN)
        clock.is_counting = True
        Person(portal, 6).move(DEAL, 118, "C4:UC_REPORT")
        assert portal.deliveries.settle(20)
        if cut_after is None:
            assert first.wait_idle(30)
        else:
            wait_for_death(first)
        first.stop()
        with open_service(config, server.webhook_url, variables=variables) as second:
            set_receiver(portal, second.public_url + "/portal/events", TOKEN)
            for _ in range(3):
                assert second.wait_idle(30)
                assert portal.deliveries.settle(20)
            statuses = [run.status for run in second.journal.last_runs()]
            numbers = [
                (row["text"], row["item"])
                for row in second.store.rows("SELECT text, item FROM number ORDER BY text")
            ]
        person = Person(portal, 6)
        items = {
            kind: [row for row in portal.store.rows(f"item_{kind}") if row.get("parentId2") == 118]
            for kind in (ACT, INVOICE)
        }
        return {
            "statuses": statuses, "numbers": numbers, "stage": person.get(DEAL, 118)["stageId"],
            "acts": len(items[ACT]), "invoices": len(items[INVOICE]), "mails": len(read_mails(portal.store)),
            "posts": len(portal.store.rows("post")), "notices": len(portal.store.rows("notice")),
        }, clock.asked  # fmt: skip


def wait_for_death(service) -> None:
    for thread in threading.enumerate():
        if thread.name.startswith(WORKER):
            thread.join(30)
    assert not service.status.is_working()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return play(tmp_path_factory.mktemp("whole"), None)


def test_the_uncut_run_does_each_thing_once(whole):
    state, asked = whole
    assert state["acts"] == state["invoices"] == state["mails"] == state["posts"] == 1
    assert state["stage"] == "C4:UC_DOCS"
    assert asked > 20


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.timeout(300)
@settings(max_examples=16, deadline=None)
@given(st.data())
def test_cut_anywhere_nothing_is_done_twice(whole, data):
    expected, asked = whole
    cut_after = data.draw(st.integers(1, asked - 1))
    with TemporaryDirectory() as folder:
        state, _ = play(Path(folder), cut_after)
    for thing in ("acts", "invoices", "mails", "posts"):
        assert state[thing] <= 1, (thing, cut_after, state)
    texts = [text for text, _ in state["numbers"]]
    assert len(texts) == len(set(texts))
    assert texts == [text for text, _ in expected["numbers"]][: len(texts)], "numbers stay without a gap"
    if "unknown" in state["statuses"]:
        # A letter whose fate nobody knows waits for a person; it is never sent again blindly.
        assert state["stage"] == "C4:UC_REPORT"
    else:
        assert {name: state[name] for name in ("acts", "invoices", "mails", "posts", "stage")} == {
            name: expected[name] for name in ("acts", "invoices", "mails", "posts", "stage")
        }
