"""A journal written directly: many runs with their events and steps, as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.language.values import Row
from engine.runtime.store import Connection, Store
from engine.runtime.wire import dump

ZONE = ZoneInfo("Europe/Moscow")
START = datetime(2026, 3, 2, 9, tzinfo=ZONE)
EDITION = "sha256:1"
_FACTS = dump({"items": Row(()), "roots": Row(())})
_STATUSES = {0: "failed", 1: "unknown", 2: "held"}


def started(number: int) -> datetime:
    """When run `number` began: one a minute."""
    return START + timedelta(minutes=number)


def status_of(number: int) -> str:
    return _STATUSES.get(number % 1000, "done")


def fill(store: Store, count: int, **run: object) -> None:
    """Put `count` runs, numbered from 1, over 1,000 deals; each with one step of one of ten rules."""
    with store.transaction() as connection:
        put_edition(connection, EDITION)
        connection.executemany(
            "INSERT INTO event (n, kind, name, item, lane, time, received, state, outcome, origin)"
            " VALUES (?, 'delivery', ?, ?, ?, ?, ?, 'done', 'run', 'portal')",
            [
                (n, _name(n), f"deal/{n % 1000}", f"deal/{n % 1000}", _time(n), _time(n))
                for n in range(1, count + 1)
            ],
        )
        for n in range(1, count + 1):
            put_run(connection, n, {"status": status_of(n), **run})


def _name(n: int) -> str:
    return "deal.created" if n % 500 == 0 else "deal.updated"


def _time(n: int) -> str:
    return started(n).isoformat()


def put_edition(connection: Connection, name: str, first_seen: datetime = START) -> None:
    connection.execute(
        "INSERT INTO edition VALUES (?, ?) ON CONFLICT DO NOTHING", (name, first_seen.isoformat())
    )
    connection.execute(
        "INSERT INTO edition_file VALUES (?, 'a.yaml', ?) ON CONFLICT DO NOTHING", (name, b"x")
    )


def put_run(connection: Connection, n: int, columns: Mapping[str, object], rule: str = "") -> None:
    """Put run `n` of event `n` with one step that is done."""
    values = {
        "n": n, "event": n, "edition": EDITION, "item": f"deal/{n % 1000}", "event_wire": '{"o":{}}',
        "facts": _FACTS, "form": json.dumps({"event": {}, "rules": [], "plan": []}),
        "status": "done", "started": _time(n), "ended": _time(n), "verdict_ru": "Готово.", "verdict_en": "Done.",
        "title": f"Сделка {n % 1000}", "changed": '["stage"]', "event_name": _name(n), "event_time": _time(n),
        "late": int(n % 200 == 0), **columns,
    }  # fmt: skip
    marks = ",".join("?" * len(values))
    connection.execute(f"INSERT INTO run ({','.join(values)}) VALUES ({marks})", tuple(values.values()))
    connection.execute(
        "INSERT INTO step (run, number, rule, action, status, reason) VALUES (?, 1, ?, 'notify', 'done', '')",
        (n, rule or ("rare/rule" if n % 5000 == 0 else f"test/rule-{n % 10}")),
    )
