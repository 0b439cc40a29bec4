"""Work that comes back: due timers, schedules, the sweep, clearing the journal. One process does each at a time.

Decides when a duty is due and who does it. A duty that fails is said in the log and comes back at its next time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.runtime.logs import Log
from engine.runtime.store import Store

# A duty's holder that has died is relieved after this many seconds beyond the duty's own period.
_GRACE = 30.0
_SLEEP = 0.25


@dataclass
class Duty:
    """`work` is done every `seconds`, for the first time after `first` seconds; `is_shared` duties need no lease.

    A duty that works in a thread of its own has `end`: after it returns the thread touches the store no more.
    """

    name: str
    seconds: float
    work: Callable[[], object]
    first: float = 0.0
    is_shared: bool = False
    end: Callable[[], object] | None = None
    due: float = field(default=0.0, init=False)


class Duties:
    """A thread that does `duties` in turn. `owner` names this process."""

    def __init__(self, store: Store, duties: Sequence[Duty], owner: str, log: Log) -> None:
        self._store, self._duties, self._owner, self._log = store, list(duties), owner, log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="reglament-duties", daemon=True)

    def start(self) -> None:
        """Begin."""
        now = time.monotonic()
        for duty in self._duties:
            duty.due = now + duty.first
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stop; a duty under way has `seconds` to end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        for duty in self._duties:
            if duty.end is not None:
                duty.end()

    def _work(self) -> None:
        while not self._stopping.is_set():
            for duty in self._duties:
                if not self._stopping.is_set() and duty.due <= time.monotonic():
                    self._do(duty)
                    duty.due = time.monotonic() + duty.seconds
            pause = min((duty.due for duty in self._duties), default=0.0) - time.monotonic()
            self._stopping.wait(min(max(pause, 0.005), _SLEEP))

    def _do(self, duty: Duty) -> None:
        try:
            if duty.is_shared or self._take(duty):
                duty.work()
        except Exception as error:  # noqa: BLE001 — a duty that failed must not end the others
            self._log.warning("duty", name=duty.name, reason=str(error), exc_info=error)

    def _take(self, duty: Duty) -> bool:
        """Hold the duty for its next period; False while another living process does."""
        now = time.time()
        return (
            self._store.execute(
                "INSERT INTO duty (name, owner, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
                " SET owner = excluded.owner, until = excluded.until"
                " WHERE duty.owner = excluded.owner OR duty.until < ?",
                (duty.name, self._owner, now + duty.seconds + _GRACE, now),
            )
            == 1
        )
