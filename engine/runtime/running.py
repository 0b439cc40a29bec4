"""A run under way, in memory: its plan, and its facts as they grow with each step.

Decides what a step sees. Parameters are filled in from the facts of the plan plus what this rule's own earlier
steps made, as they were planned; effects are asked on the facts as they are by now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.parameters import void
from engine.decision.plan import NO_OP, SKIPPED, Step
from engine.effects import Effect, FieldChange
from engine.language.rules import Rule
from engine.language.values import Undecided, Value
from engine.portal.estimate import Cost
from engine.portal.gateway import Gateway
from engine.runtime.store import Lease
from engine.runtime.written import Written, facts_after


@dataclass
class Running:
    """Run `n` of `event` by `edition`; `facts` are those it was decided on, `plan` is the stored one.

    `present` are fields of the event's item that have gone on since the event: what a step does meets them, what was
    decided does not. `fresh` are facts read again for a run that has been lying. `gateway` counts
    what this run asks of the portal.
    """

    n: int
    edition: Edition
    event: Event
    facts: Facts
    plan: tuple[Step, ...]
    lease: Lease
    gateway: Gateway
    tries: int = 0
    present: Mapping[str, Value] = field(default_factory=dict)
    fresh: Facts | None = None
    spent: Cost = field(default_factory=Cost)
    written: list[Written] = field(default_factory=list)
    _views: dict[str, Facts] = field(default_factory=dict)
    _live: Facts | None = None

    def __post_init__(self) -> None:
        """Let the effects meet the item as it stands now."""
        item = self.event.item
        if self.present and item is not None:
            known = self.facts.items.get(item, {})
            moved = [FieldChange(item, name, known.get(name), value) for name, value in self.present.items()]
            self._live = self.facts.after(moved)

    @property
    def live(self) -> Facts:
        """The facts with every confirmed write of this run."""
        return self._live or self.facts

    def meet_fresh(self) -> None:
        """Let the steps that are left meet the facts read anew, if there are any: they hold what this run wrote."""
        self._live = self.fresh or self._live

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


def result_of_unplanned(step: Step) -> Value:
    """Return the result of a step that the plan left out: void, undecided, or what stands already."""
    if step.status == NO_OP and step.effect is not None and step.effect.result is not None:
        return step.effect.result
    if step.status in (NO_OP, SKIPPED):
        return void(step.call.result)
    return Undecided(step.reason)
