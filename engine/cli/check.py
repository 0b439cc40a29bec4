"""`engine check [PATH…]`: everything the server would check, and more."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from engine.cli.costs_text import cost_table
from engine.cli.findings import FORMS, gather, print_findings, summarise
from engine.cli.neighbours import find_neighbours
from engine.cli.opening import BROKEN, Opening, pass_opening
from engine.rule_costs import rule_costs


@click.command("check")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMS), default="text", help="How to print.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option("--costs", is_flag=True, help="Print what an event costs the portal, by rule (text only).")
@pass_opening
def command(opening: Opening, *, paths: tuple[Path, ...], form: str, strict: bool, costs: bool) -> None:
    """Check the regulations, or the PATHs alone, with the config and the plugins they use.

    Exit 0 clean, 1 with errors. A warning is a likely fault; advice is a note and never changes the exit.
    """
    opening.form = form
    workshop = opening.workshop(allow_example=True)
    built = workshop.build(paths or None)
    found, sources = gather(workshop, built)
    found = [*find_neighbours(), *opening.held.found, *found]
    if strict:
        found = [replace(one, severity="error") if one.severity == "warning" else one for one in found]
    print_findings(found, {**sources, **opening.held.sources}, form, opening.language)
    if costs and form == "text" and built.edition is not None:
        click.echo(
            cost_table(rule_costs(built.edition, datetime.now(workshop.settings.zone)), opening.language)
        )
    rules = sum(name.endswith((".yaml", ".yml")) for name in built.sources)
    click.echo(summarise(found, rules, opening.language), err=True)
    if any(one.is_error for one in found):
        sys.exit(BROKEN)
