"""`engine emulate`: the emulated portal alone."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.waiting import wait_for_stop

if TYPE_CHECKING:
    from engine.emulator.planned import PlannedFaults

PORT = 8025
FAILED = 1


def _read_plan(file: Path) -> PlannedFaults:
    from engine.emulator.faultfile import FaultFileError, read_faults

    try:
        return read_faults(file)
    except FaultFileError as error:
        raise Mistake("state", FAILED, what=str(error)) from error


@click.command("emulate")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one."
)
@click.option(
    "--company", type=click.Choice(["demo", "empty"]), default="demo", show_default=True, help="Contents."
)
@click.option(
    "--state", type=click.Path(path_type=Path), metavar="FILE", help="Keep the portal's state in FILE."
)
@click.option(
    "--limits", type=click.Choice(["real", "off"]), default="real", show_default=True, help="Its limits."
)
@click.option(
    "--faults", type=click.Path(path_type=Path), metavar="FILE", help="Fail as FILE plans (docs/faults.md)."
)
@pass_opening
def command(
    opening: Opening, port: int, company: str, state: Path | None, limits: str, faults: Path | None
) -> None:
    """Start the emulated portal on this machine and print its address; Ctrl-C stops it.

    Without --state it forgets everything when it stops.
    """
    from engine.emulator import open_portal
    from engine.emulator.company import demo_company, empty_company
    from engine.emulator.serve import PortalServer

    plan = None if faults is None else _read_plan(faults)
    seed = demo_company() if company == "demo" else empty_company()
    try:
        portal = open_portal(state, seed, limits="real" if limits == "real" else "off")
    except sqlite3.DatabaseError as error:
        raise Mistake("bad_state", FAILED, name=str(state)) from error
    with portal:
        portal.use_faults(plan)
        try:
            server = PortalServer(portal, port=port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise Mistake("address_taken", FAILED, name=f"127.0.0.1:{port}") from error
        with server:
            click.echo(opening.word("emulating", url=server.url, webhook=server.webhook_url))
            wait_for_stop()
    opening.say("stopped")
