"""`engine runs list|show|export`: the journal as a person reads it, also beside a running engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake, state_mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.options import Options, shared_options
from engine.cli.run_text import line_json, list_text, run_text

if TYPE_CHECKING:
    from engine.runtime.journal import Journal

FORMS = click.Choice(["text", "json"])


@click.group("runs")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Read the journal: what happened and why. Nothing is changed."""
    ctx.obj = given


@command.command("list")
@click.option("--item", default="", metavar="ITEM", help="Only runs of this item: deal/118.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many at most."
)
@click.option("--format", "form", type=FORMS, default="text", help="How to print.")
@pass_opening
def list_runs(opening: Opening, item: str, limit: int, form: str) -> None:
    """List the last runs with their verdicts, the newest first."""
    from engine.decision.forms import write_json

    with open_journal(opening) as journal:
        lines = journal.last_runs(limit, item)
    if form == "json":
        click.echo(
            write_json({"schema": "reglament/runs/1", "runs": [line_json(one) for one in lines]}), nl=False
        )
    elif lines:
        click.echo(list_text(lines, opening.language), nl=False)
    else:
        opening.say("no_runs")


@command.command("show")
@click.argument("number", metavar="RUN", type=click.IntRange(1))
@click.option("--format", "form", type=FORMS, default="text", help="How to print.")
@pass_opening
def show(opening: Opening, number: int, form: str) -> None:
    """Show one run in full: what woke it, every step with what became of it, the verdict."""
    from engine.decision.forms import write_json

    with open_journal(opening) as journal:
        run = journal.run(number)
    if run is None:
        raise Mistake("no_run", 1, name=str(number))
    click.echo(write_json(run) if form == "json" else run_text(run, opening.language), nl=False)


@command.command("export")
@click.argument("number", metavar="RUN", type=click.IntRange(1))
@pass_opening
def export(opening: Opening, number: int) -> None:
    """Print a run's event with its facts as an event file that `engine simulate` accepts."""
    from engine.decision.event_text import event_form
    from engine.decision.forms import write_json

    with open_journal(opening) as journal:
        found = journal.event_of(number, opening.workshop(is_quiet=True))
    if found is None:
        raise Mistake("no_run", 1, name=str(number))
    click.echo(write_json(event_form(*found)), nl=False)


@contextmanager
def open_journal(opening: Opening) -> Iterator[Journal]:
    """Yield the journal of the configured state, opened for reading only. Raises Mistake where there is none."""
    from engine.runtime.journal import Journal
    from engine.runtime.store import StateError, Store

    state = opening.settings().state
    if "://" in state:
        raise Mistake("no_embedded", 1, name=state.partition("://")[0])
    try:
        store = Store(Path(state), only_reads=True)
    except StateError as error:
        raise state_mistake(error, opening.language) from error
    try:
        yield Journal(store)
    finally:
        store.close()
