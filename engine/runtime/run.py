"""One event, one run: decided once, stored whole, carried out step by step, closed with what follows from it.

Decides when a run waits, ends or is left to a person. What one step does is `steps.py`'s, what an inbox row means
is `occasions.py`'s. After a crash the stored plan is gone on with: the plan is a pure function of the stored event,
facts and edition, so it is made again from them, compared with what was stored, and continued at its first open step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.action import PluginError
from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.explain import explain
from engine.decision.facts import Facts
from engine.decision.follow_ups import MAX_DEPTH, follow_ups
from engine.decision.plan import PLANNED, Decision, Step, decide
from engine.decision.verdict import Decided, verdict_of
from engine.effects import Said
from engine.portal.errors import PortalError
from engine.portal.estimate import Cost
from engine.portal.gateway import Gateway
from engine.runtime import runs as journal
from engine.runtime.editions import Editions
from engine.runtime.inbox import Inbox, Pending
from engine.runtime.logs import Log
from engine.runtime.occasions import Occasion, Occasions
from engine.runtime.running import Running
from engine.runtime.runs import Runs, StoredRun, is_same_plan, read_facts_values
from engine.runtime.snapshot import drop_snapshot, lane_in, own_fields, save_snapshot
from engine.runtime.steps import RETRY, Ended, Steps
from engine.runtime.store import Store
from engine.runtime.timers import Timers

# The client has tried for half a minute by itself before a step comes back as "later".
DELAYS: Sequence[float] = (5.0, 15.0, 60.0, 180.0, 600.0, 1800.0)


@dataclass(frozen=True)
class Desk:
    """What carrying out needs; `delays` are the waits in seconds before a step or a read is tried again."""

    store: Store
    editions: Editions
    inbox: Inbox
    occasions: Occasions
    runs: Runs
    steps: Steps
    timers: Timers
    gateway: Gateway
    clock: Callable[[], datetime]
    log: Log
    must_stop: Callable[[], bool]
    delays: Sequence[float] = DELAYS


class Carrier:
    """Carries events and runs out at one desk, one at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def begin(self, row: Pending) -> None:
        """Take one inbox row to its end: nothing to do, a finished run, or a run or read that waits its turn."""
        desk = self._desk
        desk.inbox.start(row.n)
        edition = desk.editions.current.edition
        try:
            occasion = desk.occasions.read(row, edition, is_last_try=row.tries >= len(desk.delays))
        except PortalError as error:
            self._unread(row, error)
            return
        if self._must_wait(row, occasion):
            return
        if occasion.event is None or occasion.facts is None:
            with desk.store.transaction():
                self._keep_snapshot(row, occasion)
                desk.inbox.finish(row.n, occasion.outcome)
            return
        self._decide(row, occasion, occasion.event, occasion.facts, edition)

    def _decide(self, row: Pending, occasion: Occasion, event: Event, facts: Facts, edition: Edition) -> None:
        desk = self._desk
        is_loop = event.depth > MAX_DEPTH
        if not is_loop and not edition.index.wakes(event, facts):
            with desk.store.transaction():
                self._keep_snapshot(row, occasion)
                desk.timers.arm(edition, facts, event.item)
                desk.inbox.finish(row.n, "no_rule")
            return
        fault: PluginError | None = None
        decision = Decision(event, (), (), (), ())
        try:
            decision = decision if is_loop else decide(edition, event, facts)
        except PluginError as error:
            fault = error
        with desk.store.transaction():
            self._keep_snapshot(row, occasion)
            number = desk.runs.open(row.n, edition, decision, facts)
            run = Running(number, edition, event, facts, decision.plan)
            if is_loop:
                self._close(run, journal.LOOP, self._loop_words(event, decision, facts, edition))
            elif fault is not None:
                self._close(
                    run, journal.FAILED, Said(f"Ошибка плагина: {fault}.", f"A plugin failed: {fault}.")
                )
        if not is_loop and fault is None:
            self._carry(run, {})

    def go_on(self, stored: StoredRun) -> None:
        """Go on with a run that was cut short or has waited."""
        desk = self._desk
        edition = desk.editions.find(stored.edition)
        if edition is None:
            said = Said(
                "Прервано: редакции правил, с которой начат этот запуск, больше не собрать.",
                "Cut short: the edition that this run began with can no longer be built.",
            )
            with desk.store.transaction():
                desk.runs.close(stored.n, journal.FAILED, said)
                desk.inbox.finish(stored.event_n, "run")
            return
        facts = read_facts_values(stored.facts, desk.occasions.facts(stored.event, {}, {}))
        plan = decide(edition, stored.event, facts).plan
        run = Running(stored.n, edition, stored.event, facts, plan, stored.tries)
        if not is_same_plan(stored.form, plan):
            said = Said(
                "Прервано: плагины изменились, и сохранённый план больше не повторить.",
                "Cut short: the plugins have changed and the stored plan cannot be repeated.",
            )
            with desk.store.transaction():
                self._close(run, journal.FAILED, said)
            return
        self._carry(run, desk.runs.steps(run.n))

    def _carry(self, run: Running, known: dict[int, journal.StoredStep]) -> None:
        """Do the steps that are still open and note what the portal was asked for them."""
        before = self._desk.gateway.cost
        try:
            self._do_steps(run, known)
        finally:
            after = self._desk.gateway.cost
            spent = Cost(
                after.requests - before.requests, after.reads - before.reads, after.writes - before.writes
            )
            self._desk.runs.spend(run.n, spent)

    def _do_steps(self, run: Running, known: dict[int, journal.StoredStep]) -> None:
        """Go through the plan in order, until its end or until a step stops the run."""
        desk = self._desk
        for step in run.plan:
            stored = known.get(step.number)
            if stored is not None and stored.status not in (PLANNED, step.status):
                run.take(step, stored.result, stored.written)
                continue
            if step.status != PLANNED:
                run.take_unplanned(step)
                continue
            if desk.must_stop():
                return  # the row stays open: the next start goes on here
            desk.runs.begin_step(run.n, step.number)
            ended = desk.steps.carry_out(run, step)
            if ended.status == RETRY and run.tries < len(desk.delays):
                self._wait(run, step, ended)
                return
            ended = _given_up(ended)
            self._end_step(run, step, ended)
            if ended.stops:
                status = journal.UNKNOWN if ended.status == "unknown" else journal.FAILED
                with desk.store.transaction():
                    self._close(run, status, self._verdict(run, step, ended))
                return
        with desk.store.transaction():
            self._close(run, journal.DONE, self._verdict(run))

    def _end_step(self, run: Running, step: Step, ended: Ended) -> None:
        """One transaction: the step's end, the snapshot moved on, the numbers tied; then the facts grow."""
        desk = self._desk
        now = desk.clock()
        with desk.store.transaction():
            desk.runs.end_step(run.n, step.number, ended)
            for one in ended.written:
                if one.item.entity in run.edition.world.entities:
                    own = own_fields(run.edition.world, one.item.entity, one.after)
                    save_snapshot(desk.store, one.item, own, now)
            if ended.status == "done":
                desk.steps.record_numbers(run, step, ended)
            desk.runs.advance(run.n)
        desk.log.info("step", run=run.n, step=step.number, action=step.call.action, status=ended.status)
        run.tries = 0
        run.take(step, ended.result, ended.written)

    def _close(self, run: Running, status: str, said: Said) -> None:
        """End the run and, in the same transaction, release what follows from what it did."""
        desk = self._desk
        mapped = [one for one in run.written if one.item.entity in run.edition.world.entities]
        changes = [change for one in mapped for change in one.changes]
        desk.runs.close(run.n, status, said)
        row = desk.store.row("SELECT event FROM run WHERE n = ?", (run.n,))
        assert row is not None
        desk.inbox.finish(row["event"], "run")
        # A chain that went round too often may still have written nothing here: only real writes follow.
        for event in follow_ups(run.edition, run.event, changes, run.live):
            desk.inbox.put(event)
        touched = dict.fromkeys([run.event.item, *(one.item for one in mapped)])
        for item in touched:
            desk.timers.arm(run.edition, run.live, item)
        desk.log.info("run", run=run.n, name=run.event.name, item=str(run.event.item or ""), status=status)

    def _wait(self, run: Running, step: Step, ended: Ended) -> None:
        """The run waits and holds its lane. A wait the portal asks for is kept, up to an hour."""
        desk = self._desk
        delay = max(desk.delays[run.tries], min(ended.wait or 0.0, 3600.0))
        desk.runs.wait(run.n, step.number, desk.clock().timestamp() + delay, ended.reason)
        desk.log.warning("wait", run=run.n, step=step.number, seconds=delay, reason=ended.reason)

    def _unread(self, row: Pending, error: PortalError) -> None:
        """The item could not be read: try again while that makes sense, then say so and let the lane go on."""
        desk = self._desk
        if error.retry != "never" and row.tries < len(desk.delays):
            delay = desk.delays[row.tries]
            desk.inbox.retry(row.n, desk.clock().timestamp() + delay, str(error))
        else:
            desk.inbox.finish(row.n, "failed", str(error))
        desk.log.warning("unread", name=row.event.name, item=str(row.event.item or ""), reason=str(error))

    def _must_wait(self, row: Pending, occasion: Occasion) -> bool:
        """True where an item never seen turns out to belong to a deal whose lane is held: the row goes back."""
        item, fields = row.event.item, occasion.snapshot
        if item is None or fields is None:
            return False
        desk, lane = self._desk, lane_in(item, fields)
        held = desk.store.row(
            "SELECT 1 FROM event WHERE lane = ? AND n < ? AND state <> 'done'", (lane, row.n)
        )
        desk.store.execute("UPDATE event SET lane = ? WHERE n = ?", (lane, row.n))
        if held is None:
            return False
        desk.store.execute("UPDATE OR REPLACE event SET state = 'waiting' WHERE n = ?", (row.n,))
        return True

    def _keep_snapshot(self, row: Pending, occasion: Occasion) -> None:
        item = row.event.item
        if item is not None and occasion.snapshot is not None:
            save_snapshot(self._desk.store, item, occasion.snapshot, self._desk.clock())
        elif item is not None and occasion.is_gone:
            drop_snapshot(self._desk.store, item)

    def _verdict(self, run: Running, step: Step | None = None, ended: Ended | None = None) -> Said:
        """Return the run's sentence; where a step stopped it, with that step and why."""
        decision = decide(run.edition, run.event, run.facts)
        decided = Decided(decision, explain(run.edition, decision, run.facts))
        said = verdict_of([decided], run.edition.actions)
        if step is None or ended is None:
            return said
        word = (
            ("неизвестно, сделан ли шаг", "unknown at")
            if ended.status == "unknown"
            else ("остановлено на шаге", "stopped at")
        )
        where = f"{step.number} ({step.call.action})"
        why = ended.reason.removeprefix(f"{step.call.action}: ")
        return Said(
            f"{said.ru} Нужен человек: {word[0]} {where}: {why}",
            f"{said.en} A person is needed: {word[1]} step {where}: {why}",
        )

    def _loop_words(self, event: Event, decision: Decision, facts: Facts, edition: Edition) -> Said:
        rules = self._desk.runs.chain_of(event)
        return verdict_of([Decided(decision, explain(edition, decision, facts))], edition.actions, rules)


def _given_up(ended: Ended) -> Ended:
    """A step whose tries are used up has failed."""
    if ended.status != RETRY:
        return ended
    return Ended(
        "failed",
        ended.reason,
        ended.key,
        ended.result,
        ended.written,
        ended.answers,
        ended.discrepancies,
        stops=True,
    )
