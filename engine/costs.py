"""What carrying a simulated plan out would cost the portal, at most: requests, reads, writes.

Runs the actions' own commands against the answers they assume, one step after another; nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.action import Action
from engine.decision.assume import assumed_effect
from engine.decision.forms import Requests
from engine.decision.plan import PLANNED, Step
from engine.decision.simulation import Simulation
from engine.portal.estimate import Cost, estimate


def simulation_costs(simulation: Simulation, actions: Mapping[str, Action]) -> dict[str, Requests]:
    """Return the cost of each event's plan by event id."""
    return {one.decision.event.id: plan_cost(one.decision.plan, actions) for one in simulation.walk()}


def plan_cost(plan: tuple[Step, ...], actions: Mapping[str, Action]) -> Requests:
    """Return the cost of a plan: its steps one after another, each with the read-back that proves it."""
    total = Cost(0, 0, 0)
    for step in plan:
        if step.status == PLANNED and step.effect is not None:
            effect = assumed_effect(step.effect)
            action = actions[step.call.action]
            total += estimate(action.commands(effect))
            total += estimate(action.verify(effect, effect.result))
    return Requests(total.requests, total.reads, total.writes)
