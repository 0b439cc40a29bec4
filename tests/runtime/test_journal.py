"""The list of runs: filters, pages, and that a hundred thousand runs cost no more than a hundred."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.runtime.embedded import EmbeddedStore
from engine.runtime.journal import Journal
from engine.runtime.run_list import Wanted, first_since, query_of
from engine.runtime.store import Store
from tests.runtime.journal_case import fill, started, status_of

SMALL, LARGE = 2_000, 100_000
FILTERS = {
    "all": Wanted(),
    "item": Wanted(item="deal/7"),
    "rule": Wanted(rule="test/rule-3"),
    "rare rule": Wanted(rule="rare/rule"),
    "status": Wanted(status="failed"),
    "event": Wanted(event="deal.created"),
    "late": Wanted(is_late=True),
    "time": Wanted(since=started(500), until=started(900)),
    "item and status": Wanted(item="deal/1", status="unknown"),
    "rule of an item": Wanted(rule="test/rule-3", item="deal/3"),
    "unknown": Wanted(item="deal/99999"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = EmbeddedStore(tmp_path / "engine.db")
    yield found
    found.close()


def matches(wanted: Wanted, n: int) -> bool:
    """The same, said of one run of `fill`."""
    rule = "rare/rule" if n % 5000 == 0 else f"test/rule-{n % 10}"
    name = "deal.created" if n % 500 == 0 else "deal.updated"
    return (
        wanted.item in ("", f"deal/{n % 1000}")
        and wanted.rule in ("", rule)
        and wanted.status in ("", status_of(n))
        and wanted.event in ("", name)
        and (wanted.since is None or started(n) >= wanted.since)
        and (wanted.until is None or started(n) < wanted.until)
        and (not wanted.is_late or n % 200 == 0)
        and (not wanted.before or n < wanted.before)
    )


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_finds_what_it_says_page_by_page(store: Store, name: str) -> None:
    fill(store, SMALL)
    wanted, journal = replace(FILTERS[name], limit=7), Journal(store)
    expected = [n for n in range(SMALL, 0, -1) if matches(FILTERS[name], n)]
    found: list[int] = []
    for _ in range(5):
        page = [line.n for line in journal.list_runs(wanted)]
        found += page
        if not page:
            break
        wanted = replace(wanted, before=page[-1])
    assert found == expected[:35]


def test_a_line_says_what_happened(store: Store) -> None:
    fill(store, 3)
    with store.transaction() as connection:
        connection.execute("UPDATE run SET retry_of = 1, late = 1, status = 'undone' WHERE n = 3")
    line = Journal(store).last_runs(1)[0]
    assert (line.n, line.item, line.title, line.changed) == (3, "deal/3", "Сделка 3", ("stage",))
    assert (line.retry_of, line.is_late, line.status, line.time) == (1, True, "undone", started(3))
    assert [(step.rule, step.status) for step in line.steps] == [("test/rule-3", "done")]


@pytest.mark.parametrize("offset", [-1, 0, 1, 1500])
def test_a_moment_becomes_a_number(store: Store, offset: int) -> None:
    assert first_since(store, "run", "started", started(1)) == 0
    fill(store, 40)
    store.execute("DELETE FROM step WHERE run BETWEEN 10 AND 20")
    store.execute("DELETE FROM run WHERE n BETWEEN 10 AND 20")
    kept = [n for n in range(1, 41) if not 10 <= n <= 20]
    moment = started(15) + timedelta(seconds=offset)
    number = first_since(store, "run", "started", moment)
    assert [n for n in kept if n >= number] == [n for n in kept if started(n) >= moment]


def test_a_hundred_thousand_runs_stay_quick(store: Store) -> None:
    fill(store, LARGE)
    journal = Journal(store)
    for name, given in FILTERS.items():
        for wanted in (given, replace(given, before=LARGE // 2)):
            sql, values = query_of(store, wanted)
            plan = [str(row["detail"]) for row in store.rows(f"EXPLAIN QUERY PLAN {sql}", values)]
            # `run` is walked backwards by its key and left after a page; any other walk must be a search.
            walks = [step for step in plan if step.startswith("SCAN") and step != "SCAN run"]
            assert not walks or any("USING" in walk for walk in walks), (name, plan)
            assert not any("TEMP B-TREE" in step for step in plan), (name, plan)
            assert spent(journal, wanted) < 0.15, name
    inbox = min(_timed(journal.inbox) for _ in range(3))
    assert inbox < 0.1


def spent(journal: Journal, wanted: Wanted) -> float:
    """The best of three, in seconds: on a busy machine only the best says something."""
    return min(_timed(lambda: journal.list_runs(wanted)) for _ in range(3))


def _timed(work: object) -> float:
    assert callable(work)
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
