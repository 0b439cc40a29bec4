"""The product as a process of its own, asked by the measurement: put events, wait until they are done.

The service is the one that `engine serve` starts, with the portal's usual limits; only its events are put by us.
"""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from engine.bench.child import Answer, serve
from engine.bench.office import ACTS_OF, FIRST_ACT, open_office, ping
from engine.language.values import Item
from engine.portal.pace import Pace
from engine.runtime.logs import open_log
from engine.runtime.service import Service
from engine.runtime.snapshot import save_snapshot

_OPEN = "SELECT count(*) FROM event WHERE state <> 'done' AND kind = 'event'"
_DONE = "SELECT count(*) FROM run WHERE status = 'done'"


class Served:
    """A running service and what may be asked of it."""

    def __init__(self, service: Service) -> None:
        self._service, self._store, self._number = service, service.store, 0
        self._pulse: threading.Thread | None = None
        self._beating = threading.Event()

    def acts(self, count: int) -> Answer:
        """Have `count` acts of one deal known, as if each had been processed before."""
        at = datetime.now(self._service.settings.zone)
        with self._store.transaction():
            for number in range(count):
                save_snapshot(self._store, Item("act", str(FIRST_ACT + number)), {"deal": ACTS_OF}, at)
        return {}

    def run(self, count: int) -> Answer:
        """Put `count` events at once and return the seconds from then until the last is done."""
        with self._store.transaction():
            for _ in range(count):
                self._put()
        begun = time.perf_counter()
        while self._count(_OPEN):
            time.sleep(0.01)
        return {"seconds": time.perf_counter() - begun, "done": self._count(_DONE)}

    def beat(self, rate: float) -> Answer:
        """Put `rate` events a second from now on; 0 ends it."""
        self._beating.set()
        if self._pulse is not None:
            self._pulse.join()
        self._beating.clear()
        self._pulse = threading.Thread(target=self._beat, args=(rate,)) if rate else None
        if self._pulse is not None:
            self._pulse.start()
        return {"done": self._count(_DONE)}

    def _beat(self, rate: float) -> None:
        due = time.perf_counter()
        while not self._beating.wait(max(0.0, due - time.perf_counter())):
            self._put()
            due += 1 / rate

    def _put(self) -> None:
        self._number += 1
        self._service.deliver(ping(self._service.settings, self._number), {"number": None})

    def counts(self) -> Answer:
        """Return how many deliveries are stored and how many runs are done."""
        stored = self._count("SELECT count(*) FROM event WHERE kind = 'delivery' AND origin = 'portal'")
        return {"stored": stored, "done": self._count(_DONE)}

    def _count(self, sql: str) -> int:
        row = self._store.row(sql)
        return int(row[0]) if row is not None else 0


@contextmanager
def running(config: str, webhook: str, *, seconds: float) -> Iterator[Service]:
    """Yield the running service once it has come to rest. Raises TimeoutError after `seconds`."""
    settings, workshop, built = open_office(Path(config), webhook)
    with Service(settings, workshop, built, pace=Pace(), log=open_log(io.StringIO())) as service:
        if not service.wait_idle(seconds):
            raise TimeoutError("the service did not come to rest")
        yield service


def main(config: str, webhook: str) -> None:
    """Serve until the input ends."""
    with running(config, webhook, seconds=30) as service:
        served = Served(service)
        verbs: dict[str, Callable[..., Answer]] = {
            "acts": served.acts,
            "run": served.run,
            "beat": served.beat,
            "counts": served.counts,
        }
        serve(verbs, {"url": service.public_url})
        served.beat(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
