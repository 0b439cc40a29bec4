"""What the twin and the engine suffer in one phase, drawn from a seed: faults of requests, of webhooks, and kills.

Decides how much is suffered, so that a schedule stays a matter of seconds: few faults of each kind, short rests.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.chaos.mailbox import draw_troubles

# What a rule may speak of; the twin's commands of batches and its plain requests alike.
_WRITES: Final = (
    "crm.item.add", "crm.item.update", "crm.item.productrow.set", "log.blogpost.add", "im.notify.system.add",
    "disk.folder.*", "batch", "crm.item.*", "*",
)  # fmt: skip
_CALLS: Final = ("timeout_after_commit", "timeout_before", "503", "429", "500", "slow", "ignored_fields")
_PASSING: Final = ("timeout_before", "503", "429", "slow")
_POSTS: Final = ("dropped", "doubled", "reordered", "late")
_OUTAGES: Final = 0.1
_OUT_SECONDS: Final = 3.0
"""The share of phases in which the portal is out for longer than a run's tries, and how long."""
_SECONDS: Final = {"429": 0.3, "slow": 0.2, "late": 0.4, "reordered": 0.3, "doubled": 0.1}


@dataclass(frozen=True)
class Kill:
    """After so many seconds the engine is killed, and started again after `down` more."""

    after: float
    down: float


@dataclass(frozen=True)
class Suffering:
    """One phase's part: a plan for the twin (see `engine.emulator.faultfile`), kills, trouble with mail, people's pace."""

    plan: Mapping[str, object]
    kills: tuple[Kill, ...]
    pauses: float
    linger: float
    mail: tuple[str, ...] = ()


NOTHING: Final = Suffering({}, (), 0.0, 0.0)


def draw_suffering(seed: int, phase: int, *, is_chained: bool) -> Suffering:
    """Return what phase number `phase` of a schedule suffers; where `is_chained`, nothing that stops a run for good."""
    draw = random.Random(f"faults {seed} {phase}")
    kinds, most = (_PASSING, 1) if is_chained else (_CALLS, 4)
    calls = [_call(draw, kind) for kind in draw.sample(kinds, draw.randint(0, most))]
    linger = draw.uniform(0.0, 0.6)
    if not is_chained and draw.random() < _OUTAGES:
        calls.insert(0, _outage(draw))
        linger = _OUT_SECONDS
    plan = {
        "seed": draw.randrange(1_000_000),
        "calls": calls,
        "posts": [_post(draw, kind) for kind in draw.sample(_POSTS, draw.randint(0, 3))],
    }
    kills = tuple(_kill(draw) for _ in range(draw.choice((0, 0, 1, 1, 1, 2))))
    return Suffering(plan, kills, draw.choice((0.0, 0.02, 0.15)), linger, draw_troubles(draw))


def _call(draw: random.Random, kind: str) -> dict[str, object]:
    rule: dict[str, object] = {
        "fault": kind,
        "method": draw.choice(_WRITES),
        "probability": draw.choice((0.03, 0.1, 0.3, 1.0)),
        "times": draw.randint(1, 4),
    }
    if kind == "ignored_fields":
        rule["method"] = "crm.item.update"
    if kind == "500":
        rule["commits"] = draw.choice(("true", "false"))
    if kind in _SECONDS:
        rule["seconds"] = _SECONDS[kind]
    return rule


def _outage(draw: random.Random) -> dict[str, object]:
    """From some request on the portal answers nothing sensible, for longer than the engine tries."""
    kind, first = draw.choice(("timeout_before", "500")), draw.randint(1, 80)
    rule: dict[str, object] = {"fault": kind, "within": "request", "numbers": list(range(first, first + 500))}
    return rule | ({"commits": "false"} if kind == "500" else {})


def _post(draw: random.Random, kind: str) -> dict[str, object]:
    rule: dict[str, object] = {
        "fault": kind,
        "probability": draw.choice((0.1, 0.3, 0.8)),
        "times": draw.randint(1, 8),
    }
    if kind in _SECONDS:
        rule["seconds"] = _SECONDS[kind]
    if kind == "reordered":
        rule["behind"] = draw.randint(1, 3)
    return rule


def _kill(draw: random.Random) -> Kill:
    # A start takes about a second: the shorter waits fall into it.
    return Kill(draw.choice((draw.uniform(0.02, 0.4), draw.uniform(0.3, 1.8))), draw.choice((0.0, 0.0, 0.3)))
