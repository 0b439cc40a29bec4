"""What only several processes on one server can go wrong with: frozen ones, dead ones, and a server that goes away."""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest

from engine.cli import main
from engine.emulator.demo import set_receiver
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.portal.pace import Pace
from engine.runtime.cluster import ClusterStore
from engine.runtime.embedded import ASKS, READS
from engine.runtime.shared_pace import SharedPace
from engine.runtime.store import StateError, StateLost
from tests.runtime.conformance.conftest import TAKEOVER
from tests.runtime.conformance.engine_case import PLUGIN, Engine, order_breaks, until
from tests.runtime.conformance.test_service import NOTICES
from tests.runtime.service_case import DEAL, TOKEN, make_folder, open_service, running

ONCE = """
ruleset: test
title: Проверка
rules:
  - id: once
    title: Сделка переименована
    triggers:
      - changed: deal.title
    actions:
      - own.once: {}
      - field.set: {deal.stage_plan: "50 %, 50 %"}
"""
DEALS = (118, 122, 101, 102, 103)
# Each post names its deal and its title: what is told twice, or not at all, is seen.
COUNT = """
ruleset: test
title: Проверка
rules:
  - id: count
    title: Сделка переименована
    triggers:
      - changed: deal.title
    actions:
      - feed.post: {to: [UA], text: "Сделка ${deal.id}: ${deal.title}."}
        key: told ${deal.id} ${deal.title}
      - notify: {to: "${deal.manager}", text: "${deal.title}"}
"""


def state_of(database: str, takeover: int = TAKEOVER) -> str:
    return f"{database}\ntakeover: {takeover}"


def begun(folder: Path) -> list[str]:
    file = folder / "plugins" / "begun"
    return file.read_text().split() if file.exists() else []


def test_a_frozen_engine_loses_its_lane_and_writes_nothing_when_it_wakes(
    tmp_path: Path, portal: Portal, database: str
) -> None:
    config = make_folder(tmp_path, ONCE, PLUGIN, state_of(database))
    with (
        PortalServer(portal) as server,
        Engine(config, server.webhook_url, "frozen") as frozen,
        ClusterStoreOf(database, tmp_path) as store,
    ):
        set_receiver(portal, frozen.events_url, TOKEN)
        Person(portal, 6).update(DEAL, 118, {"title": "Другое имя"})
        until(lambda: begun(tmp_path))
        frozen.send(signal.SIGSTOP)
        since = time.monotonic()
        with Engine(config, server.webhook_url, "living") as living:
            assert living.events_url
            until(lambda: len(begun(tmp_path)) == 2)
            assert time.monotonic() - since < TAKEOVER + 8
            assert begun(tmp_path) == [str(frozen.process.pid), str(living.process.pid)]
            frozen.send(signal.SIGCONT)
            (tmp_path / "plugins" / "gate").touch()
            until(lambda: store.rows("SELECT 1 FROM event WHERE state <> 'done'") == [])
            until(lambda: b"fenced" in (tmp_path / "frozen.log").read_bytes())
            steps = store.rows("SELECT status FROM step ORDER BY number")
            assert [row["status"] for row in steps] == ["done", "done"]
            attempts = store.rows("SELECT attempt, owner FROM event WHERE outcome = 'run' ORDER BY n LIMIT 1")
            assert [(row["attempt"], row["owner"].split()[-1]) for row in attempts] == [
                (2, str(living.process.pid))
            ]
            # It is well again, and works on what comes.
            Person(portal, 6).update(DEAL, 122, {"title": "Ещё одна"})
            until(lambda: len(begun(tmp_path)) == 3)


class ClusterStoreOf(ClusterStore):
    """A look into the tables beside the engines."""

    def __init__(self, database: str, folder: Path) -> None:
        super().__init__(database, folder)

    def __enter__(self) -> ClusterStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def test_three_engines_one_killed_again_and_again(tmp_path: Path, portal: Portal, database: str) -> None:
    no_brakes = "brakes: {items: 0, mails: 0, again: 0}"
    config = make_folder(tmp_path, COUNT, "", f"{state_of(database, 2)}\n{no_brakes}")
    numbers = random.Random(7)
    with PortalServer(portal) as server, ClusterStoreOf(database, tmp_path) as store:
        steady = [Engine(config, server.webhook_url, f"steady{number}") for number in range(2)]
        try:
            set_receiver(portal, steady[0].events_url, TOKEN)
            assert steady[1].events_url
            done = threading.Event()
            kills = [0]

            def kill_again_and_again() -> None:
                while not done.is_set():
                    with Engine(config, server.webhook_url, "mortal") as mortal:
                        assert mortal.events_url
                        done.wait(numbers.uniform(0.3, 1.2))
                        mortal.kill()
                        kills[0] += 1

            killer = threading.Thread(target=kill_again_and_again)
            killer.start()
            person = Person(portal, 6)
            number = 0
            while number < 200 or kills[0] < 5:
                person.update(DEAL, DEALS[number % len(DEALS)], {"title": f"Имя {number}"})
                portal.deliveries.settle(5)
                number += 1
            done.set()
            killer.join(60)
            until(
                lambda: (
                    portal.deliveries.settle(1)
                    and not store.rows("SELECT 1 FROM event WHERE state <> 'done'")
                ),
                60,
            )
        finally:
            for engine in steady:
                engine.__exit__(None, None, None)
        assert kills[0] >= 5
        decided = store.rows(
            "SELECT event.item AS item, run.title AS title, run.status AS status FROM run"
            " JOIN event ON event.n = run.event WHERE event.outcome = 'run' ORDER BY run.n"
        )
        assert {row["status"] for row in decided} == {"done"}
        last = {row["item"]: row["title"] for row in decided}
        for deal in DEALS:
            assert str(person.get(DEAL, deal)["title"]) in last[f"deal/{deal}"], (
                "the last change was not acted on"
            )
        posts = re.findall(r"Сделка \d+: Имя \d+\.", str(portal.store.rows("post")))
        assert len(posts) == len(set(posts)), "a post was made twice"
        assert len(posts) == len(decided), "a post is missing"
        assert order_breaks(store) == []
        assert store.rows("SELECT 1 FROM intent WHERE state <> 'done'") == []


