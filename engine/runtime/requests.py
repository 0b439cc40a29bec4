"""What a person asks of the engine from another process: rows of the inbox with a verb and an answer.

Decides how a request travels: through the database, so that it is asked of whichever process works, waits where
none does, and is done once. What a verb means is the engine's affair (`answers` of `Carrier`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime

from engine.decision.forms import Json
from engine.language.values import Value
from engine.runtime.inbox import ENGINE_LANE
from engine.runtime.store import Connection, Store
from engine.runtime.wire import dump

_LOOK = 0.1


def ask(
    store: Store, verb: str, params: Mapping[str, Value], now: datetime, *, lane: str = ENGINE_LANE
) -> int:
    """Store a request; return its number. The engine answers it in the lane's turn."""
    with store.transaction() as connection:
        return put_request(store, connection, verb, params, now, lane=lane)


def put_request(
    store: Store, connection: Connection, verb: str, params: Mapping[str, Value], now: datetime, *, lane: str
) -> int:
    """Insert a request inside the caller's transaction; return its number."""
    store.enter(lane)
    row = connection.execute(
        "INSERT INTO event (kind, name, detail, lane, time, received, roots, origin)"
        " VALUES ('request', 'request', ?, ?, ?, ?, ?, 'person') RETURNING n",
        (verb, lane, now.isoformat(), now.isoformat(), dump(params)),
    ).fetchone()
    assert row is not None
    store.announce(connection, lane)
    return int(row[0])


def answer_of(store: Store, n: int) -> dict[str, Json] | None:
    """Return what became of request `n`, None while it waits."""
    row = store.row("SELECT state, answer FROM event WHERE n = ?", (n,))
    if row is None or row["state"] != "done":
        return None
    found: dict[str, Json] = json.loads(row["answer"] or "{}")
    return found


def wait_for_answer(store: Store, n: int, seconds: float) -> dict[str, Json] | None:
    """Return the answer of request `n`, None where `seconds` were not enough."""
    deadline = time.monotonic() + seconds
    while (answer := answer_of(store, n)) is None and time.monotonic() < deadline:
        time.sleep(_LOOK)
    return answer
