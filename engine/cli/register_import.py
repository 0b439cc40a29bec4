"""`engine register import`: documents of former years into a register; the plan first, then the deed.

Prints and asks; which document goes where is decided in `engine.registers.legacy`, and the running engine does it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.asking import ask_engine, open_state
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening

if TYPE_CHECKING:
    from engine.cli.portal_line import Line
    from engine.language.values import File
    from engine.portal.contents import Contents
    from engine.registers.legacy import Fate, Old
    from engine.runtime.store import Store
    from engine.workshop import Workshop

_UNCLEAR = 1


@dataclass(frozen=True)
class Archived:
    """The files under `root` on their way into the engine's own store."""

    contents: Contents
    root: Path

    def keep(self, fate: Fate) -> File:
        """Store the file's bytes where the engine reads them. Raises Mistake for one that changed since the plan."""
        from engine.registers.legacy_sources import inside

        path, meant = inside(self.root.resolve(), fate.old.file), fate.old.content
        assert meant is not None
        file = self.contents.keep(path.name, path.read_bytes()) if path is not None else None
        if file is None or file.sha256 != meant.sha256:
            raise Mistake("import_changed", 1, name=fate.old.file)
        return file


@click.command("import")
@click.argument("source", metavar="FOLDER|LIST", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--register", type=click.Choice(("acts", "contracts")), default="acts", help="Into which register."
)
@click.option(
    "--files", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the files of a list lie; by default beside it.",
)  # fmt: skip
@click.option(
    "--signed", "are_signed", is_flag=True, help="Files that do not say so themselves are signed copies."
)
@click.option(
    "--plan", metavar="FILE.csv", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan."
)
@click.option("--yes", "is_sure", is_flag=True, help="Do it. Without it only the plan is shown.")
@pass_opening
def command(
    opening: Opening, source: Path, register: str, files: Path | None, plan: Path | None,
    *, are_signed: bool, is_sure: bool,
) -> None:  # fmt: skip
    """Take old files into a register: show the plan; with --yes do what is clear in it.

    Planning reads the portal and changes nothing. Exit 1 where a document needs a person.
    """
    from engine.registers import legacy_table as table

    root = files or (source if source.is_dir() else source.parent)
    rows = _rows(opening, source, root, register)
    if are_signed:
        from engine.registers.legacy import with_signature

        rows = list(with_signature(rows))
    from engine.cli.portal_line import open_line

    workshop = opening.workshop()
    with open_state(opening, asks=is_sure) as store, open_line(opening, workshop.settings) as line:
        fates = _fates(workshop, line, store, rows, register)
        for text in table.lines(fates, opening.language):
            click.echo(text)
        click.echo(table.summary(fates, opening.language))
        if plan is not None:
            _write_plan(plan, fates, opening.language)
        work = [fate for fate in fates if fate.is_work]
        if is_sure and work:
            from engine.portal.contents import Contents

            _do(opening, store, work, register, Archived(Contents(line.client, store.folder / "files"), root))
        elif work:
            opening.say("import_only_plan")
    if any(fate.what == "refuse" for fate in fates):
        sys.exit(_UNCLEAR)


def _rows(opening: Opening, source: Path, root: Path, register: str) -> list[Old]:
    from engine.registers.legacy_sources import ListError, read_folder, read_list

    try:
        found = read_folder(source, register) if source.is_dir() else read_list(source, root)
        return list(found)
    except ListError as error:
        what = error.said.ru if opening.language == "ru" else error.said.en
        raise Mistake("mistake_file", 1, name=source.name, what=what) from error


def _fates(workshop: Workshop, line: Line, store: Store, rows: Sequence[Old], register: str) -> list[Fate]:
    from engine.portal.errors import PortalError
    from engine.registers.legacy import decide_fates
    from engine.registers.legacy_portal import Archive

    try:
        known = Archive(line.gateway, workshop.setup.map, store).known(rows, register)
    except PortalError as error:
        raise Mistake("portal_refused", 1, what=str(error)) from error
    return list(decide_fates(rows, known, datetime.now(workshop.settings.zone).date()))


def _write_plan(path: Path, fates: Sequence[Fate], language: str) -> None:
    from engine.registers.legacy_table import write_plan

    try:
        write_plan(path, fates, language)
    except FileExistsError as error:
        raise Mistake("import_plan_exists", 1, name=str(path)) from error


def _do(opening: Opening, store: Store, work: Sequence[Fate], register: str, files: Archived) -> None:
    """Keep the files beside the state, a thousand at a time, and hand them to the engine."""
    from engine.registers.legacy_answer import PORTION, TAKE_IN, portions

    events = 0
    with _bar(work, opening) as fates:
        portion: list[Fate] = []
        for at, fate in enumerate(fates, start=1):
            portion.append(fate)
            if len(portion) < PORTION and at < len(work):
                continue
            kept = {one.old.place: files.keep(one) for one in portion}
            for params in portions(portion, register, kept):
                answer = ask_engine(opening, store, TAKE_IN, params)
                events += int(str(answer.get("events", 0))) if answer is not None else 0
            portion = []
    click.echo(opening.word("import_begun", count=str(events)))


@contextmanager
def _bar(work: Sequence[Fate], opening: Opening) -> Iterator[Sequence[Fate]]:
    """Yield the work behind a progress bar on a terminal, as it is on a pipe."""
    if not sys.stderr.isatty():
        yield work
        return
    with click.progressbar(work, label=opening.word("import_bar"), file=sys.stderr) as bar:
        yield bar  # type: ignore[misc]  # the bar is iterated once, as the list would be
