"""The first reading: every mapped item as it stands becomes the snapshot that later changes are compared with.

Decides that what stood on the portal before the engine came wakes no rule. Done once for each entity; an entity
added to the map later has its own first reading.

People go on working while it lasts. The portal's clock as it began tells what is older: an item made since is left
unknown, so it counts as created; one moved since is remembered in the stage that it had. The sweep and the webhooks
find both. Which other fields a person changed in these minutes the portal does not tell: they count as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import datetime

from engine.action import Answer, Command
from engine.language.types import World
from engine.language.values import Item, Value
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.runtime.listing import (
    PAGE,
    Row,
    page_command,
    read_time,
    rows_of,
    snapshot_in,
    time_command,
    time_of,
)
from engine.runtime.snapshot import MOVED, moved_at, save_snapshot
from engine.runtime.stage_history import history_command, moves_in, stage_field
from engine.runtime.store import Store

Reading = Generator[Sequence[Command], Sequence[Answer], None]


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
        self._begun = clock()

    def generator(self) -> Reading:
        """Yield the reads; what is read is stored."""
        last: int | None = None
        while True:
            asked = [page_command(self._portal, self.entity, {">id": last or 0})]
            answers = yield [*asked, *([time_command()] if last is None else [])]
            if last is None:
                self._begin(answers[1].result)
            page = rows_of(answers[0].result)
            moved = [row for row in page if self._is_since(moved_at(row)) and not self._is_born(row)]
            moved = moved if stage_field(self._portal.world.entities[self.entity]) else []
            histories = (yield [self._history(row) for row in moved]) if moved else []
            stood = {str(row["id"]): answer for row, answer in zip(moved, histories, strict=True)}
            with self._store.transaction():
                for row in page:
                    if not self._is_born(row):
                        self._keep(row, stood.get(str(row["id"])))
            if len(page) < PAGE:
                return
            last = int(str(page[-1]["id"]))

    def _begin(self, told: object) -> None:
        """Remember the portal's time as the reading began; one cut short goes on from its own beginning."""
        began = read_time(told) or self._clock()
        self._store.execute(
            "INSERT INTO sweep (entity, begun, since) VALUES (?, ?, ?) ON CONFLICT (entity) DO NOTHING",
            (self.entity, began.isoformat(), began.isoformat()),
        )
        row = self._store.row("SELECT begun FROM sweep WHERE entity = ?", (self.entity,))
        self._begun = datetime.fromisoformat(row["begun"]) if row is not None else began

    def _is_since(self, time: datetime | None) -> bool:
        return time is not None and time > self._begun

    def _is_born(self, row: Row) -> bool:
        return self._is_since(time_of(row, "createdTime"))

    def _history(self, row: Row) -> Command:
        item = Item(self.entity, str(row["id"]))
        return history_command(self._portal.world.entities[self.entity], item)

    def _keep(self, row: Row, history: Answer | None) -> None:
        item = Item(self.entity, str(row["id"]))
        if self._store.row("SELECT 1 FROM snapshot WHERE item = ?", (str(item),)) is None:
            fields = snapshot_in(self._portal, item, row)
            if history is not None and not history.error:
                fields |= self._as_it_stood(item, history)
            save_snapshot(self._store, item, fields, self._clock())
            self.count += 1

    def _as_it_stood(self, item: Item, history: Answer) -> dict[str, Value]:
        """Return the stage that the item had as the reading began, where the history goes back so far."""
        zone = self._clock().tzinfo or self._begun.tzinfo
        assert zone is not None
        earlier = [
            move
            for move in moves_in(history.result, self._portal, item, zone)
            if not self._is_since(move.time)
        ]
        return {**earlier[-1].values, MOVED: earlier[-1].time} if earlier else {}
