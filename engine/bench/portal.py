"""The gateway measured: a backlog of events on a portal with its real limits, beside other ways to write the same.

Decides what is compared with what. Every side has an emulated portal of its own, fresh, with a full allowance; both
limits and pace are the real ones, nothing is sped up.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engine.bench.child import Answer, Child
from engine.bench.office import make_office
from engine.bench.portal_work import PLUGIN, RULES, asked, wanted

TWIN = "engine.cli.bench_twin"
MODULES = ("fast_bitrix24",)
DEPTH, RATE = 50, 2.0
BOUNDS: Mapping[str, float] = {
    "share of the allowed requests": 0.95,
    "commands a batch": 40.0,
    "calls of one an action to our requests": 10.0,
}
"""What each figure must at least be; besides, nothing may be refused and nothing be left undone or done wrong."""
_REST = 15.0


@dataclass(frozen=True, slots=True)
class Measured:
    """How the sides did. `figures` are ours unless their name says otherwise, `faults` what must not be."""

    events: int
    lanes: int
    figures: Mapping[str, float]
    faults: Mapping[str, int]

    def broken_bounds(self) -> list[str]:
        """Return the names of the figures below their bound, and of the faults."""
        low = [name for name, bound in BOUNDS.items() if self.figures[name] < bound]
        return low + [name for name, count in self.faults.items() if count]


def missing_modules() -> list[str]:
    """Return the modules of the extra `bench` that are not installed."""
    return [name for name in MODULES if find_spec(name) is None]


def measure(events: int, lanes: int | None, *, is_own: bool, say: Callable[[str], None]) -> Measured:
    """Run all sides with so many events; with `is_own` ours alone. `lanes` is None for the engine's default.

    Raises OSError where a side ends instead of answering.
    """
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as name:
        folder = Path(name)
        say("reglament")
        figures, faults, used = _ours(folder, events, lanes)
        if not is_own:
            say("fast-bitrix24")
            more, wrong = _lists(folder, events)
            figures |= more
            faults |= wrong
    work = asked(events)
    bare = len(work) + sum(one.writes for one in work)
    figures |= {
        "calls of one an action to our requests": bare / figures["requests"],
        "a request a command, requests": figures["commands"],
        "a request a command, seconds": _seconds(figures["commands"]),
        "a read and a call an action, requests": float(bare),
        "a read and a call an action, seconds": _seconds(bare),
    }
    return Measured(events, used, figures, faults)


def _seconds(requests: float) -> float:
    """Return how long so many requests take at least: the bucket's depth at once, then the rate."""
    return max(0.0, requests - DEPTH) / RATE


def _ours(folder: Path, events: int, lanes: int | None) -> tuple[dict[str, float], dict[str, int], int]:
    with Child(TWIN, errors=folder / "errors") as twin:
        config = make_office(folder / "office", "./state/engine.db", lanes=lanes, rules=RULES, plugin=PLUGIN)
        arguments = (str(config), twin.ready["webhook"])
        with Child("engine.bench.portal_served", *arguments, errors=folder / "errors") as side:
            side.ask("rest", seconds=_REST)
            found, lanes = side.ask("run", count=events), int(side.ready["lanes"])
        counts, wrong = twin.ask("counts"), _wrong(twin, events)
    figures = {
        "share of the allowed requests": found["requests"] / (DEPTH + RATE * found["seconds"]),
        "commands a batch": found["busy commands"] / max(1, found["busy requests"]),
        "commands to a request": found["asked"] / found["requests"],
        "commands": float(found["asked"]),
        "commands sent, like reads once": float(found["commands"]),
        "requests": float(found["requests"]),
        "seconds": found["seconds"],
        "backlog seconds": found["busy seconds"],
    }
    faults = {"refused": int(counts["refusals"]) + int(found["refusals"]), "wrong on the portal": wrong}
    faults["events not done"] = events - int(found["done"])
    return figures, faults, lanes


def _lists(folder: Path, events: int) -> tuple[dict[str, float], dict[str, int]]:
    with Child(TWIN, errors=folder / "errors") as twin:
        peer = Child(
            "engine.bench.peers.lists_fast_bitrix24", twin.ready["webhook"], errors=folder / "errors"
        )
        with peer:
            found: Answer = peer.ask("run", count=events)
        counts, wrong = twin.ask("counts"), _wrong(twin, events)
    name = "fast-bitrix24 in lists"
    return {
        f"{name}, requests": float(counts["requests"]),
        f"{name}, seconds": found["seconds"],
        f"{name}, refused": float(counts["refusals"]),
        f"{name}, wrong on the portal": float(wrong),
    }, {}


def _wrong(twin: Child, events: int) -> int:
    """Return how many fields of the deals do not hold what the last event about them asked for."""
    state = twin.ask("state")
    return sum(
        state[deal][field] != note
        for deal, fields in wanted(asked(events)).items()
        for field, note in fields.items()
    )
