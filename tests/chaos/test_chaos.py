"""A handful of schedules, and a judge that sees what it should."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from engine.runtime.embedded import EmbeddedStore
from tests.chaos.__main__ import run_group
from tests.chaos.judge import compare, number_faults, order_faults
from tests.chaos.picture import Picture
from tests.chaos.script import is_chained, write_script

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("seeds", [(0, 3), (13, 14), (18,)], ids=str)
def test_a_schedule_ends_as_its_fault_free_run(seeds: tuple[int, ...], tmp_path: Path) -> None:
    for verdict, _ in run_group(seeds, tmp_path):
        assert list(verdict.lines()) == [], f"python -m tests.chaos --seed {verdict.seed} --verbose"


def test_the_same_with_three_engines_on_postgres(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra `cluster` is not installed")
    from engine.bench.postgres import NoPostgres

    try:
        results = run_group((11,), tmp_path, is_cluster=True)
    except NoPostgres as reason:
        if os.environ.get("REGLAMENT_TEST_POSTGRES") == "required":
            raise
        pytest.skip(str(reason))
    assert [line for verdict, _ in results for line in verdict.lines()] == []
    assert all(played.kills for _, played in results)


def test_a_script_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert write_script(4) == write_script(4)
    assert write_script(4) != write_script(5)
    assert any(is_chained(phase) for seed in range(20) for phase in write_script(seed).phases)


def picture(stage: str = "WON", mails: int = 1) -> Picture:
    return Picture({"deal 118": {"stageId": stage}}, {"mail": Counter({"review 118": mails})})


def test_the_judge_sees_what_is_missing_what_differs_and_what_is_there_twice() -> None:
    assert compare(picture(), picture()) == ([], [])
    assert compare(picture(), picture(stage="NEW")) == (["deal 118 stageId: NEW instead of WON"], [])
    assert compare(picture(), picture(mails=0)) == (["mail (1): review 118"], [])
    assert compare(picture(), picture(mails=2)) == ([], ["mail (1): review 118"])
    more = Picture({**picture().items, "act 118#2": {}}, picture().sent)
    assert compare(picture(), more) == ([], ["act 118#2 is one too many"])
    assert compare(more, picture()) == (["act 118#2 is missing"], [])


def put_run(store: EmbeddedStore, run: int, event: int, lane: str, begun: str, ended: str) -> None:
    """A run of one step, opened under its event, as the journal holds it."""
    store.execute(
        "INSERT INTO event (n, kind, name, item, lane, time, received, state) VALUES (?,'event','deal.updated',?,?,'','','done')",
        (event, lane, lane),
    )
    store.execute("INSERT INTO edition (hash, first_seen) VALUES ('a', '') ON CONFLICT DO NOTHING")
    store.execute(
        "INSERT INTO run (n, event, edition, event_wire, facts, form, status, started) VALUES (?,?,'a','','','','done',?)",
        (run, event, begun),
    )
    store.execute(
        "INSERT INTO step (run, number, rule, action, status, started, ended) VALUES (?,1,'r','a','done',?,?)",
        (run, begun, ended),
    )


def test_the_judge_sees_runs_out_of_order_and_runs_that_overlap(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "engine.db")
    put_run(store, 1, 1, "deal/118", "09:00:01", "09:00:02")
    put_run(store, 2, 2, "deal/118", "09:00:02", "09:00:03")
    put_run(store, 3, 3, "deal/120", "09:00:02", "09:00:09")
    assert order_faults(store, set()) == []
    put_run(store, 4, 5, "deal/118", "09:00:02.5", "09:00:04")
    assert len(order_faults(store, set())) == 1
    assert order_faults(store, {4}) == []
    put_run(store, 5, 4, "deal/118", "09:00:05", "09:00:06")
    assert [fault for fault in order_faults(store, {4}) if "began after run 4" in fault]
    store.close()


def test_the_judge_sees_gaps_and_abandoned_numbers(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "engine.db")
    sql = "INSERT INTO number (series, owner, year, n, text, key, state, at) VALUES ('act','1',2026,?,?,'k',?,'')"
    for n, state in ((19, "used"), (20, "void"), (21, "used")):
        store.execute(sql, (n, f"А-{n}", state))
    assert number_faults(store, {"А-19", "А-21"}) == []
    assert number_faults(store, {"А-19", "А-20"}) == [
        "А-20 is void, and on the portal it is",
        "А-21 is used, and on the portal it is not",
    ]
    store.execute(sql, (23, "А-23", "taken"))
    assert len(number_faults(store, {"А-19", "А-21"})) == 2
    store.close()
