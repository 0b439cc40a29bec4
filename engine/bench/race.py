"""The race with the peers: the same rules and events, the same answers, one process, engines taking turns.

What is timed for every engine: from an event with ready facts to the set of ids of the rules that fire. Loading and
writing the facts in the engine's own form are not. Every answer is held against the oracle before the clock starts.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from engine.bench.ours import Ours
from engine.bench.workload import FEW, ONE_PERCENT, Asked, Case, cases, fires, is_undecided, rules
from engine.settings import Settings

SIZES = (1_000, 10_000)
REGIMES = (FEW, ONE_PERCENT)
PASSES = 5
BOUNDS = {"times_few": 15.0, "times_1_percent": 15.0, "growth_few": 1.5}
MODULES = ("clips", "zen", "datalogic_py")


class Racer(Protocol):
    """An engine with rules in it. `fired` is timed, on what `prepare` made of a case."""

    name: str

    def prepare(self, case: Case) -> Any:
        """Return the event and its facts in the engine's own form."""

    def fired(self, ready: Any) -> set[str]:
        """Return the ids of the rules that fire."""


@dataclass(frozen=True, slots=True)
class Lap:
    """Median microseconds an event: of one engine with `count` rules, by regime."""

    engine: str
    count: int
    microseconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Race:
    """The laps, medians of `rounds`, ours first.

    With most rules: how many times as long as ours the best peer takes, by regime; and our growth from fewest rules.
    """

    rounds: int
    laps: tuple[Lap, ...]
    times_few: float
    times_1_percent: float
    growth_few: float

    def broken_bounds(self) -> list[str]:
        """Return the names of the figures that are worse than their bound."""
        broken = [name for name in ("times_few", "times_1_percent") if getattr(self, name) < BOUNDS[name]]
        return [*broken, *(["growth_few"] if self.growth_few > BOUNDS["growth_few"] else [])]


def missing_modules() -> list[str]:
    """Return the modules of the extra `bench` that are not installed."""
    return [name for name in MODULES if find_spec(name) is None]


def race(settings: Settings, rounds: int = 5, sizes: Sequence[int] = SIZES, passes: int = PASSES) -> Race:
    """Run the race over `sizes` rules. Raises ValueError where an engine's answer is not the oracle's."""
    with tempfile.TemporaryDirectory(prefix="reglament-race-") as folder:
        tracks = [_Track(settings, Path(folder) / str(size), size) for size in sizes]
        # Lasting objects of all engines are set aside, so that no collection walks them in anyone's time.
        gc.collect()
        gc.freeze()
        try:
            timed = [_round(tracks, passes) for _ in range(rounds)]
        finally:
            gc.unfreeze()
    laps = tuple(
        Lap(name, size, {regime: median(one[name, size, regime] for one in timed) for regime in REGIMES})
        for name in tracks[0].names
        for size in sizes
    )
    ours, *peers = tracks[0].names
    few, percent = (
        min(
            median(one[peer, sizes[-1], regime] / one[ours, sizes[-1], regime] for one in timed)
            for peer in peers
        )
        for regime in REGIMES
    )
    growth = median(one[ours, sizes[-1], FEW] / one[ours, sizes[0], FEW] for one in timed)
    return Race(rounds, laps, few, percent, growth)


def _round(tracks: Sequence[_Track], passes: int) -> dict[tuple[str, int, str], float]:
    return {
        (name, track.size, regime): microseconds
        for track in tracks
        for regime in REGIMES
        for name, microseconds in track.run(regime, passes).items()
    }


class _Track:
    """All engines with the same `size` rules, their answers checked."""

    def __init__(self, settings: Settings, folder: Path, size: int) -> None:
        from engine.bench.peers.json_logic import JsonLogic
        from engine.bench.peers.rete import Rete
        from engine.bench.peers.tables import Tables

        self.size = size
        asked = rules(size)
        folder.mkdir()
        self._ours = Ours(asked, settings, folder)
        self._racers: tuple[Racer, ...] = (self._ours, Rete(asked), JsonLogic(asked), Tables(asked))
        self.names = tuple(racer.name for racer in self._racers)
        self._ready: dict[str, list[tuple[Any, ...]]] = {}
        for regime in REGIMES:
            given = cases(size, regime)
            self._ready[regime] = [tuple(racer.prepare(case) for racer in self._racers) for case in given]
            for case, ready in zip(given, self._ready[regime], strict=True):
                self._check(asked, case, ready)

    def _check(self, asked: tuple[Asked, ...], case: Case, ready: tuple[Any, ...]) -> None:
        """Hold every engine's answer, and what we leave undecided, against each rule decided alone."""
        wanted = {rule.id for rule in asked if fires(rule, case)}
        for racer, form in zip(self._racers, ready, strict=True):
            if (got := racer.fired(form)) != wanted:
                wrong = sorted(got ^ wanted)
                raise ValueError(
                    f"{racer.name} answers otherwise than the oracle: {wrong[:3]}, {len(wrong)} rules"
                )
        if self._ours.undecided(ready[0]) != {rule.id for rule in asked if is_undecided(rule, case)}:
            raise ValueError("what is left undecided is not what the oracle leaves open")

    def run(self, regime: str, passes: int) -> dict[str, float]:
        """Return the median microseconds an event by engine, one engine after the other.

        Turns within a round are no shorter: the large memory of one engine would empty the processor's caches, and
        the next would be timed at filling them.
        """
        found = {}
        for place, racer in enumerate(self._racers):
            times = []
            for _ in range(passes):
                for ready in self._ready[regime]:
                    form = ready[place]
                    started = time.perf_counter()
                    racer.fired(form)
                    times.append((time.perf_counter() - started) * 1e6)
            found[racer.name] = median(times)
        return found
