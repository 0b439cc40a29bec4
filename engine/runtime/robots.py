"""Robots of the portal that call the rules: a call becomes a command event, its end the robot's answer.

Decides what a robot's post means and when it is answered. The robot's workflow waits until then, so that every call is
answered: by what its run came to, or by why there was none. A call that the portal sends twice is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.action import Command
from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.language.types import World
from engine.language.values import Item
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.registration import document_of, robots_of
from engine.runtime.commands import COMMAND
from engine.runtime.delivery import BrokenBody, read_form
from engine.runtime.inbox import put_event
from engine.runtime.logs import Log
from engine.runtime.runs import DONE, clean
from engine.runtime.store import Row, Store

BY = "robot"
_DELAYS = (2.0, 10.0, 60.0, 300.0, 1800.0)
_AT_ONCE = 50
# The portal knows the call no more: the workflow was ended by hand, or it ran out of time.
_STALE = frozenset({"ACCESS_DENIED"})
_LONGEST_VERDICT = 1000


@dataclass(frozen=True)
class RobotCalls:
    """Takes calls at the public address and answers them. `is_ours` judges application token and member id."""

    store: Store
    edition: Callable[[], Edition]
    is_ours: Callable[[str, str], bool]
    clock: Callable[[], datetime]
    wake: Callable[[str], None]
    log: Log

    def take(self, body: bytes) -> int:
        """Return the HTTP status of one post: 200 once the call is stored, 400 for no call, 403 for a stranger's."""
        try:
            form = read_form(body)
        except BrokenBody:
            return self._refuse(400, "not a form")
        if not self.is_ours(form.get("auth[application_token]", ""), form.get("auth[member_id]", "")):
            return self._refuse(403, "wrong application_token")
        token = form.get("event_token", "")
        if not token or len(token) > 1000:
            return self._refuse(400, "no event_token")
        edition = self.edition()
        command = {robot.code: robot.command for robot in robots_of(edition.rules, edition.world)}.get(
            form.get("code", "")
        )
        item = _item_of(form.get("document_id[2]", ""), edition.world)
        why = ""
        if command is None:
            why = "ни одно правило больше не отвечает на этого робота"
        elif item is None:
            why = "в карте портала нет карточки этого вида"
        state = "done" if form.get("use_subscription", "").upper() == "N" else "open"
        self._store(token, state, command or "", item, why)
        return 200

    def _store(self, token: str, state: str, command: str, item: Item | None, why: str) -> None:
        """Store the call and its event in one transaction; a call that is known already changes nothing."""
        event_id = f"robot {hashlib.sha256(token.encode()).hexdigest()[:20]}"
        lane = ""
        with self.store.transaction() as connection:
            self.store.lock(event_id)
            known = connection.execute("SELECT 1 FROM robot_call WHERE token = ?", (token,)).fetchone()
            if known is not None:
                return
            now = self.clock()
            connection.execute(
                "INSERT INTO robot_call (token, event, at, answer, state) VALUES (?,?,?,?,?)",
                (token, event_id, now.isoformat(), why, state),
            )
            if item is not None and not why:
                event = Event(COMMAND, event_id, now, item, by=BY, detail=command)
                lane = put_event(self.store, connection, event, {}, now, origin=BY)
        if lane:
            self.wake(lane)
        self.log.info("robot", command=command, item=str(item or ""), why=why)

    def _refuse(self, status: int, why: str) -> int:
        self.store.count(f"refused_{status}")
        self.log.warning("refused", status=status, why=why, at="robot")
        return status


@dataclass(frozen=True)
class RobotAnswers:
    """Tells waiting robots what their calls came to."""

    store: Store
    gateway: Gateway
    clock: Callable[[], datetime]
    log: Log

    def send(self) -> int:
        """Answer the calls whose events have ended; return how many were answered."""
        rows = self.store.rows(
            "SELECT call.token, call.answer, call.tries, event.outcome, event.reason, run.status, run.verdict_ru"
            " FROM robot_call AS call LEFT JOIN event ON event.id = call.event"
            " LEFT JOIN run ON run.event = event.n AND run.status <> 'retried'"
            " WHERE call.state = 'open' AND call.next_try <= ? AND (call.answer <> '' OR event.state = 'done')"
            " ORDER BY call.at LIMIT ?",
            (self.clock().timestamp(), _AT_ONCE),
        )
        return sum(self._send_one(row) for row in rows)

    def _send_one(self, row: Row) -> bool:
        is_done, verdict = _verdict(row)
        command = Command(
            "answer",
            "bizproc.event.send",
            {
                "event_token": row["token"],
                "return_values": {"ok": "Y" if is_done else "N", "verdict": verdict},
                "log_message": verdict,
            },
            writes=True,
            tolerate=_STALE,
        )
        try:
            [answer] = self.gateway.send([command])
        except PortalError as error:
            return self._later(row, error)
        if answer.error:
            self.log.warning("robot", reason=f"{answer.error} {answer.description}".strip())
        self._end(row, "stale" if answer.error else "done")
        return not answer.error

    def _later(self, row: Row, error: PortalError) -> bool:
        tries = int(row["tries"])
        self.log.warning("robot", reason=str(error), tries=tries + 1)
        if error.retry == "never" or tries >= len(_DELAYS):
            self._end(row, "failed")
        else:
            # An answer given twice is refused as stale: to repeat one whose fate is unknown does no harm.
            at = self.clock().timestamp() + max(_DELAYS[tries], error.retry_after or 0.0)
            self.store.write(
                "UPDATE robot_call SET tries = tries + 1, next_try = ? WHERE token = ?", (at, row["token"])
            )
        return False

    def _end(self, row: Row, state: str) -> None:
        self.store.write("UPDATE robot_call SET state = ? WHERE token = ?", (state, row["token"]))


def _verdict(row: Row) -> tuple[bool, str]:
    """Return whether the rules did what was asked, and in one sentence what came of it."""
    if row["answer"]:
        return False, str(row["answer"])
    if row["outcome"] == "run":
        return row["status"] == DONE, clean(str(row["verdict_ru"]))[:_LONGEST_VERDICT]
    if row["outcome"] == "no_rule":
        return False, "ни одно правило не ответило на команду"
    return False, clean(str(row["reason"] or row["outcome"] or "событие потеряно"))[:_LONGEST_VERDICT]


def _item_of(document: str, world: World) -> Item | None:
    """Return the item that a document id (`DEAL_57`, `DYNAMIC_147_1`, `SMART_INVOICE_3`) stands for."""
    kind, _, number = document.rpartition("_")
    if not number.isascii() or not number.isdigit():
        return None
    for entity in world.entities:
        found = document_of(world, entity)
        if found is not None and found[1] == kind:
            return Item(entity, str(int(number)))
    return None


def forms_of(store: Store) -> dict[str, str]:
    """Return the forms in which robots were registered, by code."""
    return {row["code"]: row["form"] for row in store.rows("SELECT code, form FROM robot")}


def keep_forms(store: Store, forms: Mapping[str, str]) -> None:
    """Remember the forms in which robots stand at the portal now."""
    with store.transaction() as connection:
        connection.execute("DELETE FROM robot")
        connection.executemany("INSERT INTO robot (code, form) VALUES (?,?)", list(forms.items()))
