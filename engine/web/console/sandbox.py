"""The sandbox: an event and regulations, as they are or edited, and what would happen. Nothing is done.

The same simulation as `engine simulate`, behind the same guard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Flask, abort, request

from engine.action import PluginError
from engine.decision.edition import Edition
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.decision.forms import simulation_json
from engine.decision.simulation import simulate
from engine.language.diagnostics import Diagnostic
from engine.runtime.accounts import READER
from engine.runtime.drafts import Drafts
from engine.runtime.run_list import Wanted
from engine.web.console.desk import Desk, say
from engine.web.console.door import needs
from engine.web.console.look import page
from engine.web.console.regulations import found_of
from engine.web.console.run_page import event_of
from engine.web.console.run_view import RunView, view_run

_LARGEST = 1 << 20


def add_sandbox(app: Flask, desk: Desk) -> None:
    """Give `app` the sandbox."""
    drafts = Drafts(desk.workshop, desk.status.journal, desk.status.store)

    @app.get("/sandbox")
    @needs(READER)
    def sandbox() -> str:
        number = request.args.get("run", "")
        event = event_of(desk, int(number)) if number.isdigit() and len(number) < 16 else None
        if number and event is None:
            abort(404)
        text = json.dumps(event, ensure_ascii=False, indent=2) if event is not None else ""
        return _page(desk, drafts, text, "", "")

    @app.post("/sandbox")
    @needs(READER)
    def try_out() -> str:
        text = request.form.get("event", "")[:_LARGEST]
        name, rules = (
            request.form.get("file", ""),
            request.form.get("text", "").replace("\r\n", "\n")[:_LARGEST],
        )
        if request.headers.get("HX-Request") == "true":
            return page("sandbox_result.html", **_result(desk, drafts, text, name, rules))
        return _page(desk, drafts, text, name, rules)


def _page(desk: Desk, drafts: Drafts, text: str, name: str, rules: str) -> str:
    files = [one for one in drafts.files() if not one.endswith(".txt")]
    name = name or request.args.get("file", "")
    if name and not rules:
        rules = (drafts.text(name) or b"").decode("utf-8", "replace")
    runs = desk.status.journal.list_runs(Wanted(limit=30))
    return page(
        "sandbox.html", event=text, files=files, file=name, text=rules, runs=runs, happened=desk.status.happened,
        chosen=request.args.get("run", ""), **_result(desk, drafts, text, name, rules),
    )  # fmt: skip


def _result(desk: Desk, drafts: Drafts, text: str, name: str, rules: str) -> dict[str, object]:
    """Return what templates show: diagnostics of event and rules, or the verdict with its story."""
    nothing: dict[str, object] = {
        "view": None,
        "found": [],
        "verdict": None,
        "trouble": "",
        "names": {},
        "follow_ups": [],
    }
    edition, found = desk.status.in_force.edition, list[Diagnostic]()
    sources = {one.rpartition("/")[2]: file.read_text("utf-8") for one, file in drafts.files().items()}
    if name and rules:
        built = drafts.judge({name: rules.encode()})
        found += built.diagnostics
        sources[name.rpartition("/")[2]] = rules
        if built.edition is None:
            return {**nothing, "found": [found_of(one) for one in found]}
        edition = built.edition
    if not text.strip():
        return {**nothing, "found": [found_of(one) for one in found]}
    settings, shop = desk.workshop.settings, desk.workshop
    given = read_event("event.json", text.encode(), settings.world, settings.zone, shop.host.received)
    found += given.diagnostics
    if given.event is None:
        return {**nothing, "found": [found_of(one) for one in found]}
    facts = Facts(settings.world, shop.derivations, shop.calendar, given.event.time, given.items, given.roots)
    try:
        simulation = simulate(edition, given.event, facts)
    except PluginError as error:
        return {**nothing, "trouble": str(error)}
    form = simulation_json(simulation, edition.hash, edition.actions, {})
    names = {str(item): str(facts.display(item)) for item in facts.items}
    return {
        **nothing,
        "found": [found_of(one) for one in found],
        "verdict": form["verdict"],
        "names": names,
        "view": view_run(form, edition.world, sources, names),
        "form": form,
        "follow_ups": _followed(form, edition, sources, names),
        "loop": simulation.loop,
        "trouble": say("События пойдут по кругу", "The events would go round") if simulation.loop else "",
    }


def _followed(
    form: Mapping[str, object], edition: Edition, sources: Mapping[str, str], names: Mapping[str, str]
) -> list[tuple[Mapping[str, object], RunView]]:
    """Return the events that would follow, each with its story, in their order."""
    found = []
    followers = form.get("follow_ups")
    for one in followers if isinstance(followers, list) else ():
        if isinstance(one, Mapping):
            found.append((one, view_run(one, edition.world, sources, names)))
            found += _followed(one, edition, sources, names)
    return found
