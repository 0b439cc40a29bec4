"""The sweep: what changed on the portal is found without any webhook.

Decides which items may have changed, by the portal's own times, and puts a doorbell for each into the inbox; what
changed is said by its reading, as for a webhook. Compares with the snapshots, so that our own writes and what the
webhooks have told already ring nothing.

    changed since   rows whose `updatedTime` is later than the last sweep's beginning, less an overlap; every time
    gone, missed    all ids against the snapshots; as the engine starts and once a day

An item that is older than the entity's first reading and was not to be seen then (no right, the recycle bin) wakes
nothing: it is taken into the snapshots as it stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.action import Answer, Command
from engine.decision.event import UPDATED
from engine.decision.forms import Json
from engine.language.values import Item, Value
from engine.portal.gateway import BACKGROUND, Gateway
from engine.portal.map import PortalMap
from engine.runtime.inbox import Inbox, Pending
from engine.runtime.listing import (
    PAGE,
    Row,
    is_older,
    page_command,
    read_time,
    rows_of,
    snapshot_in,
    time_command,
    time_of,
)
from engine.runtime.moments import SWEPT, note_moment
from engine.runtime.offline_queue import OfflineQueue
from engine.runtime.snapshot import MOVED, Seen, compare, save_snapshot, seen_in
from engine.runtime.store import Store

# A change may be stamped before it can be read: transactions, and servers whose clocks differ.
OVERLAP = timedelta(minutes=2)
WHOLE_EVERY = timedelta(days=1)
# So many known items and not one of them listed: a right was lost, nothing was deleted.
_SUSPICIOUS = 20
SWEEP = "sweep"
Reading = Generator[Sequence[Command], Sequence[Answer], None]


CHANGED, NEW, GONE, ADOPTED = KINDS = ("changed", "new", "gone", "adopted")


@dataclass
class Found:
    """What a sweep found of one entity, by item: `changed`, `new`, `gone`, or `adopted`, which wakes nothing."""

    items: dict[Item, str] = field(default_factory=dict)
    failure: str = ""

    def count(self, kind: str) -> int:
        """Return how many items are of that kind."""
        return sum(one == kind for one in self.items.values())


@dataclass
class Swept:
    """What a sweep found, by entity, and how many requests it took; `is_whole` where all ids were compared.

    `queued` is how many events the portal's offline queue held, None without one; `queue_failure` why it kept them.
    """

    is_whole: bool
    found: dict[str, Found] = field(default_factory=dict)
    requests: int = 0
    queued: int | None = None
    queue_failure: str = ""

    @property
    def total(self) -> int:
        """How many items will be read."""
        return sum(len(one.items) - one.count(ADOPTED) for one in self.found.values())

    def json(self) -> dict[str, Json]:
        """Return it as the answer to a person's request."""
        entities: dict[str, Json] = {}
        for name, one in self.found.items():
            form: dict[str, Json] = {kind: one.count(kind) for kind in KINDS}
            entities[name] = form | ({"failure": one.failure} if one.failure else {})
        queue: dict[str, Json] = {} if self.queued is None else {"queued": self.queued}
        failure: dict[str, Json] = {"queue_failure": self.queue_failure} if self.queue_failure else {}
        return {
            "items": self.total,
            "requests": self.requests,
            "whole": self.is_whole,
            "entities": entities,
            **queue,
            **failure,
        }


