"""The journal's writing side: runs and their steps as rows.

Decides what of a run is kept: the event and the facts it was decided on, so that the stored plan can be gone on
with, the plan as CONTRACT shows it, and what became of each step. `journal.py` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.explain import NOT_TRIGGERED, explain
from engine.decision.facts import Facts
from engine.decision.forms import Json, simulation_json, step_json
from engine.decision.plan import Decision, Step
from engine.decision.simulation import Simulation
from engine.effects import Said
from engine.language.values import Item, Row, Value
from engine.portal.estimate import Cost
from engine.runtime.steps import Ended
from engine.runtime.store import Store
from engine.runtime.wire import dump, item_of, load, load_map
from engine.runtime.written import Written, from_rows, to_rows

RUNNING, WAITING, DONE, FAILED, UNKNOWN, LOOP = "running", "waiting", "done", "failed", "unknown", "loop"


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run to go on with: its row's head, its event, the facts it was decided on and its stored plan."""

    n: int
    event_n: int
    edition: str
    event: Event
    facts: Mapping[str, Value]
    form: Mapping[str, Json]
    tries: int


@dataclass(frozen=True, slots=True)
class StoredStep:
    """What became of a step: its status, result and confirmed writes."""

    status: str
    result: Value
    written: tuple[Written, ...]


class Runs:
    """The run and step tables of `store`."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    def open(self, event_n: int, edition: Edition, decision: Decision, facts: Facts) -> int:
        """Store the whole plan before its first action; return the run's number. Part of the transaction under way."""
        event = decision.event
        simulation = Simulation(decision, facts, explain(edition, decision, facts))
        form = simulation_json(simulation, edition.hash, edition.actions, {})
        # Thousands of rules that an event did not wake say nothing; deciding again from the stored facts tells them.
        form["rules"] = [rule for rule in _members(form["rules"]) if rule.get("outcome") != NOT_TRIGGERED]
        now = self._clock().isoformat()
        with self._store.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO run (event, edition, item, event_wire, facts, form, status, started, verdict_ru,"
                " verdict_en) VALUES (?,?,?,?,?,?,?,?,?,?)",
                (
                    event_n, edition.hash, str(event.item or ""), dump(event_values(event)),
                    dump(facts_values(facts)), json.dumps(form), RUNNING, now, *_words(form),
                ),
            )  # fmt: skip
            number = int(cursor.lastrowid or 0)
            connection.executemany(
                "INSERT INTO step (run, number, rule, action, status, key, reason) VALUES (?,?,?,?,?,?,?)",
                [
                    (
                        number,
                        step.number,
                        step.rule.id,
                        step.call.action,
                        step.status,
                        clean(str(step.key)),
                        clean(step.reason),
                    )
                    for step in decision.plan
                ],
            )
        return number

    def begin_step(self, run: int, number: int) -> None:
        """Note when a step began."""
        sql = "UPDATE step SET started = coalesce(started, ?) WHERE run = ? AND number = ?"
        self._store.execute(sql, (self._clock().isoformat(), run, number))

    def end_step(self, run: int, number: int, ended: Ended) -> None:
        """Store what became of a step. Part of the transaction under way."""
        self._store.execute(
            "UPDATE step SET status=?, key=?, reason=?, result=?, written=?, answers=?, discrepancies=?, ended=?"
            " WHERE run = ? AND number = ?",
            (
                ended.status, clean(ended.key), clean(ended.reason), dump(ended.result), dump(to_rows(ended.written)),
                json.dumps(list(ended.answers)), json.dumps([asdict(one) for one in ended.discrepancies]),
                self._clock().isoformat(), run, number,
            ),
        )  # fmt: skip

    def wait(self, run: int, number: int, at: float, reason: str) -> None:
        """The run waits until `at` (seconds since 1970) to try its step again."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE run SET status = 'waiting', next_try = ?, tries = tries + 1 WHERE n = ?", (at, run)
            )
            connection.execute(
                "UPDATE step SET reason = ? WHERE run = ? AND number = ?", (clean(reason), run, number)
            )

    def advance(self, run: int) -> None:
        """A step succeeded: the tries of the next one are counted afresh."""
        self._store.execute("UPDATE run SET status = 'running', tries = 0, next_try = 0 WHERE n = ?", (run,))

    def spend(self, run: int, cost: Cost) -> None:
        """Add what the portal was asked for the run."""
        self._store.execute(
            "UPDATE run SET requests = requests + ?, reads = reads + ?, writes = writes + ? WHERE n = ?",
            (cost.requests, cost.reads, cost.writes, run),
        )

    def close(self, run: int, status: str, said: Said) -> None:
        """The run has ended with `status`; its verdict is `said`. Part of the transaction under way."""
        self._store.execute(
            "UPDATE run SET status = ?, ended = ?, verdict_ru = ?, verdict_en = ? WHERE n = ?",
            (status, self._clock().isoformat(), clean(said.ru), clean(said.en), run),
        )

    def unfinished(self, now: float, zone: tzinfo) -> StoredRun | None:
        """Return the first run to go on with: one cut short, or one whose wait is over."""
        row = self._store.row(
            "SELECT * FROM run WHERE status = 'running' OR (status = 'waiting' AND next_try <= ?) ORDER BY n",
            (now,),
        )
        if row is None:
            return None
        event = read_event_values(load_map(row["event_wire"]), zone)
        facts, form = load_map(row["facts"]), json.loads(row["form"])
        return StoredRun(row["n"], row["event"], row["edition"], event, facts, form, row["tries"])

    def is_open(self) -> bool:
        """True where a run has not ended."""
        return self._store.row("SELECT 1 FROM run WHERE status IN ('running', 'waiting')") is not None

    def next_due(self) -> float | None:
        """Return when the earliest waiting run is due, in seconds since 1970."""
        row = self._store.row("SELECT min(next_try) FROM run WHERE status = 'waiting'")
        return float(row[0]) if row and row[0] is not None else None

    def steps(self, run: int) -> dict[int, StoredStep]:
        """Return what became of the run's steps by number."""
        rows = self._store.rows("SELECT * FROM step WHERE run = ?", (run,))
        return {
            row["number"]: StoredStep(
                row["status"], load(row["result"]), tuple(from_rows(load(row["written"])))
            )
            for row in rows
        }

    def chain_of(self, event: Event) -> list[str]:
        """Return the rules that fired in the chain of follow-ups that led to `event`, the first cause first."""
        rules: list[str] = []
        cause = event.cause
        while cause:
            row = self._store.row(
                "SELECT run.n, event.cause FROM run JOIN event ON event.n = run.event"
                " WHERE coalesce(nullif(event.id, ''), 'e-' || event.n) = ?",
                (cause,),
            )
            if row is None:
                break
            fired = self._store.rows(
                "SELECT DISTINCT rule FROM step WHERE run = ? ORDER BY number", (row["n"],)
            )
            rules[:0] = [one["rule"] for one in fired]
            cause = row["cause"]
        return list(dict.fromkeys(rules))


