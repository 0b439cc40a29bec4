"""An event and everything it would lead to: its decision, and the decisions on the events that would follow.

Follow-up events are decided one after another, each on the facts the one before left, as the live inbox would;
a chain longer than ten is a loop, and its rules are named.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.explain import RuleVerdict, explain
from engine.decision.facts import Facts
from engine.decision.follow_ups import MAX_DEPTH, follow_ups, seen_from
from engine.decision.plan import Decision, decide


@dataclass
class Simulation:
    """One event's decision, explained, with the simulations of the events it would raise.

    `loop` names the rules of a chain that did not end within ten follow-ups; empty otherwise.
    """

    decision: Decision
    facts: Facts
    verdicts: tuple[RuleVerdict, ...]
    follow_ups: list[Simulation] = field(default_factory=list)
    loop: tuple[str, ...] = ()

    def walk(self) -> Iterator[Simulation]:
        """Yield this simulation and all that follow from it, in the order they were decided."""
        waiting = deque([self])
        while waiting:
            current = waiting.popleft()
            yield current
            waiting.extend(current.follow_ups)


def simulate(edition: Edition, event: Event, facts: Facts) -> Simulation:
    """Return what `event` would lead to. Nothing is done. Raises PluginError as `decide` does."""
    waiting: deque[tuple[tuple[Simulation, ...], Event]] = deque([((), event)])
    root: Simulation | None = None
    known = facts
    while waiting:
        trail, current = waiting.popleft()
        if root is not None and current.depth > MAX_DEPTH:
            root.loop = _repeated(trail)
            break
        seen = known if not trail or current.item is None else seen_from(known, current.item)
        decision = decide(edition, current, seen)
        simulation = Simulation(decision, seen, explain(edition, decision, seen))
        if trail:
            trail[-1].follow_ups.append(simulation)
        root = root or simulation
        known = known.after(decision.changes)
        news = (change for step in decision.plan if not step.is_quiet for change in step.changes)
        raised = follow_ups(edition, current, news, known)
        waiting.extend(((*trail, simulation), follow_up) for follow_up in raised)
    assert root is not None
    return root


def _repeated(trail: tuple[Simulation, ...]) -> tuple[str, ...]:
    """Return the rules that changed something more than once on the way to an event: those that make the loop."""
    acting = Counter(
        name for one in trail for name in {step.rule.id: None for step in one.decision.plan if step.changes}
    )
    again = tuple(name for name, times in acting.items() if times > 1)
    return again or tuple(acting)
