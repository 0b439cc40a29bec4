"""One schedule played: the twin, the engine as a process, the script, what they suffer, and the rest between phases.

Decides when a phase is over: faults have ended, the engine runs, every webhook was delivered or lost, no row of the
inbox is open, a sweep has found what was missed, and nothing is left that a person would retry.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.faultfile import as_text, parse_faults
from engine.emulator.mailbox import Mailbox
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.embedded import ASKS, EmbeddedStore
from engine.runtime.requests import answer_of, ask
from engine.runtime.store import StateError, Store
from engine.runtime.sweep import SWEEP
from tests.chaos.faults import NOTHING, Kill, Suffering, draw_suffering
from tests.chaos.judge import Verdict, compare, number_faults, order_faults
from tests.chaos.office import ACT, INVOICE, CannotGoOn, Office, rows
from tests.chaos.people import People
from tests.chaos.picture import Picture, take_picture
from tests.chaos.process import EngineProcess, free_port
from tests.chaos.script import Phase, Script
from tests.runtime.service_case import ROOT, TOKEN

_ZONE = ZoneInfo("Europe/Moscow")
_T = TypeVar("_T")
_PATIENCE = 60.0
_LOOK = 0.02


class NoRest(Exception):  # noqa: N818 - it names what did not come
    """The engine did not come to rest in time."""


@dataclass
class Played:
    """What a schedule left: the picture, the faults of numbers and order, and what it went through."""

    picture: Picture
    faults: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    kills: int = 0
    retried: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def judge(seed: int, wanted: Picture, played: Played) -> Verdict:
    """Return the verdict on a schedule by the picture of the fault-free one."""
    lost, doubled = compare(wanted, played.picture)
    return Verdict(seed, (*played.faults, *lost), tuple(played.order), tuple(doubled))


def play_quietly(script: Script, log: Path | None = None) -> Played:
    """Play a script without a fault and without a kill."""
    return _play(script, lambda _: NOTHING, log)


def play(script: Script, seed: int, log: Path | None = None) -> Played:
    """Play a script through what `seed` draws. The engine's log is kept at `log`, where one is given."""
    return _play(script, lambda phase: draw_suffering(seed, phase), log)


def _play(script: Script, suffering: Callable[[int], Suffering], log: Path | None) -> Played:
    begun = time.monotonic()
    with _stage(log) as stage:
        lost = stage.run(script, suffering)
        numbers = {str(row.get("UF_CRM_12_NUMBER")) for row in rows(stage.portal, ACT)}
        numbers |= {str(row.get("accountNumber")) for row in rows(stage.portal, INVOICE)}
        return Played(
            take_picture(stage.portal),
            [*lost, *number_faults(stage.store, numbers), *_complaints(stage)],
            order_faults(stage.store, set(stage.people.retried)),
            stage.engine.kills,
            stage.people.retried.total(),
            stage.hits,
            time.monotonic() - begun,
        )


def _complaints(stage: Stage) -> Iterator[str]:
    yield from (f"run {run.n} stays {run.status}: {run.verdict.en}" for run in stage.people.given_up())
    yield from (f"the engine ended by itself with {code}" for code in stage.engine.deaths)
    for row in stage.store.rows(
        "SELECT * FROM event WHERE outcome = 'failed' AND kind <> 'request' ORDER BY n"
    ):
        if row["kind"] == "event":
            yield f"event {row['n']} {row['name']} {row['item']} was given up: {row['reason']}"


