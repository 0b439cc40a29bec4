"""`engine people`: who may sign in to the console; invitations by a link."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from engine.cli.asking import open_state
from engine.cli.opening import Opening, pass_opening
from engine.cli.options import Options, shared_options

if TYPE_CHECKING:
    from engine.runtime.accounts import Accounts

_ROLES = ("reader", "office", "integrator")


@click.group("people")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Who may sign in to the console: invite, list, close."""
    ctx.obj = given


@command.command("invite")
@click.argument("name", required=False, default="")
@click.option(
    "--role", type=click.Choice(_ROLES), default="office", show_default=True, help="What they may do."
)
@click.option("--portal-user", default="", metavar="ID", help="The portal's user whose rows they see.")
@pass_opening
def invite(opening: Opening, name: str, role: str, portal_user: str) -> None:
    """Print a link for NAME that works once within a day; it also sets a new password for somebody known.

    Without NAME: the link for the very first person, who becomes the integrator.
    """
    with _accounts(opening) as accounts:
        if not name and not accounts.is_empty():
            raise click.UsageError(opening.word("people_name"))
        secret = accounts.invite(name, role, portal_user) if name else accounts.invite_first()
    click.echo(f"http://{opening.settings().console}/invitation/{secret}")


@command.command("list")
@pass_opening
def list_people(opening: Opening) -> None:
    """Print everybody with role and portal user."""
    with _accounts(opening, asks=False) as accounts:
        for one in accounts.all():
            user = f"user/{one.portal_user}" if one.portal_user else ""
            click.echo(f"{one.shown:<30} {one.role:<11} {user}".rstrip())


@command.command("close")
@click.argument("name")
@pass_opening
def close(opening: Opening, name: str) -> None:
    """Let NAME in no more; sessions end at once. Exit 1 where nobody has the name."""
    with _accounts(opening) as accounts:
        if not accounts.close(name):
            opening.say("people_unknown", name=name)
            sys.exit(1)


@contextmanager
def _accounts(opening: Opening, *, asks: bool = True) -> Iterator[Accounts]:
    from engine.runtime.accounts import Accounts

    zone = opening.settings().zone
    with open_state(opening, asks=asks) as store:
        yield Accounts(store, lambda: datetime.now(zone))