def test_a_lost_connection_loses_nothing(tmp_path: Path, database: str, server: str) -> None:
    with running(tmp_path, NOTICES, state=state_of(database)) as live:
        for number in range(8):
            live.person.update(DEAL, 118 if number % 2 else 122, {"title": f"Имя {number}"})
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = %s",
                    (database.rpartition("/")[2],),
                )
            live.portal.deliveries.settle(5)
        for deal in (118, 122):
            live.person.update(DEAL, deal, {"title": "Последнее имя"})
        live.settle()
        assert {run.status for run in live.runs()} == {"done"}
        assert order_breaks(live.service.store) == []


def test_a_lane_whose_job_was_lost_is_found(tmp_path: Path, database: str) -> None:
    config = make_folder(tmp_path, NOTICES, "", state_of(database))
    with running(tmp_path, NOTICES, state=state_of(database)) as live:
        live.service.stop()
        from engine.decision.event import Event
        from engine.language.values import Item

        with open_service(config, live.server.webhook_url) as first:
            assert first.wait_idle(20)
        second = open_service(config, live.server.webhook_url)
        second.deliver(Event("deal.updated", "x", second._clock(), Item("deal", "118"), {"title": "Было"}))
        second.store.execute("DELETE FROM procrastinate_jobs")
        with second:
            assert second.wait_idle(20)
            assert [run.status for run in second.journal.last_runs()] == ["done"]
            assert second.store.rows("SELECT 1 FROM procrastinate_jobs") == []


def test_engines_that_start_together_make_the_tables_once(database: str, tmp_path: Path) -> None:
    opened: list[ClusterStore] = []
    threads = [
        threading.Thread(target=lambda: opened.append(ClusterStore(database, tmp_path))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(opened) == 4
    with opened[0].alone("work") as first, opened[1].alone("work") as second:
        assert (first, second) == (True, False)
    with opened[1].alone("work") as again:
        assert again
    for store in opened:
        store.close()


def test_what_is_said_where_the_state_cannot_be_used(database: str, tmp_path: Path) -> None:
    for mode in (ASKS, READS):
        with pytest.raises(StateError, match="there is no state at postgresql://127"):
            ClusterStore(database, tmp_path, mode=mode)
    secret = database.replace("reglament@", "nobody:geheim@")
    with pytest.raises(StateLost, match="nobody") as refused:
        ClusterStore(secret, tmp_path)
    assert "geheim" not in f"{refused.value} {refused.value.russian} {refused.value.__cause__}"
    with pytest.raises(StateError) as unread:
        ClusterStore("postgresql://user:ge heim@host/x?what=1", tmp_path)
    assert "heim" not in f"{unread.value} {unread.value.russian}"
    with pytest.raises(StateLost, match="refused"):
        ClusterStore("postgresql://reglament@127.0.0.1:1/x", tmp_path)
    store = ClusterStore(database, tmp_path)
    reading = ClusterStore(database, tmp_path, mode=READS)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reading.execute("DELETE FROM count")
    store.execute("DELETE FROM reglament_schema WHERE part = 'reglament' AND step = '0002'")
    with pytest.raises(StateError, match="older version"):
        ClusterStore(database, tmp_path, mode=READS)
    store.execute("INSERT INTO reglament_schema VALUES ('reglament', '9999')")
    with pytest.raises(StateError, match="newer version"):
        ClusterStore(database, tmp_path)
    reading.close()
    store.close()


def test_the_command_line_reads_and_asks_beside_the_engines(
    tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, NOTICES, state=state_of(database)) as live:
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        monkeypatch.chdir(tmp_path)

        def engine(*arguments: str) -> tuple[int, str]:
            with pytest.raises(SystemExit) as ended:
                main(["--lang", "en", *arguments])
            out = capsys.readouterr()
            return int(ended.value.code or 0), out.out + out.err

        assert "deal/118" in engine("runs", "list")[1]
        assert "notify" in engine("runs", "show", "1")[1]
        code, said = engine("runs", "retry", "1")
        assert (code, "nothing to retry" in said) == (1, True), said
        assert engine("pause")[0] == 0
        assert live.service.store.rows("SELECT name FROM brake")[0]["name"] == "all"
        assert engine("resume")[0] == 0


def test_the_engines_keep_the_portals_limit_together(database: str, tmp_path: Path) -> None:
    stores = [ClusterStore(database, tmp_path) for _ in range(2)]
    slept: list[float] = []
    paces = [SharedPace(store, "https://demo.example", Pace(4, 2.0), slept.append) for store in stores]
    assert [round(paces[number % 2].wait(), 1) for number in range(6)] == [0, 0, 0, 0, 0.5, 1.0]
    assert len(slept) == 2
    other = SharedPace(stores[0], "https://other.example", Pace(4, 2.0), slept.append)
    assert other.wait() == 0
    other.fill()
    assert other.wait() > 0
    for store in stores:
        store.close()
    assert paces[0].wait() == 0, "without the server each keeps to the limit by itself"
