"""`engine backup FILE`: the state as it is at this moment, beside a running engine."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from engine.cli.mistakes import state_mistake
from engine.cli.opening import Opening, pass_opening

_MEGABYTE = 1_000_000


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@pass_opening
def command(opening: Opening, file: Path) -> None:
    """Write the state and its kept files to FILE (a folder: under a name of its own). The engine goes on working.

    Exit 1 where the state cannot be read, 2 where FILE exists or cannot be written.
    """
    from engine.runtime.backup import make_backup
    from engine.runtime.store import StateError

    settings = opening.settings()
    try:
        made = make_backup(settings, file.absolute(), datetime.now(settings.zone))
    except StateError as error:
        raise state_mistake(error, opening.language) from error
    size = f"{made.bytes / _MEGABYTE:.1f}"
    click.echo(opening.word("backed_up", file=str(made.file), size=size, count=str(made.kept)))
