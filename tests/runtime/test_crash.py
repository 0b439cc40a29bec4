"""kill -9 between two steps: the next start goes on with the stored plan and does nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.embedded import READS, EmbeddedStore
from engine.runtime.journal import Journal
from tests.runtime.service_case import ACT, DEAL, ROOT, TOKEN, Live, make_folder, open_service

# The second step hangs until a file appears: the process is killed while it stands there.
PLUGIN = """
import time
from pathlib import Path
from engine import Action, CallChange, Effect, hookimpl

GATE = Path(__file__).parent / "gate"

class Hang(Action):
    name = "own.hang"
    parameters = {}
    example = "- own.hang: {}"
    kinds = ("call",)

    def effect(self, params, facts):
        return Effect(params, (CallChange("own", "hangs"),))

    def perform(self, effect, outside):
        (GATE.parent / "reached").touch()
        while not GATE.exists():
            time.sleep(0.02)

class Once(Action):
    name = "own.once"
    parameters = {}
    example = "- own.once: {}"
    kinds = ("call",)
    irreversible = True

    def effect(self, params, facts):
        return Effect(params, (CallChange("own", "once"),))

    def perform(self, effect, outside):
        with (GATE.parent / "done").open("a") as file:
            file.write(outside.key + chr(10))
        (GATE.parent / "reached").touch()
        while not GATE.exists():
            time.sleep(0.02)

@hookimpl
def reglament_actions(setup):
    return [Hang(), Once()]
"""
RULES = """
ruleset: test
title: Проверка
rules:
  - id: issue
    title: Выпущен акт
    triggers:
      - changed: deal.title
    actions:
      - act.issue: {deal: "${deal}", stage_no: 1}
        as: act
        key: act ${deal.id}/1
      - own.STEP: {}
      - field.set: {act.title: "Акт № ${act.number}"}
  - id: seen
    title: Акт появился
    triggers:
      - created: act
    actions:
      - notify: {to: "${act.manager}", text: "Акт ${act.number}"}
"""
PROGRAM = """
import sys, time
from pathlib import Path
from tests.runtime.service_case import open_service
service = open_service(Path(sys.argv[1]), sys.argv[2])
service.start()
print(service.public_url, flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal(None, demo_company()) as found:
        found.deliveries.delay = 0.0
        yield found


def wait_for(path: Path) -> None:
    for _ in range(1500):
        if path.exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"{path.name} never came")


def kill_at_the_second_step(config: Path, portal: Portal, server: PortalServer) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", PROGRAM, str(config), server.webhook_url]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        state = EmbeddedStore(config.parent / "state" / "engine.db", mode=READS)
        while state.rows("SELECT * FROM baseline WHERE entity IN ('deal', 'act')")[1:] == []:
            time.sleep(0.02)
        state.close()
        set_receiver(portal, address + "/portal/events", TOKEN)
        Person(portal, 6).update(DEAL, 118, {"title": "Другое имя"})
        wait_for(config.parent / "plugins" / "reached")
        process.send_signal(signal.SIGKILL)


def acts_of(live: Live) -> list[str]:
    return [
        act["title"]
        for act in live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": 118})["items"]
    ]


def test_the_stored_plan_is_gone_on_with(tmp_path: Path, portal: Portal) -> None:
    config = make_folder(tmp_path, RULES.replace("STEP", "hang"), PLUGIN)
    with PortalServer(portal) as server:
        kill_at_the_second_step(config, portal, server)
        (tmp_path / "plugins" / "gate").touch()
        # Other rules have come into force since: the run goes on with its own.
        (tmp_path / "regulations" / "test.yaml").write_text(
            RULES.replace("STEP", "hang").replace("Акт № ", "Не тот "), "utf-8"
        )
        with open_service(config, server.webhook_url) as service:
            live = Live(portal, server, service, Person(portal, 6), tmp_path)
            live.settle()
            assert acts_of(live) == ["Акт № А-2026/019"]
            assert [(run.event, run.status) for run in live.runs()] == [
                ("deal.updated", "done"),
                ("act.created", "done"),
            ]
            assert [step.status for step in live.runs()[0].steps] == ["done", "done", "done"]


def test_an_irreversible_step_cut_short_is_left_to_a_person(tmp_path: Path, portal: Portal) -> None:
    config = make_folder(tmp_path, RULES.replace("STEP", "once"), PLUGIN)
    with PortalServer(portal) as server:
        kill_at_the_second_step(config, portal, server)
        (tmp_path / "plugins" / "gate").touch()
        with open_service(config, server.webhook_url) as service:
            assert service.wait_idle(20)
            runs = Journal(service.store).last_runs()
            first = next(run for run in runs if run.event == "deal.updated")
            assert first.status == "unknown"
            assert [step.status for step in first.steps] == ["done", "unknown", "planned"]
            assert "Нужен человек" in first.verdict_ru
        assert len((tmp_path / "plugins" / "done").read_text().splitlines()) == 1
