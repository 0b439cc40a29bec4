"""How fast regulations load, reload and decide: 1,000 and 10,000 rules through the product's own workshop.

Measures, and judges by the bounds below; prints nothing.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from engine.bench.rules import FIRING, edited, event_text, regulation_files
from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.decision.plan import decide
from engine.settings import Settings
from engine.workshop import Workshop, open_workshop

FEW, MANY = 1_000, 10_000
BOUNDS = {"load_seconds": 5.0, "reload_seconds": 0.3, "ratio": 1.5}
EVENTS_A_ROUND = 100


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians: seconds to load `MANY` rules from nothing, and to reload them after one file was edited.

    Microseconds to decide and plan one event of which `FIRING` rules fire, with `FEW` and with `MANY` rules loaded;
    `ratio` is the median of the rounds' own ratios.
    """

    rounds: int
    load_seconds: float
    reload_seconds: float
    event_us_few: float
    event_us_many: float
    ratio: float

    def broken_bounds(self) -> list[str]:
        """Return the names of the figures that are worse than their bound."""
        return [name for name, bound in BOUNDS.items() if getattr(self, name) > bound]


def measure(settings: Settings, rounds: int = 5) -> Measured:
    """Return the medians of `rounds` interleaved rounds. Raises ValueError where the generated rules are unsound."""
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as folder:
        few = _Bed(settings, Path(folder) / "few", FEW)
        many = _Bed(settings, Path(folder) / "many", MANY)
        loads, reloads, events_few, events_many = [], [], [], []
        for _ in range(rounds):
            loads.append(many.load())
            few.load()
            reloads.append(many.reload())
            microseconds = _race(few.decide_once, many.decide_once)
            events_few.append(microseconds[0])
            events_many.append(microseconds[1])
    ratios = [after / before for before, after in zip(events_few, events_many, strict=True)]
    return Measured(
        rounds, median(loads), median(reloads), median(events_few), median(events_many), median(ratios)
    )


class _Bed:
    """A folder of `count` generated rules with a workshop over it."""

    def __init__(self, settings: Settings, folder: Path, count: int) -> None:
        folder.mkdir()
        self.settings = replace(settings, regulations=folder)
        self.files = regulation_files(count)
        for name, text in self.files.items():
            (folder / name).write_text(text, "utf-8")
        self.workshop, _ = open_workshop(self.settings)
        self.edition = self._build()
        self.event, self.facts = _read_event(self.workshop)
        fired = len(decide(self.edition, self.event, self.facts).fired)
        if fired != FIRING:
            raise ValueError(f"{fired} rules fire where {FIRING} should")

    def load(self) -> float:
        """Read all from nothing; return the seconds from the files to an edition that decides."""
        with _no_collection():
            started = time.perf_counter()
            self.workshop, _ = open_workshop(self.settings)
            self.edition = self._build()
            return time.perf_counter() - started

    def reload(self) -> float:
        """Edit one file and read again; return the seconds until the new edition stands."""
        name = sorted(self.files)[len(self.files) // 2]
        file = self.settings.regulations / name
        text = self.files[name]
        was = file.read_text("utf-8")
        file.write_text(edited(text) if was == text else text, "utf-8")
        with _no_collection():
            started = time.perf_counter()
            self.edition = self._build()
            return time.perf_counter() - started

    def decide_once(self) -> None:
        """Decide and plan the event, on facts that remember no earlier derivation."""
        decide(self.edition, self.event, replace(self.facts, _derived={}))

    def _build(self) -> Edition:
        built = self.workshop.build()
        if built.edition is None:
            raise ValueError(f"the generated rules do not load: {built.diagnostics[:3]}")
        return built.edition


def _read_event(workshop: Workshop) -> tuple[Event, Facts]:
    settings = workshop.settings
    given = read_event("event.json", event_text().encode(), settings.world, settings.zone, {})
    if given.event is None:
        raise ValueError(f"the generated event is unsound: {given.diagnostics[:3]}")
    facts = Facts(
        settings.world, workshop.derivations, workshop.calendar, given.event.time, given.items, given.roots
    )
    return given.event, facts


def _race(*runners: Callable[[], None]) -> list[float]:
    """Return the microseconds of each, the runs taking turns so that the machine's mood strikes all alike."""
    spent: list[list[float]] = [[] for _ in runners]
    for _ in range(EVENTS_A_ROUND):
        for times, run in zip(spent, runners, strict=True):
            started = time.perf_counter()
            run()
            times.append((time.perf_counter() - started) * 1e6)
    return [median(times) for times in spent]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Start from collected memory, so that the round before does not pay in this one."""
    gc.collect()
    yield
