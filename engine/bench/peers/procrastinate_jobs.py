"""Procrastinate without a journal: a job an event, locked by its thing, that decides and does the three steps.

It decides with our edition and performs our plugin's actions, so that what differs is what is kept: here the job alone,
in ours the event, the plan, every step and the verdict. A job that is done is deleted, Procrastinate's quickest way.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import cast

import psycopg
from procrastinate import App, PsycopgConnector

from engine.action import Outside
from engine.bench.child import Answer, serve
from engine.bench.office import LANES, open_office, ping
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.plan import decide
from engine.language.values import Item

_SIDE_BY_SIDE = 8
_TASK, _QUEUE = "ping", "bench"
_PUT = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)"
    " SELECT 'bench', 'ping', item, jsonb_build_object('item', item, 'number', number, 'time', %s::text)"
    " FROM (SELECT number, 'ping/' || (number %% %s) AS item FROM generate_series(1, %s) AS number) AS things"
    " ORDER BY number"
)


class Jobs:
    """A worker on the database at `address`, with the rules of the company at `config`."""

    def __init__(self, address: str, config: Path) -> None:
        self._address = address
        self._settings, self._workshop, built = open_office(config, "http://127.0.0.1/rest/1/bench/")
        assert built.edition is not None
        self._edition = built.edition
        self._is_working = threading.Event()

    def prepare(self) -> None:
        """Make Procrastinate's tables where they are missing."""

        async def make() -> None:
            app = App(connector=PsycopgConnector(conninfo=self._address))
            async with app.open_async():
                if not await app.check_connection_async():
                    await app.schema_manager.apply_schema_async()

        asyncio.run(make())

    def work(self) -> None:
        """Do jobs, for as long as the process lives."""
        threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True).start()
        self._is_working.wait(10)

    async def _main(self) -> None:
        app = App(connector=PsycopgConnector(conninfo=self._address, min_size=1, max_size=4))
        app.task(name=_TASK, queue=_QUEUE)(self._ping)
        async with app.open_async():
            self._is_working.set()
            await app.run_worker_async(
                queues=[_QUEUE], concurrency=_SIDE_BY_SIDE, delete_jobs="always",
                install_signal_handlers=False,
            )  # fmt: skip

    async def _ping(self, item: str, number: int, time: str) -> None:
        entity, _, id_ = item.partition("/")
        event = Event("bench.ping", f"p{number}", datetime.fromisoformat(time), Item(entity, id_))
        shop = self._workshop
        facts = Facts(shop.settings.world, shop.derivations, shop.calendar, event.time, {}, {"number": None})
        for step in decide(self._edition, event, facts).plan:
            assert step.effect is not None
            # Our action asks nothing of what it is given.
            self._edition.actions[step.call.action].perform(step.effect, cast("Outside", None))

    def run(self, count: int) -> Answer:
        """Put `count` jobs at once and return the seconds from then until the last is done."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(_PUT, (ping(self._settings, 0).time.isoformat(), LANES, count))
            begun = time.perf_counter()
            while True:
                found = connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
                if found is None or not found[0]:
                    return {"seconds": time.perf_counter() - begun}
                time.sleep(0.01)


def main(address: str, config: str) -> None:
    """Do jobs until the input ends."""
    jobs = Jobs(address, Path(config))
    jobs.prepare()
    jobs.work()
    serve({"run": jobs.run})


if __name__ == "__main__":
    main(*sys.argv[1:])
