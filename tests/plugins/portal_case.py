"""What the portal tests share: the twin over HTTP, an engine's memory and numbers, steps that break off on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Any

import pytest

from engine import Action, Command, Effect, Item, Setup, Value
from engine.emulator import Portal, open_portal
from engine.emulator.company import demo_company, story
from engine.emulator.faults import Fault, Request
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from tests.plugins.action_case import Table, action_of, make_setup

DEAL = Item("deal", str(story.DEAL_FRESH))
DOUBTFUL = Fault(executes=True)
LOST = Fault(executes=False)


@dataclass
class EngineMethods:
    """`engine.*` as the runtime answers them: one number a key, and a memory; `key` is that of the step under way."""

    memory: dict[str, str] = field(default_factory=dict)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    key: str = ""

    def __call__(self, command: Command) -> object:
        if command.method == "engine.key":
            return self.key
        if command.method == "engine.number.take":
            place = (self.key, str(command.params["series"]))
            number = self.numbers.setdefault(place, 701 + len(self.numbers))
            return str(command.params["format"]).format(year=command.params["year"], n=number)
        key = str(command.params["key"])
        if command.method == "engine.remember":
            self.memory[key] = str(command.params["value"])
        return self.memory.get(key)


@dataclass
class World:
    """A running portal with the demo company, and the way to it."""

    portal: Portal
    gateway: Gateway
    contents: Contents
    setup: Setup
    engine: EngineMethods

    def plan(self, plugin: str, action_name: str, facts: Table, /, **params: Any) -> tuple[Action, Effect]:
        action = action_of(plugin, action_name, self.setup)
        effect = action.effect(params, facts)
        assert isinstance(effect, Effect), effect
        assert effect.nothing_to_do is None, effect.nothing_to_do
        return action, effect

    def do(self, plugin: str, action_name: str, facts: Table, /, **params: Any) -> tuple[Action, Effect, Any]:
        action, effect = self.plan(plugin, action_name, facts, **params)
        result = self.gateway.drive(action.commands(effect))
        assert self.gateway.drive(action.verify(effect, result)) == ()
        return action, effect, result

    def break_off(self, action: Action, effect: Effect, method: str, fault: Fault) -> None:
        """Carry the step out while the connection breaks at its first request of `method`."""
        hits: list[Request] = []

        def plan(seen: Request) -> Fault | None:
            if hits or seen.in_batch or seen.method != method.lower():
                return None
            hits.append(seen)
            return fault

        self.portal.faults = plan
        with pytest.raises(PortalError) as caught:
            self.gateway.drive(action.commands(effect))
        self.portal.faults = None
        assert caught.value.retry == "unknown"
        assert len(hits) == 1

    def probe(self, action: Action, effect: Effect, key: str) -> Value:
        self.engine.key = key
        return self.gateway.drive(action.probe(key, effect))

    def undo(self, action: Action, effect: Effect, result: Value) -> Value:
        commands = action.undo(effect, result)
        assert commands is not None
        return self.gateway.drive(commands)

    def row(self, type_id: int, item: Item) -> dict[str, Any]:
        return dict(Person(self.portal).get(type_id, int(item.id)))

    def posts(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.portal.store.rows("post")]


@pytest.fixture
def here(tmp_path: Folder) -> Iterator[World]:
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as server,
        PortalClient(server.webhook_url) as client,
    ):
        contents = Contents(client, tmp_path / "files")
        engine = EngineMethods()
        gateway = Gateway(client, contents, engine)
        yield World(portal, gateway, contents, make_setup(address=server.url), engine)


def facts_of(here: World) -> Table:
    """The story's fresh deal as the portal holds it."""
    row = here.row(2, DEAL)
    codes = here.setup.map.decode("deal", row)
    lines = here.gateway.send([here.setup.map.lines("lines", DEAL)])[0].result
    fields = {**codes, "lines": here.setup.map.decode_lines(lines, "RUB"), "acts": (), "invoices": ()}
    return Table({DEAL: fields})
