"""The company that the runtime is measured with: a rule of three actions that do nothing outside, and its events.

Decides what a run is: an event of a plugin's own kind, decided, and three steps. Every side of the comparison does
this work; what differs is what each of them keeps of it.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from engine.decision.event import Event
from engine.language.values import Item
from engine.settings import Settings, read_settings
from engine.workshop import Built, Workshop, open_workshop, shipped_folder

TOKEN = "bench-application-token"  # noqa: S105 — of a portal that is gone with the measurement
EVENT, LANES = "bench.ping", 50
ACTS_OF = Item("deal", "2")
FIRST_ACT = 5_000_000

_RULES = """\
ruleset: bench
title: Замер

rules:
  - id: ping
    title: Три шага
    triggers:
      - received: bench.ping
    actions:
      - ping: {}
      - ping: {}
      - ping: {}
"""
_PLUGIN = '''\
"""Three steps that do nothing outside: what is measured is what the engine keeps of them."""

from engine import Action, CallChange, Effect, hookimpl


class Ping(Action):
    """Ничего не делает."""

    name = "ping"
    parameters = {}
    example = "- ping: {}"
    kinds = ("call",)

    def effect(self, params, facts):
        return Effect(params, (CallChange("bench", "ping"),))

    def perform(self, effect, outside):
        return None


@hookimpl
def reglament_actions(setup):
    return [Ping()]


@hookimpl
def reglament_events():
    return {"bench.ping": {"number": "number"}}
'''


def make_office(
    folder: Path, state: str, *, lanes: int | None, rules: str = _RULES, plugin: str = _PLUGIN
) -> Path:
    """Write the company's folder: the example's map, its rules, one plugin; return its config.

    `lanes` is None for as many as a company has that says nothing of them.
    """
    text = (shipped_folder() / "config.example.yaml").read_text("utf-8")
    for name, value in (("public", "127.0.0.1:0"), ("console", "127.0.0.1:0"), ("state", state)):
        text = re.sub(rf"(?m)^( *){name}: .*$", rf"\g<1>{name}: {value}", text, count=1)
    # What a company's caps would stop after the first thousand runs.
    text += "\nbrakes: {items: 0, mails: 0, again: 0}\n" + (f"lanes: {lanes}\n" if lanes else "")
    for name, content in (("regulations/bench.yaml", rules), ("plugins/bench.py", plugin)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    config = folder / "config.yaml"
    config.write_text(text, "utf-8")
    return config


def open_office(config: Path, webhook: str) -> tuple[Settings, Workshop, Built]:
    """Return what a service is made of. Raises ValueError where the folder does not load."""
    variables = {"BITRIX24_WEBHOOK_URL": webhook, "BITRIX24_APPLICATION_TOKEN": TOKEN}
    settings, found = read_settings(config, variables)
    if settings is None:
        raise ValueError(f"the bench's config: {found}")
    workshop, problems = open_workshop(settings)
    built = workshop.build()
    if built.edition is None or problems:
        raise ValueError(f"the bench's rules: {problems or built.diagnostics}")
    return settings, workshop, built


def ping(settings: Settings, number: int) -> Event:
    """Return one event; each of `LANES` things has its own in their order."""
    return Event(EVENT, f"p{number}", datetime.now(settings.zone), Item("ping", str(number % LANES)))


def doorbell(number: int, at: int) -> bytes:
    """Return the portal's post for the act of that number, each another item, all of one deal."""
    return (
        "event=ONCRMDYNAMICITEMUPDATE&event_handler_id=7"
        f"&data%5BFIELDS%5D%5BID%5D={FIRST_ACT + number}&data%5BFIELDS%5D%5BENTITY_TYPE_ID%5D=1044&ts={at}"
        "&auth%5Bdomain%5D=demo.example&auth%5Bclient_endpoint%5D=https%3A%2F%2Fdemo.example%2Frest%2F"
        f"&auth%5Bmember_id%5D=0&auth%5Bapplication_token%5D={TOKEN}"
    ).encode()
