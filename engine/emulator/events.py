"""Outgoing webhooks: what is sent when something changed, and what became of it.

Decides the shape and the order of deliveries. As on a portal: a short delay, one attempt, no retry,
identifiers only, nothing kept over a restart. Every outcome is a row of the `delivery` table.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode

import httpx

from engine.emulator.clock import Clock
from engine.emulator.php import flatten, listing
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


@dataclass(frozen=True)
class _Post:
    event: Event
    webhook: Mapping[str, object]
    not_before: float


class Deliveries:
    """The queue server between a portal and the receivers of its events."""

    def __init__(self, store: Store, clock: Clock, domain: str, delay: float = 0.05) -> None:
        """`delay` is in seconds between a change and its post."""
        self._store, self._clock, self._domain = store, clock, domain
        self.delay = delay
        self._posts: queue.Queue[_Post | None] = queue.Queue()
        self._open = 0
        self._idle = threading.Condition()
        self._worker: threading.Thread | None = None
        self._stopped = threading.Event()

    def send(self, events: list[Event]) -> None:
        """Queue the posts of some events, in this order; returns at once."""
        for event in events:
            for webhook in self._store.rows("outgoing"):
                wanted = {str(name).upper() for name in listing(webhook.get("events"))}
                if event.name in wanted and webhook.get("handler"):
                    self._put(_Post(event, webhook, time.monotonic() + self.delay))

    def _put(self, post: _Post) -> None:
        with self._idle:
            self._open += 1
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="portal-deliveries", daemon=True)
            self._worker.start()
        self._posts.put(post)

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until every queued post was tried; false if that took longer than `timeout` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, timeout)

    def close(self) -> None:
        """Stop the delivery thread; what is still queued is lost, as on a portal."""
        self._stopped.set()
        if self._worker is not None:
            self._posts.put(None)
            self._worker.join(_PATIENCE + 1)
            self._worker = None

    def _work(self) -> None:
        with httpx.Client(timeout=_PATIENCE, trust_env=False, follow_redirects=False) as client:
            while (post := self._posts.get()) is not None:
                if not self._stopped.wait(max(0.0, post.not_before - time.monotonic())):
                    self._deliver(client, post)
                with self._idle:
                    self._open -= 1
                    self._idle.notify_all()

    def _deliver(self, client: httpx.Client, post: _Post) -> None:
        body = urlencode(flatten(delivery_form(post.event, post.webhook, self._domain)))
        status, error = 0, ""
        begun = time.monotonic()
        try:
            answer = client.post(
                str(post.webhook["handler"]),
                content=body,
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
                "webhook": post.webhook["id"],
                "handler": post.webhook["handler"],
                "body": body,
                "status": status,
                "error": error,
                "milliseconds": milliseconds,
                "time": self._clock.stamp(),
            },
        )


def delivery_form(event: Event, webhook: Mapping[str, object], domain: str) -> dict[str, object]:
    """The members of one post: never old values, never a token that could call back."""
    return {
        "event": event.name,
        "event_handler_id": webhook["id"],
        "data": event.payload,
        "ts": event.time,
        "auth": {
            "domain": domain,
            "client_endpoint": f"https://{domain}/rest/",
            "server_endpoint": "https://oauth.bitrix.info/rest/",
            "member_id": webhook.get("member_id") or member_id(domain),
            "application_token": webhook.get("application_token", ""),
        },
    }


def member_id(domain: str) -> str:
    """The portal's own identifier: 32 hex digits, the same for the same portal."""
    return sha256(domain.encode()).hexdigest()[:32]
