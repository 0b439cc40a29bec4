"""The workers of a cluster: Procrastinate brings this process the lanes that have something to do.

Decides how far a lane is advanced in one go, when it is come back to, and when the lanes of a silent process are
taken over. That one process at a time works on a lane is Procrastinate's lock; that one which was believed dead
writes nothing is the store's fence. It is used as `Lanes` is.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import procrastinate
from psycopg_pool import AsyncConnectionPool

from engine.runtime.cluster import ClusterStore
from engine.runtime.crew import Crew
from engine.runtime.jobs import QUEUE, TASK, put_jobs, put_missing, rescue, take_all
from engine.runtime.lanes import NAME
from engine.runtime.logs import Log
from engine.runtime.store import Fenced, StateLost

_ROWS_AT_ONCE = 20
_SHORT = 0.1
_LOOK_EVERY = 2.0
_RETRY = 1.0
# How often a process shows that it is alive within the time after which it is taken for dead.
_BEATS = 5


class Dispatch:
    """Calls `advance(lane)` for lanes of all processes, `size` at a time; the other arguments as for `Lanes`.

    A process that was silent for `takeover` seconds loses its lanes to the others.
    """

    def __init__(
        self,
        store: ClusterStore,
        advance: Callable[[str], float | None],
        look: Callable[[], Sequence[tuple[str, float]]],
        first: Callable[[], bool],
        is_due: Callable[[], bool],
        clock: Callable[[], datetime],
        log: Log,
        size: int,
        takeover: float,
    ) -> None:
        self._store, self._advance, self._look = store, advance, look
        self._first, self._is_due, self._clock, self._log = first, is_due, clock, log
        self._size, self._takeover = size, takeover
        self._busy: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._is_open = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_now, self._look_now = asyncio.Event(), asyncio.Event()
        self._crew = Crew(size + 1, NAME)
        self._thread = threading.Thread(target=self._work, name="reglament-dispatch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_stopping(self) -> bool:
        """True once `stop` was called."""
        return self._stopped.is_set()

    def stop(self, seconds: float) -> bool:
        """Let the steps under way finish; what is left goes on in another process, or at the next start.

        False where some had not ended after `seconds`. May be called again.
        """
        self._stopped.set()
        self._tell(self._stop_now)
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        """True while the worker works."""
        return self._thread.is_alive()

    def wake(self, lane: str) -> None:
        """Nothing to do: whoever has put a row into a lane has put its job in the same transaction."""

    def look_again(self) -> None:
        """Say that there may be lanes due without a job."""
        self._tell(self._look_now)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until the portal was read once and no row is open or due in any process; False after `timeout`."""
        deadline = time.monotonic() + timeout
        while True:
            is_quiet = self._is_open and not self._busy
            if is_quiet and not self._look() and not self._is_due() and not self._busy:
                return True
            if time.monotonic() >= deadline:
                return False
            self.look_again()
            self._stopped.wait(0.02)

    def _tell(self, event: asyncio.Event) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(event.set)

    def _work(self) -> None:
        asyncio.run(self._main())
        self._crew.end()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._note)
        if self._stopped.is_set():
            return
        while not self._stop_now.is_set() and not await self._is_ready():
            await self._pause(self._stop_now, _RETRY)
        watching = asyncio.create_task(self._watch())
        while not self._stop_now.is_set():
            try:
                await self._serve()
            except Exception as error:  # noqa: BLE001 — a database that is away just now comes back
                self._log.warning("dispatch", reason=str(error))
            await self._pause(self._stop_now, _RETRY)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    async def _is_ready(self) -> bool:
        try:
            self._is_open = await self._crew.do(self._first)
        except Exception as error:  # noqa: BLE001 — as in `_main`
            self._log.warning("fault", exc_info=error)
        return self._is_open

    async def _serve(self) -> None:
        """Work as one of Procrastinate's workers until we stop or the database is lost."""
        connector = procrastinate.PsycopgConnector(
            conninfo=self._store.address, min_size=1, max_size=4, pool_factory=_open_pool
        )
        app = procrastinate.App(connector=connector)
        app.task(name=TASK, queue=QUEUE, pass_context=True)(self._turn)
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self._size,
                    fetch_job_polling_interval=_RETRY,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    update_heartbeat_interval=self._takeover / _BEATS,
                    stalled_worker_timeout=self._takeover,
                )
            )
            stopping = asyncio.create_task(self._stop_now.wait())
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def _turn(self, context: procrastinate.JobContext, lane: str) -> None:
        """Do a job: Procrastinate lets nobody else into the lane until this returns."""
        job = context.job.id
        assert job is not None
        await self._crew.do(lambda: self._carry(job, lane))

    def _carry(self, job: int, lane: str) -> None:
        """Advance the lane as far as one go may, then put a job for the rest."""
        with self._lock:
            self._busy[lane] = self._busy.get(lane, 0) + 1
        try:
            with self._store.working(job):
                delay = self._advance_far(lane)
        except Fenced:
            self._log.warning("fenced", lane=lane)
            delay = None  # who has the lane now has a job for it
        except Exception as error:  # noqa: BLE001 — a database that cannot be reached is tried again later
            self._log.warning("fault", lane=lane, exc_info=error)
            delay = _RETRY
        finally:
            with self._lock:
                self._busy[lane] -= 1
                if not self._busy[lane]:
                    del self._busy[lane]
        if delay is not None:
            self._come_back(lane, delay)

    def _come_back(self, lane: str, delay: float) -> None:
        """Put a job for what is left in the lane. Where that fails too, who looks around finds the lane without one."""
        try:
            with self._store.transaction() as connection:
                put_jobs(connection, [lane], delay)
        except StateLost as error:
            self._log.warning("dispatch", lane=lane, reason=str(error))

    def _advance_far(self, lane: str) -> float | None:
        """Return in how many seconds the lane is to be come back to, None where nothing is left in it."""
        take_all(self._store, lane)
        for _ in range(_ROWS_AT_ONCE):
            if self._stopped.is_set():
                break
            due = self._advance(lane)
            if due is None:
                return None
            delay = due - self._clock().timestamp()
            if delay > _SHORT:
                return delay
            if delay > 0:
                self._stopped.wait(delay)
        return 0.0

    async def _watch(self) -> None:
        """Once in a while: take over the lanes of silent processes, and see that no lane that is due lacks a job."""
        while True:
            try:
                await self._crew.do(self._look_around)
            except Exception as error:  # noqa: BLE001 — as in `_carry`
                self._log.warning("dispatch", reason=str(error))
            self._look_now.clear()
            await self._pause(self._look_now, min(_LOOK_EVERY, self._takeover / _BEATS))

    def _look_around(self) -> None:
        for lane in rescue(self._store, self._takeover):
            self._log.warning("taken over", lane=lane)
        now = self._clock().timestamp()
        due = [lane for lane, at in self._look() if at <= now]
        if due:
            put_missing(self._store, due)

    @staticmethod
    async def _pause(event: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    def _note(self, _: object, context: dict[str, object]) -> None:
        """Say what a task ended with that nobody awaits: the job of a lane that was taken from us, mostly."""
        error = context.get("exception")
        cause = error.__cause__ or error if isinstance(error, BaseException) else context.get("message")
        self._log.warning("dispatch", reason=str(cause).partition("\n")[0])


def _open_pool(**given: object) -> AsyncConnectionPool:
    # A connection is not asked whether it is alive before each use: one that is not ends the worker, and we begin anew.
    return AsyncConnectionPool(**{**given, "check": None})  # type: ignore[arg-type]
