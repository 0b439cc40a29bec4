"""How fast the registers answer: 20,000 acts with their deals, invoices and clients, any filter, both exports.

Decides the work and the bounds; the state is a file in a temporary folder, filled as the engine fills it. Knows no
command line.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

from engine.language.values import Item, Money, Value
from engine.registers.export import write_export
from engine.registers.opening import Office, open_registers
from engine.registers.query import Query
from engine.runtime.baseline import missing_entities
from engine.runtime.snapshot import save_snapshot
from engine.runtime.store import Store
from engine.runtime.wire import dump
from engine.workshop import Workshop

FILTER_SECONDS, EXPORT_SECONDS, EXPORT_MEMORY = 0.3, 5.0, 48.0
ACTS = 20_000
FILTERS: Mapping[str, Query] = {
    "all, sorted by date": Query("acts"),
    "preset unsigned": Query("acts", preset="unsigned"),
    "preset overdue": Query("acts", preset="overdue", sort="due_at"),
    "preset signed_unpaid": Query("acts", preset="signed_unpaid"),
    "amount and client": Query(
        "acts", where='amount > money(100000, "RUB") and contains(client.short_name, "7")', sort="-amount"
    ),
    "pattern": Query("acts", where='matches(client.short_name, "^ООО .*1[0-9]»$")'),
    "deal's stage": Query("acts", where='deal.stage == "documents_sent"', sort="deal.title"),
    "loop over invoices": Query("acts", where='any(i.state == "part" for i in deal.invoices)'),
    "loop over acts": Query("acts", where="len(deal.acts) > 1 and all(a.accepted for a in deal.acts)"),
    "working days": Query("acts", where="unsigned and workdays_between(sent_at.date, today) > 10"),
    "state and text": Query("acts", where='state == "overdue" or contains(deal.payment_summary, "частично")'),
    "search": Query("acts", search="контора 77"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: its name, the value, the bound (None: none), what it is counted in."""

    name: str
    value: float
    bound: float | None
    unit: str

    @property
    def is_met(self) -> bool:
        """True where the bound holds or there is none."""
        return self.bound is None or self.value <= self.bound


def measure(
    workshop: Workshop, store: Store, folder: Path, now: datetime, acts: int = ACTS, rounds: int = 3
) -> Iterator[Figure]:
    """Yield the figures of `acts` acts in an empty store; each question's best of some rounds."""
    fill_state(workshop, store, now, acts)
    office = open_registers(workshop, store, lambda: now)
    with _timed() as took:
        office.refresh()
    yield Figure("first fill", took[0], None, "s")
    for name, query in FILTERS.items():
        yield Figure(name, _best(partial(office.registers.select, query), rounds), FILTER_SECONDS, "s")
    yield Figure(
        "counts of presets", _best(lambda: office.registers.counts(Query("acts")), rounds), None, "s"
    )
    for ending in ("xlsx", "csv"):
        file = folder / f"acts.{ending}"
        seconds = _best(partial(_export, office, file), 1)
        yield Figure(f"{ending} of all", seconds, EXPORT_SECONDS, "s")
    yield Figure("memory of an export", _memory(office, folder), EXPORT_MEMORY, "MB")
    yield Figure("one change", _one_change(store, office, now), None, "s")


def _export(office: Office, file: Path) -> None:
    write_export(office.registers, Query("acts"), file, "ru", "Reglament")


