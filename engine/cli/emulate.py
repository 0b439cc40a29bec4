"""`engine emulate`: the emulated portal alone."""

from __future__ import annotations

import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.waiting import wait_for_stop

if TYPE_CHECKING:
    from engine.emulator import Company, Portal
    from engine.emulator.clock import Clock
    from engine.emulator.planned import PlannedFaults
    from engine.emulator.serve import PortalServer

PORT = 8025
FAILED = 1


def _read_plan(file: Path) -> PlannedFaults:
    from engine.emulator.faultfile import FaultFileError, read_faults

    try:
        return read_faults(file)
    except FaultFileError as error:
        raise Mistake("state", FAILED, what=str(error)) from error


def _read_policies(texts: tuple[str, ...]) -> dict[str, str]:
    from engine.emulator.policies import Policies, PolicyError, parse_settings, with_policies

    try:
        found = parse_settings(texts)
        with_policies(Policies(), found)
    except PolicyError as error:
        raise Mistake("bad_policy", what=str(error)) from error
    return found


def _read_clock(text: str, zone: str, state: Path | None) -> Clock:
    from engine.emulator.given_clock import ClockGoesBackError, ClockTextError, read_clock

    try:
        return read_clock(text, zone, state)
    except ClockTextError as error:
        raise Mistake("bad_clock", name=text) from error
    except ClockGoesBackError as error:
        raise Mistake("clock_back", FAILED, last=str(error)) from error


def _open_portal(state: Path | None, seed: Company, limits: str, clock: str | None) -> Portal:
    from engine.emulator import open_portal

    try:
        given = None if clock is None else _read_clock(clock, seed.time_zone, state)
        return open_portal(state, seed, limits="real" if limits == "real" else "off", clock=given)
    except sqlite3.DatabaseError as error:
        raise Mistake("bad_state", FAILED, name=str(state)) from error


def _serve(portal: Portal, port: int, ca_file: Path | None) -> PortalServer:
    from engine.emulator.serve import PortalServer
    from engine.emulator.tls import TlsMissingError

    try:
        return PortalServer(portal, port=port, ca_file=ca_file)
    except TlsMissingError as error:
        raise Mistake("no_tls", FAILED) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Mistake("address_taken", FAILED, name=f"127.0.0.1:{port}") from error


@contextmanager
def _ca_file(*, tls: bool, given: Path | None, state: Path | None) -> Iterator[Path | None]:
    """Where the authority's certificate goes: as asked, beside the state, or where it lasts as long as the portal."""
    if not tls:
        if given is not None:
            raise Mistake("ca_alone")
        yield None
    elif given is not None:
        yield given
    elif state is not None:
        yield state.with_name(f"{state.name}.ca.pem")
    else:
        with tempfile.TemporaryDirectory(prefix="reglament-") as folder:
            yield Path(folder) / "ca.pem"


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
@click.option("--clock", metavar="real|TIME", help="This machine's time, or one that starts at TIME (ISO).")
@click.option("--tls", is_flag=True, help="HTTPS, with a certificate authority made on the spot.")
@click.option(
    "--ca", type=click.Path(path_type=Path), metavar="FILE", help="Write the authority's certificate to FILE."
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME=VALUE",
    help="Settle an open point (docs/emulator.md).",
)
@pass_opening
def command(
    opening: Opening,
    port: int,
    company: str,
    state: Path | None,
    limits: str,
    faults: Path | None,
    clock: str | None,
    policies: tuple[str, ...],
    *,
    tls: bool,
    ca: Path | None,
) -> None:
    """Start the emulated portal on this machine and print its address; Ctrl-C stops it.

    Without --state it forgets everything when it stops. Without --clock a new portal starts at its company's own
    time and one kept in a file goes on where it stopped.
    """
    from engine.emulator.company import demo_company, empty_company

    plan, settled = None if faults is None else _read_plan(faults), _read_policies(policies)
    seed = demo_company() if company == "demo" else empty_company()
    with (
        _ca_file(tls=tls, given=ca, state=state) as ca_file,
        _open_portal(state, seed, limits, clock) as portal,
    ):
        portal.use_faults(plan)
        portal.set_policies(**settled)
        with _serve(portal, port, ca_file) as server:
            wait_for_stop(lambda: _announce(opening, server))
    opening.say("stopped")


def _announce(opening: Opening, server: PortalServer) -> None:
    click.echo(opening.word("emulating", url=server.url, webhook=server.webhook_url))
    if server.ca_file is not None:
        click.echo(opening.word("trust", name=str(server.ca_file.resolve())))
