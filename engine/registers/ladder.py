"""What an act's client and manager were told so far, and what comes next: read from the journal and the timers.

Decides which steps count: letters and notices that a deadline of the act, a command for it or a reminder about a
selection has really brought about. It knows no rule by name: a company's own ladder shows as well as the shipped one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.language.values import Item
from engine.runtime.store import Store
from engine.runtime.timer_table import ARMED
from engine.runtime.wire import item_of, load_map

MAIL, NOTICE = "mail.send", "notify"
_REMIND = "register.remind"


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing done about an act: the rule, `mail.send` or `notify`, when, in which run."""

    rule: str
    action: str
    at: datetime
    run: int


@dataclass(frozen=True, slots=True)
class Next:
    """The deadline that runs out next, if nothing ends it before: the rule and when."""

    rule: str
    at: datetime


@dataclass
class Ladder:
    """An act's rungs, the oldest first, and what comes next."""

    rungs: list[Rung] = field(default_factory=list)
    coming: Next | None = None

    @property
    def letters(self) -> list[Rung]:
        """The letters that the client got."""
        return [one for one in self.rungs if one.action == MAIL]


def read_ladders(store: Store, acts: Iterable[Item]) -> Mapping[Item, Ladder]:
    """Return the ladder of each of `acts`, an empty one where nothing was done and nothing is coming."""
    found = {act: Ladder() for act in acts}
    steps = store.rows(
        "SELECT run.item AS item, run.event_name AS event, run.event AS event_n, step.rule AS rule,"
        " step.action AS action, step.ended AS ended, run.n AS n"
        " FROM run JOIN step ON step.run = run.n"
        " WHERE run.event_name IN ('timer', 'command', 'register.remind') AND step.action IN ('mail.send', 'notify')"
        " AND step.status = 'done' ORDER BY run.n, step.number"
    )
    told: dict[int, tuple[Item, ...]] = {}
    for row in steps:
        rung = Rung(row["rule"], row["action"], datetime.fromisoformat(row["ended"]), int(row["n"]))
        for act in _acts_of(store, row["event"], row["event_n"], item_of(row["item"]), told):
            if act in found:
                found[act].rungs.append(rung)
    timers = store.rows("SELECT item, rule, at FROM timer WHERE state = ? ORDER BY due", (ARMED,))
    for row in timers:
        item = item_of(row["item"]) if row["item"] else None
        if item is not None and item in found and found[item].coming is None:
            found[item].coming = Next(row["rule"], datetime.fromisoformat(row["at"]))
    return found


def _acts_of(
    store: Store, event: str, number: int, item: Item | None, told: dict[int, tuple[Item, ...]]
) -> tuple[Item, ...]:
    """Return the acts that a run was about: its item, or all that a reminder about a selection told of."""
    if event != _REMIND:
        return (item,) if item is not None else ()
    if number not in told:
        row = store.row("SELECT roots FROM event WHERE n = ?", (number,))
        acts = load_map(row["roots"]).get("acts") if row is not None else ()
        told[number] = tuple(one for one in acts if isinstance(one, Item)) if isinstance(acts, tuple) else ()
    return told[number]
