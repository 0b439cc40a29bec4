"""Old documents that a person has confirmed become events, one a file, which the regulation answers.

Decides that a document under way or done is not raised again, so that an import broken off goes on where it stood. What
is done with a document is the rules' affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.decision.event import Event
from engine.decision.forms import Json
from engine.language.values import File, Item, Money, Row, Value
from engine.registers.legacy import Fate, key_of
from engine.runtime.inbox import Pending, put_event
from engine.runtime.intents import DONE, Intents
from engine.runtime.run import Carrier
from engine.runtime.store import Store

TAKE_IN: Final = "legacy"
EVENT: Final = "legacy.document"
PORTION: Final = 1000
_CURRENCY: Final = "RUB"


def portions(fates: Sequence[Fate], register: str, files: Mapping[str, File]) -> Iterator[dict[str, Value]]:
    """Yield what the engine is asked for, a thousand documents a request. `files` are the kept files by place."""
    for start in range(0, len(fates), PORTION):
        rows = (_row(fate, register, files[fate.old.place]) for fate in fates[start : start + PORTION])
        yield {"documents": tuple(rows)}


def _row(fate: Fate, register: str, file: File) -> Row:
    old = fate.old
    assert fate.client is not None
    return Row(
        (
            ("register", register),
            ("number", old.number),
            ("issued", old.issued),
            ("client", Item("company", fate.client.id)),
            ("total", Money(old.amount, _CURRENCY) if old.amount is not None else None),
            ("deal_id", fate.deal),
            ("file", file),
            ("is_signed", old.signed),
        )
    )


@dataclass(frozen=True)
class TakingIn:
    """Answers `legacy` requests: `documents` are rows of the event's own roots."""

    carrier: Carrier

    def answer(self, row: Pending) -> Mapping[str, Json]:
        """Put an event for each document into the inbox, except where it was done or still waits; say how many."""
        edition = self.carrier.editions.current.edition
        if not any(
            one.name == EVENT for rule in edition.rules for one in rule.triggers if not rule.is_disabled
        ):
            return {"error": f"no rule answers to {EVENT}: the regulations lack legacy.yaml"}
        documents = row.roots["documents"]
        assert isinstance(documents, tuple)
        out = self.carrier.carriage
        now, put = out.clock(), 0
        lanes: dict[str, None] = {}
        with out.store.transaction() as connection:
            for one in documents:
                if not isinstance(one, Row):
                    continue
                event = _event(one, now)
                if _is_known(out.store, event.id):
                    continue
                # Documents side by side, so that their requests travel together; the files of one in order: the first
                # makes the item, the others go to it.
                lane = put_event(
                    out.store, connection, event, dict(one.values), now, origin="person",
                    beside=f"{EVENT} {one.get('client')} {one.get('issued')} {one.get('number')}",
                )  # fmt: skip
                lanes[lane], put = None, put + 1
        for lane in lanes:
            out.wake(lane)
        return {"events": put, "known": len(documents) - put}


def _event(row: Row, now: datetime) -> Event:
    file = row.get("file")
    assert isinstance(file, File)
    return Event(EVENT, key_of(str(file.sha256), str(row.get("number"))), now)


def _is_known(store: Store, name: str) -> bool:
    """True where the document was taken in, or its event still waits."""
    if Intents(store).find(name).state == DONE:
        return True
    return store.row("SELECT 1 FROM event WHERE id = ? AND state <> 'done'", (name,)) is not None
