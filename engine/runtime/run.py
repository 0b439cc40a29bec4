"""From a row of the inbox to a run: what it means, what is decided, and where a run begun before goes on.

Decides what becomes of each row of a lane, one at a time. What a doorbell means is `occasions.py`'s, carrying out is
`carrying.py`'s. A run is decided once and its plan stored whole before its first action; after a crash, a wait or a
take-over the stored plan is gone on with and never decided anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo

from engine.action import PluginError
from engine.decision.backfill import wakes
from engine.decision.edition import Edition
from engine.decision.event import BACKFILL, Event
from engine.decision.explain import explain
from engine.decision.facts import Facts
from engine.decision.follow_ups import MAX_DEPTH
from engine.decision.forms import Json
from engine.decision.plan import Decision, decide
from engine.decision.verdict import Decided, verdict_of
from engine.effects import Said
from engine.language.values import Item, Undecided, Value
from engine.portal.errors import PortalError
from engine.portal.gateway import MAILING, Gateway
from engine.runtime import runs as journal
from engine.runtime.carrying import Carriage
from engine.runtime.editions import Editions
from engine.runtime.effects_then import StepThen
from engine.runtime.inbox import ENGINE_LANE, EVENT, REQUEST, Held, Pending
from engine.runtime.intents import Intents
from engine.runtime.noted import note_event
from engine.runtime.occasions import Occasion, Occasions
from engine.runtime.running import Running
from engine.runtime.runs import StoredRun, plan_of, read_facts_values
from engine.runtime.snapshot import drop_snapshot, is_equal, lane_in, load_snapshot, save_snapshot
from engine.runtime.store import Connection, Fenced, StateLost
from engine.runtime.timers import TIMER
from engine.runtime.waits import delay_for

Answers = Mapping[str, Callable[[Pending], "Mapping[str, Json] | None"]]
_PAUSE = 1.0
# Events of many items at once, for which nobody waits: deadlines of a morning, a rule applied to what is there.
_MAILINGS = frozenset({TIMER, BACKFILL})
# Facts older than this are read again before a stored plan goes on: people have worked meanwhile.
_STALE = timedelta(minutes=1)


@dataclass
class Carrier:
    """Takes rows of lanes to their end. `answers` are the verbs that people may ask for (see `requests.py`).

    An answer of None leaves the row to the run that was opened under it.
    """

    carriage: Carriage
    editions: Editions
    occasions: Occasions
    gateway: Gateway
    zone: tzinfo
    answers: Answers = field(default_factory=dict)

    def advance(self, lane: str) -> float | None:
        """Take the lane's next row as far as it goes now.

        Returns when to come back, in seconds since 1970 (0: at once), None where nothing is left in the lane.
        """
        out = self.carriage
        if lane != ENGINE_LANE and out.brakes.is_paused():
            return out.clock().timestamp() + _PAUSE
        row = out.inbox.take(lane, self.zone)
        if row is None:
            return None
        if isinstance(row, Held):
            return row.until
        try:
            return self._one(row) or 0.0
        except Fenced:
            out.log.warning("fenced", row=row.n)
        except StateLost:
            raise  # nothing is known to be wrong with the event: its row is taken again
        except Exception as error:  # noqa: BLE001
            # One event that we cannot process must not stop those that follow it.
            self._broken(row, error)
        return 0.0

    def _one(self, row: Pending) -> float | None:
        stored = self.carriage.runs.of_event(row.n, self.zone) if row.is_resumed else None
        if stored is not None:
            return self.go_on(stored, row)
        return self._answer(row) if row.kind == REQUEST else self._begin(row)

    def _begin(self, row: Pending) -> float | None:
        """Take a row that has no run yet to its end: nothing to do, or a run opened and carried out."""
        out, edition = self.carriage, self.editions.current.edition
        last = out.inbox.last_doorbell(row)
        try:
            occasion = self.occasions.read(row, edition, is_last_try=row.tries >= len(out.delays))
        except PortalError as error:
            return self._unread(row, error)
        if self._is_elsewhere(row, occasion):
            return None
        if occasion.event is None or occasion.facts is None:
            with out.store.fenced(row.lease) as connection:
                self._keep(connection, row, occasion, last)
                out.inbox.finish(row.n, occasion.outcome)
            return None
        return self.decide(row, occasion, occasion.event, occasion.facts, edition, last)

    def decide(
        self, row: Pending, occasion: Occasion, event: Event, facts: Facts, edition: Edition, last: int = 0,
        retry_of: StoredRun | None = None,
    ) -> float | None:  # fmt: skip
        """Decide an event, store its plan and carry it out; only note it where it wakes no rule."""
        out = self.carriage
        is_loop = event.depth > MAX_DEPTH
        if event.name == TIMER and retry_of is None and self._is_overtaken(row, event, facts):
            return None
        if not is_loop and retry_of is None and not wakes(edition, event, facts):
            with out.store.fenced(row.lease) as connection:
                self._keep(connection, row, occasion, last)
                out.timers.arm(edition, facts, event.item, also=row.lane)
                note_event(connection, row.n, event, facts, edition.hash)
                out.inbox.finish(row.n, "no_rule")
            return None
        fault: PluginError | None = None
        decision = Decision(event, (), (), (), ())
        try:
            decision = decision if is_loop else decide(edition, event, facts)
        except PluginError as error:
            fault = error
        with out.store.fenced(row.lease) as connection:
            self._keep(connection, row, occasion, last)
            out.timers.arm(edition, facts, event.item, also=row.lane)
            number = out.runs.open(
                row.n,
                edition,
                decision,
                facts,
                is_late=row.is_late,
                retry_of=retry_of.n if retry_of is not None else None,
            )
            run = Running(
                number, edition, event, facts, decision.plan, row.lease, self._way_of(event),
                present=occasion.present,
            )  # fmt: skip
            if is_loop:
                out.close(run, journal.LOOP, self._loop_words(event, decision, facts, edition))
            elif fault is not None:
                said = Said(f"Ошибка плагина: {fault}.", f"A plugin failed: {fault}.")
                out.close(run, journal.FAILED, said)
            else:
                out.brakes.note(connection, decision)
            if retry_of is not None:
                out.inherit(run, retry_of)
        return None if is_loop or fault is not None else out.carry(run, out.known(run) if retry_of else {})

    def _is_overtaken(self, row: Pending, event: Event, facts: Facts) -> bool:
        """True, and the row ended, where what a deadline counts from has changed since it ran out."""
        out = self.carriage
        with out.store.fenced(row.lease):
            if not out.timers.is_overtaken(event, facts):
                return False
            out.inbox.finish(row.n, "no_change")
            return True

    def go_on(self, stored: StoredRun, row: Pending) -> float | None:
        """Go on with a run that was cut short, has waited, or is taken up again by a person."""
        out = self.carriage
        run = self.rebuild(stored, row)
        if run is None:
            said = Said(
                f"{stored.verdict.ru} Прервано: правил или плагинов, с которыми начат этот запуск, больше нет."
                f" Можно решить заново: engine runs retry {stored.n} --present",
                f"{stored.verdict.en} Cut short: the rules or plugins that this run began with are gone."
                f" It can be decided anew: engine runs retry {stored.n} --present",
            )
            with out.store.fenced(row.lease):
                out.runs.close(stored.n, journal.FAILED, said)
                out.inbox.finish(row.n, "run")
                out.ask_for_a_person(stored.n)
            return None
        run.fresh = self._fresh(stored, run)
        return out.carry(run, out.known(run))

    def rebuild(self, stored: StoredRun, row: Pending) -> Running | None:
        """Return a stored run as it was planned; None where its edition or an action of it is gone."""
        edition = self.editions.find(stored.edition)
        if edition is None:
            return None
        facts = read_facts_values(stored.facts, self.occasions.facts(stored.event, {}, {}))
        try:
            plan = plan_of(self.carriage.runs.steps(stored.n), edition)
        except LookupError:
            return None
        return Running(
            stored.n, edition, stored.event, facts, plan, row.lease, self._way_of(stored.event),
            tries=stored.tries, present=self._gone_on(stored.event.item, facts, row),
        )  # fmt: skip

    def _way_of(self, event: Event) -> Gateway:
        """Return a run's way to the portal: what nobody waits for lets the portal's own events go first."""
        return self.gateway.metered(MAILING if event.name in _MAILINGS else None)

    def _gone_on(self, item: Item | None, facts: Facts, row: Pending) -> dict[str, Value]:
        """Return the fields that were decided on as they stood at an earlier stage, as they are now.

        A doorbell's snapshot is of the very reading that was decided on; where they differ, the decision looked back.
        """
        if item is None:
            return {}
        known = load_snapshot(self.carriage.store, item) or {}
        decided = facts.items.get(item, {})
        names = [name for name in (known if row.is_delivery else row.present) if name in known]
        return {
            name: known[name]
            for name in names
            if name in decided and not is_equal(decided[name], known[name])
        }

    def probe(self, run: Running, one: StepThen) -> Value:
        """Return what a doubtful step of a stored run did, as far as anybody can tell. Raises PortalError."""
        if one.effect is None:
            return Undecided("what it was about to do can no longer be told")
        return self.carriage.steps.look_for(run, one.step, one.effect, one.stored.key)

    def _fresh(self, stored: StoredRun, run: Running) -> Facts | None:
        """Return the facts read anew for a run that has been lying; None where it is young or cannot be read."""
        item = stored.event.item
        is_old = self.carriage.clock() - stored.started > _STALE
        if is_old and Intents(self.carriage.store).is_in_doubt(stored.n):
            # What an earlier try did is recognised by what the facts did not hold when it was planned.
            return None
        if not is_old or item is None or item.entity not in run.edition.world.entities:
            return None
        try:
            return self.occasions.fresh(stored.event, run.facts, run.edition)
        except PortalError:
            return None  # each step reads what it writes anyway

    def _answer(self, row: Pending) -> float | None:
        """Do what a person asked for; a portal that cannot be reached is asked again later."""
        out, verb = self.carriage, row.event.detail
        try:
            known = self.answers.get(verb)
            answer: Mapping[str, Json] | None = (
                known(row) if known is not None else {"error": f"unknown request: {verb}"}
            )
        except PortalError as error:
            if error.retry == "later" and row.tries < len(out.delays):
                return self._unread(row, error)
            answer = {"error": str(error)}
        if answer is not None:
            with out.store.fenced(row.lease):
                out.inbox.answer(row.n, answer)
            return None
        return None

    def _unread(self, row: Pending, error: PortalError) -> float | None:
        """The item could not be read: try again while that makes sense, then say so and let the lane go on.

        A doorbell given up is rung again by the next sweep, since its snapshot has not moved on. An event of our own
        is told by nobody else: it waits for the portal however long that is away.
        """
        out = self.carriage
        out.log.warning("unread", name=row.event.name, item=str(row.event.item or ""), reason=str(error))
        with out.store.fenced(row.lease):
            is_spent = row.tries >= len(out.delays)
            if error.retry == "never" or (is_spent and row.kind != EVENT):
                out.inbox.finish(row.n, "failed", journal.clean(str(error)))
                return None
            delay = out.delays[min(row.tries, len(out.delays) - 1)] if out.delays else _PAUSE
            at = out.clock().timestamp() + delay_for(error.retry_after, delay)
            out.inbox.wait(row.n, at, journal.clean(str(error)))
        return at

    def _is_elsewhere(self, row: Pending, occasion: Occasion) -> bool:
        """True where the row has been put into the lane of the deal that the item belongs to, to be met there.

        An item never seen goes to its deal's lane; one that moves to another deal stands in both lanes, and waits
        where the other has earlier rows.
        """
        item, fields = row.event.item, occasion.snapshot
        if item is None or fields is None or row.kind == REQUEST:
            return False
        known = load_snapshot(self.carriage.store, item)
        lane = lane_in(item, {**(known or {}), **fields})
        return lane != row.lane and self.carriage.inbox.put_back(row, lane, is_move=known is not None)

    def _keep(self, connection: Connection, row: Pending, occasion: Occasion, last: int) -> None:
        """Move the item's snapshot on, and queue what else the reading found."""
        out, item, now = self.carriage, row.event.item, self.carriage.clock()
        if item is not None and occasion.snapshot is not None:
            save_snapshot(out.store, item, occasion.snapshot, now)
        elif item is not None and occasion.is_gone:
            drop_snapshot(out.store, item)
        out.inbox.coalesce(row, last)
        self.occasions.queue_passed(connection, occasion, row, now)

    def _loop_words(self, event: Event, decision: Decision, facts: Facts, edition: Edition) -> Said:
        rules = self.carriage.runs.chain_of(event)
        return verdict_of([Decided(decision, explain(edition, decision, facts))], edition.actions, rules)

    def _broken(self, row: Pending, error: Exception) -> None:
        out = self.carriage
        out.log.warning("fault", row=row.n, exc_info=error)
        what = journal.clean(f"{type(error).__name__}: {error}")
        with out.store.fenced(row.lease) as connection:
            connection.execute(
                "UPDATE run SET status = ?, ended = ?, verdict_ru = ?, verdict_en = ? WHERE event = ?",
                (
                    journal.FAILED, out.clock().isoformat(), f"Ошибка движка: {what}",
                    f"A fault of the engine: {what}", row.n,
                ),
            )  # fmt: skip
            out.inbox.finish(row.n, "failed", what)
