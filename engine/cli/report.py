"""`engine report paid-unsigned|signed-unpaid|ladder`: what the company owes, is owed, and has reminded of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.opening import Opening, pass_opening
from engine.cli.register_choice import Choice, Selection, open_selection, reported
from engine.cli.register_papers import whole_file
from engine.cli.selection_words import refuse, text

if TYPE_CHECKING:
    from engine.registers.reports import Report

NAMES = ("paid-unsigned", "signed-unpaid", "ladder")


@click.command("report")
@click.argument("name", metavar="|".join(NAMES), type=click.Choice(NAMES))
@click.option("--by", type=click.Choice(("client", "manager")), default="client", help="How to group.")
@click.option("--where", metavar="EXPR", default="", help="Only acts that meet this condition too.")
@click.option("--as", "person", metavar="USER", default="", help="Only what this user of the portal may see.")
@click.option(
    "--format", "form", type=click.Choice(("text", "json", "xlsx")), default="text", help="How to print."
)
@click.option(
    "--out", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Into a file."
)
@pass_opening
def command(
    opening: Opening, name: str, by: str, where: str, person: str, form: str, file: Path | None
) -> None:
    """Print a report over all acts: sums at stake, how old, what was sent and what comes next.

    paid-unsigned: paid without a signed act (risk of refund). signed-unpaid: signed without payment (debt).
    ladder: unsigned acts with the reminders about them.
    """
    from engine.decision.forms import write_json
    from engine.registers.report_text import report_json, report_text

    if form == "xlsx" and file is None:
        raise refuse(opening, "no_file")
    if file is not None and file.exists():
        raise refuse(opening, "exists", name=str(file))
    with open_selection(opening, "acts", Choice(where=where, person=person)) as selection:
        report = _read(opening, selection, name, by)
        titles = _titles(selection)
    if form == "xlsx":
        assert file is not None
        _write_sheet(opening, report, file, titles)
        return
    shown = (
        report_text(report, opening.language, lambda rule: titles.get(rule, rule))
        if form == "text"
        else write_json(report_json(report))
    )
    if file is None:
        click.echo(shown, nl=False)
    else:
        file.write_text(shown, "utf-8")
        click.echo(text(opening, "written", name=str(file)), err=True)


def _read(opening: Opening, selection: Selection, name: str, by: str) -> Report:
    from engine.registers.report_reading import read_report

    query = selection.query
    with reported(opening):
        return read_report(
            selection.registers,
            selection.store,
            name,
            selection.now.date(),
            by=by,
            where=query.where,
            viewer=query.viewer,
        )


def _titles(selection: Selection) -> dict[str, str]:
    """Return what people call the rules, by id; a rule that is gone keeps its id."""
    edition = selection.workshop.build().edition
    return {rule.id: rule.title for rule in edition.rules} if edition is not None else {}


def _write_sheet(opening: Opening, report: Report, file: Path, titles: dict[str, str]) -> None:
    from engine.registers.report_sheet import write_sheet

    with whole_file(opening, file) as out:
        write_sheet(report, out, opening.language, lambda rule: titles.get(rule, rule))
    click.echo(text(opening, "written", name=str(file)), err=True)
