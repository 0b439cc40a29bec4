"""How the engine and its portal are: what waits, what was heard last, what requests go to, what `doctor` finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.accounts import INTEGRATOR, OFFICE
from engine.runtime.brakes import ALL, pause, release
from engine.web.console.desk import Desk, Finding, who
from engine.web.console.door import needs
from engine.web.console.look import page

_SILENCE = timedelta(hours=3)
_WORKING_HOURS = (9, 18)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one rule has cost the portal since the engine was started."""

    rule: str
    requests: int
    reads: int
    writes: int


def add_health(app: Flask, desk: Desk) -> None:
    """Give `app` the page, and the brakes that are pulled on it."""

    def shown(findings: Sequence[Finding] | None = None) -> str:
        status = desk.status
        return page(
            "health.html", unready=status.unready(), inbox=status.inbox(), timers=status.timers(),
            last_event=status.last_event(), last_sweep=status.last_sweep(), brakes=status.brakes(),
            stopped=status.stopped_runs(), lanes=status.lanes(), is_silent=is_silent(desk),
            counts=status.store.counts(), spent=_spent(desk), findings=findings, everything=ALL,
        )  # fmt: skip

    @app.get("/health")
    def health() -> str:
        return shown()

    @app.post("/health/examine")
    @needs(INTEGRATOR)
    def examine() -> str:
        return shown(desk.examine())

    @app.post("/health/pause")
    @needs(OFFICE)
    def stop() -> AnyResponse:
        pause(desk.status.store, desk.status.now, request.form.get("why", "").strip() or who().shown)
        desk.accounts.note(who(), "paused", "", request.form.get("why", ""))
        return redirect("/health")

    @app.post("/health/resume")
    @needs(OFFICE)
    def go_on() -> AnyResponse:
        rule = request.form.get("rule", "")
        release(desk.status.store, rule or ALL)
        desk.look_again()
        desk.accounts.note(who(), "resumed", rule)
        return redirect("/health")


def is_silent(desk: Desk) -> bool:
    """True where the portal has said nothing for three hours of a working day, which is not usual."""
    status = desk.status
    now, last = status.now, status.last_event()
    first, end = _WORKING_HOURS
    is_day = desk.workshop.calendar.is_workday(now.date())
    is_time = is_day and first + _SILENCE.seconds // 3600 <= now.hour < end
    return is_time and last is not None and now - last > _SILENCE


def _spent(desk: Desk) -> list[Spent]:
    by_rule = desk.status.spent().by_rule
    rows = [Spent(rule, round(one.requests), one.reads, one.writes) for rule, one in by_rule.items()]
    return sorted(rows, key=lambda one: (-one.requests, -one.writes, one.rule))
