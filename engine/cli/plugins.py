"""`engine plugins`: every plugin, its actions, their parameters and examples."""

from __future__ import annotations

import sys

import click

from engine.cli.listing import list_json, list_text
from engine.cli.opening import BROKEN, Opening, pass_opening


@click.command("plugins")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@pass_opening
def command(opening: Opening, form: str) -> None:
    """List every plugin found, its actions with parameters, types and an example.

    Exit 0, 1 where a plugin is broken (it is named on stderr, the others are listed).
    """
    from engine.cli.findings import gather
    from engine.workshop import Built

    workshop = opening.workshop(allow_example=True, is_quiet=True)
    found, sources = gather(workshop, Built(None, workshop.host.diagnostics, {}))
    listed = list_json(workshop) if form == "json" else list_text(workshop, opening.language)
    click.echo(listed, nl=False)
    opening.report(found, sources)
    if any(one.is_error for one in found):
        sys.exit(BROKEN)
