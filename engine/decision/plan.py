"""From an event to a plan.

This module decides and never acts: same rules, same event, same facts, same plan.
It does not know the portal, the clock or the plugins; facts it lacks become questions, not calls.

    event ─► which rules does it wake, and whose gates are all open?      index.py
          ─► each open rule's actions, one after another, become steps    here
          ─► rules that want different values for one field do nothing    here
          ─► what the plan changes will be events of its own              follow_ups.py

A gate that cannot be decided keeps its rule shut and is shown; a parameter that cannot be decided blocks its step
and the steps that use its result. What an action would do it says itself (`Action.effect`), under a guard that
refuses it the outside world.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.action import PluginError
from engine.decision.backfill import decide_alone
from engine.decision.edition import Edition
from engine.decision.event import BACKFILL, Event
from engine.decision.facts import Facts
from engine.decision.guard import no_acts
from engine.decision.parameters import render_params, void
from engine.decision.step_facts import StepFacts
from engine.effects import Change, Effect, FieldChange, StageChange
from engine.language.rules import ActionCall, Rule
from engine.language.values import Item, Mixed, Undecided, Value

PLANNED, SKIPPED, NO_OP, UNDECIDED = "planned", "skipped", "no_op", "undecided"


@dataclass(frozen=True)
class Step:
    """One action of a plan. `status` is planned, skipped, no_op or undecided; `reason` says why not planned.

    `params` are rendered values; `key` may hold a pending part (the id of an act not yet issued); `planned_id` is
    the id of the item this step would create (`new-1`), if any.
    """

    number: int
    rule: Rule
    call: ActionCall
    status: str
    params: Mapping[str, Value | Mapping[str, Value]] = field(default_factory=dict)
    effect: Effect | None = None
    key: str | Mixed = ""
    reason: str = ""
    planned_id: str = ""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What a person is shown; empty unless the step is planned."""
        return self.effect.changes if self.effect is not None and self.status == PLANNED else ()

    @property
    def is_quiet(self) -> bool:
        """True where what it changes wakes no rule."""
        return self.effect is not None and self.effect.is_quiet


