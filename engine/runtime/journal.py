"""The journal as it is read: the last runs with their verdicts, one run in full. Changes nothing.

Decides the shape: CONTRACT's simulation, with what became of each step laid over its plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.forms import Json, value_json
from engine.runtime.run_list import Wanted, find_numbers
from engine.runtime.runs import read_event_values, read_facts_values
from engine.runtime.store import Row, Store
from engine.runtime.wire import load, load_map
from engine.workshop import Workshop

FORGOTTEN = "{}"
_COLUMNS = (
    "n, event_name, item, event_by, event_time, started, ended, status, edition, verdict_ru, verdict_en, title,"
    " changed, retry_of, late"
)


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step in a list: number, rule, action, status and why; `call` is which action of its rule, from 0."""

    number: int
    rule: str
    action: str
    status: str
    reason: str
    call: int = -1


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list. `status` is running, waiting, done, failed, unknown, loop, held, retried or undone.

    `title` is what people call the item, `changed` the names of the fields that changed, `retry_of` the run whose work
    this one took up again, `is_late` where the event was found after its time.
    """

    n: int
    event: str
    item: str
    by: str
    time: datetime
    started: datetime
    ended: datetime | None
    status: str
    edition: str
    verdict_ru: str
    verdict_en: str
    steps: tuple[StepLine, ...]
    title: str = ""
    changed: tuple[str, ...] = ()
    retry_of: int | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class InboxLine:
    """How the inbox stands; `oldest` is when the first row that is not done came in."""

    waiting: int
    running: int
    failed: int
    oldest: datetime | None = None


class Journal:
    """Reads `store`; one opened `only_reads` will do, beside a running engine."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last_runs(self, limit: int = 50, item: str = "") -> list[RunLine]:
        """Return the last runs (of one item) with their steps, the newest first."""
        return self.list_runs(Wanted(item=item, limit=limit), has_steps=True)

    def list_runs(self, wanted: Wanted, *, has_steps: bool = False) -> list[RunLine]:
        """Return one page of runs, the newest first; with their steps where `has_steps`."""
        numbers = find_numbers(self._store, wanted)
        if not numbers:
            return []
        marks = ",".join("?" * len(numbers))
        lines = f"SELECT {_COLUMNS} FROM run WHERE n IN ({marks}) ORDER BY n DESC"  # noqa: S608 — question marks
        rows = self._store.rows(lines, numbers)
        steps: dict[int, list[StepLine]] = {}
        for row in self._steps_of(numbers) if has_steps else ():
            line = StepLine(row["number"], row["rule"], row["action"], row["status"], row["reason"])
            steps.setdefault(row["run"], []).append(line)
        return [_run_line(row, tuple(steps.get(row["n"], ()))) for row in rows]

    def _steps_of(self, numbers: Sequence[int]) -> list[Row]:
        marks = ",".join("?" * len(numbers))
        columns = "run, number, rule, action, status, reason"
        steps = f"SELECT {columns} FROM step WHERE run IN ({marks}) ORDER BY run, number"  # noqa: S608
        return self._store.rows(steps, numbers)

    def run(self, number: int) -> dict[str, Json] | None:
        """Return a run in full: the simulation as decided, with what became of each step; None where there is none."""
        row = self._store.row("SELECT * FROM run WHERE n = ?", (number,))
        if row is None:
            return None
        form: dict[str, Json] = json.loads(row["form"]) or _kept_form(row)
        plan = form["plan"]
        stored = {
            one["number"]: one
            for one in self._store.rows("SELECT * FROM step WHERE run = ? ORDER BY number", (number,))
        }
        assert isinstance(plan, list)
        done = [_step_form(step, stored) for step in plan if isinstance(step, dict)]
        if not done and form.get("shortened"):
            done = [_step_form(_step_head(one), stored) for one in stored.values()]
        head: dict[str, Json] = {
            "run": number, "status": row["status"], "started": row["started"], "ended": row["ended"],
            "tries": row["tries"], "retry_of": row["retry_of"], "late": bool(row["late"]),
        }  # fmt: skip
        form.update(head)
        form["plan"] = list(done)
        form["portal"] = {"requests": row["requests"], "reads": row["reads"], "writes": row["writes"]}
        form["verdict"] = {"ru": row["verdict_ru"], "en": row["verdict_en"]}
        return form

    def event_of(self, number: int, workshop: Workshop) -> tuple[Event, Facts] | None:
        """Return the event of a run and the facts it was decided on; None where they are not kept any more."""
        row = self._store.row("SELECT event_wire, facts FROM run WHERE n = ?", (number,))
        if row is None or row["facts"] == FORGOTTEN:
            return None
        settings = workshop.settings
        event = read_event_values(load_map(row["event_wire"]), settings.zone)
        empty = Facts(settings.world, workshop.derivations, workshop.calendar, event.time, {}, {})
        return event, read_facts_values(load_map(row["facts"]), empty)

    def inbox(self) -> InboxLine:
        """Return how many events wait, are under way, or could not be processed, and since when the oldest waits."""
        rows = self._store.rows(
            "SELECT state, count(*) AS number, min(n) AS first FROM event WHERE state <> 'done' GROUP BY state"
        )
        numbers = {row["state"]: int(row["number"]) for row in rows}
        failed = self._store.row("SELECT count(*) FROM event WHERE outcome = 'failed'")
        first = min((int(row["first"]) for row in rows), default=None)
        oldest = (
            self._store.row("SELECT received FROM event WHERE n = ?", (first,)) if first is not None else None
        )
        return InboxLine(
            numbers.get("waiting", 0),
            numbers.get("running", 0),
            int(failed[0]) if failed is not None else 0,
            datetime.fromisoformat(oldest[0]) if oldest is not None else None,
        )


def _run_line(row: Row, steps: tuple[StepLine, ...]) -> RunLine:
    return RunLine(
        n=row["n"],
        event=row["event_name"],
        item=row["item"],
        by=row["event_by"],
        time=datetime.fromisoformat(row["event_time"]),
        started=datetime.fromisoformat(row["started"]),
        ended=datetime.fromisoformat(row["ended"]) if row["ended"] else None,
        status=row["status"],
        edition=row["edition"],
        verdict_ru=row["verdict_ru"],
        verdict_en=row["verdict_en"],
        steps=steps,
        title=row["title"],
        changed=tuple(json.loads(row["changed"])),
        retry_of=row["retry_of"],
        is_late=bool(row["late"]),
    )


def _kept_form(row: Row) -> dict[str, Json]:
    """Return what is left of a run whose facts and explanation were not kept longer (see `retention.py`)."""
    event: dict[str, Json] = {
        "event": row["event_name"],
        "item": row["item"] or None,
        "time": row["event_time"],
    }
    return {"event": event, "edition": row["edition"], "rules": [], "plan": [], "shortened": True}


def _step_head(row: Row) -> dict[str, Json]:
    return {"step": row["number"], "rule": row["rule"], "action": row["action"]}


def _step_form(step: Mapping[str, Json], stored: Mapping[int, Row]) -> dict[str, Json]:
    number = step["step"]
    row = stored.get(number) if isinstance(number, int) else None
    if row is None:
        return dict(step)
    more: dict[str, Json] = {
        "status": row["status"],
        "key": row["key"] or step.get("key"),
        "started": row["started"],
        "ended": row["ended"],
        "result": value_json(load(row["result"])),
        "answers": json.loads(row["answers"]),
        "read_back": json.loads(row["discrepancies"]),
    }
    if row["reason"]:
        more["reason"] = row["reason"]
    return {**step, **more}
