"""`engine runs list|show|export`: the journal as a person reads it, also beside a running engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from engine.cli.asking import open_state
from engine.cli.mistakes import Mistake
from engine.cli.moments import read_moment
from engine.cli.opening import Opening, pass_opening
from engine.cli.options import Options, shared_options
from engine.cli.run_text import line_json, list_text, run_text
from engine.cli.runs_again import retry, undo

if TYPE_CHECKING:
    from engine.runtime.journal import Journal

FORMS = click.Choice(["text", "json"])
STATUSES = ("running", "waiting", "done", "failed", "unknown", "held", "loop", "retried", "undone")


@click.group("runs")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Read the journal: what happened and why. Nothing is changed."""
    ctx.obj = given


@command.command("list")
@click.option("--item", default="", metavar="ITEM", help="Only runs of this item: deal/118.")
@click.option("--rule", default="", metavar="RULE", help="Only runs in which this rule acted: acts/close.")
@click.option("--status", type=click.Choice(STATUSES), help="Only runs that ended, or stand, so.")
@click.option("--event", default="", metavar="NAME", help="Only runs of this event: act.updated.")
@click.option("--since", default="", metavar="WHEN", help="Begun since: 2d, 36h, 2026-03-14, or an ISO time.")
@click.option("--until", default="", metavar="WHEN", help="Begun before, given the same way.")
@click.option("--late", "is_late", is_flag=True, help="Only events that were found after their time.")
@click.option(
    "--before", type=click.IntRange(1), metavar="RUN", help="Only runs older than this one: the next page."
)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many at most."
)
@click.option("--format", "form", type=FORMS, default="text", help="How to print.")
@pass_opening
def list_runs(
    opening: Opening, form: str, since: str, until: str, before: int | None, status: str | None, **wanted: Any
) -> None:
    """List the last runs with their verdicts, the newest first."""
    from engine.decision.forms import write_json
    from engine.runtime.run_list import Wanted

    zone = opening.settings().zone
    now = datetime.now(zone)
    asked = Wanted(
        since=read_moment(since, now, zone, "--since") if since else None,
        until=read_moment(until, now, zone, "--until") if until else None,
        before=before or 0,
        status=status or "",
        **wanted,
    )
    with open_journal(opening) as journal:
        lines = journal.list_runs(asked)
    if form == "json":
        click.echo(
            write_json({"schema": "reglament/runs/1", "runs": [line_json(one) for one in lines]}), nl=False
        )
    elif lines:
        click.echo(list_text(lines, opening.language, zone), nl=False)
        if len(lines) == asked.limit:
            opening.say("more_runs", name=str(lines[-1].n))
    else:
        opening.say("no_runs" if asked == Wanted(limit=asked.limit) else "no_such_runs")


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
        if journal.run(number) is None:
            raise Mistake("no_run", 1, name=str(number))
        found = journal.event_of(number, opening.workshop(is_quiet=True))
    if found is None:
        raise Mistake("no_facts_kept", 1, name=str(number))
    click.echo(write_json(event_form(*found)), nl=False)


@contextmanager
def open_journal(opening: Opening) -> Iterator[Journal]:
    """Yield the journal of the configured state, opened for reading only. Raises Mistake where there is none."""
    from engine.runtime.journal import Journal

    with open_state(opening) as store:
        yield Journal(store)


for again in (retry, undo):
    command.add_command(again)