@dataclass(frozen=True)
class Conflict:
    """Rules that want different values for one field of one item; none of them does anything."""

    item: Item
    field: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Decision:
    """What an event leads to: the rules that fire, those left undecided and why, conflicts, and the plan."""

    event: Event
    fired: tuple[Rule, ...]
    undecided: tuple[tuple[Rule, str], ...]
    conflicts: tuple[Conflict, ...]
    plan: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of the plan in order."""
        return tuple(change for step in self.plan for change in step.changes)


def decide(edition: Edition, event: Event, facts: Facts) -> Decision:
    """Return what `edition` makes of `event`: a pure function of its arguments.

    Raises PluginError where an action's `effect` fails or tries to act.
    """
    is_backfill = event.name == BACKFILL
    woken = decide_alone(edition, event, facts) if is_backfill else edition.index.decide(event, facts)
    today = facts.today
    fired = [rule for rule in woken.fired if rule.in_force.covers(today)]
    undecided = [(rule, why) for rule, why in woken.undecided if rule.in_force.covers(today)]
    plans = {
        rule.id: plan_rule(edition, event, rule, facts, counts) for rule, counts in _counted(fired, facts)
    }
    conflicts = find_conflicts(fired, plans)
    refused = {rule.id for conflict in conflicts for rule in conflict.rules}
    steps = [step for rule in fired if rule.id not in refused for step in plans[rule.id]]
    numbered = tuple(replace(step, number=number) for number, step in enumerate(steps, start=1))
    open_rules = tuple(rule for rule in fired if rule.id not in refused)
    return Decision(event, open_rules, tuple(undecided), tuple(conflicts), numbered)


def _counted(fired: Iterable[Rule], facts: Facts) -> Iterator[tuple[Rule, dict[str, int]]]:
    """Pair each rule with the count of planned items so far, so that `act/new-1` names one thing only."""
    counts: dict[str, int] = {}
    for item in facts.items:
        if item.is_planned:
            counts[item.entity] = max(counts.get(item.entity, 0), int(item.id.removeprefix("new-")))
    for rule in fired:
        yield rule, counts


def plan_rule(edition: Edition, event: Event, rule: Rule, facts: Facts, counts: dict[str, int]) -> list[Step]:
    """Return the steps of an open rule. Results bound by `as:` are seen by the later steps of this rule only."""
    steps: list[Step] = []
    for call in rule.actions:
        step, result = plan_step(edition, event, rule, call, facts, counts)
        steps.append(step)
        if step.effect is not None:
            facts = facts.with_planned(step.effect)
        if call.result:
            facts = facts.with_roots({call.result: result})
    return steps


def plan_step(
    edition: Edition, event: Event, rule: Rule, call: ActionCall, facts: Facts, counts: dict[str, int]
) -> tuple[Step, Value]:
    """Return one step and its result. A result that will not be is void: steps that need it are skipped."""
    step = Step(0, rule, call, PLANNED)
    if call.when is not None:
        wanted = call.when.evaluate(facts)
        if isinstance(wanted, Undecided):
            return _blocked(step, wanted)
        if wanted is not True:
            return replace(step, status=SKIPPED, reason=call.when.text), void(call.result)
    params = render_params(call, facts, edition)
    if isinstance(params, Undecided):
        return _blocked(step, params)
    view = StepFacts(facts, counts)
    effect = effect_of(edition, call, params, view)
    step = replace(step, params=params, planned_id=view.planned_id)
    if isinstance(effect, Undecided):
        return replace(step, status=UNDECIDED, reason=effect.reason), effect
    if effect.nothing_to_do is not None:
        result = effect.result if effect.result is not None else void(call.result)
        return replace(step, status=NO_OP, effect=effect, reason=effect.nothing_to_do.ru), result
    key = key_of(edition, event, rule, call, effect, facts)
    if isinstance(key, Undecided):
        return replace(step, status=UNDECIDED, reason=key.reason), key
    return replace(step, effect=effect, key=key), effect.result


def _blocked(step: Step, why: Undecided) -> tuple[Step, Value]:
    """Return a step that cannot run: skipped where it needs what will not be, else undecided; and its result."""
    if why.is_void:
        return replace(step, status=SKIPPED, reason=why.reason), void(step.call.result)
    return replace(step, status=UNDECIDED, reason=why.reason), why


def effect_of(
    edition: Edition, call: ActionCall, params: Mapping[str, Value | Mapping[str, Value]], view: StepFacts
) -> Effect | Undecided:
    """Ask the action what would change, refusing it sockets, files, processes and threads meanwhile."""
    action = edition.actions[call.action]
    plugin = call.action.partition(".")[0]
    with no_acts() as attempts:
        try:
            effect = action.effect(params, view)
        # SystemExit: a plugin that ends the program ends its run only.
        except (Exception, SystemExit) as error:
            what = (
                f"an effect must not act: {attempts[0]}" if attempts else f"{type(error).__name__}: {error}"
            )
            raise PluginError(plugin, call.action, what) from error
    if attempts:
        raise PluginError(plugin, call.action, f"an effect must not act: {attempts[0]}")
    if not isinstance(effect, Effect | Undecided):
        raise PluginError(plugin, call.action, f"effect returned {type(effect).__name__}, no Effect")
    return effect


def key_of(
    edition: Edition, event: Event, rule: Rule, call: ActionCall, effect: Effect, facts: Facts
) -> str | Mixed | Undecided:
    """Return the key under which this step happens once; empty for an action that only ensures a state."""
    action = edition.actions[call.action]
    if call.key is not None:
        seen = facts.with_planned(effect).with_roots({call.result: effect.result} if call.result else {})
        key = call.key.render(seen)
        return key if isinstance(key, str | Mixed | Undecided) else str(key)
    if not action.irreversible:
        return ""
    subject = str(event.item) if event.item is not None else event.name
    return " / ".join((event.id, subject, rule.id, call.result or call.action))


def find_conflicts(fired: Iterable[Rule], plans: Mapping[str, list[Step]]) -> list[Conflict]:
    """Return the fields for which two fired rules want different values, with those rules."""
    wanted: dict[tuple[Item, str], dict[str, tuple[Rule, Value]]] = {}
    for rule in fired:
        for step in plans[rule.id]:
            kept = step.effect.kept if step.effect is not None else ()
            for change in (*step.changes, *kept):
                if isinstance(change, FieldChange | StageChange):
                    wanted.setdefault((change.item, change.field), {})[rule.id] = (rule, change.after)
    return [
        Conflict(item, name, tuple(rule for rule, _ in by_rule.values()))
        for (item, name), by_rule in wanted.items()
        if any(value != next(iter(by_rule.values()))[1] for _, value in by_rule.values())
    ]
