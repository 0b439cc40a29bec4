"""The threads that work: each takes a lane that has something to do and advances it by one row at a time.

Decides which lane is next and when to sleep. Lanes run side by side, a lane never beside itself. What is ready is kept
in memory and rebuilt from the tables at the start and once in a while, since other processes put rows there too.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from engine.runtime.logs import Log

LONGEST_SLEEP = 1.0
NAME = "reglament-worker"


class Lanes:
    """`size` threads that call `advance(lane)`: it returns when to come back to the lane, None for not at all.

    `look` returns the lanes with open rows and when each is due, `first` is done before anything else and says False
    for "not yet", `is_due` says whether something outside the lanes is about to put a row there.
    """

    def __init__(
        self,
        advance: Callable[[str], float | None],
        look: Callable[[], Sequence[tuple[str, float]]],
        first: Callable[[], bool],
        is_due: Callable[[], bool],
        clock: Callable[[], datetime],
        log: Log,
        size: int,
    ) -> None:
        self._advance, self._look, self._first, self._is_due = advance, look, first, is_due
        self._clock, self._log = clock, log
        self._changed = threading.Condition()
        self._ready: list[tuple[float, int, str]] = []
        self._queued: dict[str, float] = {}
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._numbers = itertools.count()
        self._is_stopping = False
        self._is_open = False
        self._next_look = 0.0
        self._threads = [
            threading.Thread(target=self._work, name=f"{NAME}-{number}", args=(number,), daemon=True)
            for number in range(1, size + 1)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    @property
    def is_stopping(self) -> bool:
        """True once `stop` was called."""
        return self._is_stopping

    def stop(self, seconds: float) -> bool:
        """Let the steps under way finish; what is left goes on at the next start.

        False where some had not ended after `seconds`: what they were at is found out by the next start. May be
        called again.
        """
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def is_alive(self) -> bool:
        """True while all threads work."""
        return all(thread.is_alive() for thread in self._threads)

    def wake(self, lane: str) -> None:
        """Say that the lane has something to do."""
        with self._changed:
            self._push(lane, 0.0)

    def look_again(self) -> None:
        """Say that there may be new rows in lanes that nobody named."""
        with self._changed:
            self._next_look = 0.0
            self._changed.notify_all()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until the portal was read once, no row is open and none is due; False after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            with self._changed:
                is_quiet = self._is_open and not self._busy
            if is_quiet and not self._look() and not self._is_due() and not self._busy:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._changed:
                self._next_look = 0.0  # the clock may have moved on
                self._changed.notify_all()
                self._changed.wait(min(left, 0.02))

    def _push(self, lane: str, due: float) -> None:
        if lane in self._busy:
            self._again.add(lane)
        elif due < self._queued.get(lane, float("inf")):
            self._queued[lane] = due
            heapq.heappush(self._ready, (due, next(self._numbers), lane))
            self._changed.notify()

    def _work(self, number: int) -> None:
        while not self._is_open and not self._is_stopping:
            if number == 1 and self._first():
                with self._changed:
                    self._is_open = True
                    self._changed.notify_all()
            else:
                with self._changed:
                    self._changed.wait_for(lambda: self._is_open or self._is_stopping, LONGEST_SLEEP)
        while (lane := self._next()) is not None:
            self._turn(lane)

    def _turn(self, lane: str) -> None:
        """Advance the lane once. A database that cannot be reached just now is tried again later."""
        due: float | None = self._clock().timestamp() + LONGEST_SLEEP
        try:
            due = self._advance(lane)
        except Exception as error:  # noqa: BLE001
            self._log.warning("fault", lane=lane, exc_info=error)
        finally:
            with self._changed:
                self._busy.discard(lane)
                if lane in self._again:
                    self._again.discard(lane)
                    due = 0.0 if due is None else due
                if due is not None:
                    self._push(lane, due)
                self._changed.notify()

    def _next(self) -> str | None:
        """Return a lane whose time has come, marked busy; None once we stop."""
        while not self._is_stopping:
            self._look_around()
            now = self._clock().timestamp()
            with self._changed:
                lane = self._pop(now)
                if lane is not None:
                    return lane
                pause = self._ready[0][0] - now if self._ready else LONGEST_SLEEP
                if not self._is_stopping:
                    self._changed.wait(min(max(pause, 0.001), LONGEST_SLEEP))
        return None

    def _pop(self, now: float) -> str | None:
        while self._ready and self._ready[0][0] <= now:
            due, _, lane = heapq.heappop(self._ready)
            if self._queued.get(lane) == due:  # else it was queued again for an earlier time
                del self._queued[lane]
                self._busy.add(lane)
                return lane
        return None

    def _look_around(self) -> None:
        """Once in a while, by one thread: queue the lanes that the tables know and we do not."""
        with self._changed:
            begun = time.monotonic()
            if begun < self._next_look:
                return
            self._next_look = begun + 60.0
        try:
            found = self._look()
        except Exception as error:  # noqa: BLE001 — as in `_turn`
            self._log.warning("fault", exc_info=error)
            found = []
        with self._changed:
            for lane, due in found:
                if lane not in self._busy:
                    self._push(lane, due)
            # A look over a long backlog must not become the work itself.
            spent = time.monotonic() - begun
            self._next_look = time.monotonic() + max(LONGEST_SLEEP, 20 * spent)
