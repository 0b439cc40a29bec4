"""The journal's writing side: runs and their steps as rows.

Decides what of a run is kept: the event and the facts it was decided on, so that the stored plan can be gone on
with, the plan as CONTRACT shows it, and what became of each step. `journal.py` reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.explain import NOT_TRIGGERED, explain_woken
from engine.decision.facts import Facts
from engine.decision.forms import Json, simulation_json
from engine.decision.plan import PLANNED, Decision, Step
from engine.decision.simulation import Simulation
from engine.effects import Said
from engine.language.values import Item, Row, Value
from engine.portal.estimate import Cost
from engine.runtime.running import result_of_unplanned
from engine.runtime.steps import Ended
from engine.runtime.store import Connection, Store
from engine.runtime.store import Row as DbRow
from engine.runtime.wire import dump, item_of, load, load_map
from engine.runtime.written import Written, from_rows, to_rows

RUNNING, WAITING, DONE, FAILED, UNKNOWN, LOOP = "running", "waiting", "done", "failed", "unknown", "loop"
HELD, RETRIED, UNDONE = "held", "retried", "undone"
# SQLite takes a limited number of values in one statement.
_STEPS_AT_ONCE = 50
_LONGEST_WORDS = 600


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as stored: its row's head, its event and the facts it was decided on."""

    n: int
    event_n: int
    edition: str
    event: Event
    facts: Mapping[str, Value]
    status: str
    tries: int
    retry_of: int | None
    verdict: Said
    started: datetime


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A step as planned, and what became of it: its status, result and confirmed writes.

    `call` is the position of the action in its rule.
    """

    number: int
    rule: str
    action: str
    call: int
    status: str
    key: str
    reason: str
    planned_id: str
    result: Value
    written: tuple[Written, ...]


def found_by(event: Event, facts: Facts) -> str:
    """Return what people look for a run by, in lower case: the item, and all that it is tied to but for users."""
    items = [one for one in facts.items if one.entity != "user" and not one.is_planned]
    first = [event.item] if event.item is not None else []
    names = [str(event.item or ""), *(str(facts.display(one)) for one in (*first, *items))]
    names += [inn for one in items if isinstance(inn := facts.items[one].get("inn"), str)]
    return " ".join(dict.fromkeys(names)).casefold()[:_LONGEST_WORDS]


class Runs:
    """The run and step tables of `store`."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    def open(
        self, event_n: int, edition: Edition, decision: Decision, facts: Facts, *,
        is_late: bool = False, retry_of: int | None = None,
    ) -> int:  # fmt: skip
        """Store the whole plan before its first action; return the run's number. Part of the transaction under way."""
        event = decision.event
        # Thousands of rules that an event did not wake say nothing; deciding again from the stored facts tells them.
        woken = [one for one in explain_woken(edition, decision, facts) if one.outcome != NOT_TRIGGERED]
        form = simulation_json(Simulation(decision, facts, tuple(woken)), edition.hash, edition.actions, {})
        head = form["event"]
        title = str(head.get("title", "")) if isinstance(head, dict) else ""
        with self._store.transaction() as connection:
            row = connection.execute(
                "INSERT INTO run (event, edition, item, event_wire, facts, form, status, started, verdict_ru,"
                " verdict_en, title, changed, late, retry_of, event_name, event_by, event_time, words)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING n",
                (
                    event_n, edition.hash, str(event.item or ""), dump(event_values(event)),
                    dump(facts_values(facts)), json.dumps(form), RUNNING, self._clock().isoformat(), *_words(form),
                    clean(title), json.dumps(sorted(event.before)), int(is_late), retry_of,
                    event.name, event.by, event.time.isoformat(), clean(found_by(event, facts)),
                ),
            ).fetchone()  # fmt: skip
            assert row is not None
            number = int(row[0])
            if decision.plan:
                self._insert_steps(connection, number, decision.plan)
        return number

    @staticmethod
    def _insert_steps(connection: Connection, run: int, plan: Sequence[Step]) -> None:
        rows = [
            (
                run, step.number, step.rule.id, step.call.action, position_of(step), step.planned_id, step.status,
                clean(str(step.key)), clean(step.reason),
                dump(None if step.status == PLANNED else result_of_unplanned(step)),
            )
            for step in plan
        ]  # fmt: skip
        for at in range(0, len(rows), _STEPS_AT_ONCE):
            some = rows[at : at + _STEPS_AT_ONCE]
            places = ",".join(["(?,?,?,?,?,?,?,?,?,?)"] * len(some))
            connection.execute(
                "INSERT INTO step (run, number, rule, action, call, planned_id, status, key, reason, result)"  # noqa: S608
                f" VALUES {places}",
                [value for row in some for value in row],
            )

    def end_step(self, run: int, number: int, ended: Ended, started: datetime | None = None) -> None:
        """Store what became of a step that was begun at `started`. Part of the transaction under way."""
        now = self._clock().isoformat()
        self._store.write(
            "UPDATE step SET status=?, key=?, reason=?, result=?, written=?, answers=?, discrepancies=?,"
            " started = coalesce(started, ?), ended=? WHERE run = ? AND number = ?",
            (
                ended.status, clean(ended.key), clean(ended.reason), dump(ended.result), dump(to_rows(ended.written)),
                json.dumps(list(ended.answers)), json.dumps([asdict(one) for one in ended.discrepancies]),
                now if started is None else started.isoformat(), now, run, number,
            ),
        )  # fmt: skip

    def wait(self, run: int, number: int, reason: str) -> None:
        """The run waits to try its step again."""
        with self._store.transaction() as connection:
            connection.execute("UPDATE run SET status = 'waiting', tries = tries + 1 WHERE n = ?", (run,))
            connection.execute(
                "UPDATE step SET reason = ? WHERE run = ? AND number = ?", (clean(reason), run, number)
            )

    def advance(self, run: int) -> None:
        """A step succeeded after tries: those of the next one are counted afresh."""
        self._store.write("UPDATE run SET status = 'running', tries = 0 WHERE n = ?", (run,))

    def spend(self, run: int, cost: Cost) -> None:
        """Add what the portal was asked for the run."""
        if cost != Cost():
            self._store.write(
                "UPDATE run SET requests = requests + ?, reads = reads + ?, writes = writes + ? WHERE n = ?",
                (cost.requests, cost.reads, cost.writes, run),
            )

    def close(self, run: int, status: str, said: Said | None = None) -> None:
        """The run has ended with `status`; `said` takes the verdict's place. Part of the transaction under way."""
        now = self._clock().isoformat()
        if said is None:
            self._store.write("UPDATE run SET status = ?, ended = ? WHERE n = ?", (status, now, run))
        else:
            self._store.write(
                "UPDATE run SET status = ?, ended = ?, verdict_ru = ?, verdict_en = ? WHERE n = ?",
                (status, now, clean(said.ru), clean(said.en), run),
            )

    def reopen(self, run: int) -> None:
        """A person has the run gone on with: its failed and unknown steps are to be done again."""
        with self._store.transaction() as connection:
            row = connection.execute("SELECT form FROM run WHERE n = ?", (run,)).fetchone()
            assert row is not None
            connection.execute(
                "UPDATE run SET status = 'running', tries = 0, ended = NULL, verdict_ru = ?, verdict_en = ?"
                " WHERE n = ?",
                (*_words(json.loads(row["form"])), run),
            )
            connection.execute(
                "UPDATE step SET status = 'planned', reason = '' WHERE run = ? AND status IN ('failed', 'unknown')",
                (run,),
            )

    def of_event(self, event_n: int, zone: tzinfo) -> StoredRun | None:
        """Return the run of an inbox row, None where none was opened."""
        return self._stored(self._store.row("SELECT * FROM run WHERE event = ?", (event_n,)), zone)

    def find(self, number: int, zone: tzinfo) -> StoredRun | None:
        """Return a run by its number."""
        return self._stored(self._store.row("SELECT * FROM run WHERE n = ?", (number,)), zone)

    @staticmethod
    def _stored(row: DbRow | None, zone: tzinfo) -> StoredRun | None:
        if row is None:
            return None
        event = read_event_values(load_map(row["event_wire"]), zone)
        said = Said(row["verdict_ru"], row["verdict_en"])
        return StoredRun(
            row["n"], row["event"], row["edition"], event, load_map(row["facts"]), row["status"], row["tries"],
            row["retry_of"], said, datetime.fromisoformat(row["started"]),
        )  # fmt: skip

    def steps(self, run: int) -> list[StoredStep]:
        """Return the run's steps in their order."""
        rows = self._store.rows("SELECT * FROM step WHERE run = ? ORDER BY number", (run,))
        return [
            StoredStep(
                row["number"], row["rule"], row["action"], row["call"], row["status"], row["key"], row["reason"],
                row["planned_id"], load(row["result"]), tuple(from_rows(load(row["written"]))),
            )
            for row in rows
        ]  # fmt: skip

    def chain_of(self, event: Event) -> list[str]:
        """Return the rules that fired in the chain of follow-ups that led to `event`, the first cause first."""
        rules: list[str] = []
        cause = event.cause
        while cause:
            # Ids of our own follow-ups grow from the first event's row; that one has no id of its own.
            found = re.fullmatch(r"e-(\d+)", cause)
            row = self._store.row(
                "SELECT run.n, event.cause FROM run JOIN event ON event.n = run.event"
                " WHERE event.n = ? OR event.id = ?",
                (int(found[1]) if found else -1, cause),
            )
            if row is None:
                break
            fired = self._store.rows(
                "SELECT rule FROM step WHERE run = ? GROUP BY rule ORDER BY min(number)", (row["n"],)
            )
            rules[:0] = [one["rule"] for one in fired]
            cause = row["cause"]
        return list(dict.fromkeys(rules))