class Sweep:
    """Looks for changes of all entities whose first reading is done. One at a time within a process.

    `clock` gives the present in the company's zone; it only says when all ids are compared again. `queue` is the
    portal's own queue, where an application is connected.
    """

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        portal: PortalMap,
        inbox: Inbox,
        clock: Callable[[], datetime],
        queue: OfflineQueue | None = None,
    ) -> None:
        self._store, self._gateway, self._portal = store, gateway, portal
        self._inbox, self._clock, self._queue = inbox, clock, queue
        self._lock = threading.Lock()
        self._is_first = True

    def answer(self, row: Pending) -> dict[str, Json]:  # noqa: ARG002 — a request of people without parameters
        """Sweep as a person asked, all ids included; return what was found."""
        return self.run(is_whole=True).json()

    def run(self, *, is_whole: bool | None = None) -> Swept:
        """Look for changes; return what was found. Doorbells for it are in the inbox.

        All ids are compared at the first call, once a day, and with `is_whole`. What the portal refuses or cannot
        answer is in `failure` and is looked for again at the next call.
        """
        with self._lock:
            entities = self._entities()
            whole = is_whole if is_whole is not None else (self._is_first or self._is_long_ago(entities))
            gateway = self._gateway.metered(BACKGROUND)
            swept = Swept(whole, {name: Found() for name in entities})
            jobs = [(name, self._changes(name, swept.found[name])) for name in entities]
            jobs += [(name, self._ids(name, swept.found[name])) for name in entities if whole]
            if self._queue is not None:
                swept.queued, swept.queue_failure = self._queue.try_to_empty(gateway)
            fates = gateway.drive_all([reading for _, reading in jobs])
            for (name, _), fate in zip(jobs, fates, strict=True):
                if fate.error is not None:
                    swept.found[name].failure = str(fate.error)
            swept.requests = gateway.cost.requests
            self._is_first = self._is_first and (not entities or not whole)
            if not swept.queue_failure and not any(found.failure for found in swept.found.values()):
                note_moment(self._store, SWEPT, self._clock())
            return swept

    def _entities(self) -> list[str]:
        """Return the entities that can be swept. One first read by an earlier version is swept from now on."""
        known = self._portal.world.entities
        self._store.execute(
            "INSERT INTO sweep (entity, begun, since) SELECT entity, '', '' FROM baseline WHERE true"
            " ON CONFLICT (entity) DO NOTHING"
        )
        rows = self._store.rows(
            "SELECT sweep.entity FROM sweep JOIN baseline ON baseline.entity = sweep.entity ORDER BY sweep.entity"
        )
        return [row["entity"] for row in rows if row["entity"] in known]

    def _is_long_ago(self, entities: Sequence[str]) -> bool:
        rows = self._store.rows("SELECT entity, listed FROM sweep")
        last = [row["listed"] for row in rows if row["entity"] in entities]
        now = self._clock()
        return any(not one or now - datetime.fromisoformat(one) >= WHOLE_EVERY for one in last)

    def _changes(self, entity: str, found: Found) -> Reading:
        """Read what changed since the last sweep, page by page; one that was cut goes on where it was."""
        while True:
            state = self._store.row("SELECT since, upto, after FROM sweep WHERE entity = ?", (entity,))
            assert state is not None
            was_cut = bool(state["upto"])
            yield from self._round(entity, state["since"], state["upto"], state["after"] or "0", found)
            if not was_cut:
                return

    def _round(self, entity: str, since: str, upto: str, after: str, found: Found) -> Reading:
        condition: dict[str, object] = {}
        if since:
            condition[">=updatedTime"] = (datetime.fromisoformat(since) - OVERLAP).isoformat()
        while True:
            asked = [page_command(self._portal, entity, {**condition, ">id": int(after)})]
            answers = yield asked if upto else [*asked, time_command()]
            upto = upto or (read_time(answers[1].result) or self._clock()).isoformat()
            page = rows_of(answers[0].result)
            self._ring_different(entity, page, found)
            if len(page) < PAGE:
                break
            after = str(page[-1]["id"])
            self._store.execute(
                "UPDATE sweep SET upto = ?, after = ? WHERE entity = ?", (upto, after, entity)
            )
        self._store.execute(
            "UPDATE sweep SET since = ?, upto = '', after = '' WHERE entity = ?", (upto, entity)
        )

    def _ring_different(self, entity: str, page: Sequence[Row], found: Found) -> None:
        """Ring for the rows that differ from their snapshots."""
        items = {Item(entity, str(row["id"])): row for row in page}
        known = self._known(list(items))
        for item, row in items.items():
            seen, fresh = known.get(item), snapshot_in(self._portal, item, row)
            if seen is None and self._is_older(entity, row):
                save_snapshot(self._store, item, fresh, self._clock())
                found.items[item] = ADOPTED
            elif seen is None:
                self._ring(item, row, found, NEW)
            elif self._differs(seen, fresh):
                self._ring(item, row, found, CHANGED)

    @staticmethod
    def _differs(seen: Seen, fresh: Mapping[str, Value]) -> bool:
        """True where a field differs, or the item was moved away and back."""
        moved = fresh.get(MOVED)
        own = {name: value for name, value in fresh.items() if name != MOVED}
        is_moved = seen.moved is not None and moved is not None and moved != seen.moved
        return is_moved or bool(compare(seen.fields, own))

    def _is_older(self, entity: str, row: Row) -> bool:
        """True where the item is older than the entity's first reading."""
        state = self._store.row("SELECT begun FROM sweep WHERE entity = ?", (entity,))
        return is_older(row, state["begun"] if state is not None else "")

    def _known(self, items: Sequence[Item]) -> dict[Item, Seen]:
        if not items:
            return {}
        marks = ",".join("?" * len(items))
        rows = self._store.rows(
            f"SELECT item, fields, moved FROM snapshot WHERE item IN ({marks})",  # noqa: S608 — only question marks
            [str(item) for item in items],
        )
        by_text = {row["item"]: seen_in(row["fields"], row["moved"]) for row in rows}
        return {item: by_text[str(item)] for item in items if str(item) in by_text}

    def _ring(self, item: Item, row: Row, found: Found, kind: str) -> None:
        found.items.setdefault(item, kind)
        now = self._clock()
        time = (time_of(row, "updatedTime") or now).astimezone(now.tzinfo)
        # Whatever happened to it, its reading says.
        self._inbox.ring(item, UPDATED, time, origin=SWEEP, late=True)

    def _ids(self, entity: str, found: Found) -> Reading:
        """Compare all ids with those of the snapshots; blocks of them are read side by side."""
        blocks = _blocks(self._known_ids(entity))
        listed: set[int] = set()
        for start in range(0, len(blocks), PAGE):
            asked = [block.condition for block in blocks[start : start + PAGE]]
            while asked:
                answers = yield [
                    replace(page_command(self._portal, entity, condition, only_ids=True), id=f"page{number}")
                    for number, condition in enumerate(asked)
                ]
                asked = list(_rest(asked, answers, listed))
        known = {one for block in blocks for one in block.ids}
        if len(known) >= _SUSPICIOUS and not known & listed:
            found.failure = (
                f"{entity}: the portal lists none of {len(known)} known items: is a right missing?"
            )
            return
        for number in sorted(known - listed):
            self._ring(Item(entity, str(number)), {}, found, GONE)
        yield from self._missed(entity, sorted(listed - known), found)
        now = self._clock().isoformat()
        self._store.execute("UPDATE sweep SET listed = ? WHERE entity = ?", (now, entity))

    def _missed(self, entity: str, ids: Sequence[int], found: Found) -> Reading:
        """Look at items that are listed and unknown; those changed of late the other reading has rung for already."""
        for start in range(0, len(ids), PAGE):
            some = [Item(entity, str(number)) for number in ids[start : start + PAGE]]
            known = self._known(some)
            missing = [int(item.id) for item in some if item not in known]
            answers = yield [page_command(self._portal, entity, {"@id": missing})] if missing else []
            self._ring_different(entity, rows_of(answers[0].result) if answers else [], found)

    def _known_ids(self, entity: str) -> list[int]:
        prefix = f"{entity}/"
        rows = self._store.rows(
            "SELECT item FROM snapshot WHERE substr(item, 1, ?) = ?", (len(prefix), prefix)
        )
        ids = (row["item"].removeprefix(prefix) for row in rows)
        return sorted(int(one) for one in ids if one.isdigit())


@dataclass(frozen=True, slots=True)
class _Block:
    """Up to 50 known ids and the condition that lists what stands between them."""

    ids: tuple[int, ...]
    condition: Mapping[str, object]


def _blocks(known: Sequence[int]) -> list[_Block]:
    blocks: list[_Block] = []
    last = 0
    for start in range(0, len(known), PAGE):
        ids = tuple(known[start : start + PAGE])
        blocks.append(_Block(ids, {">id": last, "<=id": ids[-1]}))
        last = ids[-1]
    return [*blocks, _Block((), {">id": last})]


def _rest(
    asked: Sequence[Mapping[str, object]], answers: Sequence[Answer], listed: set[int]
) -> Generator[Mapping[str, object], None, None]:
    """Take the ids of the answers; yield what to ask where a page was full."""
    for condition, answer in zip(asked, answers, strict=True):
        ids = [int(str(row["id"])) for row in rows_of(answer.result)]
        listed.update(ids)
        if len(ids) == PAGE and condition.get("<=id") != ids[-1]:
            yield {**condition, ">id": ids[-1]}
