"""The note that a selection left its register: printed, exported, put into an archive — by whom, how many, where to.

Decides what is noted; that it becomes a run in the journal is the regulation's rule (`registers/selection-taken`),
which hears the event `register.taken` and may tell somebody as well.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from engine.decision.event import Event
from engine.effects import Said
from engine.language.values import Value
from engine.registers.query import Query
from engine.runtime.inbox import put_event
from engine.runtime.store import Store

TAKEN = "register.taken"
PRINTED, ZIPPED, EXPORTED = "Напечатано", "Собрано в архив", "Выгружено"


def note_taken(store: Store, what: str, query: Query, count: int, file: str, now: datetime) -> str:
    """Put the event that `count` items of a selection were taken into `file`; return its id.

    `what` is PRINTED, ZIPPED or EXPORTED: the journal's own words.
    """
    event = Event(TAKEN, f"{query.register} {what} {now.isoformat()}", now, by=query.viewer.name)
    roots: dict[str, Value] = {
        "what": what,
        "register": query.register,
        "selection": selection_words(query).ru,
        "file": file,
        "who": query.viewer.name,
        "count": Decimal(count),
    }
    with store.transaction() as connection:
        put_event(store, connection, event, roots, now, origin="person")
    return event.id


def selection_words(query: Query) -> Said:
    """Return what was asked for, in words: the register and its filters."""
    parts = [
        (("набор", "preset"), query.preset),
        (("условие", "where"), query.where),
        (("поиск", "search"), query.search),
        (("отмечено", "ticked"), str(len(query.items)) if query.items else ""),
    ]
    told = [(ru, en, value) for (ru, en), value in parts if value]
    ru = ", ".join(f"{name} «{value}»" for name, _, value in told) or "все записи"
    en = ", ".join(f"{name} {value}" for _, name, value in told) or "all items"
    return Said(f"Реестр {query.register}: {ru}", f"Register {query.register}: {en}")
