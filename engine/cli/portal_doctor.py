"""`engine portal doctor`: is the connection to the portal good enough for the present regulations, and what to mend."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.cli.opening import Opening, pass_opening
from engine.cli.portal_line import open_line
from engine.cli.portal_surroundings import check_events, check_mail
from engine.effects import Said
from engine.portal.findings import Finding, failed

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.needed import Needed
    from engine.settings import Settings

FORMS = click.Choice(["text", "json"])
_MARKS = {"ok": "✓", "error": "✗", "warning": "!", "advice": "·"}


@click.command("doctor")
@click.option("--format", "form", type=FORMS, default="text", help="How to print.")
@click.option(
    "--wait",
    "seconds",
    type=click.IntRange(0, 3600),
    default=0,
    help="Watch for an event for so many seconds.",
)
@pass_opening
def doctor(opening: Opening, form: str, seconds: int) -> None:
    """Check the connection, rights, scopes, map, events, clock and mail; say what to mend. Changes nothing.

    Exit 0 clean (warnings allowed), 1 with errors.
    """
    workshop = opening.workshop()
    from engine.runtime.checkup import examine, needed_by

    needed, found = needed_by(workshop)
    with open_line(opening, workshop.settings) as line:
        found += examine(workshop.settings, line.client, line.gateway, needed)
    found += check_events(opening, workshop.settings, seconds)
    found += check_mail(workshop.settings, is_used=needed.mails)
    if form == "json":
        _print_json(workshop.settings, found, needed)
    else:
        _print_text(opening, found, needed)
    if failed(found):
        sys.exit(1)


def _in(said: Said, language: str) -> str:
    return said.ru if language == "ru" else said.en


def _print_text(opening: Opening, found: Sequence[Finding], needed: Needed) -> None:
    from engine.portal.scopes import scopes_of

    for one in found:
        click.echo(f"{_MARKS[one.severity]} {one.area}: {_in(one.what, opening.language)}")
        if one.mend is not None:
            click.echo(f"    → {_in(one.mend, opening.language)}")
    scopes = ", ".join(scopes_of(needed.methods))
    head = Said(f"Права, нужные регламентам: {scopes}.", f"Scopes that the regulations need: {scopes}.")
    click.echo(_in(head, opening.language))
    errors = sum(one.severity == "error" for one in found)
    warnings = sum(one.severity == "warning" for one in found)
    total = Said(f"Ошибок: {errors}, предупреждений: {warnings}.", f"Errors: {errors}, warnings: {warnings}.")
    click.echo(_in(total, opening.language), err=True)


def _print_json(settings: Settings, found: Sequence[Finding], needed: Needed) -> None:
    from engine.decision.forms import write_json
    from engine.portal.scopes import needs_administrator, needs_application, scopes_of

    def both(said: Said | None) -> Json:
        return None if said is None else {"ru": said.ru, "en": said.en}

    methods = needed.methods
    form: dict[str, Json] = {
        "schema": "reglament/doctor/1",
        "portal": settings.portal_address,
        "findings": [
            {"severity": one.severity, "area": one.area, "what": both(one.what), "mend": both(one.mend)}
            for one in found
        ],
        "needs": {
            "scopes": {scope: list(names) for scope, names in scopes_of(methods).items()},
            "methods": {name: list(who) for name, who in methods.items()},
            "administrator": [name for name in methods if needs_administrator(name)],
            "application": [name for name in methods if needs_application(name)],
        },
    }
    click.echo(write_json(form), nl=False)
