"""Which consecutive steps of a plan may travel together.

Decides that steps need nothing of each other: they ensure fields of items, use no result of one another and write no
field twice. They share requests and a commit, each with its own result. Everything else goes one by one, because what
follows a step may tell people that it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.action import Action
from engine.decision.plan import PLANNED, Step
from engine.effects import FieldChange
from engine.language.values import Item
from engine.runtime.plugin_calls import overrides

_LARGEST = 20


def batches(steps: Sequence[Step], actions: Mapping[str, Action]) -> Iterator[list[Step]]:
    """Yield the steps in their order, those that may travel together in one list."""
    group: list[Step] = []
    for step in steps:
        if group and not (len(group) < _LARGEST and _may_join(step, group, actions)):
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _may_join(step: Step, group: Sequence[Step], actions: Mapping[str, Action]) -> bool:
    if not all(_only_sets_fields(one, actions[one.call.action]) for one in (group[0], step)):
        return False
    written = {place for one in group for place in _places(one)}
    return written.isdisjoint(_places(step))


def _only_sets_fields(step: Step, action: Action) -> bool:
    """True for a planned step without a key or a result, whose effect is known and is fields alone."""
    if step.status != PLANNED or step.key or step.call.result or step.effect is None:
        return False
    if action.irreversible or overrides(action, "perform"):
        return False
    return bool(step.changes) and all(
        isinstance(change, FieldChange) and not change.item.is_planned for change in step.changes
    )


def _places(step: Step) -> set[tuple[Item, str]]:
    return {(change.item, change.field) for change in step.changes if isinstance(change, FieldChange)}
