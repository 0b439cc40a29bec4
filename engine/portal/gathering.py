"""Commands of all threads on their way to the portal, in as few requests as there can be.

Decides which commands travel in the next request and when it leaves. One of the threads that wait leads: it gathers
while others keep coming, waits for its turn at the portal, takes along all that waits by then and sends it, while
the next one leads already. It knows no run and repeats nothing; `sharing` says what each command gets.
"""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from engine.action import Answer, Command
from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.pace import Pace
from engine.portal.packing import LARGEST_BATCH
from engine.portal.resting import Rests
from engine.portal.sharing import (
    Member,
    Outcome,
    Parcel,
    Waiting,
    batch_of,
    is_write,
    outcome_in,
    times_in,
)

# A portal that answers slowly must not see an ever longer series of ours (PROTOCOL §2).
MOST_REQUESTS = 10
# For how long nobody else must come before a request leaves: with an empty bucket it may wait for company.
_SHORTEST_SILENCE, _LONGEST_SILENCE = 0.003, 0.06


@dataclass(eq=False)
class _Sender:
    """A thread inside `send`; `turn` wakes it."""

    turn: threading.Condition
    parcels: list[Waiting]
    is_idle: bool = True


@dataclass(order=True)
class _Place:
    """A parcel in the queue; the earliest `due` goes first, so that no patience makes anybody wait for ever."""

    due: float
    number: int
    waiting: Waiting = field(compare=False)
    sender: _Sender = field(compare=False)

    @property
    def size(self) -> int:
        return len(self.waiting.parcel.ready)


