"""The first reading: every mapped item as it stands becomes the snapshot that later changes are compared with.

Decides that what stood on the portal before the engine came wakes no rule. Done once for each entity; an entity
added to the map later has its own first reading.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.action import Command, Verification
from engine.language.types import World
from engine.language.values import Item
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.runtime.snapshot import own_fields, save_snapshot
from engine.runtime.store import Store

_PAGE = 50


def missing_entities(store: Store, world: World) -> list[str]:
    """Return the entities of the map that have had no first reading."""
    done = {row["entity"] for row in store.rows("SELECT entity FROM baseline")}
    return [name for name, spec in world.entities.items() if spec.type_id is not None and name not in done]


def take_baseline(store: Store, gateway: Gateway, portal: PortalMap, clock: Callable[[], datetime]) -> int:
    """Read every item of the entities that have no baseline; return how many. Raises PortalError.

    A page is stored as it comes, so that what failed goes on where it stopped; an item already known is left alone.
    """
    entities = missing_entities(store, portal.world)
    readings = [_Listing(store, portal, entity, clock) for entity in entities]
    fates = gateway.drive_all([reading.generator() for reading in readings])
    for reading, fate in zip(readings, fates, strict=True):
        if fate.error is None:
            store.execute("INSERT INTO baseline VALUES (?, ?)", (reading.entity, clock().isoformat()))
    for fate in fates:
        if fate.error is not None:
            raise fate.error
    return sum(reading.count for reading in readings)


class _Listing:
    """All items of one entity, page by page in the order of their ids."""

    def __init__(self, store: Store, portal: PortalMap, entity: str, clock: Callable[[], datetime]) -> None:
        self.entity, self.count = entity, 0
        self._store, self._portal, self._clock = store, portal, clock

    def generator(self) -> Verification:
        last = "0"
        while True:
            answers = yield [self._command(last)]
            rows = answers[0].result.get("items") if isinstance(answers[0].result, dict) else None
            page = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            with self._store.transaction():
                for row in page:
                    self._keep(Item(self.entity, str(row["id"])), row)
            if len(page) < _PAGE:
                return ()
            last = str(page[-1]["id"])

    def _command(self, after: str) -> Command:
        spec = self._portal.world.entities[self.entity]
        codes = {field.binding["field"] for field in spec.fields.values() if "field" in field.binding}
        contacts = {"fm"} if any("contact" in field.binding for field in spec.fields.values()) else set()
        params = {
            "entityTypeId": spec.type_id,
            "select": sorted(codes | contacts | {"id", "currencyId"}),
            "filter": {">id": int(after)},
            "order": {"id": "ASC"},
            # PROTOCOL §1: -1 spares the portal the count of all rows.
            "start": -1,
            "useOriginalUfNames": "N",
        }
        return Command("page", "crm.item.list", params, assume={"items": []})

    def _keep(self, item: Item, row: dict[str, object]) -> None:
        if self._store.row("SELECT 1 FROM snapshot WHERE item = ?", (str(item),)) is None:
            fields = own_fields(self._portal.world, item.entity, self._portal.decode(item.entity, row))
            save_snapshot(self._store, item, fields, self._clock())
            self.count += 1
