"""The tokens of the connected application in the engine's own state, shared by all its processes.

Decides which portal the state belongs to: the first one that was installed, whatever comes later. What tokens are good
for, and when they are renewed, is the affair of `engine/portal/application.py`.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

from engine.portal.application import State, Tokens
from engine.runtime.store import Connection, Store

_LOCK = "credential"
_HOLDS = 2.0
_COLUMNS = "member_id, client_endpoint, access_token, refresh_token, application_token, scope, status, user_id, state"


class CredentialShelf:
    """The one row of the table `credential` of `store`; a `Shelf` of the application. Safe between threads."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    def read(self) -> Tokens | None:
        """See `Shelf`."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM credential LIMIT 1")  # noqa: S608
        if row is None:
            return None
        member, endpoint, access, refresh, own, scope, status, user, state = (row[at] for at in range(9))
        return Tokens(member, endpoint, access, refresh, own, scope, status, user, cast("State", state))

    def renewed(self, old: str, tokens: Tokens) -> bool:
        """See `Shelf`."""
        with self._store.transaction() as connection:
            self._store.lock(_LOCK)
            sql = "SELECT refresh_token FROM credential WHERE member_id = ?"
            row = connection.execute(sql, (tokens.member_id,)).fetchone()
            if row is None or row[0] != old:
                return False
            self._write(connection, tokens)
        return True

    def alone(self) -> AbstractContextManager[bool]:
        """See `Shelf`."""
        return self._store.alone(_LOCK)

    def install(self, tokens: Tokens) -> bool:
        """Keep the tokens of an install, durably when this returns; False where another portal was here before."""
        now = self._clock().isoformat()
        with self._store.transaction() as connection:
            self._store.lock(_LOCK)
            row = connection.execute("SELECT member_id FROM credential LIMIT 1").fetchone()
            if row is not None and row[0] != tokens.member_id:
                return False
            if row is None:
                connection.execute(
                    "INSERT INTO credential (member_id, domain, client_endpoint, access_token, refresh_token,"
                    " application_token, installed_at, refreshed_at) VALUES (?, '', '', '', '', '', ?, ?)",
                    (tokens.member_id, now, now),
                )
            else:
                connection.execute("UPDATE credential SET installed_at = ?", (now,))
            self._write(connection, tokens)
        return True

    def remove(self) -> None:
        """The application was removed from its portal: its tokens are forgotten, its portal is not."""
        self._store.execute("UPDATE credential SET state = 'gone', access_token = '', refresh_token = ''")

    def _write(self, connection: Connection, tokens: Tokens) -> None:
        values = (
            urlsplit(tokens.client_endpoint).netloc, tokens.client_endpoint, tokens.access_token,
            tokens.refresh_token, tokens.application_token, tokens.scope, tokens.status, tokens.user, tokens.state,
            self._clock().isoformat(), tokens.member_id,
        )  # fmt: skip
        connection.execute(
            "UPDATE credential SET domain = ?, client_endpoint = ?, access_token = ?, refresh_token = ?,"
            " application_token = ?, scope = ?, status = ?, user_id = ?, state = ?, refreshed_at = ?"
            " WHERE member_id = ?",
            values,
        )


class Trust:
    """Whether a post is of our own portal: it knows the `application_token`, and with an application the portal too.

    `pinned` is the token of the settings. Without a `shelf` (an outbound webhook) it alone is believed; with one, what
    came with the install.
    """

    def __init__(self, pinned: str, shelf: CredentialShelf | None = None) -> None:
        self._pinned, self._shelf = pinned, shelf
        self._lock = threading.Lock()
        self._known: tuple[str, str] = ("", "")
        self._until = 0.0

    def is_ours(self, token: str, member: str) -> bool:
        """True for a post of our portal. An install or a removal by another process is noticed within 2 seconds."""
        if self._shelf is None:
            return _same(token, self._pinned)
        known_token, known_member = self._read(self._shelf)
        # Both are compared, so that the time taken tells nothing of which was wrong.
        return _same(token, known_token) & _same(member, known_member)

    def forget(self) -> None:
        """What was read is read again: an install or a removal has just been stored."""
        with self._lock:
            self._until = 0.0

    def _read(self, shelf: CredentialShelf) -> tuple[str, str]:
        with self._lock:
            if time.monotonic() >= self._until:
                found = shelf.read()
                is_there = found is not None and found.state != "gone"
                self._known = (found.application_token, found.member_id) if found and is_there else ("", "")
                self._until = time.monotonic() + _HOLDS
            return self._known


def _same(given: str, known: str) -> bool:
    return bool(known) and hmac.compare_digest(given.encode(), known.encode())
