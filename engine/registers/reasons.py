"""Why a decision does nothing, in the words of the rule that stayed shut, of the step that had nothing to do, or ours.

Decides which of several reasons is told: what is unknown first, since it may hide the others.
"""

from __future__ import annotations

from engine.decision.edition import Edition
from engine.decision.explain import FIRED, explain_woken
from engine.decision.facts import Facts
from engine.decision.plan import UNDECIDED, Decision
from engine.effects import Said


def why_nothing(edition: Edition, decision: Decision, facts: Facts) -> Said:
    """Return why `decision` holds no work; a rule's own words (`else:`) are in the language that it is written in."""
    for _, reason in decision.undecided:
        return _unknown(reason)
    for step in decision.plan:
        if step.status == UNDECIDED:
            return _unknown(step.reason)
        if step.effect is not None and step.effect.nothing_to_do is not None:
            return step.effect.nothing_to_do
    for verdict in explain_woken(edition, decision, facts):
        gate = verdict.closed_gate
        if verdict.outcome != FIRED:
            words = (gate.otherwise or gate.text) if gate is not None else verdict.outcome
            return Said(words, words)
    if not decision.fired:
        return Said("ни одно правило на это не отвечает", "no rule answers to this")
    return Said("делать нечего", "there is nothing to do")


def _unknown(reason: str) -> Said:
    return Said(f"не решено: {reason}", f"undecided: {reason}")
