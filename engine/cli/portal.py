"""`engine portal`: the commands about the live portal; `sweep`, which looks for missed changes, is here itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli.asking import ask_engine, open_state
from engine.cli.opening import Opening, pass_opening
from engine.cli.options import Options, shared_options
from engine.cli.portal_doctor import doctor
from engine.cli.portal_pull import pull
from engine.cli.portal_record import record
from engine.cli.portal_setup import setup

if TYPE_CHECKING:
    from engine.decision.forms import Json

FORMS = click.Choice(["text", "json"])
# All ids of a large portal take a while at two requests a second.
_PATIENCE = 600.0


@click.group("portal")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Check the connection to the portal, take its map over, set it up, look for missed changes."""
    ctx.obj = given


command.add_command(doctor)
command.add_command(pull)
command.add_command(record)
command.add_command(setup)


@command.command("sweep")
@click.option("--format", "form", type=FORMS, default="text", help="How to print.")
@pass_opening
def sweep(opening: Opening, form: str) -> None:
    """Look for changes that no webhook told; what is found is processed as late events.

    Exit 1 where the portal would not tell everything.
    """
    from engine.decision.forms import write_json
    from engine.runtime.sweep import SWEEP

    with open_state(opening, asks=True) as store:
        answer = ask_engine(opening, store, SWEEP, {}, seconds=_PATIENCE)
    if answer is None:
        return
    if form == "json":
        click.echo(write_json({"schema": "reglament/sweep/1", **answer}), nl=False)
    else:
        _show(opening, answer)
    entities = answer["entities"]
    is_failed = isinstance(entities, dict) and any("failure" in _map(one) for one in entities.values())
    if is_failed or "queue_failure" in answer:
        sys.exit(1)


def _show(opening: Opening, answer: dict[str, Json]) -> None:
    for name, one in _map(answer["entities"]).items():
        counts = {kind: str(count) for kind, count in _map(one).items()}
        if "failure" in counts:
            opening.say("sweep_failed", name=name, what=counts["failure"])
        if any(counts[kind] != "0" for kind in ("changed", "new", "gone", "adopted")):
            click.echo(opening.word("sweep_entity", name=name, **counts))
    if "queued" in answer:
        click.echo(opening.word("sweep_queued", count=str(answer["queued"])))
    if "queue_failure" in answer:
        opening.say("sweep_failed", name="event.offline.get", what=str(answer["queue_failure"]))
    found = {"items": str(answer["items"]), "requests": str(answer["requests"])}
    click.echo(opening.word("swept", **found))


def _map(found: Json) -> dict[str, Json]:
    return found if isinstance(found, dict) else {}
