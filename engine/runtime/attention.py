"""A run that stopped needs a person: the one who answers for the item is told in the portal's notices.

Decides who that is (the company's own choice in the settings, else the first user that the item or its deal names)
and that a notice lost is no reason to stop: it is tried again as any request is, and repeating it replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from engine.action import Command, Commands
from engine.decision.forms import Json
from engine.language.types import World
from engine.language.values import Item
from engine.portal.gateway import Gateway
from engine.runtime.inbox import ENGINE_LANE, Pending
from engine.runtime.requests import put_request
from engine.runtime.runs import Runs, StoredRun, read_items
from engine.runtime.store import Connection, Store

TELL = "tell"
_USER = "user"


def tell_later(store: Store, connection: Connection, run: int, now: datetime) -> str:
    """Queue the notice about a run, in the transaction that ends it; return its lane."""
    put_request(store, connection, TELL, {"run": str(run)}, now, lane=ENGINE_LANE)
    return ENGINE_LANE


@dataclass(frozen=True)
class Attention:
    """Tells people of runs. `person` is the settings' choice, an id of a user of the portal, or empty."""

    runs: Runs
    gateway: Gateway
    world: World
    person: str
    zone: tzinfo

    def answer(self, row: Pending) -> Mapping[str, Json]:
        """Send the notice of the run that the request names. Raises PortalError."""
        run = self.runs.find(int(str(row.roots["run"])), self.zone)
        person = self.person or (_person_of(run, self.world) if run is not None else "")
        if run is None or not person:
            return {"told": None}
        self.gateway.drive(_notice(person, run))
        return {"told": f"user/{person}"}


def _notice(person: str, run: StoredRun) -> Commands:
    subject = str(run.event.item or run.event.name)
    params = {
        "USER_ID": person,
        "MESSAGE": f"Регламент: запуск {run.n} ({subject}) ждёт человека. {run.verdict.ru}"
        f" Подробно: engine runs show {run.n}",
        # The same tag replaces the former notice, with a webhook only beside a CLIENT_ID.
        "TAG": f"reglament run {run.n}",
        "CLIENT_ID": "reglament",
    }
    yield [Command("tell", "im.notify.system.add", params, writes=True, assume=1)]
    return None


def _person_of(run: StoredRun, world: World) -> str:
    """Return the id of the first user named by the item or its deal, empty where there is none."""
    items, item = read_items(run.facts), run.event.item
    deal = items.get(item, {}).get("deal") if item is not None else None
    for one in (item, deal):
        if not isinstance(one, Item) or one.entity not in world.entities:
            continue
        for name, field in world.entities[one.entity].fields.items():
            person = items.get(one, {}).get(name)
            if field.type.entity == _USER and isinstance(person, Item):
                return person.id
    return ""
