"""Many small changes of one kind, written together: those that come while the disk is busy share one transaction.

Decides which changes go together. Each caller returns once its own is on the disk. A transaction for each caller would
be committed together too, but it would be several statements for each of them, and each statement makes the threads
that answer wait for one another.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeAlias, TypeVar

from engine.runtime.store import Connection, StateError, Store

T = TypeVar("T")
R = TypeVar("R")
Write: TypeAlias = Callable[[Connection, Sequence[T]], Sequence[R]]
LARGEST_GROUP = 64


@dataclass(slots=True)
class _Change(Generic[T, R]):
    write: Write[T, R]
    given: T
    # A bare lock, released once: an Event would cost a condition for each post.
    done: threading.Lock = field(default_factory=threading.Lock)
    result: R | None = None
    error: BaseException | None = None


class GroupCommit:
    """Changes to `store` from many threads, written in groups by a thread of its own. `stop` it before the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: SimpleQueue[_Change[Any, Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="reglament-inbox", daemon=True)
        self._thread.start()

    def change(self, write: Write[T, R], given: T) -> R:
        """Return what `write` makes of `given`, once its transaction is on the disk.

        `write` gets what was given with it lately, in the order in which it came, and returns as many results. Where
        it raises, each is written alone, and its caller gets what that raises.
        """
        one: _Change[T, R] = _Change(write, given)
        one.done.acquire()
        self._queue.put(one)
        one.done.acquire()
        if one.error is not None:
            raise one.error
        return one.result  # type: ignore[return-value]

    def stop(self) -> None:
        """Commit what waits and end."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group, is_last = [first], False
            while len(group) < LARGEST_GROUP and not is_last:
                try:
                    one = self._queue.get_nowait()
                except Empty:
                    break
                if one is None:
                    is_last = True
                else:
                    group.append(one)
            for _, some in itertools.groupby(group, key=lambda one: one.write):
                self._commit(list(some))
            if is_last:
                return

    def _commit(self, group: list[_Change[Any, Any]]) -> None:
        try:
            with self._store.transaction() as connection:
                results = group[0].write(connection, [one.given for one in group])
            for one, result in zip(group, results, strict=True):
                one.result = result
        except BaseException as error:  # noqa: BLE001 — it is the callers'
            if len(group) > 1 and not isinstance(error, StateError):
                for one in group:
                    self._commit([one])
                return
            for one in group:
                one.error = error
        for one in group:
            one.done.release()
