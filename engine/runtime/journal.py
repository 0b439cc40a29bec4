"""The journal as it is read: the last runs with their verdicts, one run in full. Changes nothing.

Decides the shape: CONTRACT's simulation, with what became of each step laid over its plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.forms import Json, value_json
from engine.runtime.runs import read_event_values, read_facts_values
from engine.runtime.store import Row, Store
from engine.runtime.wire import load, load_map
from engine.workshop import Workshop


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step in a list: number, rule, action, status and why."""

    number: int
    rule: str
    action: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list. `status` is running, waiting, done, failed, unknown or loop.

    `title` is what people call the item, `changed` the names of the fields that changed.
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


@dataclass(frozen=True, slots=True)
class InboxLine:
    """How the inbox stands."""

    waiting: int
    running: int
    failed: int


class Journal:
    """Reads `store`; one opened `only_reads` will do, beside a running engine."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last_runs(self, limit: int = 50, item: str = "") -> list[RunLine]:
        """Return the last runs (of one item), the newest first."""
        rows = self._store.rows(
            "SELECT run.*, event.name AS event_name, event.by AS event_by, event.time AS event_time,"
            " json_extract(run.form, '$.event.title') AS title, json_extract(run.form, '$.event.before') AS before"
            " FROM run JOIN event ON event.n = run.event WHERE ? IN ('', run.item) ORDER BY run.n DESC LIMIT ?",
            (item, limit),
        )
        steps: dict[int, list[StepLine]] = {}
        if rows:
            found = self._store.rows(
                "SELECT run, number, rule, action, status, reason FROM step WHERE run BETWEEN ? AND ? ORDER BY number",
                (rows[-1]["n"], rows[0]["n"]),
            )
            for row in found:
                line = StepLine(row["number"], row["rule"], row["action"], row["status"], row["reason"])
                steps.setdefault(row["run"], []).append(line)
        return [_run_line(row, tuple(steps.get(row["n"], ()))) for row in rows]

    def run(self, number: int) -> dict[str, Json] | None:
        """Return a run in full: the simulation as decided, with what became of each step; None where there is none."""
        row = self._store.row("SELECT * FROM run WHERE n = ?", (number,))
        if row is None:
            return None
        form: dict[str, Json] = json.loads(row["form"])
        plan = form["plan"]
        stored = {
            one["number"]: one for one in self._store.rows("SELECT * FROM step WHERE run = ?", (number,))
        }
        assert isinstance(plan, list)
        done = [_step_form(step, stored) for step in plan if isinstance(step, dict)]
        head: dict[str, Json] = {
            "run": number, "status": row["status"], "started": row["started"], "ended": row["ended"],
            "tries": row["tries"],
        }  # fmt: skip
        form.update(head)
        form["plan"] = list(done)
        form["portal"] = {"requests": row["requests"], "reads": row["reads"], "writes": row["writes"]}
        form["verdict"] = {"ru": row["verdict_ru"], "en": row["verdict_en"]}
        return form

    def event_of(self, number: int, workshop: Workshop) -> tuple[Event, Facts] | None:
        """Return the event of a run and the facts it was decided on; None where there is no such run."""
        row = self._store.row("SELECT event_wire, facts FROM run WHERE n = ?", (number,))
        if row is None:
            return None
        settings = workshop.settings
        event = read_event_values(load_map(row["event_wire"]), settings.zone)
        empty = Facts(settings.world, workshop.derivations, workshop.calendar, event.time, {}, {})
        return event, read_facts_values(load_map(row["facts"]), empty)

    def inbox(self) -> InboxLine:
        """Return how many events wait, are under way, or could not be processed."""
        rows = self._store.rows(
            "SELECT CASE WHEN state = 'done' THEN outcome ELSE state END AS word, count(*) AS number"
            " FROM event GROUP BY word"
        )
        numbers = {row["word"]: row["number"] for row in rows}
        return InboxLine(numbers.get("waiting", 0), numbers.get("running", 0), numbers.get("failed", 0))

    def outcomes(self) -> dict[str, int]:
        """Return how many events ended how: run, no_change, no_rule, gone, failed."""
        rows = self._store.rows(
            "SELECT outcome, count(*) AS number FROM event WHERE state = 'done' GROUP BY outcome ORDER BY outcome"
        )
        return {row["outcome"]: row["number"] for row in rows}


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
        title=row["title"] or "",
        changed=tuple(json.loads(row["before"] or "{}")),
    )


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
