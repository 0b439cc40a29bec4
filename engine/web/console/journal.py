"""The journal: runs, the newest first, with filters that are links, and what can be found of a deal or a client."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.journal import RunLine
from engine.runtime.run_list import Wanted
from engine.web.console.desk import Desk, is_part, say
from engine.web.console.journal_sight import seen_runs, sight_of
from engine.web.console.look import page

_PAGE = 50
TROUBLE = "failed,unknown,loop,held"


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is a link: its name in the address, its words."""

    name: str
    words: str
    wanted: Wanted


def chips() -> tuple[Chip, ...]:
    """Return the filters above the list."""
    return (
        Chip("", say("Все", "All"), Wanted()),
        Chip("fired", say("Сработало", "Did something"), Wanted(has_steps=True)),
        Chip("trouble", say("Ждут человека", "Need a person"), Wanted(status=TROUBLE)),
        Chip("waiting", say("В работе", "Under way"), Wanted(status="running,waiting")),
        Chip("idle", say("Ничего не сделано", "Nothing done"), Wanted(has_steps=False)),
        Chip("late", say("Узнали с опозданием", "Found late"), Wanted(is_late=True)),
    )


def add_journal(app: Flask, desk: Desk) -> None:
    """Give `app` the list."""

    @app.get("/")
    def start() -> AnyResponse:
        return redirect("/journal")

    @app.get("/journal")
    def journal() -> str | Response:
        wanted = _wanted(desk)
        runs, older = seen_runs(desk, wanted, has_steps=True)
        seen = _mark(runs)
        if is_part() and request.args.get("seen") == seen:
            return Response("", 204)
        values = {
            "runs": runs, "seen": seen, "older": older, "chips": chips(),
            "chosen": request.args.get("show", ""), "day": request.args.get("day", ""),
            "rules": [one.id for one in desk.status.in_force.edition.rules], "happened": desk.status.happened,
            "is_blind": sight_of(desk).is_blind,
        }  # fmt: skip
        if is_part():
            return page("journal_rows.html", **values)
        unready = desk.status.unready()
        return page(
            "journal.html", errors=desk.status.errors_text(), unready=unready, brakes=desk.status.brakes(),
            inbox=desk.status.inbox(), last_event=desk.status.last_event(), **values,
        )  # fmt: skip


def _wanted(desk: Desk) -> Wanted:
    """Return the page that the address asks for; what it does not understand is left out."""
    asked = request.args
    chosen = next((chip.wanted for chip in chips() if chip.name == asked.get("show", "")), Wanted())
    before = asked.get("before", "")
    since, until = _day(asked.get("day", ""), desk)
    return replace(
        chosen,
        item=asked.get("item", "").strip(),
        rule=asked.get("rule", "").strip(),
        words=asked.get("q", "").strip()[:200],
        before=int(before) if before.isdecimal() and len(before) < 16 else 0,
        since=since,
        until=until,
        limit=_PAGE,
    )


def _day(text: str, desk: Desk) -> tuple[datetime | None, datetime | None]:
    try:
        first = datetime.combine(datetime.fromisoformat(text).date(), time(), desk.status.zone)
        return first, first + timedelta(days=1)
    except (ValueError, OverflowError):
        return None, None


def _mark(runs: list[RunLine]) -> str:
    """Return a mark of what the page shows: equal where nothing on it has changed."""
    import hashlib

    shown = [(run.n, run.status, len(run.steps), [step.status for step in run.steps]) for run in runs]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
