"""Nothing is doubled: answers lost, a process killed between any two lines, two imports side by side, a run taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.company.bank import statement as demo
from engine.emulator.demo import set_receiver
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.bank_table import BankTable
from engine.runtime.embedded import READS, EmbeddedStore
from engine.runtime.requests import ask, wait_for_answer
from tests.bank.bank_case import PAID, Doc, bank_office, importer, invoice_fields, make_bank_folder, statement
from tests.plugins.portal_case import DOUBTFUL, LOST
from tests.runtime.service_case import INVOICE, ROOT, TOKEN, Live, open_service

# Deal 113's client owes 130 015.85 on СЧ-2026/005.
PART = Doc("58", "65000.00", "Частичная оплата по сч. СЧ-2026/005", inn="0199004171")
# One process that takes a statement in, or works, and stands still where it is told to be killed.
PROGRAM = """
import sys, time
from pathlib import Path
from tests.bank.bank_case import importer
from tests.runtime.service_case import Live
from tests.runtime.service_case import open_service
import engine.runtime.bank_import, engine.runtime.engine_methods

what, config, webhook, file = sys.argv[1:]

def hang(*_, **__):
    (Path(config).parent / "reached").touch()
    while True:
        time.sleep(1)

if what == "event":
    engine.runtime.bank_import.put_event = hang
else:
    real = engine.runtime.engine_methods.remember
    word = "payment " + what
    # The note that it is done comes after the write, the other one before it.
    engine.runtime.engine_methods.remember = (
        lambda store, key, value: hang() if key.startswith(word) else real(store, key, value)
    )
service = open_service(Path(config), webhook)
service.start()
assert service.wait_idle(30)
importer(Live(None, None, service, None, None)).take(Path(file).read_bytes(), "kl.txt")
while True:
    time.sleep(1)
"""


@contextmanager
def lost_answers(live: Live, fault: object) -> Iterator[list[str]]:
    """The first update of an item is carried out (or not), and its answer lost."""
    lost: list[str] = []

    def plan(seen: object) -> object:
        method = str(getattr(seen, "method", ""))
        if method == "crm.item.update" and not lost:
            lost.append(method)
            return fault
        return None

    live.portal.faults = live.portal.command_faults = plan  # type: ignore[assignment]
    yield lost
    live.portal.faults = live.portal.command_faults = None


def test_a_lost_answer_doubles_nothing(tmp_path: Path) -> None:
    for name, fault in (("done", DOUBTFUL), ("not", LOST)):
        with bank_office(tmp_path / name) as live, lost_answers(live, fault) as lost:
            importer(live).take(statement(PART), "kl.txt")
            live.settle(60)
            assert lost == ["crm.item.update"]
            assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"
            assert not BankTable(live.service.store).unwritten()


def test_two_imports_side_by_side_take_each_line_once(tmp_path: Path, state: str) -> None:
    with bank_office(tmp_path, state=state) as live:
        found: list[int] = []
        begin = threading.Barrier(4)

        def take() -> None:
            begin.wait()
            outcomes = importer(live).take(demo(), "kl.txt").outcomes
            found.append(sum(one.is_new for one in outcomes))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(found) == [0, 0, 0, 14]
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"


def test_a_payment_not_written_yet_counts_for_the_next_file(tmp_path: Path) -> None:
    with bank_office(tmp_path) as live:
        rest = Doc("59", "65015.85", "за услуги", inn="0199004171", on="14.03.2026", credited="14.03.2026")
        first = importer(live).take(statement(PART), "a.txt")
        second = importer(live).take(statement(rest), "b.txt")
        assert [one.fate.fate for one in (*first.outcomes, *second.outcomes)] == ["partial", "matched"]
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "130015.85|RUB"


def test_a_run_is_taken_back(tmp_path: Path) -> None:
    with bank_office(tmp_path) as live:
        importer(live).take(statement(PART), "kl.txt")
        live.settle(60)
        run = next(one for one in live.runs() if one.event == "bank.payment")
        number = ask(
            live.service.store, "undo", {"run": str(run.n)}, live.portal.clock.now(), lane="deal/113"
        )
        answer = wait_for_answer(live.service.store, number, 30)
        assert answer is not None
        assert answer["left"] == []
        assert invoice_fields(live, "СЧ-2026/005")[PAID] in ("0.00|RUB", "0|RUB")


def kill_at(what: str, folder: Path, portal: Portal, server: PortalServer) -> Path:
    """Take the statement in by a process of its own, and kill it where it stands still; return the config."""
    config = make_bank_folder(folder)
    file = folder / "kl.txt"
    file.write_bytes(statement(PART))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", PROGRAM, what, str(config), server.webhook_url, str(file)]
    with subprocess.Popen(arguments, env=environment, cwd=ROOT) as process:
        for _ in range(1500):
            if (folder / "reached").exists() or process.poll() is not None:
                break
            time.sleep(0.02)
        assert (folder / "reached").exists()
        process.send_signal(signal.SIGKILL)
    return config


def test_killed_between_the_line_and_its_event(tmp_path: Path) -> None:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        config = kill_at("event", tmp_path, portal, server)
        store = EmbeddedStore(tmp_path / "state" / "engine.db", mode=READS)
        assert store.rows("SELECT * FROM bank_line") == []
        store.close()
        assert go_on(config, portal, server, is_taken_again=True) == ["65000.00|RUB"] * 2


def test_killed_before_and_after_the_write(tmp_path: Path) -> None:
    for what, has_written in (("meant", False), ("done", True)):
        with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
            portal.deliveries.delay = 0.0
            config = kill_at(what, tmp_path / what, portal, server)
            live = Live(portal, server, None, Person(portal, 6), tmp_path)  # type: ignore[arg-type]
            assert (invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB") == has_written
            assert go_on(config, portal, server, is_taken_again=False) == ["65000.00|RUB"] * 2


def test_a_sum_that_somebody_changed_meanwhile_is_left_to_a_person(tmp_path: Path) -> None:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        config = kill_at("done", tmp_path, portal, server)
        live = Live(portal, server, None, Person(portal, 6), tmp_path)  # type: ignore[arg-type]
        id_ = int(str(invoice_fields(live, "СЧ-2026/005")["id"]))
        live.person.update(INVOICE, id_, {PAID: "65001.00|RUB"})
        with open_service(config, server.webhook_url) as service:
            assert service.wait_idle(30)
            run = next(one for one in service.journal.last_runs() if one.event == "bank.payment")
            assert run.status == "unknown"
            assert "хотели записать 65000.00 RUB, а сейчас там 65001.00 RUB" in run.verdict_ru
            assert len(BankTable(service.store).unwritten()) == 1
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65001.00|RUB"


def go_on(config: Path, portal: Portal, server: PortalServer, *, is_taken_again: bool) -> list[object]:
    """Start again; return what is paid then, and after the statement was taken in once more."""
    with open_service(config, server.webhook_url) as service:
        assert service.wait_idle(30)
        set_receiver(portal, service.public_url + "/portal/events", TOKEN)
        live = Live(portal, server, service, Person(portal, 6), config.parent)
        if is_taken_again:
            importer(live).take(statement(PART), "kl.txt")
        live.settle(60)
        paid = [invoice_fields(live, "СЧ-2026/005")[PAID]]
        assert not any(one.is_new for one in importer(live).take(statement(PART), "kl.txt").outcomes)
        live.settle(60)
        assert all(run.status == "done" for run in live.runs())
        assert not BankTable(service.store).unwritten()
        return [*paid, invoice_fields(live, "СЧ-2026/005")[PAID]]