class Gathering:
    """The way of all threads of this process to `client`. Safe between threads; `stop` it before the client closes.

    `pace` is the client's own; `clock` is monotonic.
    """

    def __init__(
        self,
        client: PortalClient,
        pace: Pace | None,
        *,
        rests: Rests | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._pace, self._clock = client, pace, clock
        self.rests = rests or Rests()
        self._lock = threading.Lock()
        self._arrival = threading.Condition(self._lock)
        self._queue: list[_Place] = []
        self._leader: _Sender | None = None
        self._under_way = self._numbers = self._requests = 0
        self._is_stopped = False

    def send(self, parcels: Sequence[Parcel]) -> list[Waiting]:
        """Return the parcels with every command's outcome, once all have one; nothing is raised for the portal's sake.

        They travel in their order where there is room, together with those of other threads; a later one may be
        answered before an earlier one.
        """
        sender = _Sender(threading.Condition(self._lock), [Waiting(parcel) for parcel in parcels])
        with self._lock:
            for waiting in sender.parcels:
                self._put(waiting, sender)
            self._arrival.notify()
            self._call_next()
        while self._leads(sender):
            self._lead(sender)
        return sender.parcels

    def waiting(self) -> int:
        """Return how many parcels no request has taken along yet."""
        with self._lock:
            return len(self._queue)

    def stop(self) -> None:
        """Everything that waits is refused, with `later`, and so is all that comes; requests under way go on."""
        with self._lock:
            self._is_stopped = True
            self._refuse_all()
            self._arrival.notify()
        if self._pace is not None:
            self._pace.end()

    def _put(self, waiting: Waiting, sender: _Sender) -> None:
        if self._is_stopped:
            waiting.refuse(_stopped)
        waiting.refuse(lambda command: self.rests.refusal(command.method))
        if not waiting.is_done:
            self._numbers += 1
            due = self._clock() + waiting.parcel.patience
            insort(self._queue, _Place(due, self._numbers, waiting, sender))

    def _leads(self, sender: _Sender) -> bool:
        """Wait until this thread is to lead, or until all it sent is answered: then False."""
        with self._lock:
            while self._leader is not sender:
                if all(waiting.is_done for waiting in sender.parcels):
                    return False
                sender.turn.wait()
            return True

    def _call_next(self) -> None:
        """Have the first of the threads that wait lead, where nobody does and one more request may be under way."""
        if self._leader is not None or self._under_way >= MOST_REQUESTS:
            return
        for place in self._queue:
            if place.sender.is_idle:
                place.sender.is_idle = False
                self._leader = place.sender
                place.sender.turn.notify()
                return

    def _lead(self, sender: _Sender) -> None:
        """Send one request of what waits when its turn has come."""
        load: list[_Place] = []
        try:
            self._linger()
            with self._turn():
                load = self._begin()
                if load:
                    self._carry([place.waiting for place in load])
        except Exception as error:
            if not load:
                raise
            # Most of the load may be others': it is they who are told.
            text = f"{type(error).__name__}: {error}"
            for place in load:
                place.waiting.fail(PortalError("", "FAULT", text, "unknown"))
        finally:
            self._finish(sender, load)

    def _begin(self) -> list[_Place]:
        """Take the load of a request and let another thread lead."""
        with self._lock:
            load = self._take()
            self._under_way += bool(load)
            self._leader = None
            self._call_next()
        return load

    def _finish(self, sender: _Sender, load: Sequence[_Place]) -> None:
        with self._lock:
            if self._leader is sender:
                self._leader = None
            self._under_way -= bool(load)
            sender.is_idle = True
            for place in load:
                place.sender.turn.notify()
            self._call_next()

    def _linger(self) -> None:
        """Wait while others keep coming, the longer the emptier the bucket; not at all once a batch is full."""
        if self._pace is None:
            return
        fullness = self._pace.fullness()
        silence = _SHORTEST_SILENCE + (_LONGEST_SILENCE - _SHORTEST_SILENCE) * fullness
        until = self._clock() + max(silence, fullness / self._pace.rate)
        with self._lock:
            while not self._is_stopped and sum(place.size for place in self._queue) < LARGEST_BATCH:
                left = min(silence, until - self._clock())
                if left <= 0 or not self._arrival.wait(left):
                    return

    def _turn(self) -> AbstractContextManager[None]:
        return self._pace.paid() if self._pace is not None else nullcontext()

    def _take(self) -> list[_Place]:
        """Take what travels now out of the queue: its first, and of the others whatever finds room."""
        if self._is_stopped:
            self._refuse_all()
        load: list[_Place] = []
        kept: list[_Place] = []
        seen: set[str] = set()
        room = LARGEST_BATCH
        for place in self._queue:
            place.waiting.refuse(lambda command: self.rests.refusal(command.method))
            size, brought = place.waiting.new_in(seen)
            # What goes alone shares with nobody, first or later.
            is_apart = bool(load) and (load[0].waiting.parcel.is_alone or place.waiting.parcel.is_alone)
            if place.waiting.is_done:
                place.sender.turn.notify()
            elif is_apart or size > room:
                kept.append(place)
            else:
                load.append(place)
                seen |= brought
                room -= size
        self._queue = kept
        return load

    def _refuse_all(self) -> None:
        for place in self._queue:
            place.waiting.refuse(_stopped)
            place.sender.turn.notify()
        self._queue = []

    def _carry(self, load: Sequence[Waiting]) -> None:
        """Send the load as one request and settle every command of it."""
        sent = [(waiting, at) for waiting in load for at in waiting.open]
        with self._lock:
            self._requests += 1
            number = self._requests
        for waiting in load:
            waiting.request, waiting.share = number, len(waiting.open) / len(sent)
            waiting.sent = [waiting.parcel.ready[at].command for at in waiting.open]
            self._client.spending.carried(waiting.parcel.bearer, waiting.share, waiting.sent)
        if len(sent) == 1:
            waiting, at = sent[0]
            waiting.outcomes[at] = self._single(waiting, at)
        else:
            self._batch(load)

    def _single(self, waiting: Waiting, at: int) -> Outcome:
        ready = waiting.parcel.ready[at]
        command = ready.command
        self._client.spending.sent(1)
        try:
            params = ready.fill()
        except OSError as error:
            return PortalError(command.method, "NO_CONTENT", f"the file cannot be read: {error}")
        except PortalError as error:
            return error
        try:
            envelope = self._client.call(command.method, params, writes=is_write(command))
        except PortalError as error:
            self.rests.refused(error)
            return error
        self.rests.note(command.method, envelope.get("time"))
        return Answer(command.id, envelope["result"])

    def _batch(self, load: Sequence[Waiting]) -> None:
        texts, members = batch_of(load)
        if not texts:
            return
        self._client.spending.sent(len(texts))
        writes = any(is_write(_command(member)) for sharing in members.values() for member in sharing)
        try:
            envelope = self._client.call("batch", {"halt": 0, "cmd": texts}, writes=writes)
        except PortalError as error:
            for waiting in load:
                waiting.fail(error)
            return
        for key, sharing in members.items():
            self._settle(envelope["result"], key, sharing)

    def _settle(self, result: object, key: str, sharing: Sequence[Member]) -> None:
        """Give everybody who asked for it the answer under a key of a batch."""
        method = _command(sharing[0]).method
        first = outcome_in(result, key, _command(sharing[0]))
        if isinstance(first, PortalError):
            self.rests.refused(first)
            self._client.spending.refused(first.code)
        else:
            self.rests.note(method, times_in(result, key))
            self._client.remember_rest(method, times_in(result, key))
        for member in sharing:
            waiting, at = member
            outcome = outcome_in(result, key, _command(member))
            if isinstance(outcome, PortalError) and isinstance(first, PortalError):
                outcome.retry_after = first.retry_after
            waiting.outcomes[at] = outcome


def _command(member: Member) -> Command:
    waiting, at = member
    return waiting.parcel.ready[at].command


def _stopped(command: Command) -> PortalError:
    return PortalError(command.method, "STOPPED", "not sent: the engine stops", "later", 0.0)
