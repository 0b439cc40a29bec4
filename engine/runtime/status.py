"""How the engine stands right now, for the console's page, its readiness and its metrics. Only reads.

Every question here is cheap among a hundred thousand runs: nothing counts what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from engine.effects import Said
from engine.language.diagnostics import Diagnostic
from engine.language.rendering import render_text
from engine.portal.errors import PortalError
from engine.portal.findings import explain
from engine.portal.spending import Spent
from engine.runtime.brakes import ALL
from engine.runtime.editions import Editions, InForce
from engine.runtime.journal import InboxLine, Journal, RunLine
from engine.runtime.moments import SWEPT, WRITTEN, note_moment, read_moment
from engine.runtime.store import Store
from engine.runtime.tally import Tally

# How far back the last delivery of the portal is looked for.
_LOOK_BACK = 1000


@dataclass(frozen=True, slots=True)
class BrakeLine:
    """A brake that is on: everything (`rule` is empty) or one rule."""

    rule: str
    reason: Said
    since: datetime


@dataclass(frozen=True, slots=True)
class TimerLine:
    """How many timers are armed, and how many of them are due and not yet fired."""

    armed: int
    overdue: int


@dataclass(frozen=True)
class Status:
    """What the console asks. `is_working` and `has_baseline` come from the worker, `spent` from the portal's client."""

    company: str
    language: str
    zone: tzinfo
    journal: Journal
    editions: Editions
    store: Store
    is_working: Callable[[], bool]
    has_baseline: Callable[[], bool]
    tally: Tally = field(default_factory=Tally)
    spent: Callable[[], Spent] = Spent
    clock: Callable[[], datetime] | None = None

    @property
    def now(self) -> datetime:
        """The present in the company's zone."""
        return self.clock() if self.clock is not None else datetime.now(self.zone)

    @property
    def in_force(self) -> InForce:
        """The edition in force with the diagnostics of the last reading."""
        return self.editions.current

    def errors(self) -> list[Diagnostic]:
        """Return what keeps a newer edition from coming into force; empty where nothing does."""
        return [found for found in self.in_force.diagnostics if found.is_error]

    def errors_text(self) -> str:
        """Return these errors with their places and lines, as `engine check` prints them."""
        return render_text(self.errors(), self.in_force.sources, self.language)

    def runs(self, limit: int = 50) -> list[RunLine]:
        """Return the last runs, the newest first."""
        return self.journal.last_runs(limit)

    def happened(self, run: RunLine) -> tuple[str, str]:
        """Return what woke a run in the map's own words: the item («Сделка «Реестр актов»»), and what changed."""
        entity = run.item.partition("/")[0]
        spec = self.in_force.edition.world.entities.get(entity)
        if spec is None:
            return run.item or run.event, ""
        name = run.title or run.item
        fields = (spec.fields.get(name) for name in run.changed)
        changed = ", ".join(one.title.lower() or one.name for one in fields if one is not None)
        return (name if name.startswith(spec.title) else f"{spec.title} «{name}»"), changed

    def inbox(self) -> InboxLine:
        """Return how the inbox stands."""
        return self.journal.inbox()

    def lanes(self) -> int:
        """Return in how many lanes something is not done."""
        row = self.store.row("SELECT count(DISTINCT lane) FROM event WHERE state <> 'done'")
        return int(row[0]) if row is not None else 0

    def brakes(self) -> list[BrakeLine]:
        """Return the brakes that are on, the oldest first."""
        return [
            BrakeLine(
                "" if row["name"] == ALL else row["name"],
                Said(row["reason_ru"], row["reason_en"]),
                datetime.fromisoformat(row["since"]),
            )
            for row in self.store.rows("SELECT * FROM brake ORDER BY since, name")
        ]

    def timers(self) -> TimerLine:
        """Return how the timers stand."""
        armed = self.store.row("SELECT count(*) FROM timer WHERE state = 'armed'")
        due = "SELECT count(*) FROM timer WHERE state = 'armed' AND due <= ?"
        overdue = self.store.row(due, (self.now.timestamp(),))
        return TimerLine(int(armed[0]) if armed else 0, int(overdue[0]) if overdue else 0)

    def last_event(self) -> datetime | None:
        """Return when the portal's last event came in; None where none is among the last thousand rows."""
        row = self.store.row(
            "SELECT received FROM (SELECT n, origin, received FROM event ORDER BY n DESC LIMIT ?) AS last_rows"
            " WHERE origin = 'portal' ORDER BY n DESC LIMIT 1",
            (_LOOK_BACK,),
        )
        return datetime.fromisoformat(row[0]) if row is not None else None

    def last_sweep(self) -> datetime | None:
        """Return when the portal was last looked through for missed changes; None where it never was."""
        return read_moment(self.store, SWEPT)

    def stopped_runs(self) -> dict[str, int]:
        """Return how many runs wait, or wait for a person, by status."""
        rows = self.store.rows(
            "SELECT status, count(*) AS number FROM run"
            " WHERE status IN ('running', 'waiting', 'failed', 'unknown', 'held', 'loop') GROUP BY status"
        )
        return {row["status"]: int(row["number"]) for row in rows}

    def unready(self) -> list[Said]:
        """Return why the engine should not be relied on now; empty where it is ready."""
        trouble = self.spent().trouble
        reasons = {
            Said("обработка остановлена", "the worker has stopped"): not self.is_working(),
            Said("портал ещё ни разу не прочитан целиком", "the portal has not been read once yet"): (
                not self.has_baseline()
            ),
        }
        found = [said for said, is_so in reasons.items() if is_so]
        return found if trouble is None else [*found, _trouble_words(trouble)]

    def is_writable(self) -> bool:
        """True where the state can be written: proved by writing."""
        try:
            note_moment(self.store, WRITTEN, self.now)
        except Exception:  # noqa: BLE001 — each adapter has errors of its own, and any of them says no
            return False
        return True

    def local(self, moment: datetime) -> datetime:
        """Return a moment in the company's zone."""
        return moment.astimezone(self.zone)


def _trouble_words(error: PortalError) -> Said:
    """Return what is wrong with the portal, what it means and what a person does about it."""
    what, mend = explain(error)
    return Said(
        f"портал не отвечает: {what.ru}; {mend.ru}",
        f"the portal does not answer: {what.en}; {mend.en}",
    )
