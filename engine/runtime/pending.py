"""Everything that waits for a person: questions, doubtful payments, outcomes nobody knows, brakes that tripped.

Reads and changes nothing. What else is kept for people comes through `sources`, so that this list need not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from engine.effects import Said
from engine.runtime.brakes import ALL
from engine.runtime.questions import list_questions
from engine.runtime.store import Store

_RUNS = {
    "unknown": Said("исход шага неизвестен", "nobody knows what became of a step"),
    "failed": Said("запуск остановился", "the run has stopped"),
    "loop": Said("правила ходят по кругу", "the rules go round in circles"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits. `kind`: `question`, `unknown`, `failed`, `loop`, `held`, `brake`, `bank`, a source's own.

    `id` is its number or name within its kind; `whom` are ids of the portal's users, empty for anybody; `mend` is the
    command that settles it.
    """

    kind: str
    id: str
    item: str
    said: Said
    since: datetime
    mend: str
    whom: tuple[str, ...] = ()


Source: TypeAlias = Callable[[Store], Iterable[Waiting]]


def pending(store: Store, sources: Sequence[Source] = (), *, person: str = "") -> list[Waiting]:
    """Return what waits for people, the oldest first; with `person` only what waits for that user or for anybody."""
    found: list[Waiting] = []
    for source in (_questions, _payments, _runs, _brakes, *sources):
        found.extend(one for one in source(store) if not person or not one.whom or person in one.whom)
    return sorted(found, key=lambda one: (one.since, one.kind, one.id))


def _questions(store: Store) -> Iterator[Waiting]:
    for one in list_questions(store):
        listed = " | ".join(one.choices)
        text = f"{one.text} ({listed})"
        mend = f"engine queue answer {one.id} {one.choices[0]}"
        yield Waiting("question", str(one.id), str(one.item), Said(text, text), one.at, mend, one.asked)


def _payments(store: Store) -> Iterator[Waiting]:
    for row in store.rows(
        "SELECT n, at, amount, why_ru, why_en FROM bank_line WHERE state = 'queued' ORDER BY n"
    ):
        amount, number = row["amount"], str(row["n"])
        said = Said(f"поступило {amount}: {row['why_ru']}", f"received {amount}: {row['why_en']}")
        yield Waiting(
            "bank", number, "", said, datetime.fromisoformat(row["at"]), f"engine bank assign {number}"
        )


def _runs(store: Store) -> Iterator[Waiting]:
    rows = store.rows(
        "SELECT n, status, item, title, started, ended, verdict_ru, verdict_en FROM run"
        " WHERE status IN ('unknown', 'failed', 'loop', 'held') ORDER BY n"
    )
    for row in rows:
        why = _RUNS.get(row["status"])
        said = Said(row["verdict_ru"], row["verdict_en"])
        if not said.ru:
            said = why or Said("запуск остановлен", "the run is held")
        since = datetime.fromisoformat(row["ended"] or row["started"])
        number = str(row["n"])
        # A run that a brake holds goes on when the brake is released.
        mend = (
            f"engine runs show {number}"
            if row["status"] in ("held", "loop")
            else f"engine runs retry {number}"
        )
        yield Waiting(row["status"], number, row["item"], said, since, mend)


def _brakes(store: Store) -> Iterator[Waiting]:
    for row in store.rows("SELECT * FROM brake ORDER BY since, name"):
        is_pause = row["name"] == ALL
        mend = "engine resume" if is_pause else f"engine resume {row['name']}"
        said = Said(row["reason_ru"], row["reason_en"])
        yield Waiting("brake", row["name"], "", said, datetime.fromisoformat(row["since"]), mend)
