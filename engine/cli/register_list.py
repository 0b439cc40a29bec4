"""`engine register acts list|export`: a register on the terminal, as JSON, as a file.

Decides what is printed around the rows; which rows there are is the register's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.opening import Opening, pass_opening
from engine.cli.register_choice import Choice, choice_options, open_selection, reported, tell_doubts
from engine.cli.register_papers import register_of_command
from engine.cli.selection_words import refuse, tell, text

if TYPE_CHECKING:
    from engine.cli.register_choice import Selection
    from engine.registers.query import Page

FORMS = click.Choice(["text", "json"])


def column_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command `--columns`, as a tuple of paths."""

    @click.option(
        "--columns",
        metavar="PATHS",
        default="",
        help="Columns, comma between: number,client.inn,amount; the register's own if not given.",
    )
    @functools.wraps(function)
    def run(*args: Any, columns: str, **rest: Any) -> Any:
        paths = tuple(path for one in columns.split(",") if (path := one.strip()))
        return function(*args, columns=paths, **rest)

    return run


@click.command("list")
@choice_options
@column_option
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page.")
@click.option("--size", type=click.IntRange(1, 1000), default=50, show_default=True, help="Rows on a page.")
@click.option("--format", "form", type=FORMS, default="text", help="How to print.")
@pass_opening
def list_command(
    opening: Opening, choice: Choice, *, columns: tuple[str, ...], page: int, size: int, form: str
) -> None:
    """List the items that meet a filter, with their states and sums. Nothing is changed.

    A filter is a condition of the regulation language: --where 'overdue and client.inn == "7707083893"'.
    """
    from engine.cli.register_text import page_json, page_text

    name = register_of_command()
    with open_selection(opening, name, choice) as selection, reported(opening):
        query = replace(selection.query, columns=columns, page=page, size=size)
        found = selection.registers.select(query)
        entity = selection.registers.register(name).entity
        if form == "json":
            click.echo(page_json(query, entity, found), nl=False)
        elif found.rows:
            click.echo(page_text(entity, found, opening.language), nl=False)
        _tell_rest(opening, selection, found, is_plain=not (choice.where or choice.preset or choice.search))


def _tell_rest(opening: Opening, selection: Selection, page: Page, *, is_plain: bool) -> None:
    """Say on stderr how much was shown, the sums, what nobody can judge, and the saved filters with their counts."""
    from engine.language.formats import money_text

    if not page.total:
        tell(opening, "nothing")
    else:
        tell(opening, "shown", count=str(len(page.rows)), total=str(page.total))
    for column in page.columns:
        sums = page.sums.get(column.path, ())
        if sums:
            title = column.title.ru if opening.language == "ru" else column.title.en
            said = f"{title} {' + '.join(money_text(one) for one in sums)}"
            if left := page.unsummed.get(column.path):
                said += ", " + text(opening, "unsummed", count=str(left))
            tell(opening, "sums", what=said)
    tell_doubts(opening, page.undecided)
    if is_plain:
        register = selection.registers.register(selection.query.register)
        counts = selection.registers.counts(selection.query)
        named = [f"{one.name} {counts.get(one.name, 0)}" for one in register.presets]
        tell(opening, "presets", what=", ".join(named))


@click.command("export")
@click.argument("file", metavar="FILE.xlsx|.csv", type=click.Path(dir_okay=False, path_type=Path))
@choice_options
@column_option
@pass_opening
def export_command(opening: Opening, file: Path, choice: Choice, *, columns: tuple[str, ...]) -> None:
    """Write every item that meets a filter as a workbook or a text of semicolons. A former file is replaced.

    The file appears whole or not at all; no cell of it is ever a formula.
    """
    from engine.registers.export import ENDINGS, write_export
    from engine.registers.noting import EXPORTED, note_taken

    if file.suffix.lower() not in ENDINGS:
        raise refuse(opening, "ending", name=file.name, what=" / ".join(ENDINGS))
    with open_selection(opening, register_of_command(), choice) as selection, reported(opening):
        query = replace(selection.query, columns=columns)
        company = selection.workshop.settings.company
        page = write_export(selection.registers, query, file, opening.language, company)
        note_taken(selection.store, EXPORTED, query, page.total, file.name, selection.now)
        tell_doubts(opening, page.undecided)
        click.echo(text(opening, "exported", file=str(file), count=str(page.total)))
