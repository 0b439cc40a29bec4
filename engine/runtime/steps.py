"""One step carried out: its values filled in, its key claimed, its commands sent, its result read back.

Decides what became of a step, never what comes after it. The order is the promise: claim before anything leaves,
result before the read-back, and everything a step changed in one transaction with its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.action import Action, Discrepancy, PluginError
from engine.decision.parameters import render_params, void
from engine.decision.plan import Step, effect_of, key_of
from engine.decision.step_facts import StepFacts
from engine.effects import Effect, FieldChange, ItemChange, StageChange
from engine.language.values import Item, Mixed, Undecided, Value
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
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
from engine.runtime.store import Store
from engine.runtime.written import ReadItems, Written, confirm, real_changes

FAILED, RETRY = "failed", "retry"


@dataclass(frozen=True)
class Ended:
    """How a step ended. `status` is done, skipped, no_op, undecided, failed, unknown, or `retry` for "not yet".

    `stops` is true where the run must not go on without a person.
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


@dataclass
class _Try:
    """One step under way."""

    run: Running
    step: Step
    action: Action
    effect: Effect
    key: str
    trace: Trace = field(default_factory=Trace)

    @property
    def number_key(self) -> str:
        return self.key or f"run {self.run.n} step {self.step.number}"

    def ended(self, status: str, reason: str = "", **more: object) -> Ended:
        made = Ended(status, reason, self.key, answers=tuple(self.trace.answers))
        return replace(made, **more)  # type: ignore[arg-type]


class Steps:
    """Carries out steps through `gateway`; everything durable is in `store`."""

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        contents: Contents,
        portal: PortalMap,
        methods: EngineMethods,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._gateway, self._contents = store, gateway, contents
        self._portal, self._methods, self._clock = portal, methods, clock
        self._intents = Intents(store)

    def carry_out(self, run: Running, step: Step) -> Ended:
        """Return what became of a planned step. Never raises for the portal's or a plugin's faults."""
        action = run.edition.actions[step.call.action]
        try:
            ready = self._prepare(run, step, action)
        except PluginError as error:
            return Ended(FAILED, str(error), stops=True)
        if isinstance(ready, Ended):
            return ready
        with self._methods.under(ready.number_key):
            try:
                return self._settle_key(ready)
            except (PortalError, PluginError, OSError) as error:
                return self._failed(ready, error)

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
        held = self._intents.find(one.key)
        is_ours = (held.run, held.step) == (one.run.n, one.step.number)
        if held.state == DONE:
            if is_ours:
                return self._finish(one, held.result)
            view = StepFacts(one.run.live_for(one.step.rule), {})
            if not call_plugin(one.action, lambda: one.action.frees(held.result, view)):
                return one.ended("no_op", f"уже сделано раньше, ключ «{one.key}»", result=held.result)
        if held.state in (CLAIMED, UNKNOWN):
            found = self._probe(one)
            if isinstance(found, Undecided):
                self._intents.settle(one.key, UNKNOWN)
                return one.ended("unknown", found.reason, stops=True)
            if found is not None:
                self._claim(one)
                self._intents.settle(one.key, DONE, found)
                return self._finish(one, found)
        self._claim(one)
        return self._do(one)

    def _claim(self, one: _Try) -> None:
        self._intents.claim(one.key, one.run.n, one.step.number, self._clock())

    def _probe(self, one: _Try) -> Value:
        """Look for an earlier try: its result, None where there was none, undecided where nobody can tell."""
        if one.action.irreversible and not overrides(one.action, "probe"):
            return Undecided(f"исход прежней попытки неизвестен, ключ «{one.key}»: проверьте на портале сами")
        generator = call_plugin(one.action, lambda: one.action.probe(one.key, one.effect))
        return self._gateway.drive(traced(generator, one.action, one.trace))

    def _do(self, one: _Try) -> Ended:
        """Send the commands, then perform; write the result down before anything else."""
        generator = call_plugin(one.action, lambda: one.action.commands(one.effect))
        result = self._gateway.drive(traced(generator, one.action, one.trace))
        if overrides(one.action, "perform"):
            outside = Outside(one.number_key, one.run.event.time, self._contents)
            result = call_plugin(one.action, lambda: one.action.perform(one.effect, outside))
        if one.key:
            self._intents.settle(one.key, DONE, result)
        return self._finish(one, result)

    def _finish(self, one: _Try, result: Value) -> Ended:
        """Read back what was meant to change; say what the portal dropped."""
        changes = real_changes(one.effect, result)
        back = ReadItems(self._portal, list(dict.fromkeys(change.item for change in changes)))
        verify = call_plugin(one.action, lambda: one.action.verify(one.effect, result))
        fates = self._gateway.drive_all([traced(verify, one.action, Trace()), back.generator()])
        for fate in fates:
            if fate.error is not None:
                raise fate.error
        found = fates[0].value or ()
        written = (
            *confirm(changes, back.fields, self._portal, self._store),
            *self._aside(one.effect, result),
        )
        lasting = [one for one in found if _matters(one, changes)]
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
        held = self._intents.find(one.key) if one.key else None
        is_done = held is not None and held.state == DONE
        is_open = not is_done and not one.trace.has_written
        if is_worth_repeating(error) and (is_open or is_done or not one.action.irreversible):
            if one.key and is_open:
                self._intents.settle(one.key, OPEN)
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
        self._intents.settle(one.key, UNKNOWN)
        try:
            found = self._probe(one)
        except (PortalError, PluginError, OSError) as trouble:
            return one.ended("unknown", f"{error}; посмотреть не удалось: {trouble}", stops=True)
        if isinstance(found, Undecided):
            status = "unknown" if is_unknown else FAILED
            return one.ended(status, f"{error}; {found.reason}", stops=True)
        if found is None:
            self._intents.settle(one.key, OPEN)
            if is_unknown or is_worth_repeating(error):
                return one.ended(RETRY, str(error))
            self._give_up(one)
            return one.ended(FAILED, str(error), stops=True)
        self._intents.settle(one.key, DONE, found)
        try:
            ended = self._finish(one, found)
        except (PortalError, PluginError, OSError) as trouble:
            return one.ended(RETRY, f"не проверено: {trouble}")
        return replace(ended, reason=ended.reason or f"сделано, хотя ответ был: {error}")

    def _give_up(self, one: _Try) -> None:
        self._intents.settle(one.key, OPEN)
        self._methods.void_numbers(one.number_key)

    def record_numbers(self, run: Running, step: Step, ended: Ended) -> None:
        """Tie the numbers that a done step took to the item it made."""
        key = ended.key or f"run {run.n} step {step.number}"
        self._methods.use_numbers(key, str(ended.result) if isinstance(ended.result, Item) else "")


def _blocked(step: Step, why: Undecided) -> Ended:
    if why.is_void:
        return Ended("skipped", why.reason, result=void(step.call.result))
    return Ended("undecided", why.reason, result=why)


def _matters(found: Discrepancy, changes: list[FieldChange | StageChange | ItemChange]) -> bool:
    """True where the portal ignored a field that later steps rely on; a notice or product rows stop nothing."""
    for change in changes:
        if str(change.item) == found.item and found.field != "lines":
            if isinstance(change, ItemChange) and found.field in change.fields:
                return True
            if isinstance(change, FieldChange | StageChange) and found.field == change.field:
                return True
    return False
