"""`engine restore FILE`: a backup takes the place of the state; the engine is left paused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from engine.cli.mistakes import state_mistake
from engine.cli.opening import Opening, pass_opening


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE")
@click.option("--force", is_flag=True, help="Replace the state that is there.")
@pass_opening
def command(opening: Opening, file: Path, *, force: bool) -> None:
    """Check FILE, made by `engine backup`, and put it in the place of the state. No engine may be running.

    The engine is left paused: look at what was done since the backup, then `engine resume`. Exit 1 where FILE is
    not sound, an engine runs, or there is a state and no --force: then nothing was changed.
    """
    from engine.runtime.backup_restore import restore_backup
    from engine.runtime.store import StateError

    settings = opening.settings()
    try:
        restored = restore_backup(settings, file.absolute(), datetime.now(settings.zone), force=force)
    except StateError as error:
        raise state_mistake(error, opening.language) from error
    origin = restored.origin
    click.echo(opening.word("restored", made=origin.made, product=origin.product))
    if restored.before is not None:
        click.echo(opening.word("restored_before", file=str(restored.before)))
