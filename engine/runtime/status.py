"""How the engine stands right now, for the console's page, its readiness and its metrics. Only reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from engine.language.diagnostics import Diagnostic
from engine.language.rendering import render_text
from engine.runtime.editions import Editions, InForce
from engine.runtime.journal import InboxLine, Journal, RunLine
from engine.runtime.store import Store


@dataclass(frozen=True)
class Status:
    """What the console asks. `is_working` and `has_baseline` come from the worker."""

    company: str
    language: str
    zone: tzinfo
    journal: Journal
    editions: Editions
    store: Store
    is_working: Callable[[], bool]
    has_baseline: Callable[[], bool]

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

    def local(self, moment: datetime) -> datetime:
        """Return a moment in the company's zone."""
        return moment.astimezone(self.zone)
