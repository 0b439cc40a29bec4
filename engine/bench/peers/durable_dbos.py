"""DBOS on SQLite: the same three steps, each recorded, of runs that wait durably, one of a thing at a time.

Two ways. `ordered` makes the promises that we make: the runs stand in a queue that is on the disk and partitioned by
their thing. `called` promises less and is the fastest that DBOS goes: eight threads call the workflow, nothing waits
durably and no order is kept. Neither decides anything.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy
from dbos import DBOS, DBOSClient

from engine.bench.child import Answer, serve
from engine.bench.office import LANES

_QUEUE, _POLL, _THREADS = "bench", 0.02, 8


@DBOS.step()
def ping(number: int) -> int:
    """Do nothing outside."""
    return number


@DBOS.workflow()
def run(number: int) -> int:
    """Do the three steps."""
    ping(number)
    ping(number)
    return ping(number)


class Durable:
    """A launched DBOS with its state in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder}/dbos.sqlite"
        DBOS(
            config={
                "name": "bench",
                "system_database_url": self._url,
                "log_level": "ERROR",
            }
        )
        DBOS.launch()
        self._client = DBOSClient(system_database_url=self._url)
        self._engine = sqlalchemy.create_engine(self._url)
        self._queues = 0

    def ordered(self, count: int) -> Answer:
        """Put `count` runs into a queue, then start it; return the seconds until the last is done."""
        self._queues += 1
        queue = f"{_QUEUE}-{self._queues}"
        for number in range(count):
            self._client.enqueue(
                {
                    "queue_name": queue,
                    "workflow_name": run.__qualname__,
                    "queue_partition_key": str(number % LANES),
                },
                number,
            )
        begun = time.perf_counter()
        DBOS.register_queue(queue, partition_concurrency=1, polling_interval_sec=_POLL)
        while self._open():
            time.sleep(0.02)
        return {"seconds": time.perf_counter() - begun}

    def called(self, count: int) -> Answer:
        """Call the workflow `count` times; return the seconds."""
        with ThreadPoolExecutor(_THREADS) as pool:
            begun = time.perf_counter()
            list(pool.map(run, range(count)))
            return {"seconds": time.perf_counter() - begun}

    def _open(self) -> int:
        sql = "SELECT count(*) FROM workflow_status WHERE status <> 'SUCCESS'"
        with self._engine.connect() as connection:
            return int(connection.execute(sqlalchemy.text(sql)).scalar_one())


def main(folder: str) -> None:
    """Do what is asked until the input ends."""
    durable = Durable(Path(folder))
    serve({"ordered": durable.ordered, "called": durable.called})
    DBOS.destroy()


if __name__ == "__main__":
    main(*sys.argv[1:])
