"""A run under way, in memory: its plan, and its facts as they grow with each step.

Decides what a step sees. Parameters are filled in from the facts of the plan plus what this rule's own earlier
steps made, as they were planned; effects are asked on the facts as they are by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.parameters import void
from engine.decision.plan import NO_OP, SKIPPED, Step
from engine.effects import Effect
from engine.language.rules import Rule
from engine.language.values import Undecided, Value
from engine.runtime.written import Written, facts_after


@dataclass
class Running:
    """Run `n` of `event` by `edition`; `facts` are those it was decided on, `plan` is the stored one."""

    n: int
    edition: Edition
    event: Event
    facts: Facts
    plan: tuple[Step, ...]
    tries: int = 0
    written: list[Written] = field(default_factory=list)
    _views: dict[str, Facts] = field(default_factory=dict)
    _live: Facts | None = None

    @property
    def live(self) -> Facts:
        """The facts with every confirmed write of this run."""
        return self._live or self.facts

    def view_of(self, rule: Rule) -> Facts:
        """Return the facts from which a step of `rule` takes its values."""
        return self._views.get(rule.id, self.facts)

    def live_for(self, rule: Rule) -> Facts:
        """Return the facts as they are by now, seen with the results of the rule's earlier steps."""
        return self.live.with_roots(self.view_of(rule).roots)

    def take(self, step: Step, result: Value, written: Sequence[Written]) -> None:
        """Let the steps that follow see what this one made."""
        view = self.view_of(step.rule)
        made = tuple(change for one in written if one.created for change in one.changes)
        view = view.with_planned(Effect({}, made))
        if step.call.result:
            view = view.with_roots({step.call.result: result})
        self._views[step.rule.id] = view
        self.written.extend(written)
        self._live = facts_after(self.live, written)

    def take_unplanned(self, step: Step) -> None:
        """The same for a step that the plan left out: its result is void, undecided, or what stands already."""
        result: Value = void(step.call.result)
        if step.status == NO_OP and step.effect is not None and step.effect.result is not None:
            result = step.effect.result
        elif step.status not in (NO_OP, SKIPPED):
            result = Undecided(step.reason)
        self.take(step, result, ())
