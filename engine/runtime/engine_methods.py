"""The engine's own methods among an action's commands: numbers without gaps, and small things remembered.

Decides which number comes next and when one is abandoned. It knows no document: a series is a word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from engine.action import Command
from engine.portal.errors import PortalError
from engine.runtime.memory import recall, remember
from engine.runtime.questions import QUESTION, question_method
from engine.runtime.store import Store

NUMBER = "engine.number.take"


class EngineMethods:
    """Answers `engine.*` commands from `store`. `last_given` maps (series, year) to the last number of before us;
    (`act@2`, year) is that of own company 2.

    One step at a time in each thread: `under` names the key that the numbers taken meanwhile belong to.
    """

    def __init__(
        self, store: Store, last_given: Mapping[tuple[str, int], int], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._last_given, self._clock = store, last_given, clock
        self._local = threading.local()
        self.more: dict[str, Callable[[Command], object]] = {}
        """Further methods by name, of rooms above this one."""

    @contextmanager
    def under(self, key: str) -> Iterator[None]:
        """Take numbers for `key` until the block ends."""
        before = getattr(self._local, "key", "")
        self._local.key = key
        try:
            yield
        finally:
            self._local.key = before

    def __call__(self, command: Command) -> object:
        """Return the answer's result. Raises PortalError for a method that does not exist."""
        params = command.params
        if command.method == NUMBER:
            return self.take_number(
                str(params["series"]), str(params["owner"]), int(str(params["year"])), str(params["format"])
            )
        if command.method == "engine.key":
            return getattr(self._local, "key", "")
        if command.method == "engine.recall":
            return recall(self._store, str(params["key"]))
        if command.method == "engine.remember":
            remember(self._store, str(params["key"]), str(params["value"]))
            return None
        if command.method.startswith(QUESTION):
            return question_method(self._store, command, self._clock())
        if command.method in self.more:
            return self.more[command.method](command)
        raise PortalError(command.method, "ERROR_METHOD_NOT_FOUND", "the engine has no such method")

    def take_number(self, series: str, owner: str, year: int, pattern: str) -> str:
        """Return the next number of a series as text, durably given to the current key.

        The same key gets the same number until it is used or void. Numbers of one (series, owner, year) follow one
        another without a gap; void ones stay as rows and are never given again.
        """
        key = getattr(self._local, "key", "") or f"{series}/{owner}/{year}"
        with self._store.transaction() as connection:
            self._store.lock(f"number {series} {owner} {year}")
            held = connection.execute(
                "SELECT text FROM number WHERE series=? AND owner=? AND year=? AND key=? AND state='taken'",
                (series, owner, year, key),
            ).fetchone()
            if held:
                return str(held["text"])
            last = connection.execute(
                "SELECT max(n) FROM number WHERE series=? AND owner=? AND year=?", (series, owner, year)
            ).fetchone()
            before = self._last_given.get((series, year), 0)
            before = self._last_given.get((f"{series}@{owner}", year), before)
            number = max(int(last[0] or 0) if last is not None else 0, before) + 1
            text = pattern.format(year=year, n=number)
            connection.execute(
                "INSERT INTO number (series, owner, year, n, text, key, at) VALUES (?,?,?,?,?,?,?)",
                (series, owner, year, number, text, key, self._clock().isoformat()),
            )
        return text

    def use_numbers(self, key: str, item: str) -> None:
        """The numbers taken under `key` are borne by `item` now."""
        self._store.write(
            "UPDATE number SET state = 'used', item = ? WHERE key = ? AND state = 'taken'", (item, key)
        )

    def void_numbers(self, key: str) -> None:
        """The numbers taken under `key` were given and abandoned: they stay taken by nothing."""
        self._store.write("UPDATE number SET state = 'void' WHERE key = ? AND state = 'taken'", (key,))
