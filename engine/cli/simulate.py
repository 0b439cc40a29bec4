"""`engine simulate EVENT.json`: what would happen, with nothing done."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.cli.opening import Opening, pass_opening
from engine.decision.event_file import Given, read_event
from engine.decision.facts import Facts
from engine.decision.forms import simulation_json, write_json
from engine.decision.printout import Printer
from engine.decision.simulation import Simulation, simulate
from engine.workshop import Workshop

BROKEN, WITH_EFFECTS = 1, 3


@click.command("simulate")
@click.argument("event_file", metavar="EVENT.json", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@click.option("--regulations", type=click.Path(path_type=Path, exists=True), help="Another folder of rules.")
@click.option("--live", is_flag=True, help="Read missing facts from the portal (reads only).")
@click.option("--exit-code", is_flag=True, help="Exit 3 when there are effects.")
@pass_opening
def command(
    opening: Opening, event_file: Path, form: str, regulations: Path | None, *, live: bool, exit_code: bool
) -> None:
    """Show what EVENT.json would lead to: rules, plan, effects, follow-ups. Nothing is done.

    Exit 0 simulated, 1 broken event or regulation, 2 usage.
    """
    workshop = opening.workshop(allow_example=True, regulations=regulations)
    built = opening.build(workshop)
    if built.edition is None:
        sys.exit(BROKEN)
    content = opening.read_file(event_file)
    settings = workshop.settings
    given = read_event(str(event_file), content, settings.world, settings.zone, workshop.host.received)
    opening.report(given.diagnostics, {str(event_file): content})
    if given.event is None:
        sys.exit(BROKEN)
    if live:
        opening.fill_live(workshop, built.edition, given)
    elif given.needs_reading and given.event.verb != "deleted":
        opening.say("no_facts", item=str(given.event.item))
    simulation = simulate(built.edition, given.event, facts_of(workshop, given))
    costs = opening.costs(built.edition, simulation)
    if form == "json":
        click.echo(
            write_json(simulation_json(simulation, built.edition.hash, built.edition.actions, costs)),
            nl=False,
        )
    else:
        printer = Printer(
            built.edition.actions,
            costs,
            opening.language,
            has_colour=sys.stdout.isatty(),
            is_verbose=opening.is_verbose,
        )
        click.echo(printer.print(simulation, built.edition.hash), nl=False)
    if simulation.loop:
        sys.exit(BROKEN)
    if exit_code and has_effects(simulation):
        sys.exit(WITH_EFFECTS)


def facts_of(workshop: Workshop, given: Given) -> Facts:
    """Return the facts that an event file gives."""
    assert given.event is not None
    return Facts(
        workshop.settings.world,
        workshop.derivations,
        workshop.calendar,
        given.event.time,
        given.items,
        given.roots,
    )


def has_effects(simulation: Simulation) -> bool:
    """True where at least one step would change something."""
    return any(one.decision.changes for one in simulation.walk())
