"""One schedule played and judged: its script, what it suffers, and what is left of it.

Decides what is read off at the end; how a phase is played is `stage.py`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import NOTHING, Suffering, draw_suffering
from tests.chaos.judge import Verdict, compare, number_faults, order_faults
from tests.chaos.office import ACT, INVOICE, rows
from tests.chaos.picture import NUMBER_FIELDS, Picture, take_picture
from tests.chaos.script import Script, is_chained
from tests.chaos.stage import Stage, open_stage


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


def play_quietly(script: Script, folder: Path) -> Played:
    """Play a script without a fault and without a kill. State and log of the engine are left in `folder`."""
    with open_stage(folder) as stage:
        return _play(stage, script, lambda _: NOTHING)


def play(script: Script, seed: int, folder: Path, server: str = "") -> Played:
    """Play a script through what `seed` draws. State and log of the engine are left in `folder`.

    With the address of a Postgres `server` three engines work on it, one of which is killed.
    """

    def suffering(phase: int) -> Suffering:
        return draw_suffering(seed, phase, is_chained=is_chained(script.phases[phase]))

    with open_stage(folder, seed, server) as stage:
        return _play(stage, script, suffering)


def _play(stage: Stage, script: Script, suffering: Callable[[int], Suffering]) -> Played:
    begun = time.monotonic()
    lost = stage.run(script, suffering)
    borne = {str(row.get(NUMBER_FIELDS[kind])) for kind in (ACT, INVOICE) for row in rows(stage.portal, kind)}
    return Played(
        take_picture(stage.portal),
        [*lost, *number_faults(stage.store, borne), *_complaints(stage)],
        order_faults(stage.store, set(stage.people.retried)),
        stage.crew.kills,
        stage.people.retried.total(),
        stage.hits | stage.box.hits,
        time.monotonic() - begun,
    )


def _complaints(stage: Stage) -> Iterator[str]:
    """Yield what no person could mend, engines that fell over, and events that were given up."""
    yield from (f"run {run.n} stays {run.status}: {run.verdict.en}" for run in stage.people.given_up())
    yield from (f"an engine ended by itself with {code}" for code in stage.crew.deaths)
    rows = stage.store.rows(
        "SELECT n, name, item, reason FROM event WHERE outcome = 'failed' AND kind = 'event' ORDER BY n"
    )
    for row in rows:
        yield f"event {row['n']} {row['name']} {row['item']} was given up: {row['reason']}"
