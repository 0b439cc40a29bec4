"""What carrying out would cost, without a portal.

Decides how many requests, reads and writes a step's generator would take, by feeding it what its own
commands say to assume. Pure: no socket, no file, no engine method is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.action import Answer, Command, Commands, Verification
from engine.portal.packing import is_engine_method, pack

_MOST_TURNS = 1000


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests sent, and the reads and writes inside them. The engine's own methods cost nothing."""

    requests: int = 0
    reads: int = 0
    writes: int = 0

    def __add__(self, other: Cost) -> Cost:
        """The two one after another, sharing no request."""
        return Cost(self.requests + other.requests, self.reads + other.reads, self.writes + other.writes)


def estimate(*generators: Commands | Verification) -> Cost:
    """Return the cost of running the generators side by side, their commands sharing batches as in
    `drive_all`.

    What a generator raises travels up untouched; one that never ends is a ValueError.
    """
    cost = Cost()
    answers: dict[int, Sequence[Answer] | None] = dict.fromkeys(range(len(generators)))
    for _ in range(_MOST_TURNS):
        asked: dict[int, Sequence[Command]] = {}
        for number, given in answers.items():
            commands = _next(generators[number], given)
            if commands is not None:
                asked[number] = commands
        if not asked:
            return cost
        cost += cost_of(list(asked.values()))
        answers = {number: [_assumed(command) for command in commands] for number, commands in asked.items()}
    raise ValueError(f"a step asked for commands {_MOST_TURNS} times and did not end")


def cost_of(lanes: Sequence[Sequence[Command]]) -> Cost:
    """Return the cost of sending the lanes' commands together."""
    outside = [command for lane in lanes for command in lane if not is_engine_method(command)]
    writes = sum(command.writes for command in outside)
    requests = sum(group.kind != "engine" for group in pack(lanes))
    return Cost(requests, len(outside) - writes, writes)


def _assumed(command: Command) -> Answer:
    return Answer(command.id, command.assume)


def _next(generator: Commands | Verification, given: Sequence[Answer] | None) -> Sequence[Command] | None:
    running: Any = generator
    try:
        commands: Sequence[Command] = next(running) if given is None else running.send(given)
    except StopIteration:
        return None
    return commands
