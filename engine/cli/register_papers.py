"""`engine register acts print|zip`: the papers of a selection as one PDF, or as an archive with a folder a client."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.register_choice import Choice, Selection, choice_options, find_items, open_selection
from engine.cli.selection_words import refuse, said, tell, text

if TYPE_CHECKING:
    from engine.language.values import Item
    from engine.registers.papers import Papers
    from engine.registers.printing import Fault

FAULTY = 1


def register_of_command() -> str:
    """Return the register that the command stands under: `engine register acts print`."""
    parent = click.get_current_context().parent
    name = parent.info_name if parent is not None else None
    return name or "acts"


@click.command("print")
@click.argument("file", metavar="FILE.pdf", type=click.Path(dir_okay=False, path_type=Path))
@choice_options
@click.option("--signed", "are_signed", is_flag=True, help="The signed scans instead of our documents.")
@pass_opening
def print_command(opening: Opening, file: Path, choice: Choice, *, are_signed: bool) -> None:
    """Bind the papers of a selection into one PDF, in the selection's order; pictures become pages.

    What is missing or broken is named, and the exit is 1.
    """
    from engine.registers.noting import PRINTED
    from engine.registers.printing import UnfitPaper, print_papers

    with _papers(opening, file, ".pdf", choice, are_signed=are_signed) as (selection, papers, items, out):
        try:
            printed = print_papers(papers.fetch(items), out)
        except UnfitPaper as unfit:
            raise refuse(opening, "warning", what=said(opening, unfit.why)) from unfit
        _finish(opening, selection, file, PRINTED, len(printed.taken), printed.faults)
        if printed.taken:
            counts = {"count": str(len(printed.taken)), "pages": str(printed.pages)}
            click.echo(text(opening, "printed", file=str(file), **counts))
    sys.exit(FAULTY if printed.faults else 0)


@click.command("zip")
@click.argument("file", metavar="FILE.zip", type=click.Path(dir_okay=False, path_type=Path))
@choice_options
@click.option("--signed", "are_signed", is_flag=True, help="The signed scans instead of our documents.")
@pass_opening
def zip_command(opening: Opening, file: Path, choice: Choice, *, are_signed: bool) -> None:
    """Put the papers of a selection into one archive, a folder for each client.

    What is missing is named, and the exit is 1.
    """
    from engine.registers.noting import ZIPPED
    from engine.registers.zipping import zip_papers

    with _papers(opening, file, ".zip", choice, are_signed=are_signed) as (selection, papers, items, out):
        zipped = zip_papers(papers.fetch(items), out)
        _finish(opening, selection, file, ZIPPED, len(zipped.names), zipped.faults)
        if zipped.names:
            folders = len({name.partition("/")[0] for name in zipped.names})
            counts = {"count": str(len(zipped.names)), "folders": str(folders)}
            click.echo(text(opening, "zipped", file=str(file), **counts))
    sys.exit(FAULTY if zipped.faults else 0)


@contextmanager
def _papers(
    opening: Opening, file: Path, ending: str, choice: Choice, *, are_signed: bool
) -> Iterator[tuple[Selection, Papers, Sequence[Item], BinaryIO]]:
    """Yield what is needed to bind papers; the file appears under its name only when it is whole."""
    if file.suffix.lower() != ending:
        raise refuse(opening, "ending", name=str(file), what=ending)
    if file.exists():
        raise refuse(opening, "exists", name=str(file))
    with open_selection(opening, register_of_command(), choice) as selection:
        items = find_items(opening, selection)
        if not items:
            sys.exit(0)
        with (
            _lines(opening, selection, are_signed=are_signed) as papers,
            whole_file(opening, file) as out,
        ):
            yield selection, papers, items, out


@contextmanager
def _lines(opening: Opening, selection: Selection, *, are_signed: bool) -> Iterator[Papers]:
    from engine.cli.portal_line import open_line
    from engine.decision.facts import Facts
    from engine.portal.contents import Contents
    from engine.portal.errors import PortalError
    from engine.portal.reader import Reader
    from engine.registers.papers import Papers

    shop = selection.workshop
    derivations, calendar = shop.derivations, shop.calendar
    bare = Facts(shop.settings.world, derivations, calendar, selection.now, {}, {})
    is_contract = selection.query.register == "contracts"
    with (
        tempfile.TemporaryDirectory() as folder,
        open_line(opening, shop.settings) as line,
    ):
        reader = Reader(line.gateway, shop.setup.map, Contents(line.client, Path(folder)))
        field = "scan" if are_signed or is_contract else "document"
        try:
            yield Papers(reader, line.client, bare, field)
        except PortalError as error:
            raise Mistake("portal_refused", 1, what=str(error)) from error


@contextmanager
def whole_file(opening: Opening, file: Path) -> Iterator[BinaryIO]:
    """Yield a file beside the one named; it takes the name when all went well and something was written."""
    try:
        descriptor, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:40]}.")
    except OSError as error:
        raise opening.refusal(file, error) from error
    try:
        with os.fdopen(descriptor, "w+b") as out:
            yield out
            is_empty = out.tell() == 0
        if not is_empty:
            Path(beside).chmod(0o644)
            Path(beside).replace(file)
    finally:
        Path(beside).unlink(missing_ok=True)


def _finish(
    opening: Opening, selection: Selection, file: Path, what: str, count: int, faults: Sequence[Fault]
) -> None:
    """Name what did not go in, and leave the note in the journal where anything did."""
    from engine.registers.noting import note_taken

    for fault in faults:
        click.echo(text(opening, "fault", act=fault.title, why=said(opening, fault.why)))
    if faults:
        tell(opening, "missing", count=str(len(faults)))
    if count:
        note_taken(selection.store, what, selection.query, count, file.name, selection.now)
    else:
        tell(opening, "empty")
