"""What one event meant for one rule: the first gate that stopped it there, or that it was done.

Decides by what was stored when the event was decided; nothing is decided anew. Which event speaks for a rule is
`why.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.decision.edition import Edition
from engine.decision.explain import CONDITION_FALSE, CONFLICT, DISABLED, FIRED, NOT_IN_FORCE, UNDECIDED
from engine.decision.forms import Json
from engine.effects import Said
from engine.language.rules import InForce, Rule, RuleSet
from engine.runtime.evidence import Case, RunPart
from engine.runtime.journal import StepLine
from engine.runtime.store import Store
from engine.runtime.why_words import joined, moment, sentence, waits_for

HAPPENED = "happened"
Focus = Callable[[Rule, StepLine], bool]


@dataclass(frozen=True, slots=True)
class Finding:
    """A gate that stopped a rule (`happened` where none did), with the event, run and step that it was found at.

    `conditions` are the rule's, as the run decided them (CONTRACT's JSON); `at` is a place in a file.
    """

    gate: str
    said: Said
    case: Case | None = None
    run: int = 0
    step: int = 0
    at: str = ""
    conditions: tuple[Mapping[str, Json], ...] = field(default=())

    @property
    def is_weak(self) -> bool:
        """True where the event said nothing to the rule: an older one may say more."""
        return self.gate in ("no_trigger", "no_difference", "rule_not_there_then")


@dataclass(frozen=True)
class Judge:
    """Judges cases at `now`; `find_edition` rebuilds an edition by its hash where that is still possible."""

    store: Store
    find_edition: Callable[[str], Edition | None]
    rule_sets: Mapping[str, RuleSet]
    now: datetime

    def finding(self, case: Case, rule: Rule, focus: Focus) -> Finding | None:
        """Return what the case meant for `rule`; `focus` says which of its steps count. None: another run says it."""
        if case.run is None:
            return self._without_run(case, rule)
        told = case.run.rules.get(rule.id)
        if told is None:
            has_steps = any(step.rule == rule.id for step in case.run.steps)
            return self._fired(case, case.run, rule, focus, ()) if has_steps else self.not_woken(case, rule)
        return self._woken(case, case.run, rule, focus, told)

    def not_woken(self, case: Case, rule: Rule) -> Finding:
        """Return why an event did not wake the rule: it was not there yet, or waits for something else."""
        edition = self.find_edition(case.edition) if case.edition else None
        gate, slots = (
            "no_trigger",
            {"changed": _changed(case), "waits": joined([waits_for(t) for t in rule.triggers])},
        )
        if edition is not None and rule.id not in edition.by_id:
            return Finding(
                "rule_not_there_then", sentence("rule_not_there_then", n=str(case.n), rule=rule.id), case
            )
        run = case.run.n if case.run is not None else 0
        return Finding(gate, sentence(gate, **slots), case, run, at=str(rule.span))

    def _without_run(self, case: Case, rule: Rule) -> Finding:
        if case.state != "done":
            return self._open(case)
        if case.outcome == "failed":
            return Finding("event_failed", sentence("event_failed", n=str(case.n), why=case.reason), case)
        if case.outcome == "gone":
            return Finding("item_gone", sentence("item_gone"), case)
        if case.outcome == "no_change":
            waits = joined([waits_for(trigger) for trigger in rule.triggers])
            return Finding("no_difference", sentence("no_difference", n=str(case.n), waits=waits), case)
        return self.not_woken(case, rule)

    def _open(self, case: Case) -> Finding:
        paused = self._brake("all")
        if paused is not None:
            return Finding("paused", sentence("paused", since=paused[1], why=paused[0]), case)
        ahead = self.store.row(
            "SELECT count(*) FROM event WHERE lane = ? AND n < ? AND state <> 'done'", (case.lane, case.n)
        )
        if ahead is not None and ahead[0]:
            return Finding(
                "event_waiting", sentence("event_waiting", n=str(case.n), ahead=str(ahead[0])), case
            )
        if case.next_try > self.now.timestamp():
            at = moment(datetime.fromtimestamp(case.next_try, self.now.tzinfo))
            why = case.reason or "—"
            return Finding("event_delayed", sentence("event_delayed", n=str(case.n), at=at, why=why), case)
        if case.state == "running":
            return Finding("event_running", sentence("event_running", n=str(case.n)), case)
        return Finding("event_waiting", sentence("event_waiting", n=str(case.n), ahead="0"), case)

    def _brake(self, name: str) -> tuple[Said, str] | None:
        row = self.store.row("SELECT reason_ru, reason_en, since FROM brake WHERE name = ?", (name,))
        if row is None:
            return None
        since = datetime.fromisoformat(row["since"]).astimezone(self.now.tzinfo)
        return Said(row["reason_ru"], row["reason_en"]), moment(since)

    def _woken(
        self, case: Case, run: RunPart, rule: Rule, focus: Focus, told: Mapping[str, Json]
    ) -> Finding | None:
        """Return what stopped a rule that the event woke, by its stored verdict."""
        conditions = tuple(_maps(told.get("conditions")))
        outcome, at = told.get("outcome"), str(told.get("at"))
        if outcome == FIRED:
            return self._fired(case, run, rule, focus, conditions)
        if outcome == CONFLICT:
            others = ", ".join(
                one for one, verdict in run.rules.items()
                if one != rule.id and verdict.get("outcome") == CONFLICT
            )  # fmt: skip
            return Finding(CONFLICT, sentence(CONFLICT, others=others), case, run.n, 0, at, conditions)
        if outcome == NOT_IN_FORCE:
            said = sentence(NOT_IN_FORCE, days=days_of(rule.in_force))
            return Finding(NOT_IN_FORCE, said, case, run.n, 0, at, conditions)
        if outcome == DISABLED:
            return Finding("rule_disabled", sentence("rule_disabled"), case, run.n, 0, at)
        shut = closed(conditions)
        if outcome == CONDITION_FALSE and shut is not None:
            is_scope = self._is_scope(rule, str(shut.get("at")))
            gate = "scope_false" if is_scope else "condition_false"
            spoken = f" — {shut['else']}" if shut.get("else") else ""
            said = sentence(gate, text=str(shut.get("text")), otherwise=spoken)
            return Finding(gate, said, case, run.n, 0, str(shut.get("at")), conditions)
        if outcome == UNDECIDED and shut is not None:
            said = sentence(UNDECIDED, text=str(shut.get("text")), why=str(shut.get("reason") or "?"))
            return Finding(UNDECIDED, said, case, run.n, 0, str(shut.get("at")), conditions)
        said = sentence("trigger_undecided", waits=joined([waits_for(one) for one in rule.triggers]))
        return Finding("trigger_undecided", said, case, run.n, 0, at, conditions)

    def _is_scope(self, rule: Rule, at: str) -> bool:
        """True where the condition at that place is the rule set's own: every rule of the set has it."""
        rule_set = self.rule_sets.get(rule.id)
        places = [{str(one.span) for one in other.conditions} for other in rule_set.rules] if rule_set else []
        if len(places) > 1 and all(at in there for there in places):
            return True
        first = next((one.span for one in rule.conditions), None)
        return first is not None and str(first) == at and first.line < rule.span.line

    def _fired(
        self, case: Case, run: RunPart, rule: Rule, focus: Focus, conditions: tuple[Mapping[str, Json], ...]
    ) -> Finding | None:
        """Return what stopped a rule that fired on its way through its steps."""
        own = [step for step in run.steps if step.rule == rule.id]
        steps = [step for step in own if focus(rule, step)]
        whole = Finding("", run.said, case, run.n, 0, str(rule.span), conditions)
        if run.status == "retried" and not _is_done(steps):
            return None
        if not own:
            return _named(whole, "loop" if run.status == "loop" else "plugin_failed", why=run.said)
        if not steps:
            return _named(whole, "no_such_step")
        if run.status == "undone" or any(step.status == "undone" for step in steps):
            return _named(whole, "undone")
        stopped = next((step for step in steps if step.status in _STOPS), None)
        if stopped is not None:
            return self._stopped(whole, run, stopped)
        if _is_done(steps):
            did = ", ".join(dict.fromkeys(step.action for step in steps if step.status == "done"))
            return _named(whole, HAPPENED, what=did)
        step = next((step for step in steps if step.status == "no_op"), steps[0])
        return _at_step(whole, f"step_{step.status}", step)

    def _stopped(self, whole: Finding, run: RunPart, step: StepLine) -> Finding:
        if step.status != "planned":
            return _at_step(whole, f"step_{step.status}", step)
        if run.status == "held":
            return _named(whole, "brake", why=run.said)
        if run.status == "loop":
            return _named(whole, "loop", why=run.said)
        if run.is_open:
            paused = self._brake("all")
            if paused is not None:
                return _named(whole, "paused", since=paused[1], why=paused[0])
            return _at_step(whole, "step_waiting", step, f": {step.reason}" if step.reason else "")
        return _at_step(whole, "step_not_reached", step, run.said)


