"""`engine resume`: releases the pause, or the brake of one rule, and lets what it held go on."""

from __future__ import annotations

from datetime import datetime

import click

from engine.cli.asking import open_state
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening


@click.command("resume")
@click.argument("rule", required=False)
@pass_opening
def command(opening: Opening, rule: str | None) -> None:
    """Go on after `engine pause`; with RULE (`acts/remind`) release the brake that this rule has tripped.

    Runs that the brake held are gone on with. Exit 1 where no such brake is on.
    """
    from engine.runtime.brakes import ALL, Brakes, release
    from engine.runtime.retry import resume_held

    now = datetime.now(opening.settings().zone)
    with open_state(opening, asks=True) as store:
        if not release(store, rule or ALL):
            on = ", ".join(one.name for one in Brakes(store, lambda: now, opening.settings().brakes).on())
            raise Mistake("no_brake" if on else "no_brakes", 1, name=rule or ALL, names=on)
        count = resume_held(store, rule, now) if rule else 0
    opening.say("resumed", count=str(count))
