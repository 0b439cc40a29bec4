"""A narrow page of what the engine did last, made to stand beside another page: the demo portal shows it in a frame.

Decides which runs are worth a glance: what a person or the portal caused, and of the engine's own echoes those that
led to something. It may be framed by the one origin that the desk names, by nobody where it names none.
"""

from __future__ import annotations

import hashlib

from flask import Flask, Response, g, request

from engine.runtime.journal import RunLine
from engine.runtime.run_list import Wanted
from engine.web.console.desk import Desk, is_part
from engine.web.console.journal_sight import seen_runs
from engine.web.console.look import page

_SHOWN, _LOOKED_AT = 8, 40


def add_strip(app: Flask, desk: Desk) -> None:
    """Give `app` the page `/strip`."""

    @app.get("/strip")
    def strip() -> str | Response:
        if desk.framed_by:
            g.framed = desk.framed_by
        runs = _worth_a_glance(seen_runs(desk, Wanted(limit=_LOOKED_AT), has_steps=True)[0])
        waiting = desk.status.inbox().waiting
        seen = _mark(runs, waiting)
        if is_part() and request.args.get("seen") == seen:
            return Response("", 204)
        template = "strip_rows.html" if is_part() else "strip.html"
        last = request.args.get("last", "")
        known = int(last) if last.isdecimal() and len(last) < 16 else runs[0].n if runs else 0
        return page(
            template, runs=runs, waiting=waiting, seen=seen, known=known, happened=desk.status.happened
        )


def _worth_a_glance(runs: list[RunLine]) -> list[RunLine]:
    """The newest runs; the engine's own changes that came back and asked for nothing are left out."""
    return [run for run in runs if run.steps or run.by != "engine"][:_SHOWN]


def _mark(runs: list[RunLine], waiting: int) -> str:
    """A mark of what the page shows: equal where nothing on it has changed."""
    shown = [(run.n, run.status, [step.status for step in run.steps]) for run in runs]
    return hashlib.sha256(repr((shown, waiting)).encode()).hexdigest()[:16]