_STOPS = ("failed", "unknown", "planned", "undecided")


def days_of(in_force: InForce) -> str:
    """Return the days of an edition: `2026-01-01 … 2026-12-31`."""
    return f"{in_force.first or ''} … {in_force.last or ''}".strip()


def closed(conditions: tuple[Mapping[str, Json], ...]) -> Mapping[str, Json] | None:
    """Return the first condition that stopped a rule: a false one, else an undecided one."""
    false = next((one for one in conditions if one.get("result") is False), None)
    return false or next((one for one in conditions if one.get("result") is None), None)


def _is_done(steps: list[StepLine]) -> bool:
    return any(step.status == "done" for step in steps)


def _named(whole: Finding, gate: str, **slots: Said | str) -> Finding:
    return Finding(gate, sentence(gate, **slots), whole.case, whole.run, 0, whole.at, whole.conditions)


def _at_step(whole: Finding, gate: str, step: StepLine, why: Said | str | None = None) -> Finding:
    reason = step.reason.removeprefix(f"{step.action}: ") if why is None else why
    said = sentence(gate, step=str(step.number), action=step.action, why=reason or "—", run=str(whole.run))
    if gate == "step_waiting" and not why:
        said = sentence(gate, step=str(step.number), action=step.action, why="")
    return Finding(gate, said, whole.case, whole.run, step.number, whole.at, whole.conditions)


def _changed(case: Case) -> Said:
    """Return what an event brought, by names: «act.title, act.amount»."""
    if case.item is None or not case.name.startswith(f"{case.item.entity}."):
        return Said(case.name, case.name)
    if case.changed:
        names = ", ".join(f"{case.item.entity}.{name}" for name in case.changed)
        return Said(names, names)
    words = {
        "created": Said(f"{case.item} создан", f"{case.item} (created)"),
        "deleted": Said(f"{case.item} удалён", f"{case.item} (deleted)"),
    }
    unknown = Said("что-то, чего журнал не сохранил", "something that the journal has not kept")
    return words.get(case.name.rpartition(".")[2], unknown)


def _maps(value: Json) -> Iterator[Mapping[str, Json]]:
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()
