"""The journal forgets by time: failures later, what is open never, what holds a key keeps its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.runtime.embedded import EmbeddedStore
from engine.runtime.intents import DONE, Intents
from engine.runtime.journal import Journal
from engine.runtime.retention import prune
from engine.runtime.run_list import Wanted
from engine.runtime.store import Connection, Store
from engine.setup import Keep
from tests.runtime.journal_case import START, ZONE, put_edition, put_run
from tests.runtime.service_case import DEAL, running

KEEP = Keep(180, 730)
NOW = START + timedelta(days=1000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = EmbeddedStore(tmp_path / "engine.db")
    yield found
    found.close()


def put(
    connection: Connection, n: int, days_ago: int, *, state: str = "done", outcome: str = "run", **run: object
) -> None:
    """An event of `days_ago` with its run (none where the outcome is another one)."""
    at = (NOW - timedelta(days=days_ago)).isoformat()
    connection.execute(
        "INSERT INTO event (n, kind, name, item, lane, time, received, state, outcome)"
        " VALUES (?, 'delivery', 'deal.updated', 'deal/1', 'deal/1', ?, ?, ?, ?)",
        (n, at, at, state, outcome),
    )
    if outcome == "run":
        put_run(connection, n, {"started": at, "edition": "sha256:old", **run})


@pytest.fixture
def aged(store: Store) -> Store:
    return age(store)


def age(store: Store) -> Store:
    """Put events of many ages, numbered in the order of time."""
    with store.transaction() as connection:
        put_edition(connection, "sha256:old", NOW - timedelta(days=900))
        put_edition(connection, "sha256:unused", NOW - timedelta(days=900))
        put_edition(connection, "sha256:force", NOW - timedelta(days=900))
        put_edition(connection, "sha256:young", NOW - timedelta(days=10))
        put(connection, 1, 900)
        put(connection, 2, 890, status="failed")
        put(connection, 3, 880, status="waiting", state="running")
        put(connection, 4, 800, outcome="failed")
        put(connection, 5, 790)
        put(connection, 6, 200, status="unknown")
        put(connection, 7, 199, outcome="no_change")
        put(connection, 8, 198, outcome="failed")
        put(connection, 9, 197, state="waiting", outcome="")
        put(connection, 10, 179)
        connection.execute(
            "INSERT INTO intent (key, run, step, state, at) VALUES ('act 118/1', 5, 1, 'done', ?)",
            (NOW.isoformat(),),
        )
        connection.execute(
            "INSERT INTO number (series, owner, year, n, text, key, at) VALUES ('act', '1', 2026, 1, 'А-1', 'act 118/1', ?)",
            (NOW.isoformat(),),
        )
    return store


def numbers(store: Store, table: str) -> list[int]:
    return [row[0] for row in store.rows(f"SELECT n FROM {table} ORDER BY n")]


def test_what_is_over_goes_and_what_must_stay_stays(aged: Store) -> None:
    assert prune(aged, NOW, KEEP, {"sha256:force"}) == 4
    assert numbers(aged, "event") == [3, 5, 6, 8, 9, 10]
    assert numbers(aged, "run") == [3, 5, 6, 10]
    assert [row[0] for row in aged.rows("SELECT DISTINCT run FROM step ORDER BY run")] == [3, 5, 6, 10]
    assert Intents(aged).find("act 118/1").state == DONE
    assert numbers(aged, "number") == [1]
    assert prune(aged, NOW, KEEP, {"sha256:force"}) == 0


def test_a_run_whose_key_holds_keeps_its_line_and_steps(aged: Store) -> None:
    prune(aged, NOW, KEEP, ())
    journal = Journal(aged)
    assert 5 in [line.n for line in journal.list_runs(Wanted())]
    shown = journal.run(5)
    assert shown is not None
    assert (shown["shortened"], shown["rules"], shown["status"]) == (True, [], "done")
    assert [(one["action"], one["status"]) for one in shown["plan"]] == [("notify", "done")]  # type: ignore[union-attr,call-overload,index]


def test_editions_go_when_nobody_needs_them(aged: Store) -> None:
    prune(aged, NOW, KEEP, {"sha256:force"})
    assert [row[0] for row in aged.rows("SELECT hash FROM edition ORDER BY hash")] == [
        "sha256:force",
        "sha256:old",
        "sha256:young",
    ]
    assert len(aged.rows("SELECT * FROM edition_file")) == 3


def test_many_go_in_small_bites(store: Store) -> None:
    with store.transaction() as connection:
        put_edition(connection, "sha256:old")
        for n in range(1, 1001):
            put(connection, n, 300)
    biggest = [0]
    taken = store.transaction

    def counted() -> object:
        biggest.append(0)
        return taken()

    store.transaction = counted  # type: ignore[method-assign,assignment]
    assert prune(store, NOW, KEEP, ()) == 1000
    assert len(biggest) - 1 >= 5
    assert numbers(store, "run") == []


def test_a_journal_without_rows(store: Store) -> None:
    assert prune(store, datetime.now().astimezone(), KEEP, ()) == 0


RULES = """
ruleset: test
title: Проверка
rules:
  - id: mark
    title: Сделка переименована
    triggers: [changed: deal.title]
    actions:
      - field.set: {deal.stage_plan: "50 %, 50 %"}
"""


def test_a_running_engine_forgets_and_goes_on(tmp_path: Path) -> None:
    ahead = [timedelta(0)]
    with running(tmp_path, RULES, clock=lambda: datetime.now(ZONE) + ahead[0]) as live:
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        assert [run.status for run in live.runs()] == ["done"]
        live.service._prune()
        assert len(live.runs()) == 1
        ahead[0] = timedelta(days=181)
        live.service._prune()
        assert live.runs() == []
        live.person.update(DEAL, 118, {"title": "Два"})
        live.settle()
        assert [run.status for run in live.runs()] == ["done"]
