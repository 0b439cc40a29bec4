"""Doorbells as rows: many at once in three statements, however many they are.

Decides which of them are one: equal ones coalesce while none of them has begun. Whether there is room for them is the
inbox's to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.language.values import Item
from engine.runtime.store import Connection, Store

PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One doorbell: equal are those with the same `dedupe`. `name` is the event's, `origin` who rang."""

    dedupe: str
    name: str
    item: Item
    time: datetime
    received: datetime
    origin: str = PORTAL
    late: bool = False


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a doorbell: the lane of its item, and whether it is new there."""

    is_new: bool
    lane: str


def put_arrivals(store: Store, connection: Connection, arrivals: Sequence[Arrival]) -> list[Put]:
    """Insert doorbells in their order, part of the transaction under way; equal ones that wait swallow theirs."""
    if not arrivals:
        return []
    lanes = _lanes_of(store, arrivals)
    for lane in dict.fromkeys(lanes):
        store.enter(lane)
    values: list[object] = []
    for one, lane in zip(arrivals, lanes, strict=True):
        times = one.time.isoformat(), one.received.isoformat()
        values += (one.dedupe, one.name, str(one.item), lane, *times, one.origin, int(one.late))
    rows = ",".join(["('delivery',?,?,?,?,?,?,?,?)"] * len(arrivals))
    found = connection.execute(
        f"INSERT INTO event (kind, dedupe, name, item, lane, time, received, origin, late) VALUES {rows}"  # noqa: S608
        " ON CONFLICT (dedupe) WHERE state = 'waiting' AND dedupe IS NOT NULL DO NOTHING RETURNING dedupe",
        values,
    )
    new = Counter(str(row[0]) for row in found.fetchall())
    put: list[Put] = []
    for one, lane in zip(arrivals, lanes, strict=True):
        put.append(Put(new[one.dedupe] > 0, lane))
        new[one.dedupe] -= 1
    _count(store, arrivals, put)
    for lane in dict.fromkeys(one.lane for one in put if one.is_new):
        store.announce(connection, lane)
    return put


def _lanes_of(store: Store, arrivals: Sequence[Arrival]) -> list[str]:
    """Return the lanes by the snapshots; an item never seen is its own."""
    items = [str(one.item) for one in arrivals]
    marks = ",".join("?" * len(items))
    rows = store.rows(f"SELECT item, lane FROM snapshot WHERE item IN ({marks})", items)  # noqa: S608
    known = {str(row[0]): str(row[1]) for row in rows}
    return [known.get(item, item) for item in items]


def _count(store: Store, arrivals: Sequence[Arrival], put: Sequence[Put]) -> None:
    """The portal's are counted: what it sends twice says something of it."""
    ours = [one.is_new for one, arrival in zip(put, arrivals, strict=True) if arrival.origin == PORTAL]
    for name, number in (("accepted", sum(ours)), ("coalesced", len(ours) - sum(ours))):
        if number:
            store.count(name, number)
