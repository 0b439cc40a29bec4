"""Threads that work for an event loop and do not keep the process from ending.

Those of `concurrent.futures` are waited for at the interpreter's end: one that hangs in a plugin would hold it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Crew:
    """`size` threads, started when there is first something to do."""

    def __init__(self, size: int, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(1, size + 1)
        ]

    async def do(self, work: Callable[[], T]) -> T:
        """Return what `work` returns in one of the threads; raises what it raises."""
        future: Future[T] = Future()

        def carry_out() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 — it is the waiting one's
                future.set_exception(error)

        if self._threads[0].ident is None:
            for thread in self._threads:
                thread.start()
        self._queue.put(carry_out)
        return await asyncio.wrap_future(future)

    def end(self) -> None:
        """Let the threads end when what was asked of them is done."""
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
