"""Jobs: Procrastinate's rows that say "this lane has something to do", put there in the transaction that knows it.

Decides when a job is put, and that none is lost: a job carries nothing but its lane, several of one lane are as good
as one, and each lane with open rows has one, or gets it. What a lane has to do stands in the inbox.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.runtime.store import Connection, Store

# As they stand in the statements below.
TASK, QUEUE = "advance", "reglament"

_PUT = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, scheduled_at)
SELECT 'reglament', 'advance', lane, jsonb_build_object('lane', lane),
    CASE WHEN ?::float8 > 0 THEN now() + make_interval(secs => ?) END
FROM unnest(?::text[]) AS lane
"""
# A job whose holder is silent leaves, and another comes: its holder, should it wake, finds nothing to end.
_RESCUE = """
WITH silent AS (
    DELETE FROM procrastinate_jobs AS job USING procrastinate_jobs AS old
    LEFT JOIN procrastinate_workers AS worker ON worker.id = old.worker_id
    WHERE job.id = old.id AND old.status = 'doing' AND old.queue_name = 'reglament'
    AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => ?))
    RETURNING job.lock
)
SELECT DISTINCT lock FROM silent
"""
_DUE_WITHOUT = """
SELECT lane FROM unnest(?::text[]) AS lane WHERE NOT EXISTS (
    SELECT 1 FROM procrastinate_jobs AS job WHERE job.lock = lane AND (
        job.status = 'doing' OR (job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now()))
    )
)
"""


def put_jobs(connection: Connection, lanes: Sequence[str], delay: float = 0.0) -> None:
    """Have the lanes advanced, in `delay` seconds. Part of the transaction under way; workers are told at its end."""
    connection.execute(_PUT, (float(delay), float(delay), list(lanes)))


def take_all(store: Store, lane: str) -> None:
    """Drop the jobs of the lane that wait: whoever has begun on it does what they were put for."""
    store.write("DELETE FROM procrastinate_jobs WHERE lock = ? AND status = 'todo'", (lane,))


def rescue(store: Store, dead_after: float) -> list[str]:
    """Put the lanes of workers that were silent for `dead_after` seconds up for others; return these lanes."""
    with store.transaction() as connection:
        lanes = [str(row[0]) for row in connection.execute(_RESCUE, (float(dead_after),)).fetchall()]
        if lanes:
            put_jobs(connection, lanes)
    return lanes


def is_anybody_working(store: Store, seconds: float) -> bool:
    """True where some process has shown within `seconds` that it is alive."""
    sql = (
        "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => ?) LIMIT 1"
    )
    return store.row(sql, (float(seconds),)) is not None


def put_missing(store: Store, lanes: Sequence[str]) -> int:
    """Put a job for each of `lanes`, which are due, that has none to be done now; return how many."""
    with store.transaction() as connection:
        missing = [str(row[0]) for row in connection.execute(_DUE_WITHOUT, (list(lanes),)).fetchall()]
        if missing:
            later = "DELETE FROM procrastinate_jobs WHERE lock = ANY(?) AND status = 'todo'"
            connection.execute(later, (missing,))
            put_jobs(connection, missing)
    return len(missing)
