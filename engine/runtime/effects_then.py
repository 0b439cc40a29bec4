"""The effects that a stored run's steps had when they were carried out, asked again from what is stored.

Decides nothing: the facts of the plan and the results so far are replayed, so that the same question is put to the
action.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.action import PluginError
from engine.decision.parameters import render_params
from engine.decision.plan import Step, effect_of
from engine.decision.step_facts import StepFacts
from engine.effects import Effect
from engine.language.values import Undecided
from engine.runtime.running import Running
from engine.runtime.runs import StoredStep


@dataclass(frozen=True)
class StepThen:
    """A step with what became of it and the effect it had; `effect` is None where it cannot be told any more."""

    step: Step
    stored: StoredStep
    effect: Effect | None


def replay(run: Running, known: Mapping[int, StoredStep]) -> Iterator[StepThen]:
    """Go through the plan as it was carried out, each step on the facts that it met."""
    for step in run.plan:
        one = known[step.number]
        yield StepThen(step, one, _effect_then(run, step))
        run.take(step, one.result, one.written)


def _effect_then(run: Running, step: Step) -> Effect | None:
    params = render_params(step.call, run.view_of(step.rule), run.edition)
    if isinstance(params, Undecided):
        return None
    try:
        facts = StepFacts(run.live_for(step.rule), {}, step.planned_id)
        effect = effect_of(run.edition, step.call, params, facts)
    except PluginError:
        return None
    return effect if isinstance(effect, Effect) and effect.nothing_to_do is None else None
