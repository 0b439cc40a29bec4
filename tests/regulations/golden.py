"""The examples of the shipped regulations: event files beside the plans that the simulation prints for them.

Decides where they lie and how one is simulated: the shipped config and an empty environment, so that no secret and
no path of a machine gets into a plan. What a plan should say is a person's to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.costs import simulation_costs
from engine.decision.edition import Edition
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.decision.forms import Json, simulation_json, write_json
from engine.decision.printout import Printer
from engine.decision.simulation import Simulation, simulate
from engine.settings import read_settings
from engine.workshop import Workshop, open_workshop

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "regulations" / "examples"
EVENT, PLAN = ".event.json", ".plan.txt"


@dataclass(frozen=True)
class Simulated:
    """One example as decided: the simulation, its JSON form, and both texts byte for byte."""

    simulation: Simulation
    form: dict[str, Json]
    text: str
    json_text: str

    def walk(self) -> Iterator[dict[str, Json]]:
        """Yield the JSON of the event and of all that followed, as the simulation decided them."""
        waiting = [self.form]
        while waiting:
            form = waiting.pop(0)
            yield form
            follow_ups = form["follow_ups"]
            assert isinstance(follow_ups, list)
            waiting.extend(one for one in follow_ups if isinstance(one, dict))


def names() -> list[str]:
    """Return the names of all examples, sorted."""
    return sorted(file.name.removesuffix(EVENT) for file in EXAMPLES.glob(f"*{EVENT}"))


def plan_file(name: str) -> Path:
    """Return where the printed plan of an example lies."""
    return EXAMPLES / f"{name}{PLAN}"


@cache
def bench() -> tuple[Workshop, Edition]:
    """Return the shipped regulations, built once. Fails where they have an error."""
    settings, found = read_settings(ROOT / "config.example.yaml", {}, is_example=True)
    assert settings is not None, found
    workshop, trouble = open_workshop(settings)
    built = workshop.build()
    assert built.edition is not None, [*trouble, *built.diagnostics]
    return workshop, built.edition


def simulate_example(name: str, language: str = "ru") -> Simulated:
    """Decide an example from its bytes, nothing kept from an earlier time. Fails on a broken event file."""
    return simulate_content(name, (EXAMPLES / f"{name}{EVENT}").read_bytes(), language)


def simulate_content(name: str, content: bytes, language: str = "ru") -> Simulated:
    """Decide the event that `content` describes, as if it were the example `name`."""
    workshop, edition = bench()
    settings = workshop.settings
    given = read_event(f"{name}{EVENT}", content, settings.world, settings.zone, workshop.host.received)
    assert given.event is not None, given.diagnostics
    assert not given.diagnostics
    facts = Facts(
        settings.world,
        workshop.derivations,
        workshop.calendar,
        given.event.time,
        given.items,
        given.roots,
    )
    simulation = simulate(edition, given.event, facts)
    costs = simulation_costs(simulation, edition.actions)
    form = simulation_json(simulation, edition.hash, edition.actions, costs)
    text = Printer(edition.actions, costs, language).print(simulation, edition.hash)
    return Simulated(simulation, form, text, write_json(form))
