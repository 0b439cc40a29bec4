"""Our engine with a backlog of events about deals, a process of its own."""

from __future__ import annotations

import sys
import time
from datetime import datetime

from engine.bench.child import Answer, serve
from engine.bench.portal_work import asked
from engine.bench.served import running
from engine.decision.event import Event
from engine.language.values import Item
from engine.runtime.service import Service

_OPEN = "SELECT count(*) FROM event WHERE state <> 'done' AND kind = 'event'"
_DONE = "SELECT count(*) FROM run WHERE status = 'done'"


class Backlog:
    """A running service and its way through a backlog."""

    def __init__(self, service: Service) -> None:
        self._service, self._store, self._lanes = service, service.store, service.settings.lanes

    def rest(self, seconds: float) -> Answer:
        """Let the portal's bucket run empty after the first reading."""
        time.sleep(seconds)
        return {}

    def run(self, count: int) -> Answer:
        """Put `count` events at once; return how it went, until the backlog was gone and until the end."""
        zone = self._service.settings.zone
        before, begun = self._spent(), time.perf_counter()
        with self._store.transaction():
            for number, one in enumerate(asked(count)):
                item = Item("deal", str(one.deal))
                event = Event(f"bench.{one.kind}", f"b{number}", datetime.now(zone), item)
                self._service.deliver(event, {"note": one.note, "deal": item})
        while self._count(_OPEN) > self._lanes:
            time.sleep(0.05)
        busy, busy_until = self._spent(), time.perf_counter()
        while self._count(_OPEN):
            time.sleep(0.02)
        after, ended = self._spent(), time.perf_counter()
        return {
            "seconds": ended - begun,
            "requests": after[0] - before[0],
            "commands": after[1] - before[1],
            "asked": after[2] - before[2],
            "busy seconds": busy_until - begun,
            "busy requests": busy[0] - before[0],
            "busy commands": busy[1] - before[1],
            "done": self._count(_DONE),
            "refusals": sum(self._service.status.spent().refusals.values()),
        }

    def _spent(self) -> tuple[int, int, int]:
        spent = self._service.status.spent()
        asked_for = sum(one.reads + one.writes for one in spent.by_rule.values())
        return spent.requests, spent.commands, asked_for

    def _count(self, sql: str) -> int:
        row = self._store.row(sql)
        return int(row[0]) if row is not None else 0


def main(config: str, webhook: str) -> None:
    """Serve until the input ends."""
    with running(config, webhook, seconds=60) as service:
        backlog = Backlog(service)
        serve({"rest": backlog.rest, "run": backlog.run}, {"lanes": service.settings.lanes})


if __name__ == "__main__":
    main(*sys.argv[1:])
