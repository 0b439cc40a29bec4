"""`engine pause`: nothing more is done until `engine resume`; events go on being taken in."""

from __future__ import annotations

from datetime import datetime

import click

from engine.cli.asking import open_state
from engine.cli.opening import Opening, pass_opening


@click.command("pause")
@click.option("--why", default="", help="A word for those who will ask.")
@pass_opening
def command(opening: Opening, why: str) -> None:
    """Stop acting before the next step, of all rules. Events are still taken in and wait."""
    from engine.runtime.brakes import pause

    with open_state(opening, asks=True) as store:
        is_new = pause(store, datetime.now(opening.settings().zone), why)
    opening.say("paused" if is_new else "paused_already")
