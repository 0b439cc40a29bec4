"""`engine portal setup`: what a portal lacks for the map and the regulations is shown, then made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.portal_line import Line, open_line
from engine.cli.portal_pull import picture_of, plain, take_over
from engine.effects import Said

if TYPE_CHECKING:
    from engine.portal.errors import PortalError
    from engine.portal.setting_up import Plan, Wish
    from engine.settings import Settings
    from engine.workshop import Workshop

FAILED = 1


@click.command("setup")
@click.option("--yes", "is_sure", is_flag=True, help="Make it without asking.")
@pass_opening
def setup(opening: Opening, *, is_sure: bool) -> None:
    """Make on the portal what the map names and it lacks: smart processes, fields, pipelines, folders.

    Shows it first and asks. What is there is never touched; afterwards the config gets the portal's numbers. Exit 1
    where something was refused or must be made by hand.
    """
    from engine.portal.errors import PortalError
    from engine.portal.making import Maker

    workshop = opening.workshop()
    settings = workshop.settings
    with open_line(opening, settings) as line:
        maker = Maker(line.gateway, settings.world, _folders(workshop), settings.shared_drive)
        try:
            plan = maker.plan()
            _show(opening, plan)
            _require_scopes(opening, line, plan)
            is_whole = not plan.by_hand
            if plan.wishes:
                if not is_sure and not click.confirm(_in(opening, Said("Создать?", "Make it?")), err=True):
                    return
                is_whole = maker.carry_out(lambda wish, error: _tell(opening, wish, error)) and is_whole
        except PortalError as error:
            raise Mistake("portal_refused", FAILED, what=plain(error, opening.language)) from error
        _renumber(opening, settings, line)
    if not is_whole:
        sys.exit(FAILED)


def _folders(workshop: Workshop) -> tuple[str, ...]:
    """Return the first folders of the rules' paths; none where the rules have errors."""
    from engine.needed import find_needed

    built = workshop.build()
    return find_needed(built.edition, workshop.host.received).folders if built.edition is not None else ()


def _show(opening: Opening, plan: Plan) -> None:
    for wish in plan.wishes:
        click.echo(f"+ {_in(opening, wish.what)}")
    for later in plan.later:
        click.echo(f"+ {_in(opening, later)}")
    for one in plan.by_hand:
        click.echo(f"✗ {_in(opening, one.what)}")
        if one.mend is not None:
            click.echo(f"    → {_in(opening, one.mend)}")
    if not plan.wishes:
        nothing = Said("На портале есть всё, что можно создать.", "The portal has all that can be made.")
        click.echo(_in(opening, nothing))


def _require_scopes(opening: Opening, line: Line, plan: Plan) -> None:
    """End the command where a scope is missing: half of it made would be worse than nothing."""
    from engine.portal.doctor import check_needs, find_access

    methods = {wish.command.method: ("setup",) for wish in plan.wishes}
    if plan.later:
        methods["userfieldconfig.add"] = ("setup",)
    access, found = find_access(line.client) if methods else (None, [])
    if access is not None:
        found = check_needs(access, methods)
    missing = [one for one in found if one.severity == "error" and one.area in ("access", "scopes")]
    for one in missing:
        click.echo(f"✗ {_in(opening, one.what)}")
        if one.mend is not None:
            click.echo(f"    → {_in(opening, one.mend)}")
    if missing:
        sys.exit(FAILED)


def _tell(opening: Opening, wish: Wish, error: PortalError | None) -> None:
    if error is None:
        done = Said(f"✓ создано: {wish.what.ru}", f"✓ made: {wish.what.en}")
        click.echo(_in(opening, done))
        return
    from engine.portal.findings import explain

    what, mend = explain(error)
    click.echo(f"✗ {_in(opening, wish.what)}: {_in(opening, what)}")
    click.echo(f"    → {_in(opening, mend)}")


def _renumber(opening: Opening, settings: Settings, line: Line) -> None:
    """Write the portal's numbers into the config, as `engine portal pull --write` would."""
    take_over(opening, settings, picture_of(opening, line, settings), form="text", is_writing=True)


def _in(opening: Opening, said: Said) -> str:
    return said.ru if opening.language == "ru" else said.en
