"""What a person does about a run that stopped: looks on the portal and in the mailbox, gives the word, retries.

Decides the word where SMTP cannot be asked: a letter of the step's key lies in the twin's mailbox, or it does not.
Everything goes through the door of `engine runs retry`: a request in the inbox of the state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.emulator.mailbox import read_mails
from engine.emulator.portal import Portal
from engine.language.values import Value
from engine.letters import letter_id
from engine.runtime.requests import ask
from engine.runtime.retry import RETRY, lane_of_run
from engine.runtime.runs import Runs, StoredRun, StoredStep
from engine.runtime.store import Store

_ZONE = ZoneInfo("Europe/Moscow")
_PATIENCE = 6


class People:
    """Retries every stopped run; `retried` says how often each was. `clock` is the engine's."""

    def __init__(self, portal: Portal, store: Store, clock: Callable[[], datetime]) -> None:
        self._portal, self._store, self._clock = portal, store, clock
        self.retried: Counter[int] = Counter()

    def answer(self) -> int:
        """Ask the engine to take up each run that stopped; return how many were asked for."""
        runs, asked = Runs(self._store, self._clock), 0
        for row in self._store.rows(
            "SELECT n FROM run WHERE status IN ('failed', 'unknown', 'held') ORDER BY n"
        ):
            run = runs.find(int(row["n"]), _ZONE)
            if run is None or self.retried[run.n] >= _PATIENCE:
                continue
            self.retried[run.n] += 1
            asked += 1
            word = self._word(runs.steps(run.n))
            params: dict[str, Value] = {"run": str(run.n), "present": False, "was_done": word}
            ask(self._store, RETRY, params, self._clock(), lane=lane_of_run(self._store, run))
        return asked

    def given_up(self) -> list[StoredRun]:
        """Return the runs that no retry has mended."""
        rows = self._store.rows(
            "SELECT n FROM run WHERE status IN ('failed', 'unknown', 'held', 'loop') ORDER BY n"
        )
        found = (Runs(self._store, self._clock).find(int(row["n"]), _ZONE) for row in rows)
        return [run for run in found if run is not None]

    def _word(self, steps: list[StoredStep]) -> str:
        """Return yes or no where a letter's fate is unknown; empty where the engine can look itself."""
        for step in steps:
            if step.status == "unknown" and step.action == "mail.send" and step.key:
                return "yes" if self._is_in_mailbox(step.key) else "no"
        return ""

    def _is_in_mailbox(self, key: str) -> bool:
        for mail in read_mails(self._portal.store):
            message_id, to = str(mail["message_id"]), mail["to"]
            domain = message_id.rpartition("@")[2].rstrip(">")
            if isinstance(to, list) and any(letter_id(key, str(one), domain) == message_id for one in to):
                return True
        return False
