"""`engine portal pull`: the portal's pipelines, stages, smart processes and fields, taken over into the map."""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.portal_line import Line, open_line
from engine.effects import Said

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.portal.errors import PortalError
    from engine.portal.picture import Picture
    from engine.portal.pull import Pull
    from engine.settings import Settings

FORMS = click.Choice(["text", "diff", "json"])
_MARKS = {"new": "+", "changed": "~", "gone": "-", "kept": "!"}
FAILED = 1


@click.command("pull")
@click.option("--write", "is_writing", is_flag=True, help="Write the config; else only show.")
@click.option("--format", "form", type=FORMS, default="text", help="How to print.")
@pass_opening
def pull(opening: Opening, *, is_writing: bool, form: str) -> None:
    """Show how the portal differs from the map, and with --write take it over. Nothing on the portal is changed.

    Names, derived fields and comments of the config stay as they are. Exit 0; 1 where the portal would not tell.
    """
    settings = opening.settings()
    with open_line(opening, settings) as line:
        picture = picture_of(opening, line, settings)
    take_over(opening, settings, picture, form=form, is_writing=is_writing)


def take_over(opening: Opening, settings: Settings, picture: Picture, *, form: str, is_writing: bool) -> None:
    """Print how `picture` differs from the config's map; write the config where asked and anything changes."""
    from engine.portal.pull import pull as compare

    text = _text(opening, settings.config)
    taken = compare(settings.config.name, text, picture)
    _show(opening, settings, text, taken, form)
    for question, error in picture.refusals.items():
        opening.say("not_read", what=question, why=str(error))
    if is_writing and taken.text != text:
        write_whole(settings.config, taken.text)
        opening.say("written", name=str(settings.config))
        _check(opening, settings.config)


def picture_of(opening: Opening, line: Line, settings: Settings) -> Picture:
    """Return the portal as it is. Raises Mistake in plain words where it cannot be asked."""
    from engine.portal.errors import PortalError
    from engine.portal.picture import read_picture

    wanted = [one.type_id for one in settings.world.entities.values() if one.type_id is not None]
    try:
        picture = read_picture(line.gateway, wanted)
    except PortalError as error:
        raise Mistake("portal_refused", FAILED, what=plain(error, opening.language)) from error
    if not picture.kinds:
        first = next(iter(picture.refusals.values()), None)
        raise Mistake("portal_refused", FAILED, what=plain(first, opening.language) if first else "")
    return picture


def plain(error: PortalError, language: str) -> str:
    """Return what an error of the portal means and the mend, in one line."""
    from engine.portal.findings import explain

    what, mend = explain(error)
    return f"{what.ru}; {mend.ru}" if language == "ru" else f"{what.en}; {mend.en}"


def _text(opening: Opening, config: Path) -> str:
    try:
        return opening.read_file(config).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Mistake("not_text", name=config.name) from error


def write_whole(file: Path, text: str) -> None:
    """Replace a file's text: after the return the new one is on the disk, and at no moment is there half of it."""
    mode = file.stat().st_mode & 0o777
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(text.encode("utf-8"))
            new.flush()
            os.fsync(new.fileno())
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _show(opening: Opening, settings: Settings, text: str, taken: Pull, form: str) -> None:
    if form == "json":
        _print_json(taken, is_changed=taken.text != text)
        return
    if form == "diff":
        name = settings.config.name
        lines = difflib.unified_diff(
            text.splitlines(keepends=True), taken.text.splitlines(keepends=True), name, name
        )
        click.echo("".join(lines), nl=False)
        return
    for one in taken.differences:
        said = one.what.ru if opening.language == "ru" else one.what.en
        click.echo(f"{_MARKS[one.kind]} {one.where}: {said}")
    if not taken.differences:
        same = Said(
            "Карта совпадает с порталом: менять нечего.", "The map and the portal agree: nothing to change."
        )
        click.echo(same.ru if opening.language == "ru" else same.en)
    elif taken.text == text:
        nothing = Said("Записывать нечего.", "There is nothing to write.")
        click.echo(nothing.ru if opening.language == "ru" else nothing.en)


def _print_json(taken: Pull, *, is_changed: bool) -> None:
    from engine.decision.forms import write_json

    differences: list[Json] = [
        {"kind": one.kind, "where": one.where, "what": {"ru": one.what.ru, "en": one.what.en}}
        for one in taken.differences
    ]
    click.echo(
        write_json({"schema": "reglament/pull/1", "changed": is_changed, "differences": differences}),
        nl=False,
    )


def _check(opening: Opening, config: Path) -> None:
    """Say on stderr what the new map breaks in the regulations, as `engine check` would."""
    from engine.cli.findings import gather, summarise
    from engine.cli.options import Options
    from engine.settings import environment, read_settings
    from engine.workshop import open_workshop

    again = Opening(Options(config, opening.language, opening.is_verbose))
    settings, found = read_settings(config, environment(config.parent))
    if settings is None:
        again.stop(found, {config.name: config.read_bytes()})
    workshop, _ = open_workshop(settings)
    broken, sources = gather(workshop, workshop.build())
    errors = [one for one in broken if one.is_error]
    again.report(errors, sources)
    rules = sum(name.endswith((".yaml", ".yml")) for name in sources)
    click.echo(summarise(errors, rules, opening.language), err=True)
