"""Where a schedule is played: the twin, the engine before it, the people; and the rest between phases.

Decides when a phase is over: faults have ended, the engine runs, every webhook was delivered or lost, no row of the
inbox is open, a sweep has found what was missed, and nothing is left that a person would retry.
"""

from __future__ import annotations

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
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.requests import answer_of, ask
from engine.runtime.store import StateError, Store
from engine.runtime.sweep import SWEEP
from tests.chaos.faults import Kill, Suffering
from tests.chaos.mailbox import LossyMailbox
from tests.chaos.office import CannotGoOn, Office
from tests.chaos.people import People
from tests.chaos.picture import NAMES
from tests.chaos.premises import Premises, make_premises
from tests.chaos.process import Crew, EngineProcess
from tests.chaos.script import Phase, Script
from tests.runtime.service_case import TOKEN

_ZONE = ZoneInfo("Europe/Moscow")
_T = TypeVar("_T")
_PATIENCE = 60.0
_LOOK = 0.02


class NoRest(Exception):  # noqa: N818 - it names what did not come
    """The engine did not come to rest in time."""


@dataclass
class Stage:
    """Everything that runs during one schedule."""

    portal: Portal
    box: LossyMailbox
    crew: Crew
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
        self.box.suffer(part.mail)
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
            self.box.suffer(())
            for kind, count in (plan.counts() if plan else {}).items():
                self.hits[kind] = self.hits.get(kind, 0) + count

    def _kill(self, kills: tuple[Kill, ...]) -> None:
        for kill in kills:
            time.sleep(kill.after)
            self.crew.kill()
            time.sleep(kill.down)
            self.crew.start()

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
        self.crew.start()
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
def open_stage(folder: Path, seed: int = 0, server: str = "") -> Iterator[Stage]:
    """A twin, and an engine that has read it once: a process on a file, or three on a database of `server`."""
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as web,
        LossyMailbox(portal) as box,
    ):
        portal.deliveries.delay = 0.0
        ahead = portal.clock.now() - datetime.now(_ZONE)
        premises = make_premises(folder, server)
        rest = (web.webhook_url, str(box.port), str(ahead.total_seconds()))
        engines = [
            EngineProcess((str(config), *rest), folder / f"engine{number}.log")
            for number, config in enumerate(premises.configs)
        ]

        def clock() -> datetime:
            return datetime.now(_ZONE) + ahead

        with Crew(engines, seed % len(engines)) as crew:
            store = _first_reading(premises, crew)
            set_receiver(portal, f"http://127.0.0.1:{premises.port}/portal/events", TOKEN)
            try:
                yield Stage(portal, box, crew, store, Office(portal), People(portal, store, clock), clock)
            finally:
                crew.end()
                store.close()


def _first_reading(premises: Premises, crew: Crew) -> Store:
    """Return the state once the portal was read. Raises NoRest with the last words of engines that did not get there."""
    try:
        return _wait(lambda: _read_once(premises), "the first reading did not end")
    except NoRest as trouble:
        raise NoRest(f"{trouble}: {crew.last_words()}") from trouble


def _read_once(premises: Premises) -> Store | None:
    """Return the state once the portal was read for the first time."""
    try:
        store = premises.open_state()
    except StateError:  # not there yet, or not of this version yet
        return None
    read = store.rows("SELECT entity FROM baseline")
    if len(read) < len(NAMES) or store.rows("SELECT 1 FROM event WHERE state <> 'done'"):
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
