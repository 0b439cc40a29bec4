"""`engine bank`: statements taken in with every line's fate printed, and the lines that a person decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.asking import is_running
from engine.cli.bank_people import assign, dismiss, queue
from engine.cli.bank_words import bank_mistake, bank_say
from engine.cli.mistakes import Mistake, state_mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.options import Options, shared_options

if TYPE_CHECKING:
    from engine.runtime.bank_import import BankImport, Imported
    from engine.runtime.store import Store
    from engine.settings import Settings


@click.group("bank")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Take bank statements in (1CClientBankExchange): payments go to invoices, doubtful lines to a person."""
    ctx.obj = given


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", "is_dry", is_flag=True, help="Show the fates and store nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@pass_opening
def import_(opening: Opening, file: Path, form: str, *, is_dry: bool) -> None:
    """Take a statement in: print each line's fate; a period imported again changes nothing.

    Lines are stored and told to the running engine, or to the next one that starts. Exit 1 for a file that is refused.
    """
    from engine.runtime.bank_report import imported_json, imported_text, remarks_text, write

    content = opening.read_file(file)
    with open_import(opening, is_dry=is_dry) as (importer, store):
        found = _run(opening, importer, content, file.name, is_dry=is_dry)
        click.echo(remarks_text(opening.language, found), nl=False, err=True)
        if form == "json":
            click.echo(write(imported_json(found, is_dry=is_dry)), nl=False)
        else:
            click.echo(imported_text(opening.language, found), nl=False)
        _tell(opening, found, store, is_dry=is_dry)


def _run(opening: Opening, importer: BankImport, content: bytes, name: str, *, is_dry: bool) -> Imported:
    from engine.bank.refusal import StatementRefused
    from engine.portal.errors import PortalError
    from engine.runtime.bank_import import OthersWrite

    try:
        return importer.look(content) if is_dry else importer.take(content, name)
    except StatementRefused as error:
        raise bank_mistake(opening, "refused", {"what": error.text(name, opening.language)}) from error
    except PortalError as error:
        raise Mistake("portal_refused", 1, what=str(error)) from error
    except OthersWrite as error:
        raise bank_mistake(opening, "others_write", {}) from error


def _tell(opening: Opening, found: Imported, store: Store | None, *, is_dry: bool) -> None:
    """Say on stderr what a person should know besides the table."""
    from engine.bank.fates import DOUBTFUL

    settings = opening.settings()
    new = [one for one in found.outcomes if one.is_new]
    if not new:
        bank_say(opening, "nothing_new")
    if any(one.fate.fate == DOUBTFUL for one in new):
        bank_say(opening, "queue_hint")
        if not (settings.bank.attention or settings.attention):
            bank_say(opening, "nobody")
    if is_dry:
        bank_say(opening, "dry")
    elif store is not None and new and not is_running(opening, store):
        bank_say(opening, "kept")


@contextmanager
def open_import(opening: Opening, *, is_dry: bool = False) -> Iterator[tuple[BankImport, Store | None]]:
    """Yield the import over a line to the portal and the state. Raises Mistake where one of them cannot be opened.

    The state is made where there is none yet; a dry run then does without.
    """
    from engine.cli.portal_line import open_line
    from engine.runtime.bank_import import BankImport, setup_of

    workshop = opening.workshop()
    settings = workshop.settings
    with ExitStack() as stack:
        store = _open(opening, settings, stack, is_dry=is_dry)
        line = stack.enter_context(open_line(opening, settings))
        importer = BankImport(
            store,
            line.gateway,
            workshop.setup.map,
            setup_of(settings),
            lambda: datetime.now(settings.zone),
        )
        yield importer, store


def _open(opening: Opening, settings: Settings, stack: ExitStack, *, is_dry: bool) -> Store | None:
    from engine.runtime.embedded import ASKS, OWNS
    from engine.runtime.opening import is_cluster, open_store
    from engine.runtime.store import StateError

    is_missing = not is_cluster(settings) and not Path(settings.state).exists()
    if is_missing and is_dry:
        return None
    try:
        if is_missing:
            # Made and let go of: an engine that starts meanwhile must find it free.
            open_store(settings, mode=OWNS).close()
        store = open_store(settings, mode=ASKS)
    except StateError as error:
        raise state_mistake(error, opening.language) from error
    stack.callback(store.close)
    return store


for one in (queue, assign, dismiss):
    command.add_command(one)
