"""A stored plan carried out: its open steps in order, each end recorded, and the run closed with what follows.

Decides when a run waits, ends, is held by a brake or is left to a person. What one step does is `steps.py`'s. Every
transaction here is fenced: a process that was frozen while another took its run over writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.decision.follow_ups import follow_ups
from engine.decision.plan import PLANNED, Step
from engine.effects import Said
from engine.portal.estimate import Cost
from engine.runtime import runs as journal
from engine.runtime.attention import tell_later
from engine.runtime.batches import batches
from engine.runtime.brakes import Brake, Brakes
from engine.runtime.inbox import Inbox, put_event
from engine.runtime.logs import Log
from engine.runtime.running import Running, result_of_unplanned
from engine.runtime.runs import Runs, StoredRun, StoredStep, position_of
from engine.runtime.snapshot import MOVED, own_fields, save_snapshot
from engine.runtime.steps import RETRY, Ended, Steps
from engine.runtime.store import Store
from engine.runtime.tally import Tally
from engine.runtime.timers import Timers
from engine.runtime.waits import delay_for

_PAUSE = 1.0


@dataclass(frozen=True)
class Carriage:
    """What carrying out needs; `delays` are the waits in seconds before a step is tried again."""

    store: Store
    inbox: Inbox
    runs: Runs
    steps: Steps
    timers: Timers
    brakes: Brakes
    tally: Tally
    clock: Callable[[], datetime]
    log: Log
    must_stop: Callable[[], bool]
    delays: Sequence[float]
    wake: Callable[[str], None]

    def carry(self, run: Running, known: Mapping[int, StoredStep]) -> float | None:
        """Do the steps that are still open.

        Returns None where the run has ended, else when to go on, in seconds since 1970; 0 where the engine stops.
        Raises Fenced.
        """
        todo: list[Step] = []
        for step in run.plan:
            stored = known.get(step.number)
            if (step if stored is None else stored).status == PLANNED:
                todo.append(step)
            elif stored is not None:
                run.take(step, stored.result, stored.written)
            else:
                run.take(step, result_of_unplanned(step), ())
        run.meet_fresh()
        groups = list(batches(todo, run.edition.actions))
        for at, group in enumerate(groups):
            if self.must_stop():
                return 0.0  # the row stays open: the next start goes on here
            if self.brakes.is_paused():
                return self.clock().timestamp() + _PAUSE
            if (held := _braked(group, self.brakes.seen())) is not None:
                self._end(run, journal.HELD, held)
                return None
            started = self.clock()
            ended = self.steps.carry_out(run, group)
            waiting = next((one for one in zip(group, ended, strict=True) if one[1].status == RETRY), None)
            if waiting is not None and run.tries < len(self.delays):
                return self._wait(run, group, ended, waiting, started)
            if not self._settle(run, group, ended, started, is_last=at + 1 == len(groups)):
                return None
        if not groups:
            self._end(run, journal.DONE, None)
        return None

    def _settle(
        self, run: Running, group: Sequence[Step], ended: Sequence[Ended], started: datetime, *, is_last: bool
    ) -> bool:
        """Record how the steps of a group ended; True where the run goes on with the next one."""
        final = [_given_up(one) for one in ended]
        stopper = next((one for one in zip(group, final, strict=True) if one[1].stops), None)
        goes_on = stopper is None and not is_last
        with self.store.fenced(run.lease):
            self._record(run, group, final, started)
            if run.tries:
                self.runs.advance(run.n)
                run.tries = 0
            if stopper is not None:
                status = journal.UNKNOWN if stopper[1].status == "unknown" else journal.FAILED
                self.close(run, status, self._stopped_words(run, *stopper))
            elif not goes_on:
                self.close(run, journal.DONE, None)
        return goes_on

    def _record(self, run: Running, group: Sequence[Step], ended: Sequence[Ended], started: datetime) -> None:
        """The steps' ends, the snapshots moved on, the numbers tied, in one transaction; then the facts grow."""
        now = self.clock()
        for step, one in zip(group, ended, strict=True):
            self.runs.end_step(run.n, step.number, one, started)
            for written in one.written:
                if written.item.entity in run.edition.world.entities:
                    own = own_fields(run.edition.world, written.item.entity, written.after)
                    save_snapshot(self.store, written.item, {**own, MOVED: written.moved}, now)
            if one.status == "done" and one.may_bear_numbers:
                self.steps.record_numbers(run, step, one)
            self.tally.add(f"step {one.status}")
            self.log.info("step", run=run.n, step=step.number, action=step.call.action, status=one.status)
        for step, one in zip(group, ended, strict=True):
            run.take(step, one.result, one.written)

    def _wait(
        self, run: Running, group: Sequence[Step], ended: Sequence[Ended],
        waiting: tuple[Step, Ended], started: datetime,
    ) -> float:  # fmt: skip
        """The run waits and holds its lane; what else of the group was done is recorded."""
        step, why = waiting
        delay = delay_for(why.wait, self.delays[run.tries])
        at = self.clock().timestamp() + delay
        done = [one for one in zip(group, ended, strict=True) if one[1].status != RETRY]
        with self.store.fenced(run.lease):
            self._record(run, [one for one, _ in done], [one for _, one in done], started)
            self.runs.wait(run.n, step.number, why.reason)
            self.inbox.wait(run.lease.event, at, why.reason)
            self._spend(run)
        self.log.warning("wait", run=run.n, step=step.number, seconds=delay, reason=why.reason)
        return at

    def _end(self, run: Running, status: str, said: Said | None) -> None:
        with self.store.fenced(run.lease):
            self.close(run, status, said)

    def known(self, run: Running) -> dict[int, StoredStep]:
        """Return what has become of the run's steps so far, by number."""
        return {one.number: one for one in self.runs.steps(run.n)}

    def inherit(self, run: Running, earlier: StoredRun) -> None:
        """Take over what an earlier run of the same event has done: the same action of the same rule is not repeated.

        Part of the transaction under way, in which the new run was opened.
        """
        done = {(one.rule, one.call): one for one in self.runs.steps(earlier.n) if one.status == "done"}
        for step in run.plan:
            was = done.get((step.rule.id, position_of(step)))
            if was is not None and was.action == step.call.action and step.status == PLANNED:
                reason = f"сделано в запуске {earlier.n}"
                ended = Ended("done", reason, was.key, was.result, was.written)
                self.runs.end_step(run.n, step.number, ended)
        self.runs.close(earlier.n, journal.RETRIED)

    def close(self, run: Running, status: str, said: Said | None) -> None:
        """End the run and, in the transaction under way, release what follows from what it did."""
        mapped = [one for one in run.written if one.item.entity in run.edition.world.entities]
        changes = [change for one in mapped if not one.is_quiet for change in one.changes]
        self.runs.close(run.n, status, said)
        self._spend(run)
        self.inbox.finish(run.lease.event, "run")
        # A chain that went round too often may still have written nothing here: only real writes follow.
        with self.store.transaction() as connection:
            for event in follow_ups(run.edition, run.event, changes, run.live) if changes else ():
                self.wake(put_event(self.store, connection, event, {}, self.clock()))
            if status not in (journal.DONE, journal.RETRIED):
                self.ask_for_a_person(run.n)
        for item in dict.fromkeys([run.event.item, *(one.item for one in mapped)]):
            self.timers.arm(run.edition, run.live, item)
        self.tally.add(f"run {status}")
        self.log.info("run", run=run.n, name=run.event.name, item=str(run.event.item or ""), status=status)

    def ask_for_a_person(self, run: int) -> None:
        """Queue the notice that a run stopped. Part of the transaction under way."""
        with self.store.transaction() as connection:
            self.wake(tell_later(self.store, connection, run, self.clock()))

    def _spend(self, run: Running) -> None:
        cost = run.gateway.cost
        new = Cost(
            cost.requests - run.spent.requests, cost.reads - run.spent.reads, cost.writes - run.spent.writes
        )
        self.runs.spend(run.n, new)
        run.spent = cost

    def _stopped_words(self, run: Running, step: Step, ended: Ended) -> Said:
        stored = self.store.row("SELECT verdict_ru, verdict_en FROM run WHERE n = ?", (run.n,))
        said = Said(stored["verdict_ru"], stored["verdict_en"]) if stored is not None else Said("", "")
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


def _given_up(ended: Ended) -> Ended:
    """A step whose tries are used up has failed; what an earlier try may have done stays unknown."""
    if ended.status != RETRY:
        return ended
    return replace(ended, status="unknown" if ended.is_doubtful else "failed", stops=True)


def _braked(group: Sequence[Step], brakes: Sequence[Brake]) -> Said | None:
    """Return why a brake holds the group, None where none does."""
    rules = {step.rule.id for step in group} if brakes else set()
    for brake in brakes:
        if brake.name in rules:
            reason, name = brake.reason, brake.name
            return Said(
                f"Тормоз: {reason.ru}. Ничего больше не сделано; разрешить: engine resume {name}",
                f"A brake is on: {reason.en}. Nothing more was done; to allow it: engine resume {name}",
            )
    return None
