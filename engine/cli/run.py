"""`engine run COMMAND [ITEM…]`: what a regulation answers to by name (`command: remind`) is asked for."""

from __future__ import annotations

import click

from engine.cli.asking import ask_engine, open_state
from engine.cli.opening import Opening, pass_opening


@click.command("run")
@click.argument("name", metavar="COMMAND")
@click.argument("items", metavar="[ITEM]...", nargs=-1)
@pass_opening
def command(opening: Opening, name: str, items: tuple[str, ...]) -> None:
    """Raise a command of the regulations (`command: NAME`) for the items named: act/43, or 43."""
    from engine.runtime.commands import COMMAND

    with open_state(opening, asks=True) as store:
        answer = ask_engine(opening, store, COMMAND, {"name": name, "items": items})
    if answer is not None:
        click.echo(opening.word("commanded", count=str(answer["events"])))
