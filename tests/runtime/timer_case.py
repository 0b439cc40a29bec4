"""What the timer tests share: a clock set by hand, regulations of one deadline, a state with items known to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from engine.decision.edition import Edition, build_edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.decision.plan import decide
from engine.language.load import LoadCache, load_regulation
from engine.language.values import Item, Value
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.inbox import read_row
from engine.runtime.snapshot import drop_snapshot, save_snapshot
from engine.runtime.store import Store
from engine.runtime.timers import Timers
from tests.decision.world_case import workshop
from tests.portal.portal_case import ZONE

FRIDAY = datetime(2026, 3, 13, 16, 41, tzinfo=ZONE)
DEAL, ACT = Item("deal", "7"), Item("act", "43")
OPEN = ("act.signed == false", "act.deal.stage != 'lost'")


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = FRIDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def push(self, **step: float) -> None:
        self.now += timedelta(**step)


def rules(
    *delays: str, conditions: tuple[str, ...] = OPEN, since: str = "act.sent_at", more: str = ""
) -> str:
    """The text of a regulation with one rule, `test/remind`; without delays it has no deadline."""
    triggers = [f"deadline: {{after: {delay}, since: {since}}}" for delay in delays]
    lines = [
        "ruleset: test",
        "title: Сроки",
        "rules:",
        "  - id: remind",
        "    title: Акт не вернулся",
        *more.splitlines(),
    ]
    lines += ["    triggers:", *(f"      - {one}" for one in triggers or ["created: act"]), "    conditions:"]
    lines += [f'      - "{one}"' for one in conditions]
    return "\n".join(
        [*lines, "    actions:", '      - notify: {to: "${act.manager}", text: Напоминание}', ""]
    )


def edition_of(text: str) -> Edition:
    """The edition of one regulation; fails on any error in it."""
    shop, sources = workshop(), {"regulations/test.yaml": text.encode()}
    sets, found = load_regulation(sources, shop.settings.world, shop.actions, {}, LoadCache())
    assert not [one for one in found if one.is_error], found
    return build_edition(sets, shop.actions, shop.settings.world, shop.derivations, shop.calendar, sources)


@dataclass
class Office:
    """A deal with an act on a portal of two items, what the engine knows of them, and its timers."""

    folder: Path
    edition: Edition
    clock: Clock = field(default_factory=Clock)
    items: dict[Item, dict[str, Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.items = {
            DEAL: {"id": "7", "stage": "in_work", "acts": (ACT,)},
            ACT: {"id": "43", "deal": DEAL, "signed": False, "sent_at": None, "manager": "5"},
        }
        self.store: Store = EmbeddedStore(self.folder / "engine.db")
        for entity in ("deal", "act"):
            self.store.execute("INSERT INTO baseline VALUES (?, ?)", (entity, self.clock().isoformat()))
        self.timers = Timers(self.store, self.clock)
        self.timers.rearm(self.edition)
        self.happen(DEAL)
        self.happen(ACT)

    def facts(self, item: Item, *, whole: bool = True) -> Facts:
        """All that is on the portal, or the item alone, as an event of `item` sees it."""
        shop = workshop()
        items: Mapping[Item, Mapping[str, Value]] = {
            one: dict(known) for one, known in self.items.items() if whole or one == item
        }
        facts = Facts(shop.settings.world, shop.derivations, shop.calendar, self.clock(), items, {})
        return seen_from(facts, item)

    def happen(self, item: Item, *, whole: bool = False, **changes: Value) -> None:
        """Change an item on the portal and let the engine hear of it."""
        self.items[item].update(changes)
        with self.store.transaction():
            own = {name: value for name, value in self.items[item].items() if name not in ("id", "acts")}
            save_snapshot(self.store, item, own, self.clock())
            self.timers.arm(self.edition, self.facts(item, whole=whole), item)

    def vanish(self, item: Item) -> None:
        """The engine hears that an item is gone."""
        facts = self.facts(item)
        with self.store.transaction():
            drop_snapshot(self.store, item)
            self.timers.arm(self.edition, facts, item)

    def reload(self, text: str) -> None:
        """Another edition comes into force."""
        self.edition = edition_of(text)
        self.timers.rearm(self.edition)

    def restart(self) -> None:
        """The engine ends and starts again, with the edition in force."""
        self.store.close()
        self.store = EmbeddedStore(self.folder / "engine.db")
        self.timers = Timers(self.store, self.clock)
        self.timers.rearm(self.edition)

    def fired(self) -> list[Event]:
        """Fire what is due and take the events out of the inbox."""
        while self.timers.fire():
            pass
        found = self.store.rows("SELECT * FROM event WHERE state <> 'done' ORDER BY n")
        self.store.execute("UPDATE event SET state = 'done' WHERE state <> 'done'")
        self.late = [bool(row["late"]) for row in found]
        assert all((row["origin"], row["kind"]) == ("timer", "event") for row in found)
        return [read_row(row, ZONE).event for row in found]

    def does(self, event: Event) -> bool:
        """Whether the rule does anything for `event`, on the portal as it is."""
        assert event.item is not None
        return bool(decide(self.edition, event, self.facts(event.item)).fired)

    def states(self) -> list[tuple[str, str]]:
        """The act's timers: when each is due and its state."""
        return [(one.at.isoformat()[:16], one.state) for one in self.timers.timers_of(ACT)]
