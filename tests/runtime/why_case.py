"""What the tests of `engine why` share: a journal written as the engine writes it, with no portal behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from engine.decision.edition import Edition
from engine.decision.event import UPDATED, Event
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.decision.plan import PLANNED, Decision, decide
from engine.language.values import Item, Value
from engine.runtime.editions import keep_edition
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.inbox import Inbox, put_event
from engine.runtime.noted import note_event
from engine.runtime.runs import Runs
from engine.runtime.snapshot import save_snapshot
from engine.runtime.steps import Ended
from engine.runtime.store import Store
from engine.runtime.why import Answer, Why
from engine.settings import read_settings
from engine.workshop import Built, Workshop, open_workshop
from tests.runtime.service_case import make_folder

ACT, DEAL = Item("act", "43"), Item("deal", "118")
NOW = datetime.fromisoformat("2026-03-16T12:00:00+03:00")


@dataclass
class Office:
    """A company's folder, its edition in force, its journal. `happen` tells of a change; time goes on by a minute."""

    folder: Path
    workshop: Workshop
    built: Built
    store: Store
    now: datetime = NOW
    known: dict[Item, dict[str, Value]] = field(default_factory=dict)

    @property
    def edition(self) -> Edition:
        assert self.built.edition is not None, [str(one) for one in self.built.diagnostics]
        return self.built.edition

    @property
    def runs(self) -> Runs:
        return Runs(self.store, lambda: self.now)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.store, lambda: self.now, lambda _: None)

    def write(self, rules: str) -> None:
        """Another edition comes into force."""
        (self.folder / "regulations" / "test.yaml").write_text(rules, "utf-8")
        self.built = self.workshop.build()
        assert self.built.edition is not None, [(one.code, one.values) for one in self.built.diagnostics]
        keep_edition(self.store, self.built, self.now)

    def know(self, item: Item, **fields: Value) -> None:
        """The engine has read the item: its snapshot says so."""
        self.known.setdefault(item, {"id": item.id}).update(fields)
        own = {name: value for name, value in self.known[item].items() if name != "id"}
        save_snapshot(self.store, item, own, self.now)

    def put(
        self,
        item: Item | None = ACT,
        name: str = "",
        *,
        before: Mapping[str, Value] | None = None,
        **more: str,
    ) -> int:
        """Put an event into the inbox; return its number."""
        self.now += timedelta(minutes=1)
        event = Event(name or f"{item.entity}.{UPDATED}", "", self.now, item, before or {}, **more)  # type: ignore[union-attr]
        with self.store.transaction() as connection:
            put_event(self.store, connection, event, {}, self.now)
        row = self.store.row("SELECT max(n) FROM event")
        assert row is not None
        return int(row[0])

    def happen(
        self,
        item: Item = ACT,
        statuses: Sequence[str] = (),
        *,
        status: str = "",
        name: str = "",
        reason: str = "",
        detail: str = "",
        **after: Value,
    ) -> int:
        """Fields of the item change; decide, store and end as the engine does; return the run (0: none).

        `statuses` are what became of the planned steps (done), `status` what became of the run.
        """
        before = {one: self.known.get(item, {}).get(one) for one in after}
        self.know(item, **after)
        n = self.put(item, name, before=before, detail=detail)
        event = Event(
            name or f"{item.entity}.{UPDATED}", f"e-{n}", self.now, item, before, detail=detail
        )  # fmt: skip
        facts = self.facts(event)
        with self.store.transaction() as connection:
            if not self.edition.index.wakes(event, facts):
                note_event(connection, n, event, facts, self.edition.hash)
                self.inbox.finish(n, "no_rule")
                return 0
            run = self.runs.open(n, self.edition, self._decide(event, facts), facts)
        self._carry(run, list(statuses), reason)
        self.runs.close(run, status or "done")
        if status not in ("running", "waiting"):
            self.inbox.finish(n, "run")
        return run

    def _decide(self, event: Event, facts: Facts) -> Decision:
        return decide(self.edition, event, facts)

    def _carry(self, run: int, statuses: list[str], reason: str) -> None:
        for step in self.runs.steps(run):
            if step.status == PLANNED:
                status = statuses.pop(0) if statuses else "done"
                if status != PLANNED:
                    self.runs.end_step(run, step.number, Ended(status, reason))

    def facts(self, event: Event) -> Facts:
        shop = self.workshop
        items = {item: dict(fields) for item, fields in self.known.items()}
        facts = Facts(shop.settings.world, shop.derivations, shop.calendar, event.time, items, {})
        return seen_from(facts, event.item) if event.item is not None else facts

    def why(self, live: object = None) -> Why:
        return Why(self.store, self.workshop, self.edition, self.now, live)  # type: ignore[arg-type]

    def ask(self, what: str = "mark", item: Item = ACT) -> Answer:
        """The one answer about a rule."""
        answers = self.why().explain(item, what)
        assert len(answers) == 1, [one.rule.id for one in answers if one.rule]
        return answers[0]


@contextmanager
def office(folder: Path, rules: str, store: Store | None = None) -> Iterator[Office]:
    """Yield an office with one regulation in force and a deal with one act that the engine knows.

    Its journal is `store`, else a file of its own.
    """
    config = make_folder(folder, rules)
    settings, found = read_settings(config, {})
    assert settings is not None, found
    workshop, problems = open_workshop(replace(settings, regulations=folder / "regulations"))
    assert not problems
    own = EmbeddedStore(folder / "state" / "engine.db") if store is None else None
    place = Office(folder, workshop, workshop.build(), own or store)  # type: ignore[arg-type]
    place.write(rules)
    place.know(
        DEAL, title="Доработка", pipeline="customisation", stage="documents_sent", manager=Item("user", "7")
    )
    place.know(
        ACT, number="А-043", title="Акт 43", signed=False, scan=None, sent_at=None, deal=DEAL, manager=None
    )
    try:
        yield place
    finally:
        if own is not None:
            own.close()
