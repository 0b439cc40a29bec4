"""The sandbox: an event and regulations, as they are or edited, and what would happen. Nothing is done.

The same simulation as `engine simulate`, behind the same guard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from flask import Flask, abort, request

from engine.action import PluginError
from engine.decision.edition import Edition
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.decision.forms import Json, simulation_json
from engine.decision.simulation import simulate
from engine.language.diagnostics import Diagnostic
from engine.runtime.accounts import READER
from engine.runtime.drafts import Drafts
from engine.runtime.run_list import Wanted
from engine.web.console.desk import Desk, say
from engine.web.console.door import needs
from engine.web.console.journal_sight import require_run, seen_runs
from engine.web.console.look import page
from engine.web.console.regulations import found_of
from engine.web.console.run_page import event_of
from engine.web.console.run_view import RunView, view_run
from engine.web.console.sandbox_effects import overview
from engine.web.console.sandbox_form import KINDS, form_fields
from engine.web.console.sandbox_item import by_hand, taken

_LARGEST = 1 << 20


def add_sandbox(app: Flask, desk: Desk) -> None:
    """Give `app` the sandbox."""
    drafts = Drafts(desk.workshop, desk.status.journal, desk.status.store)

    @app.get("/sandbox")
    @needs(READER)
    def sandbox() -> str:
        number = request.args.get("run", "")
        event: Mapping[str, Json] | None = None
        if number:
            if not number.isdecimal() or len(number) > 15:
                abort(404)
            require_run(desk, int(number))
            event = event_of(desk, int(number))
            if event is None:
                abort(404)
        if event is None and request.args.get("item"):
            event, trouble = taken(desk, request.args)
            return _page(desk, drafts, _file_text(event), "", "", trouble)
        return _page(desk, drafts, _file_text(event), "", "")

    @app.post("/sandbox")
    @needs(READER)
    def try_out() -> str:
        text = request.form.get("event", "")[:_LARGEST]
        if request.form.get("by_hand"):
            event, trouble = by_hand(desk, request.form)
            return _page(desk, drafts, _file_text(event), "", "", trouble)
        name, rules = (
            request.form.get("file", ""),
            request.form.get("text", "").replace("\r\n", "\n")[:_LARGEST],
        )
        if request.headers.get("HX-Request") == "true":
            return page("sandbox_result.html", **_result(desk, drafts, text, name, rules))
        return _page(desk, drafts, text, name, rules)


def _file_text(event: Mapping[str, Json] | None) -> str:
    return json.dumps(event, ensure_ascii=False, indent=2) if event is not None else ""


def _page(desk: Desk, drafts: Drafts, text: str, name: str, rules: str, troubles: Sequence[str] = ()) -> str:
    files = [one for one in drafts.files() if not one.endswith(".txt")]
    name = name or request.args.get("file", "")
    if name and not rules:
        rules = (drafts.text(name) or b"").decode("utf-8", "replace")
    runs, _ = seen_runs(desk, Wanted(limit=30))
    asked, world = request.values, desk.workshop.settings.world
    entity = asked.get("entity", "") or asked.get("item", "").partition("/")[0]
    return page(
        "sandbox.html", troubles=troubles, asked=asked, kinds=KINDS, world=world,
        entity=entity if entity in world.entities else "", form_fields=form_fields,
        event=text, files=files, file=name, text=rules,
        runs=runs, happened=desk.status.happened,
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
        "overview": None,
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
        "overview": overview(form, edition.world, names),
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