def clean(text: str) -> str:
    """Return text that a database and a page can hold: half surrogates replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_same_plan(form: Mapping[str, Json], plan: tuple[Step, ...]) -> bool:
    """True where a plan made again from the stored event and facts is the stored one."""
    return bool(form["plan"] == json.loads(json.dumps([step_json(step) for step in plan])))


def _members(forms: Json) -> list[dict[str, Json]]:
    return [form for form in forms if isinstance(form, dict)] if isinstance(forms, list) else []


def _words(form: Mapping[str, Json]) -> tuple[str, str]:
    verdict = form["verdict"]
    return (clean(str(verdict["ru"])), clean(str(verdict["en"]))) if isinstance(verdict, dict) else ("", "")


def event_values(event: Event) -> dict[str, Value]:
    """Return an event as named values."""
    return {
        "name": event.name,
        "id": event.id,
        "time": event.time,
        "item": event.item,
        "before": Row(tuple(event.before.items())),
        "by": event.by,
        "detail": event.detail,
        "depth": str(event.depth),
        "cause": event.cause,
    }


def read_event_values(values: Mapping[str, Value], zone: tzinfo) -> Event:
    """Return the event that `event_values` described."""
    item, before, time = values["item"], values["before"], values["time"]
    assert isinstance(time, datetime)
    return Event(
        name=str(values["name"]),
        id=str(values["id"]),
        time=time.astimezone(zone),
        item=item if isinstance(item, Item) else None,
        before=dict(before.values) if isinstance(before, Row) else {},
        by=str(values["by"]),
        detail=str(values["detail"]),
        depth=int(str(values["depth"])),
        cause=str(values["cause"]),
    )


def facts_values(facts: Facts) -> dict[str, Value]:
    """Return the items and roots of facts as named values."""
    items = tuple((str(item), Row(tuple(fields.items()))) for item, fields in facts.items.items())
    return {"items": Row(items), "roots": Row(tuple(facts.roots.items()))}


def read_facts_values(values: Mapping[str, Value], like: Facts) -> Facts:
    """Return facts with the stored items and roots, and the world, calendar and time of `like`."""
    items, roots = values["items"], values["roots"]
    known: dict[Item, Mapping[str, Value]] = {}
    for name, fields in items.values if isinstance(items, Row) else ():
        item = item_of(name)
        if item is not None and isinstance(fields, Row):
            known[item] = dict(fields.values)
    named = dict(roots.values) if isinstance(roots, Row) else {}
    return Facts(like.world, like.derivations, like.calendar, like.now, known, named)