def _best(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        with _timed() as took:
            work()
        times.append(took[0])
    return min(times)


def _memory(office: Office, folder: Path) -> float:
    """Return the most that an export holds at once, in megabytes, the database's own pages apart."""
    tracemalloc.start()
    _export(office, folder / "memory.xlsx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def _one_change(store: Store, office: Office, now: datetime) -> float:
    with store.transaction():
        save_snapshot(store, Item("invoice", "7"), {"paid": Money(Decimal(1), "RUB")}, now)
    with _timed() as took:
        office.refresh()
    return took[0]


@contextmanager
def _timed() -> Iterator[list[float]]:
    took = [0.0]
    begun = time.perf_counter()
    yield took
    took[0] = time.perf_counter() - begun


def fill_state(workshop: Workshop, store: Store, now: datetime, acts: int) -> None:
    """Put snapshots of a company with so many acts into the store, as the first reading would."""
    office = _Office(Random(7), now)  # noqa: S311 — the same company every time
    with store.transaction() as connection:
        for item, fields in office.items(acts):
            save_snapshot(store, item, fields, now)
        for number in range(1, 21):
            fields = {"name": f"Сотрудник {number}", "email": f"u{number}@company.example", "active": True}
            connection.execute(
                "INSERT INTO register_person (id, fields) VALUES (?, ?)", (str(number), dump(fields))
            )
        for number in range(1, 401):
            name = f"ООО «Контора {number}»"
            paper = {
                "ID": str(number),
                "ENTITY_ID": str(number),
                "RQ_COMPANY_NAME": name,
                "RQ_INN": f"77{number:08}",
            }
            connection.execute(
                "INSERT INTO register_paper (company, name, requisites) VALUES (?, ?, ?)",
                (str(number), name, json.dumps([paper])),
            )
        for entity in missing_entities(store, workshop.settings.world):
            connection.execute("INSERT INTO baseline VALUES (?, ?)", (entity, now.isoformat()))


class _Office:
    """A company that is made up: 400 clients, a deal for every two acts, an invoice for every act."""

    def __init__(self, random: Random, now: datetime) -> None:
        self._random, self._now = random, now

    def items(self, acts: int) -> Iterator[tuple[Item, dict[str, Value]]]:
        """Yield every item with its fields."""
        for number in range(1, 401):
            yield (
                Item("company", str(number)),
                {"title": f"ООО «Контора {number}»", "email": f"c{number}@c.example"},
            )
        for number in range(1, acts // 2 + 1):
            yield Item("deal", str(number)), self._deal(number)
        for number in range(1, acts + 1):
            amount = Money(Decimal(self._random.randrange(10_000_00, 300_000_00)) / 100, "RUB")
            yield Item("act", str(number)), self._act(number, amount)
            yield Item("invoice", str(number)), self._invoice(number, amount)

    def _deal(self, number: int) -> dict[str, Value]:
        return {
            "title": f"Внедрение портала № {number}",
            "pipeline": "customisation",
            "stage": self._random.choice(
                ["in_work", "documents_sent", "invoice_paid", "won_review_requested"]
            ),
            "amount": Money(Decimal(250_000), "RUB"),
            "stage_plan": "50 %, 50 %",
            "manager": Item("user", str(number % 20 + 1)),
            "client": Item("company", str(number % 400 + 1)),
            "contract": None,
        }

    def _act(self, number: int, amount: Money) -> dict[str, Value]:
        made = self._now - timedelta(days=self._random.randrange(700))
        is_signed = self._random.random() < 0.8
        return {
            "number": f"А-{made.year}/{number:05}",
            "date": made.date(),
            "stage_no": Decimal(number % 2 + 1),
            "title": f"Акт {number}",
            "amount": amount,
            "vat": Money(Decimal(0), "RUB"),
            "deal": Item("deal", str((number + 1) // 2)),
            "contract": None,
            "client": Item("company", str(((number + 1) // 2) % 400 + 1)),
            "manager": Item("user", str(number % 20 + 1)),
            "document": None,
            "scan": None,
            "form": "scan",
            "original_received_at": date(2026, 1, 12) if number % 50 == 0 else None,
            "signed": is_signed,
            "signed_at": made if is_signed else None,
            "sent_at": made,
            "due_at": made + timedelta(days=7),
            "cancelled": number % 97 == 0,
            "refusal": "Есть замечания" if number % 211 == 0 else None,
            "folder": None,
        }

    def _invoice(self, number: int, amount: Money) -> dict[str, Value]:
        paid = self._random.choice([Decimal(0), amount.amount / 2, amount.amount, amount.amount])
        return {
            "number": f"СЧ-{number:05}",
            "date": self._now.date(),
            "title": f"Счёт {number}",
            "amount": amount,
            "paid": Money(paid, "RUB"),
            "deal": Item("deal", str((number + 1) // 2)),
            "client": Item("company", str(((number + 1) // 2) % 400 + 1)),
            "cancelled": False,
        }
