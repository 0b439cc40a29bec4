"""`engine serve`: the engine on a real portal."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from engine.cli.mistakes import Mistake, state_mistake
from engine.cli.opening import BROKEN, Opening, pass_opening
from engine.cli.portal_line import address_of
from engine.cli.waiting import wait_for_stop
from engine.settings import MissingSecret


@click.command("serve")
@click.option(
    "--log-format", type=click.Choice(("text", "json")), help="How to write the log; else as configured."
)
@pass_opening
def command(opening: Opening, log_format: str | None) -> None:
    """Receive the portal's events, decide, carry out; swap in changed regulations. Ctrl-C stops it cleanly.

    Exit 1 where the regulations have errors or the state is in use, 2 where a secret is not set.
    """
    workshop = opening.workshop()
    if not workshop.settings.application:
        address_of(workshop.settings)
    try:
        workshop.settings.require_connection()
    except MissingSecret as error:
        raise Mistake("no_secret", name=str(error.args[0])) from error
    built = opening.build(workshop)
    if built.edition is None:
        opening.say("broken_regulation")
        sys.exit(BROKEN)
    from engine.portal.pace import Pace
    from engine.runtime.logs import open_log, secrets_of
    from engine.runtime.service import Service
    from engine.runtime.store import StateError

    settings = workshop.settings
    setup = replace(settings.log, form=log_format or settings.log.form)
    log = open_log(setup=setup, secrets=secrets_of(settings))
    try:
        service = Service(settings, workshop, built, pace=Pace(), log=log)
    except StateError as error:
        raise state_mistake(error, opening.language) from error
    with service:
        events, console = f"{service.public_url}/portal/events", f"{service.console_url}/"
        link = service.first_link()
        said = opening.word("serving", events=events, console=console)
        first = "\n" + opening.word("first_link", link=link) if link else ""
        wait_for_stop(lambda: click.echo(said + first))
    if setup.form == "text":
        # Whatever gathers a log of JSON would stumble over a plain line.
        opening.say("stopped")