def clean(text: str) -> str:
    """Return text that a database and a page can hold: half surrogates replaced, no NUL."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def position_of(step: Step) -> int:
    """Return which action of its rule a step is, from 0."""
    return next(at for at, call in enumerate(step.rule.actions) if call is step.call)


def plan_of(steps: Sequence[StoredStep], edition: Edition) -> tuple[Step, ...]:
    """Return stored steps as a plan of `edition`. Raises LookupError where a rule or action is not the stored one."""
    plan: list[Step] = []
    for one in steps:
        rule = edition.by_id[one.rule]
        call = rule.actions[one.call] if 0 <= one.call < len(rule.actions) else None
        if call is None or call.action != one.action or call.action not in edition.actions:
            raise LookupError(f"step {one.number}: {one.rule} has no such action {one.action}")
        plan.append(
            Step(
                one.number, rule, call, one.status, key=one.key, reason=one.reason, planned_id=one.planned_id
            )
        )
    return tuple(plan)


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
    roots = values["roots"]
    named = dict(roots.values) if isinstance(roots, Row) else {}
    return Facts(like.world, like.derivations, like.calendar, like.now, read_items(values), named)


def read_items(values: Mapping[str, Value]) -> dict[Item, Mapping[str, Value]]:
    """Return the items of stored facts with their fields."""
    items = values["items"]
    known: dict[Item, Mapping[str, Value]] = {}
    for name, fields in items.values if isinstance(items, Row) else ():
        item = item_of(name)
        if item is not None and isinstance(fields, Row):
            known[item] = dict(fields.values)
    return known
