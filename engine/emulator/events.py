"""Posts of events: when each goes out, and what became of it.

Decides the order of deliveries; who hears of an event and what a post holds is said by `subscriptions`. As on a
portal: a short delay, one attempt, no retry, nothing kept over a restart. Every outcome is a row of the `delivery`
table, with the planned fault that befell the post, if any.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeAlias
from urllib.parse import urlencode

import httpx

from engine.emulator.clock import Clock
from engine.emulator.faults import Post as PostSeen
from engine.emulator.faults import PostPlan
from engine.emulator.php import flatten
from engine.emulator.store import Store

# The portal stops waiting for a slow receiver; the exact time is not published.
_PATIENCE = 5.0


@dataclass(frozen=True)
class Event:
    """A change somebody may have subscribed to; `payload` is the ``data`` of the post."""

    name: str
    payload: Mapping[str, object]
    time: int
    """Unix seconds by the portal's clock."""
    user: int = 0
    """Who made the change; 0 where no employee did, but a robot, a workflow or an agent."""
    connector: str = ""
    """The ``auth_connector`` of the call that made it."""


Receiver: TypeAlias = Mapping[str, object]
"""An outgoing webhook or an application's handler: at least ``id`` and ``handler``."""


@dataclass(frozen=True)
class _Post:
    event: Event
    receiver: Receiver
    fault: str = ""


@dataclass
class _Held:
    """A post kept back: until so many others were queued, or until its time in the queue comes."""

    entry: tuple[float, int, _Post]
    behind: int


class Deliveries:
    """The queue server between a portal and the receivers of its events."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        receivers: Callable[[Event], Sequence[Receiver]],
        form: Callable[[Event, Receiver], Mapping[str, object]],
        delay: float = 0.05,
    ) -> None:
        """`receivers` says who hears of an event, `form` what the post to one of them holds; `delay` is in seconds
        between a change and its post.
        """
        self._store, self._clock, self._receivers, self._form = store, clock, receivers, form
        self.delay = delay
        self.patience = _PATIENCE
        """Seconds a receiver is waited for."""
        self.spread: Callable[[int], tuple[float, ...]] = lambda _: (0.0,)
        """Seconds that each copy of the n-th post is late; one copy, at once."""
        self.faults: PostPlan | None = None
        """Asked about every post."""
        self._queue: list[tuple[float, int, _Post]] = []
        self._held: list[_Held] = []
        self._numbers, self._posts = itertools.count(1), itertools.count(1)
        self._last_due = 0.0
        self._open = 0
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._is_stopped = False

    def send(self, events: list[Event]) -> None:
        """Queue the posts of some events, in this order; returns at once."""
        for event in events:
            for receiver in self._receivers(event):
                self._plan(_Post(event, receiver))

    def send_to(self, event: Event, receiver: Receiver, late: float = 0.0) -> None:
        """Queue the post of an event to one receiver, `late` seconds later than usual; returns at once."""
        self._plan(_Post(event, receiver), late)

    def _plan(self, post: _Post, later: float = 0.0) -> None:
        """Queue a post as its fault, if it has one, lets it be queued."""
        number = next(self._posts)
        fault = self.faults(PostSeen(post.event.name, number)) if self.faults else None
        due = time.monotonic() + self.delay + later
        if fault is None:
            for late in self.spread(number):
                self._put(post, due + late, is_late=late + later > 0)
            return
        post = replace(post, fault=fault.kind)
        if fault.kind == "dropped":
            self._log(post, "", 0, "", 0)
        elif fault.kind == "doubled":
            self._put(post, due)
            self._put(post, due + fault.seconds, is_late=fault.seconds > 0)
        elif fault.kind == "late":
            self._put(post, due + fault.seconds, is_late=True)
        else:
            self._put(post, due + fault.seconds, is_late=True, behind=fault.behind)

    def _put(self, post: _Post, due: float, *, is_late: bool = False, behind: int = 0) -> None:
        with self._changed:
            if not is_late:
                # A shorter delay set meanwhile must not let a post overtake those before it.
                due = self._last_due = max(due, self._last_due)
            entry = (due, next(self._numbers), post)
            heapq.heappush(self._queue, entry)
            self._open += 1
            if not is_late:
                self._release(due)
            if behind:
                self._held.append(_Held(entry, behind))
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="portal-deliveries", daemon=True)
                self._worker.start()
            self._changed.notify_all()

    def _release(self, due: float) -> None:
        """One more post was queued: those held behind it may go right after."""
        for held in list(self._held):
            held.behind -= 1
            if held.behind > 0:
                continue
            self._held.remove(held)
            if held.entry in self._queue:
                self._queue.remove(held.entry)
                heapq.heapify(self._queue)
                heapq.heappush(self._queue, (due, next(self._numbers), held.entry[2]))

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until every queued post was tried; false if that took longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout)

    def close(self) -> None:
        """Stop the delivery thread; what is still queued is lost, as on a portal."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._worker is not None:
            self._worker.join(self.patience + 1)
            self._worker = None

    def _work(self) -> None:
        with httpx.Client(trust_env=False, follow_redirects=False) as client:
            while (post := self._next()) is not None:
                self._deliver(client, post)
                with self._changed:
                    self._open -= 1
                    self._changed.notify_all()

    def _next(self) -> _Post | None:
        """The next post, once it is due; None after `close`."""
        with self._changed:
            while not self._is_stopped:
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    entry = heapq.heappop(self._queue)
                    self._held = [one for one in self._held if one.entry is not entry]
                    return entry[2]
                self._changed.wait(wait)
            return None

    def _deliver(self, client: httpx.Client, post: _Post) -> None:
        body = urlencode(flatten(self._form(post.event, post.receiver)))
        status, error = 0, ""
        begun = time.monotonic()
        try:
            answer = client.post(
                str(post.receiver["handler"]),
                content=body,
                timeout=self.patience,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "User-Agent": "Bitrix24 Webhook Engine",
                },
            )
            status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            error = f"{type(failure).__name__}: {failure}"
        self._log(post, body, status, error, round((time.monotonic() - begun) * 1000))

    def _log(self, post: _Post, body: str, status: int, error: str, milliseconds: int) -> None:
        row_id = self._store.next_id("delivery")
        self._store.put(
            "delivery",
            row_id,
            {
                "id": row_id,
                "event": post.event.name,
                "payload": post.event.payload,
                "webhook": post.receiver["id"],
                "application": post.receiver.get("application"),
                "handler": post.receiver["handler"],
                "body": body,
                "status": status,
                "error": error,
                "milliseconds": milliseconds,
                "fault": post.fault,
                "time": self._clock.stamp(),
            },
        )


def webhook_auth(webhook: Mapping[str, object], domain: str, member: str) -> dict[str, object]:
    """The block ``auth`` of an outgoing webhook's post: never a token that could call back."""
    return {
        "domain": domain,
        "client_endpoint": f"https://{domain}/rest/",
        "server_endpoint": "https://oauth.bitrix.info/rest/",
        "member_id": webhook.get("member_id") or member,
        "application_token": webhook.get("application_token", ""),
    }


def member_id(domain: str) -> str:
    """The portal's own identifier: 32 hex digits, the same for the same portal."""
    return sha256(domain.encode()).hexdigest()[:32]
