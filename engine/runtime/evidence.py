"""What the journal holds about one item: every event with what became of it, the newest first. Only reads.

Decides which rows speak of an item, and that the newest hundreds are enough: a rule that acted longer ago is found by
its steps. What the rows mean for a rule is `why.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from engine.decision.forms import Json
from engine.effects import Said
from engine.language.values import Item, Value
from engine.runtime.journal import StepLine
from engine.runtime.run_list import Wanted, find_numbers
from engine.runtime.store import Row, Store
from engine.runtime.wire import item_of, load_map

_MOST = 200
_EVENTS = (
    "SELECT n, name, item, lane, time, by, before, present, state, outcome, reason, next_try, edition, late"
    " FROM event"
)
_RUNS = (
    "SELECT n, event, item, event_name, event_time, event_by, edition, form, status, verdict_ru, verdict_en, late"
    " FROM run"
)


@dataclass(frozen=True, slots=True)
class RunPart:
    """What a run says: the rules that its event woke with their outcomes (CONTRACT's JSON), its steps, its end."""

    n: int
    status: str
    said: Said
    rules: Mapping[str, Mapping[str, Json]]
    steps: tuple[StepLine, ...]

    @property
    def is_open(self) -> bool:
        """True while it is under way."""
        return self.status in ("running", "waiting")


@dataclass(frozen=True, slots=True)
class Case:
    """One event: row `n`, what it turned out to be, and its run where it had one.

    `before` and `after` hold what changed where the journal kept it (`is_told`).
    """

    n: int
    name: str
    item: Item | None
    time: datetime
    by: str
    lane: str
    edition: str
    is_late: bool
    state: str = "done"
    outcome: str = "run"
    reason: str = ""
    next_try: float = 0.0
    before: Mapping[str, Value] = field(default_factory=dict)
    after: Mapping[str, Value] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    run: RunPart | None = None


class Evidence:
    """Reads `store`; times are given in `zone`. What was read of an item once is not read again."""

    def __init__(self, store: Store, zone: tzinfo) -> None:
        self._store, self._zone = store, zone
        self._known: dict[Item, list[Case]] = {}

    def of(self, item: Item) -> list[Case]:
        """Return the item's events, the newest first."""
        if item not in self._known:
            where = " WHERE item = ? AND item <> '' AND outcome <> 'run' ORDER BY n DESC LIMIT ?"
            rows = self._store.rows(_EVENTS + where, (str(item), _MOST))
            cases = [self._unrun(row) for row in rows if row["outcome"] not in ("coalesced", "answered")]
            # An event under way has its run already.
            runs = list(self._runs(find_numbers(self._store, Wanted(item=str(item), limit=_MOST))))
            begun = {case.n for case in runs}
            cases = [case for case in cases if case.n not in begun]
            self._known[item] = sorted([*cases, *runs], key=lambda case: case.n, reverse=True)
        return self._known[item]

    def acted(self, item: Item, rule: str) -> list[Case]:
        """Return the item's events by which the rule was to act, the newest first, however long ago."""
        return list(self._runs(find_numbers(self._store, Wanted(item=str(item), rule=rule, limit=20))))

    def named(self, name: str) -> list[Case]:
        """Return the events of a name that led to a run, the newest first."""
        return list(self._runs(find_numbers(self._store, Wanted(event=name, limit=_MOST))))

    def _unrun(self, row: Row) -> Case:
        before = load_map(row["before"])
        return Case(
            row["n"], row["name"], item_of(row["item"]), self._time(row["time"]), row["by"], row["lane"],
            row["edition"], bool(row["late"]), row["state"], row["outcome"], row["reason"],
            float(row["next_try"]), before, load_map(row["present"]), tuple(before),
        )  # fmt: skip

    def _runs(self, numbers: Sequence[int]) -> Iterator[Case]:
        if not numbers:
            return
        marks = ",".join("?" * len(numbers))
        steps: dict[int, list[StepLine]] = {}
        found = "SELECT run, number, rule, action, call, status, reason FROM step"
        for row in self._store.rows(f"{found} WHERE run IN ({marks}) ORDER BY run, number", numbers):
            line = StepLine(
                row["number"], row["rule"], row["action"], row["status"], row["reason"], row["call"]
            )
            steps.setdefault(row["run"], []).append(line)
        for row in self._store.rows(f"{_RUNS} WHERE n IN ({marks}) ORDER BY n DESC", numbers):
            yield self._case(row, tuple(steps.get(row["n"], ())))

    def _case(self, row: Row, steps: tuple[StepLine, ...]) -> Case:
        form = json.loads(row["form"])
        rules = {str(one["id"]): one for one in form.get("rules", ())}
        said = Said(row["verdict_ru"], row["verdict_en"])
        changed = tuple(form.get("event", {}).get("before", ()))
        return Case(
            row["event"], row["event_name"], item_of(row["item"]), self._time(row["event_time"]), row["event_by"], "",
            row["edition"], bool(row["late"]), changed=changed,
            run=RunPart(row["n"], row["status"], said, rules, steps),
        )  # fmt: skip

    def _time(self, text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(self._zone)