@dataclass
class Stage:
    """Everything that runs during one schedule."""

    portal: Portal
    engine: EngineProcess
    store: Store
    office: Office
    people: People
    clock: Callable[[], datetime]
    hits: dict[str, int] = field(default_factory=dict)

    def run(self, script: Script, suffering: Callable[[int], Suffering]) -> list[str]:
        """Play all phases; return why the script could not go on, if so."""
        for number, phase in enumerate(script.phases):
            try:
                self._suffer(phase, suffering(number))
                self.mend()
            except (CannotGoOn, NoRest) as trouble:
                return [f"phase {number}: {trouble}"]
        return []

    def _suffer(self, phase: Phase, part: Suffering) -> None:
        plan = parse_faults(as_text(part.plan)) if part.plan else None
        self.portal.use_faults(plan)
        killer = threading.Thread(target=self._kill, args=(part.kills,), daemon=True)
        killer.start()
        try:
            for deed in phase:
                self.office.do(deed)
                time.sleep(part.pauses)
            killer.join()
            time.sleep(part.linger)
        finally:
            killer.join()
            self.portal.use_faults(None)
            for kind, count in (plan.counts() if plan else {}).items():
                self.hits[kind] = self.hits.get(kind, 0) + count

    def _kill(self, kills: tuple[Kill, ...]) -> None:
        for kill in kills:
            time.sleep(kill.after)
            self.engine.kill()
            time.sleep(kill.down)
            self.engine.start()

    def mend(self) -> None:
        """Everything has healed: what was missed is found, what stopped is taken up again."""
        self.rest()
        self.sweep()
        self.rest()
        while self.people.answer():
            self.rest()

    def sweep(self) -> None:
        """The engine looks for what no webhook told. Raises NoRest."""
        number = ask(self.store, SWEEP, {}, self.clock())
        answer = _wait(lambda: answer_of(self.store, number), "the sweep was not answered")
        if "error" in answer:
            raise NoRest(f"the sweep failed: {answer['error']}")

    def rest(self) -> None:
        """Wait until nothing is under way anywhere. Raises NoRest."""
        self.engine.start()
        for _ in range(3):
            if not self.portal.deliveries.settle(_PATIENCE):
                raise NoRest("webhooks were not delivered")
            _wait(lambda: self._open() == 0 or None, "rows of the inbox stay open")
            if self.portal.deliveries.settle(0.0) and self._open() == 0:
                return
        raise NoRest("it goes on and on")

    def _open(self) -> int:
        row = self.store.row("SELECT count(*) FROM event WHERE state <> 'done'")
        return int(row[0]) if row is not None else 0


@contextmanager
def _stage(log: Path | None) -> Iterator[Stage]:
    """A twin, and an engine that has read it once."""
    folder = Path(tempfile.mkdtemp(prefix="reglament-chaos-"))
    try:
        with (
            open_portal(None, demo_company()) as portal,
            PortalServer(portal) as server,
            Mailbox(portal) as box,
        ):
            portal.deliveries.delay = 0.0
            port = free_port()
            config = _make_folder(folder, port)
            ahead = portal.clock.now() - datetime.now(_ZONE)
            arguments = (str(config), server.webhook_url, str(box.port), str(ahead.total_seconds()))
            with EngineProcess(arguments, log or folder / "engine.log") as engine:
                store = _first_reading(folder, engine)
                set_receiver(portal, f"http://127.0.0.1:{port}/portal/events", TOKEN)

                def clock() -> datetime:
                    return datetime.now(_ZONE) + ahead

                try:
                    yield Stage(portal, engine, store, Office(portal), People(portal, store, clock), clock)
                finally:
                    engine.kill()
                    store.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _first_reading(folder: Path, engine: EngineProcess) -> Store:
    """Return the state once the portal was read. Raises NoRest with the last words of an engine that did not get there."""
    try:
        return _wait(lambda: _read_once(folder / "state" / "engine.db"), "the first reading did not end")
    except NoRest as trouble:
        raise NoRest(f"{trouble}: {engine.last_words()}") from trouble


def _make_folder(folder: Path, port: int) -> Path:
    """Write the folder of a company that has the shipped regulations; return its config."""
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    text = text.replace("127.0.0.1:8024", f"127.0.0.1:{port}").replace("127.0.0.1:8026", "127.0.0.1:0")
    shutil.copytree(ROOT / "regulations", folder / "regulations", ignore=shutil.ignore_patterns("examples"))
    (folder / "plugins").mkdir()
    config = folder / "config.yaml"
    config.write_text(text, "utf-8")
    return config


def _read_once(path: Path) -> Store | None:
    """Return the state once the portal was read for the first time."""
    try:
        store = EmbeddedStore(path, mode=ASKS)
    except StateError:  # not there yet, or not of this version yet
        return None
    read = store.rows("SELECT entity FROM baseline")
    if len(read) < 5 or store.rows("SELECT 1 FROM event WHERE state <> 'done'"):
        store.close()
        return None
    return store


def _wait(look: Callable[[], _T | None], complaint: str) -> _T:
    """Return what `look` finds, once it does. Raises NoRest."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(_LOOK)
    raise NoRest(complaint)
