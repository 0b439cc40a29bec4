"""One run: its page, its event as a file, and what a person may do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from flask import Flask, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.decision.event_text import event_form
from engine.decision.forms import Json
from engine.language.values import Value
from engine.runtime.accounts import OFFICE
from engine.runtime.retry import RETRY
from engine.runtime.runs import Runs
from engine.runtime.wire import item_of
from engine.web.console.desk import Desk, who
from engine.web.console.door import needs
from engine.web.console.journal_sight import require_run
from engine.web.console.look import page
from engine.web.console.run_given import GivenThen, given_then, put_in
from engine.web.console.run_undo import add_undo
from engine.web.console.run_view import view_run

_OPEN = ("running", "waiting")


def add_run_page(app: Flask, desk: Desk) -> None:
    """Give `app` the page of a run."""
    add_undo(app, desk)

    @app.get("/runs/<int:number>")
    def run(number: int) -> str:
        require_run(desk, number)
        form = desk.status.journal.run(number)
        if form is None:
            abort(404)
        event = form["event"]
        assert isinstance(event, dict)
        item = item_of(str(event.get("item") or ""))
        names, world = _names(desk, number), desk.status.in_force.edition.world
        steps = Runs(desk.status.store, lambda: desk.status.now).steps(number)
        given = given_then(steps)
        names |= _names_of_made(desk, given)
        told = {**form, "effects": [put_in(one, given, world) for one in _effects(form)]}
        view = view_run(
            told, world, sources_of(desk, str(form["edition"])), names, lambda text: _url(desk, text)
        )
        return page(
            "run.html", run=form, event=event, view=view, name=event.get("title") or event.get("item"),
            time=desk.status.local(datetime.fromisoformat(str(event["time"]))).strftime("%d.%m.%Y %H:%M:%S"),
            is_open=form["status"] in _OPEN, names=names,
            unknown=next((one for one in view.steps if one.status == "unknown"), None),
            done=sum(one.status in ("done", "no_op") for one in view.steps),
            item_url=desk.url(item) if item is not None else "",
        )  # fmt: skip

    @app.get("/runs/<int:number>/event.json")
    def event_file(number: int) -> Response:
        require_run(desk, number)
        found = event_of(desk, number)
        if found is None:
            abort(404)
        text = json.dumps(found, ensure_ascii=False, indent=2)
        return Response(text + "\n", content_type="application/json; charset=utf-8")

    @app.post("/runs/<int:number>/retry")
    @needs(OFFICE)
    def retry(number: int) -> AnyResponse:
        from engine.runtime.retry import lane_of_run

        require_run(desk, number)
        found = desk.status.journal.run(number)
        stored = desk.run(number)
        if found is None or stored is None:
            abort(404)
        is_present = request.form.get("edition") == "present"
        was_done = request.form.get("was_done", "")
        params: dict[str, Value] = {
            "run": str(number),
            "present": is_present,
            "was_done": was_done if was_done in ("yes", "no") else "",
        }
        answer = desk.ask(RETRY, params, lane=lane_of_run(desk.status.store, stored))
        desk.accounts.note(who(), "retried run", f"run/{number}", json.dumps(answer, ensure_ascii=False))
        return redirect(f"/runs/{number}")


def _effects(form: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    listed = form.get("effects")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _names_of_made(desk: Desk, given: GivenThen) -> dict[str, str]:
    """Return what people call the items that the run made: «Акт А-2026/019»."""
    world, found = desk.status.in_force.edition.world, dict[str, str]()
    for item, number in given.numbers.items():
        spec = world.entities.get(item.partition("/")[0])
        found[item] = f"{spec.title} {number}" if spec is not None else number
    return found


def _url(desk: Desk, text: str) -> str:
    """Return the portal's page of an item written as `deal/118`, empty where the text names none."""
    item = item_of(text) if re.fullmatch(r"[a-z_]+/\d+", text) else None
    return desk.url(item) if item is not None else ""


def event_of(desk: Desk, number: int) -> dict[str, Json] | None:
    """Return a run's event as the file that `simulate` accepts; None where it is not kept any more."""
    found = desk.status.journal.event_of(number, desk.workshop)
    return None if found is None else event_form(*found)


def sources_of(desk: Desk, edition: str) -> dict[str, str]:
    """Return the regulations of an edition by the last part of their names."""
    rows = desk.status.store.rows("SELECT name, content FROM edition_file WHERE hash = ?", (edition,))
    return {row["name"].rpartition("/")[2]: bytes(row["content"]).decode("utf-8", "replace") for row in rows}


def _names(desk: Desk, number: int) -> dict[str, str]:
    """Return what people call the items of a run's facts."""
    found = desk.status.journal.event_of(number, desk.workshop)
    return {str(item): str(found[1].display(item)) for item in found[1].items} if found is not None else {}
