"""What carrying a simulated plan out would cost the portal, at most: requests, reads, writes.

Runs the actions' own commands against the answers they assume, side by side as one run would; nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC

from engine.action import Action
from engine.decision.forms import Requests
from engine.decision.plan import PLANNED, Step
from engine.decision.resolve import Resolver, assumed
from engine.decision.simulation import Simulation
from engine.effects import Effect
from engine.portal.estimate import Cost, estimate


def simulation_costs(simulation: Simulation, actions: Mapping[str, Action]) -> dict[str, Requests]:
    """Return the cost of each event's plan by event id."""
    return {
        one.decision.event.id: plan_cost(one.decision.plan, actions, assumed(one.facts.now.tzinfo or UTC))
        for one in simulation.walk()
    }


def plan_cost(plan: tuple[Step, ...], actions: Mapping[str, Action], resolver: Resolver) -> Requests:
    """Return the cost of a plan: its steps one after another, each with the read-back that proves it."""
    total = Cost(0, 0, 0)
    for step in plan:
        if step.status == PLANNED and step.effect is not None:
            effect = real_effect(step.effect, resolver)
            action = actions[step.call.action]
            total += estimate(action.commands(effect))
            total += estimate(action.verify(effect, resolver.value(effect.result)))
    return Requests(total.requests, total.reads, total.writes)


def real_effect(effect: Effect, resolver: Resolver) -> Effect:
    """Return the effect with every planned part of its parameters, details and result real."""
    return replace(
        effect,
        params=resolver.params(effect.params),
        details={name: resolver.value(value) for name, value in effect.details.items()},
        result=resolver.value(effect.result),
    )
