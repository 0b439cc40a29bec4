"""The one thread that carries everything out: due timers, runs to go on with, then the inbox in its order.

Decides what comes next and when to sleep. A fault of our own ends its event, is logged whole, and the engine goes
on: one event that we cannot process must not stop those of other deals.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import tzinfo

from engine.runtime import runs as journal
from engine.runtime.run import Carrier, Desk

LONGEST_SLEEP = 1.0


class Worker:
    """Works at `desk` in a thread of its own. `first` is done before anything else; it says False for "not yet"."""

    def __init__(self, desk: Desk, zone: tzinfo, first: Callable[[], bool]) -> None:
        self._desk, self._zone, self._first = desk, zone, first
        self._carrier = Carrier(desk)
        self._changed = threading.Condition()
        self._has_news = False
        self._is_stopping = False
        self._is_idle = False
        self._thread = threading.Thread(target=self._work, name="reglament-worker", daemon=True)

    def start(self) -> None:
        """Put back what a killed process left half done, and begin."""
        self._desk.inbox.recover()
        self._thread.start()

    @property
    def is_stopping(self) -> bool:
        """True once `stop` was called."""
        return self._is_stopping

    def stop(self) -> None:
        """Finish the step under way and end; what is left goes on at the next start."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Say that there may be something to do."""
        with self._changed:
            self._has_news = True
            self._is_idle = False
            self._changed.notify_all()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no event waits and no run is under way; False where `timeout` seconds were not enough."""
        deadline = time.monotonic() + timeout
        while not (self._is_idle and self._is_nothing_left()):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._is_idle:
                self.wake()  # the clock moved on: a timer is due that was not when we went to sleep
            with self._changed:
                self._changed.wait_for(lambda: self._is_idle, min(left, 0.2))
        return True

    @property
    def is_alive(self) -> bool:
        """True while the thread works."""
        return self._thread.is_alive()

    def _work(self) -> None:
        while not self._is_stopping and not self._first():
            self._sleep(LONGEST_SLEEP)
        while not self._is_stopping:
            with self._changed:
                self._has_news = False
            if not self._turn():
                self._rest()

    def _turn(self) -> bool:
        """Do one thing; False where there was nothing to do."""
        desk = self._desk
        now = desk.clock().timestamp()
        if desk.timers.fire():
            return True
        stored = desk.runs.unfinished(now, self._zone)
        if stored is not None:
            try:
                self._carrier.go_on(stored)
            except Exception as error:  # noqa: BLE001 — see the module's first lines
                self._broken(stored.event_n, error)
            return True
        row = desk.inbox.next(now, self._zone)
        if row is None:
            return False
        try:
            self._carrier.begin(row)
        except Exception as error:  # noqa: BLE001
            self._broken(row.n, error)
        return True

    def _broken(self, event_n: int, error: Exception) -> None:
        desk = self._desk
        desk.log.warning("fault", row=event_n, exc_info=error)
        what = f"{type(error).__name__}: {error}"
        with desk.store.transaction() as connection:
            connection.execute(
                "UPDATE run SET status = ?, ended = ?, verdict_ru = ?, verdict_en = ? WHERE event = ?",
                (
                    journal.FAILED, desk.clock().isoformat(), journal.clean(f"Ошибка движка: {what}"),
                    journal.clean(f"A fault of the engine: {what}"), event_n,
                ),
            )  # fmt: skip
            desk.inbox.finish(event_n, "failed", journal.clean(what))

    def _rest(self) -> None:
        """Sleep until something is due or somebody calls."""
        desk = self._desk
        dues = [due for due in (desk.timers.next_due(), desk.runs.next_due(), desk.inbox.next_due()) if due]
        pause = min([LONGEST_SLEEP, *(due - desk.clock().timestamp() for due in dues)])
        is_idle = self._is_nothing_left()
        with self._changed:
            if is_idle and not self._has_news:
                self._is_idle = True
                self._changed.notify_all()
        self._sleep(max(pause, 0.01))

    def _is_nothing_left(self) -> bool:
        desk = self._desk
        due = desk.timers.next_due()
        has_due = due is not None and due <= desk.clock().timestamp()
        return desk.inbox.waiting() == 0 and not desk.runs.is_open() and not has_due

    def _sleep(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._has_news or self._is_stopping, seconds)
