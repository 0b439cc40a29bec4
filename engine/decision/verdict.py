"""The verdict: what happened and why the deal stayed, in both of the product's languages.

The Russian one speaks with the regulation's own titles and words (`else:`), the English one with rule ids and
conditions, so that neither mixes languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.action import Action
from engine.decision.explain import CONDITION_FALSE, FIRED, UNDECIDED, RuleVerdict
from engine.decision.plan import NO_OP, Decision
from engine.decision.plan import UNDECIDED as STEP_UNDECIDED
from engine.effects import Said, StageChange


@dataclass(frozen=True)
class Decided:
    """One decision with the verdicts of its rules, as the sentence needs them."""

    decision: Decision
    verdicts: tuple[RuleVerdict, ...]


def verdict_of(chain: Sequence[Decided], actions: Mapping[str, Action], loop: Sequence[str] = ()) -> Said:
    """Return the sentence for an event and what followed from it, in the order decided. `chain` is not empty."""
    russian, english = _done(chain)
    for ru, en in (*_stayed(chain, actions), *_troubles(chain)):
        russian.append(ru)
        english.append(en)
    if loop:
        names = ", ".join(loop)
        russian.append(f"правила вызывают друг друга без конца: {names}")
        english.append(f"the rules wake each other without end: {names}")
    if not russian:
        russian.append(_nothing(chain).ru)
        english.append(_nothing(chain).en)
    # Titles and `else:` words are whole sentences of the regulation's author; rule ids and conditions are not.
    return Said(" ".join(_sentence(part) for part in russian), _sentence("; ".join(english)))


def _done(chain: Sequence[Decided]) -> tuple[list[str], list[str]]:
    fired = {rule.id: rule.title for one in chain for rule in one.decision.fired if _acts(one, rule.id)}
    return (list(fired.values()), ["fired " + ", ".join(fired)]) if fired else ([], [])


def _acts(one: Decided, rule_id: str) -> bool:
    return any(step.rule.id == rule_id and step.changes for step in one.decision.plan)


def _stayed(chain: Sequence[Decided], actions: Mapping[str, Action]) -> list[tuple[str, str]]:
    """Say why the deal stayed: the last time a rule that moves it was woken, the gate that kept it shut."""
    last: dict[str, RuleVerdict] = {}
    for one in chain:
        if any(isinstance(change, StageChange) for change in one.decision.changes):
            # It moved: what kept it before is no longer so, and what keeps it now is said by what follows.
            last.clear()
            continue
        for verdict in one.verdicts:
            if verdict.outcome in (FIRED, CONDITION_FALSE, UNDECIDED) and _moves(verdict, actions):
                last[verdict.rule.id] = verdict
    shut = [verdict for verdict in last.values() if verdict.outcome == CONDITION_FALSE]
    spoken = [
        verdict for verdict in shut if verdict.closed_gate is not None and verdict.closed_gate.otherwise
    ]
    for verdict in spoken[:1]:
        gate = verdict.closed_gate
        if gate is not None:
            return [(gate.otherwise.rstrip("."), f"{verdict.rule.id} waits at `{gate.text}`")]
    return []


def _moves(verdict: RuleVerdict, actions: Mapping[str, Action]) -> bool:
    return any("stage" in actions[call.action].kinds for call in verdict.rule.actions)


def _troubles(chain: Sequence[Decided]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for one in chain:
        for conflict in one.decision.conflicts:
            titles = ", ".join(f"«{rule.title}»" for rule in conflict.rules)
            ids = ", ".join(rule.id for rule in conflict.rules)
            found.append(
                (
                    f"правила {titles} хотят разного для {conflict.item} {conflict.field}, ни одно не выполнено",
                    f"{ids} want different values for {conflict.item} {conflict.field}, none was carried out",
                )
            )
        for rule, reason in one.decision.undecided:
            found.append((f"«{rule.title}» не решено: неизвестно {reason}", f"{rule.id} undecided: {reason}"))
        found.extend(_open_steps(one.decision))
    return list(dict.fromkeys(found))


def _open_steps(decision: Decision) -> Iterator[tuple[str, str]]:
    """Say once for each rule and missing fact which steps wait for it."""
    waiting: dict[tuple[str, str, str], list[str]] = {}
    for step in decision.plan:
        if step.status == STEP_UNDECIDED:
            told = (step.rule.id, step.rule.title, step.reason)
            waiting.setdefault(told, []).append(step.call.action)
    for (rule, title, reason), actions in waiting.items():
        names = ", ".join(dict.fromkeys(actions))
        yield (
            f"«{title}» — не решены шаги {names}: не хватает сведений ({reason})",
            f"{rule}: {names} undecided ({reason})",
        )


def _nothing(chain: Sequence[Decided]) -> Said:
    first = chain[0]
    for step in first.decision.plan:
        if step.status == NO_OP and step.effect is not None and step.effect.nothing_to_do is not None:
            return step.effect.nothing_to_do
    if first.decision.fired:
        return Said("всё уже сделано, менять нечего", "everything is already as it should be")
    shut = [verdict for verdict in first.verdicts if verdict.outcome == CONDITION_FALSE]
    # A rule whose author gave words for this is a better answer than the first that happens to be shut.
    for verdict in sorted(shut, key=lambda one: not (one.closed_gate and one.closed_gate.otherwise)):
        gate = verdict.closed_gate
        if gate is not None:
            russian = gate.otherwise or f"условие «{gate.text}» не выполнено"
            return Said(
                f"ничего не сделано: «{verdict.rule.title}» — {russian}",
                f"nothing done: {verdict.rule.id} stopped at `{gate.text}`",
            )
    return Said("это событие не будит ни одного правила", "this event wakes no rule")


def _sentence(part: str) -> str:
    text = part.strip().rstrip(".")
    # A rule's id is written as it is: `acts/close`, not `Acts/close`.
    starts_with_id = "/" in text.partition(" ")[0]
    return (text if starts_with_id else text[:1].upper() + text[1:]) + "."
