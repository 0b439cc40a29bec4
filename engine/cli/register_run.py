"""`engine register acts run NAME`: a rule with a `command:` trigger over a selection; the plan first, then the deed."""

from __future__ import annotations

import sys

import click

from engine.cli.asking import ask_engine
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.register_choice import Choice, choice_options, find_items, open_selection
from engine.cli.register_papers import register_of_command
from engine.cli.selection_words import refuse, said, tell, text

BROKEN = 1


@click.command("run")
@click.argument("name", metavar="COMMAND")
@choice_options
@click.option("--yes", "is_sure", is_flag=True, help="Do it without asking.")
@pass_opening
def command(opening: Opening, name: str, choice: Choice, *, is_sure: bool) -> None:
    """Raise a command of the regulations for each item of a selection: say what it would do, ask, then do it.

    Planning reads the portal and changes nothing. Exit 1 for a command that no rule answers to.
    """
    from engine.cli.portal_line import open_reader
    from engine.portal.errors import PortalError
    from engine.registers.commanding import Commanding
    from engine.runtime.commands import COMMAND

    built = opening.build(opening.workshop(is_quiet=True))
    if built.edition is None:
        sys.exit(BROKEN)
    with open_selection(opening, register_of_command(), choice) as selection:
        items = find_items(opening, selection)
        with open_reader(opening, selection.workshop) as (reader, _):
            commanding = Commanding(built.edition, reader, selection.store, name)
            entity = selection.registers.register(selection.query.register).entity
            if entity not in commanding.entities():
                known = ", ".join(commanding.known()) or text(opening, "none")
                raise refuse(opening, "no_command", name=name, known=known)
            try:
                cases = commanding.plan(items, selection.now)
            except PortalError as error:
                raise Mistake("portal_refused", 1, what=str(error)) from error
        open_cases = [one for one in cases if one.why_not is None]
        for one in cases:
            key = "case" if one.why_not is None else "no_case"
            click.echo(text(opening, key, title=one.title, why=said(opening, one.why_not)))
        counts = {"count": str(len(open_cases)), "left": str(len(cases) - len(open_cases))}
        click.echo(text(opening, "run_sum", name=name, **counts))
        if not open_cases:
            return
        if not is_sure and not (sys.stdin.isatty() and click.confirm(text(opening, "run_sure"))):
            tell(opening, "dry")
            return
        asked = tuple(str(one.item) for one in open_cases)
        answer = ask_engine(opening, selection.store, COMMAND, {"name": name, "items": asked})
    if answer is not None:
        click.echo(text(opening, "ran", count=str(answer["events"])))
