"""`engine explain CODE`: the page of a diagnostic."""

from __future__ import annotations

import difflib

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.words import word
from engine.language.pages import find_page, list_codes, render_page


@click.command("explain")
@click.argument("code", metavar="CODE")
@pass_opening
def command(opening: Opening, code: str) -> None:
    """Print the page of CODE (R104): what is wrong, an example, the mend."""
    page = find_page(code.upper())
    if page is None:
        near = difflib.get_close_matches(code.upper(), list_codes(), n=3, cutoff=0.5)
        hint = word("codes_are", opening.language, codes=", ".join(near)) if near else ""
        raise Mistake("no_code", code=code, hint=hint)
    click.echo(render_page(page, opening.language), nl=False)
