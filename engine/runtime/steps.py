"""One step carried out: its values filled in, its key claimed, its commands sent, its result read back.

Decides what became of a step, never what comes after it. The order is the promise: claim before anything leaves,
result before the read-back, and everything a step changed in one transaction with its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from engine.action import Action, Commands, Discrepancy, PluginError, Verification
from engine.decision.parameters import render_params, void
from engine.decision.plan import Step, effect_of, key_of
from engine.decision.step_facts import StepFacts
from engine.effects import Effect, FieldChange, ItemChange, StageChange
from engine.language.values import Item, Mixed, Undecided, Value
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.map import PortalMap
from engine.runtime.engine_methods import EngineMethods
from engine.runtime.intents import CLAIMED, DONE, OPEN, UNKNOWN, Intents
from engine.runtime.plugin_calls import (
    Outside,
    Trace,
    call_plugin,
    details_of,
    is_worth_repeating,
    overrides,
    traced,
)
from engine.runtime.running import Running
from engine.runtime.snapshot import lane_of
from engine.runtime.store import Store
from engine.runtime.written import ReadItems, Written, confirm, real_changes

FAILED, RETRY = "failed", "retry"
Changes: TypeAlias = "Sequence[FieldChange | StageChange | ItemChange]"


@dataclass(frozen=True)
class Ended:
    """How a step ended. `status` is done, skipped, no_op, undecided, failed, unknown, or `retry` for "not yet".

    `stops` is true where the run must not go on without a person; `is_doubtful` where a `retry` does not know whether
    an earlier try has happened. `wait` is what the portal asks for, in seconds. `may_bear_numbers` is false where
    this very try did it all and took no number.
    """

    status: str
    reason: str = ""
    key: str = ""
    result: Value = None
    written: tuple[Written, ...] = ()
    answers: tuple[Mapping[str, object], ...] = ()
    discrepancies: tuple[Discrepancy, ...] = ()
    stops: bool = False
    wait: float | None = None
    is_doubtful: bool = False
    may_bear_numbers: bool = True


@dataclass
class _Try:
    """One step under way."""

    run: Running
    step: Step
    action: Action
    effect: Effect
    key: str
    trace: Trace = field(default_factory=Trace)
    is_doubtful: bool = False
    may_bear_numbers: bool = True

    @property
    def number_key(self) -> str:
        return self.key or f"run {self.run.n} step {self.step.number}"

    def ended(self, status: str, reason: str = "", **more: object) -> Ended:
        return Ended(
            status, reason, self.key, answers=tuple(self.trace.answers), may_bear_numbers=self.may_bear_numbers,
            **more,  # type: ignore[arg-type]
        )  # fmt: skip


class Steps:
    """Carries out steps through their run's gateway; everything durable is in `store`."""

    def __init__(
        self,
        store: Store,
        contents: Contents,
        portal: PortalMap,
        methods: EngineMethods,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._contents = store, contents
        self._portal, self._methods, self._clock = portal, methods, clock
        self._intents = Intents(store)

    def carry_out(self, run: Running, steps: Sequence[Step]) -> list[Ended]:
        """Return what became of planned steps, one or several that travel together (`batches.py`).

        Never raises for the portal's or a plugin's faults. Raises Fenced where somebody else has taken the run over.
        """
        ready = [self._prepared(run, step) for step in steps]
        tries = [one for one in ready if isinstance(one, _Try)]
        if len(tries) == 1:
            ended = iter([self._alone(tries[0])])
        else:
            ended = iter(self._together(run, tries))
        return [one if isinstance(one, Ended) else next(ended) for one in ready]

    def _prepared(self, run: Running, step: Step) -> _Try | Ended:
        try:
            return self._prepare(run, step, run.edition.actions[step.call.action])
        except PluginError as error:
            return Ended(FAILED, str(error), stops=True)

    def _alone(self, one: _Try) -> Ended:
        with self._methods.under(one.number_key):
            try:
                return self._settle_key(one)
            except (PortalError, PluginError, OSError) as error:
                return self._failed(one, error)

    def _together(self, run: Running, tries: Sequence[_Try]) -> list[Ended]:
        """Send the commands of keyless steps in shared requests, then read all of them back in shared ones."""
        started = [_commands(one) for one in tries]
        fates = run.gateway.drive_all(started, _bearers(tries))
        ended: dict[int, Ended] = {}
        done = [(at, fate.value) for at, fate in enumerate(fates) if fate.error is None]
        for at, fate in enumerate(fates):
            if fate.error is not None:
                ended[at] = self._fault(tries[at], fate.error)
        finished = self._finish_all(run, [(tries[at], value) for at, value in done])
        for (at, _), outcome in zip(done, finished, strict=True):
            ended[at] = self._fault(tries[at], outcome) if isinstance(outcome, Exception) else outcome
        return [ended[at] for at in range(len(tries))]

    def _fault(self, one: _Try, error: Exception) -> Ended:
        if isinstance(error, PortalError | PluginError | OSError):
            return self._failed(one, error)
        raise error

    def _prepare(self, run: Running, step: Step, action: Action) -> _Try | Ended:
        """Fill the values in from what earlier steps gave, and ask the action again what it would change."""
        view = run.view_of(step.rule)
        params = render_params(step.call, view, run.edition)
        if isinstance(params, Undecided):
            return _blocked(step, params)
        effect = effect_of(
            run.edition, step.call, params, StepFacts(run.live_for(step.rule), {}, step.planned_id)
        )
        if isinstance(effect, Undecided):
            return _blocked(step, effect)
        if effect.nothing_to_do is not None:
            result = effect.result if effect.result is not None else void(step.call.result)
            return Ended("no_op", effect.nothing_to_do.ru, result=result)
        key = key_of(run.edition, run.event, step.rule, step.call, effect, view)
        if isinstance(key, Mixed):
            # Two acts would share the key `… ⟨next⟩`: a number that the step itself takes cannot name it.
            key = Undecided(f"ключ «{key}» зависит от того, что даст сам шаг")
        return _blocked(step, key) if isinstance(key, Undecided) else _Try(run, step, action, effect, key)

    def _settle_key(self, one: _Try) -> Ended:
        """Find out whether the key allows doing it, has it done, or leaves it unknown."""
        if not one.key:
            return self._do(one)
        held = self._intents.take(one.key, one.run.n, one.step.number, self._clock(), one.run.lease)
        if held.is_busy:
            return one.ended(RETRY, f"тот же ключ «{one.key}» сейчас занят запуском {held.run}", wait=1.0)
        if held.state == DONE:
            if (held.run, held.step) == (one.run.n, one.step.number):
                return self._finish(one, held.result)
            view = StepFacts(one.run.live_for(one.step.rule), {})
            if not call_plugin(one.action, lambda: one.action.frees(held.result, view)):
                return one.ended("no_op", f"уже сделано раньше, ключ «{one.key}»", result=held.result)
            self._claim(one)
        if held.state in (CLAIMED, UNKNOWN):
            one.is_doubtful = True
            found = self._probe(one)
            one.is_doubtful = False
            if isinstance(found, Undecided):
                self._settle(one, UNKNOWN)
                return one.ended("unknown", found.reason, stops=True)
            self._claim(one)
            if found is not None:
                self._settle(one, DONE, found)
                return self._finish(one, found)
        return self._do(one)

    def _claim(self, one: _Try) -> None:
        self._intents.claim(one.key, one.run.n, one.step.number, self._clock(), one.run.lease)

    def _settle(self, one: _Try, state: str, result: Value = None) -> None:
        self._intents.settle(one.key, state, result, one.run.lease)

    def _probe(self, one: _Try) -> Value:
        """Look for an earlier try: its result, None where there was none, undecided where nobody can tell."""
        if one.action.irreversible and not overrides(one.action, "probe"):
            return Undecided(f"исход прежней попытки неизвестен, ключ «{one.key}»: проверьте на портале сами")
        generator = call_plugin(one.action, lambda: one.action.probe(one.key, one.effect))
        return one.run.gateway.drive(traced(generator, one.action, one.trace), one.step.rule.id)

    def _do(self, one: _Try) -> Ended:
        """Send the commands, then perform; write the result down before anything else."""
        result = one.run.gateway.drive(_commands(one), one.step.rule.id)
        one.may_bear_numbers = one.trace.has_taken_number
        if overrides(one.action, "perform"):
            event = one.run.event
            about = lane_of(self._store, event.item) if event.item is not None else ""
            outside = Outside(one.number_key, event.time, self._contents, self._methods, about)
            result = call_plugin(one.action, lambda: one.action.perform(one.effect, outside))
        if one.key:
            self._settle(one, DONE, result)
        return self._finish(one, result)

    def _finish(self, one: _Try, result: Value) -> Ended:
        """Read one step back. Raises what could not be read."""
        outcome = self._finish_all(one.run, [(one, result)])[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _finish_all(self, run: Running, done: Sequence[tuple[_Try, Value]]) -> list[Ended | Exception]:
        """Read back what was meant to change, and say what the portal dropped; an error is its step's own."""
        changes = [real_changes(one.effect, result) for one, result in done]
        items = dict.fromkeys(change.item for some in changes for change in some)
        back = ReadItems(self._portal, list(items))
        verifying = [_verification(one, result) for one, result in done]
        bearers = _bearers([one for one, _ in done])
        *fates, read = run.gateway.drive_all([*verifying, back.generator()], [*bearers, *bearers[:1]])
        ended: list[Ended | Exception] = []
        for (one, result), meant, fate in zip(done, changes, fates, strict=True):
            error = fate.error or (read.error if meant else None)
            ended.append(
                error if error is not None else self._read_back(one, result, meant, fate.value or (), back)
            )
        return ended

    def _read_back(
        self, one: _Try, result: Value, meant: Changes, found: tuple[Discrepancy, ...], back: ReadItems
    ) -> Ended:
        written = (
            *confirm(meant, back.fields, self._portal, self._store, back.moved),
            *self._aside(one.effect, result),
        )
        if one.effect.is_quiet:
            written = tuple(replace(each, is_quiet=True) for each in written)
        lasting = [one for one in found if _matters(one, meant)]
        if lasting:
            words = "; ".join(f"{one.item} {one.field}: {one.cause.ru}" for one in lasting)
            return one.ended(FAILED, words, result=result, written=written, discrepancies=found, stops=True)
        return one.ended("done", result=result, written=written, discrepancies=found)

    def _aside(self, effect: Effect, result: Value) -> list[Written]:
        """Return what later steps must know of a result that is no item of the map: a folder and its path."""
        if not isinstance(result, Item) or result.entity in self._portal.world.entities:
            return []
        return [Written(result, effect.details, created=True)]

    def _failed(self, one: _Try, error: Exception) -> Ended:
        """Say what a fault means: try again, look on the portal, or leave it to a person."""
        if isinstance(error, PortalError):
            one.trace.note_failure(error)
        one.trace.answers.append(dict(details_of(error)))
        if one.is_doubtful:
            # Nobody could look: what the earlier try did is as unknown as before.
            return one.ended(RETRY, f"посмотреть на портале не удалось: {error}", is_doubtful=True)
        held = self._intents.find(one.key) if one.key else None
        is_done = held is not None and held.state == DONE
        is_open = not is_done and not one.trace.has_written
        if is_worth_repeating(error) and (is_open or is_done or not one.action.irreversible):
            if one.key and is_open:
                self._settle(one, OPEN)
            return one.ended(RETRY, str(error), wait=getattr(error, "retry_after", None))
        if is_done:
            return one.ended(RETRY, f"не проверено: {error}")
        return self._look(one, error)

    def _look(self, one: _Try, error: Exception) -> Ended:
        """After a failure that may have done something: the portal knows, or nobody does."""
        is_unknown = isinstance(error, PortalError) and error.retry == "unknown"
        if not one.key:
            if is_unknown:
                # An action that ensures a state may be asked again: it looks before it writes.
                return one.ended(RETRY, str(error))
            self._methods.void_numbers(one.number_key)
            return one.ended(FAILED, str(error), stops=True)
        was_sent = is_unknown or one.trace.has_written or overrides(one.action, "perform")
        if not was_sent:
            self._give_up(one)
            return one.ended(FAILED, str(error), stops=True)
        self._settle(one, UNKNOWN)
        try:
            found = self._probe(one)
        except (PortalError, PluginError, OSError) as trouble:
            return one.ended(RETRY, f"{error}; посмотреть не удалось: {trouble}", is_doubtful=True)
        if isinstance(found, Undecided):
            return one.ended("unknown", f"{error}; {found.reason}", stops=True)
        if found is None:
            self._settle(one, OPEN)
            if is_unknown or is_worth_repeating(error):
                return one.ended(RETRY, str(error))
            self._give_up(one)
            return one.ended(FAILED, str(error), stops=True)
        self._settle(one, DONE, found)
        try:
            ended = self._finish(one, found)
        except (PortalError, PluginError, OSError) as trouble:
            return one.ended(RETRY, f"не проверено: {trouble}")
        return replace(ended, reason=ended.reason or f"сделано, хотя ответ был: {error}")

    def _give_up(self, one: _Try) -> None:
        self._settle(one, OPEN)
        self._methods.void_numbers(one.number_key)

    def look_for(self, run: Running, step: Step, effect: Effect, key: str) -> Value:
        """Return what an earlier try did: its result, None for surely nothing, undecided. Raises PortalError."""
        one = _Try(run, step, run.edition.actions[step.call.action], effect, key)
        with self._methods.under(one.number_key):
            return self._probe(one)

    def record_numbers(self, run: Running, step: Step, ended: Ended) -> None:
        """Tie the numbers that a done step took to the item it made."""
        key = ended.key or f"run {run.n} step {step.number}"
        self._methods.use_numbers(key, str(ended.result) if isinstance(ended.result, Item) else "")


def _bearers(tries: Sequence[_Try]) -> list[str]:
    """Return whom the cost of each step is put down to."""
    return [one.step.rule.id for one in tries]


def _commands(one: _Try) -> Commands:
    return (
        yield from traced(
            call_plugin(one.action, lambda: one.action.commands(one.effect)), one.action, one.trace
        )
    )


def _verification(one: _Try, result: Value) -> Verification:
    generator = call_plugin(one.action, lambda: one.action.verify(one.effect, result))
    return (yield from traced(generator, one.action, Trace()))


def _blocked(step: Step, why: Undecided) -> Ended:
    if why.is_void:
        return Ended("skipped", why.reason, result=void(step.call.result))
    return Ended("undecided", why.reason, result=why)


def _matters(found: Discrepancy, changes: Changes) -> bool:
    """True where the portal ignored a field that later steps rely on; a notice or product rows stop nothing."""
    for change in changes:
        if str(change.item) == found.item and found.field != "lines":
            if isinstance(change, ItemChange) and found.field in change.fields:
                return True
            if isinstance(change, FieldChange | StageChange) and found.field == change.field:
                return True
    return False
