"""The verdict on one schedule: what is lost, what came out of order, what was done twice.

Decides by two pictures (see `picture.py`) and by the journal. Lost is whatever the fault-free run has and this one has
not, a field that says something else included. Doubled is whatever is there more often. Order is broken where a run of
a lane was opened before one of an earlier event, or where steps of two runs of a lane overlap in time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

from engine.runtime.store import Store
from tests.chaos.picture import Picture


@dataclass(frozen=True)
class Verdict:
    """What went wrong in one schedule, in words; nothing where all three are empty."""

    seed: int
    lost: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """True where nothing went wrong."""
        return not (self.lost or self.order or self.doubled)

    def lines(self) -> Iterator[str]:
        """Yield a line for each thing that went wrong."""
        for word, found in (("lost", self.lost), ("order", self.order), ("doubled", self.doubled)):
            yield from (f"{word}: {one}" for one in found)


def compare(wanted: Picture, found: Picture) -> tuple[list[str], list[str]]:
    """Return what is lost and what is doubled."""
    lost = [f"{name} is missing" for name in wanted.items if name not in found.items]
    doubled = [f"{name} is one too many" for name in found.items if name not in wanted.items]
    for name in wanted.items:
        meant, held = wanted.items[name], found.items.get(name, wanted.items[name])
        lost += [
            f"{name} {key}: {held.get(key)} instead of {meant.get(key)}"
            for key in sorted({*meant, *held})
            if meant.get(key) != held.get(key)
        ]
    for kind, meant_sent in wanted.sent.items():
        held_sent = found.sent[kind]
        lost += [f"{kind} ({count}): {text}" for text, count in (meant_sent - held_sent).items()]
        doubled += [f"{kind} ({count}): {text}" for text, count in (held_sent - meant_sent).items()]
    return lost, doubled


def number_faults(store: Store, borne: Collection[str]) -> list[str]:
    """Return gaps in the numbers given, and numbers that neither stand on a document nor are void."""
    faults: list[str] = []
    rows = store.rows("SELECT series, year, n, text, state, item FROM number ORDER BY series, owner, year, n")
    for last, row in pairwise(rows):
        if row["series"] == last["series"] and row["year"] == last["year"] and row["n"] != last["n"] + 1:
            faults.append(f"a gap between {last['text']} and {row['text']}")
    for row in rows:
        if row["state"] == "taken":
            faults.append(f"{row['text']} was taken and is neither used nor void")
        elif (row["state"] == "used") != (row["text"] in borne):
            there = "is" if row["text"] in borne else "is not"
            faults.append(f"{row['text']} is {row['state']}, and on the portal it {there}")
    return faults


def order_faults(store: Store, retried: Collection[int]) -> list[str]:
    """Return the breaks of order in the journal; `retried` are runs that people took up again, later than their turn."""
    return [*_opened_early(store), *_overlapping(store, retried)]


def _opened_early(store: Store) -> Iterator[str]:
    rows = store.rows(
        "SELECT run.n AS n, event.n AS event, event.lane AS lane, event.name AS name FROM run"
        " JOIN event ON event.n = run.event WHERE run.retry_of IS NULL ORDER BY run.n"
    )
    last: dict[str, tuple[int, int]] = {}
    for row in rows:
        run, event = last.get(row["lane"], (0, 0))
        # An item never seen stands in a lane of its own until it is read: nobody knew that it belonged to the deal.
        if row["event"] < event and not row["name"].endswith(".created"):
            yield f"lane {row['lane']}: run {row['n']} of event {row['event']} began after run {run} of event {event}"
        last[row["lane"]] = max(
            last.get(row["lane"], (0, 0)), (row["n"], row["event"]), key=lambda one: one[1]
        )


def _overlapping(store: Store, retried: Collection[int]) -> Iterator[str]:
    rows = store.rows(
        "SELECT event.lane AS lane, run.n AS run, min(step.started) AS begun, max(step.ended) AS ended FROM step"
        " JOIN run ON run.n = step.run JOIN event ON event.n = run.event"
        " WHERE step.started IS NOT NULL AND step.ended IS NOT NULL GROUP BY event.lane, run.n"
        " ORDER BY event.lane, begun"
    )
    for one, other in pairwise(row for row in rows if row["run"] not in retried):
        if one["lane"] == other["lane"] and other["begun"] < one["ended"]:
            yield (
                f"lane {one['lane']}: run {other['run']} began at {other['begun']},"
                f" before run {one['run']} ended at {one['ended']}"
            )
