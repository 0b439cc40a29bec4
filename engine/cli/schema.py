"""`engine schema`: the editor's JSON Schema of a regulation file, with the actions that are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.opening import Opening, pass_opening

if TYPE_CHECKING:
    from engine.workshop import Workshop


@click.command("schema")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE.")
@pass_opening
def command(opening: Opening, output: Path | None) -> None:
    """Print the JSON Schema (draft 2020-12) of a regulation file, or write it to FILE (replacing it)."""
    text = schema_text(opening.workshop(allow_example=True, is_quiet=True))
    if output is None:
        click.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, "utf-8")
    opening.say("written", name=str(output))


def schema_text(workshop: Workshop) -> str:
    """Return the schema as JSON text, ending in a newline."""
    from engine.language.schema import build_schema

    return json.dumps(build_schema(workshop.actions), ensure_ascii=False, indent=2) + "\n"
