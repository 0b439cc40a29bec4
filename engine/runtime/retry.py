"""Taking up again what was left to a person: the run goes on with its own plan, or its event is decided anew.

Decides what a retry repeats: never a step that is done. A step whose fate nobody knew goes by the person's word where
one is given (`was_done`), else the portal is looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.decision.forms import Json
from engine.language.values import Undecided
from engine.runtime import runs as journal
from engine.runtime.effects_then import replay
from engine.runtime.inbox import Pending
from engine.runtime.intents import CLAIMED, DONE, OPEN, UNKNOWN, Intents
from engine.runtime.requests import ask
from engine.runtime.run import Carrier
from engine.runtime.runs import StoredRun
from engine.runtime.snapshot import lane_of
from engine.runtime.store import Store
from engine.runtime.wire import dump

RETRY = "retry"
_OPEN_TO_RETRY = (journal.FAILED, journal.UNKNOWN, journal.HELD)


@dataclass(frozen=True)
class Retry:
    """Answers `retry` requests: `run`, `present` (true: by the edition in force), `was_done` (yes, no or empty)."""

    carrier: Carrier

    def answer(self, row: Pending) -> Mapping[str, Json] | None:
        """Reopen the run in its lane, or decide its event anew under this request; None for the latter."""
        out = self.carrier.carriage
        run = out.runs.find(int(str(row.roots["run"])), self.carrier.zone)
        if run is None:
            return {"error": "no such run"}
        if run.status not in _OPEN_TO_RETRY:
            return {"error": f"run {run.n} is {run.status}: there is nothing to retry"}
        trouble = self._take_word(row, run) or (
            self._look(row, run) if row.roots.get("present") is True else None
        )
        if trouble is not None:
            return {"error": trouble}
        if row.roots.get("present") is True:
            return self._anew(row, run)
        with out.store.fenced(row.lease):
            out.runs.reopen(run.n)
            out.inbox.reopen(run.event_n)
        return {"run": run.n}

    def _take_word(self, row: Pending, run: StoredRun) -> str | None:
        """Write down what a person found out about the step whose fate was unknown; return why that cannot be."""
        word, out = str(row.roots.get("was_done") or ""), self.carrier.carriage
        if word not in ("yes", "no"):
            return None
        step = next((one for one in out.runs.steps(run.n) if one.status == "unknown" and one.key), None)
        if step is None:
            return f"run {run.n} has no step whose outcome is unknown"
        edition = self.carrier.editions.find(run.edition)
        action = edition.actions.get(step.action) if edition is not None else None
        if word == "yes" and (action is None or action.result not in ("", "any")):
            return f"{step.action} gives a result that only the portal knows: retry it without --was-done"
        intents = Intents(out.store)
        with out.store.fenced(row.lease):
            # Later steps ask whether there is a result, and a person's word is one.
            intents.answer(step.key, *((DONE, True) if word == "yes" else (OPEN, None)))
        return None

    def _look(self, row: Pending, run: StoredRun) -> str | None:
        """Before an event is decided anew, find out what its doubtful step did; return why that cannot be told.

        Decided on fresh facts, the same action would take what the lost try made for somebody else's work.
        """
        carrier, out = self.carrier, self.carrier.carriage
        intents = Intents(out.store)
        if not intents.is_in_doubt(run.n):
            return None
        then = carrier.rebuild(run, row)
        if then is None:
            return "the rules or plugins of this run are gone, and what its last step did is unknown"
        for one in replay(then, out.known(then)):
            held = intents.find(one.stored.key) if one.stored.key else None
            if held is None or held.run != run.n or held.state not in (CLAIMED, UNKNOWN):
                continue
            found = carrier.probe(then, one)
            if isinstance(found, Undecided):
                return f"step {one.step.number} ({one.step.call.action}): {found.reason}"
            with out.store.fenced(row.lease) as connection:
                intents.answer(one.stored.key, OPEN if found is None else DONE, found)
                if found is not None:
                    connection.execute(
                        "UPDATE step SET status = 'done', result = ? WHERE run = ? AND number = ?",
                        (dump(found), run.n, one.step.number),
                    )
        return None

    def _anew(self, row: Pending, run: StoredRun) -> Mapping[str, Json] | None:
        carrier, edition = self.carrier, self.carrier.editions.current.edition
        occasion = carrier.occasions.again(run.event, row, edition)
        if occasion.event is None or occasion.facts is None:
            return {"error": "the item is gone from the portal"}
        carrier.decide(row, occasion, occasion.event, occasion.facts, edition, retry_of=run)
        return None


def lane_of_run(store: Store, run: StoredRun) -> str:
    """Return the lane in which a request about the run belongs."""
    row = store.row("SELECT lane FROM event WHERE n = ?", (run.event_n,))
    if run.event.item is not None:
        return lane_of(store, run.event.item)
    return str(row["lane"]) if row is not None else ""


def resume_held(store: Store, rule: str, now: datetime) -> int:
    """Ask for the runs that the rule's brake held to be gone on with; return how many."""
    rows = store.rows(
        "SELECT DISTINCT run.n AS n, event.lane AS lane FROM run JOIN step ON step.run = run.n"
        " JOIN event ON event.n = run.event"
        " WHERE run.status = 'held' AND step.rule = ? AND step.status = 'planned' ORDER BY run.n",
        (rule,),
    )
    for row in rows:
        ask(store, RETRY, {"run": str(row["n"])}, now, lane=row["lane"])
    return len(rows)
