"""`engine register acts remind`: one letter a client about all their unsigned acts; the plan first, then the deed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from engine.cli.asking import PATIENCE, is_running
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.register_choice import Choice, Selection, choice_options, find_items, open_selection
from engine.cli.selection_words import refuse, said, tell, text

if TYPE_CHECKING:
    from engine.decision.edition import Edition
    from engine.effects import MailChange
    from engine.registers.remind import Remind, Reminder, RemindPlan

BROKEN = 1


@click.command("remind")
@choice_options
@click.option("--yes", "is_sure", is_flag=True, help="Send without asking.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would go.")
@pass_opening
def command(opening: Opening, choice: Choice, *, is_sure: bool, is_dry: bool) -> None:
    """Remind each client of all their unsigned acts of the selection: show every letter, ask, then send.

    Planning reads the portal and changes nothing. Exit 1 where a letter did not go.
    """
    from engine.portal.errors import PortalError

    built = opening.build(opening.workshop(is_quiet=True))
    if built.edition is None:
        sys.exit(BROKEN)
    with open_selection(opening, "acts", choice) as selection:
        acts = find_items(opening, selection)
        if not acts:
            return
        with _planner(opening, selection, built.edition) as planner:
            try:
                plan = planner.plan(acts, selection.now, _words(selection), selection.query.viewer.name)
            except PortalError as error:
                raise Mistake("portal_refused", 1, what=str(error)) from error
        _show(opening, plan)
        if not plan.going:
            tell(opening, "remind_none")
            return
        if is_dry or not _is_sure(opening, is_sure=is_sure):
            tell(opening, "dry")
            return
        sys.exit(_send(opening, selection, plan, built.edition))


def _words(selection: Selection) -> str:
    from engine.registers.noting import selection_words

    return selection_words(selection.query).ru


@contextmanager
def _planner(opening: Opening, selection: Selection, edition: Edition) -> Iterator[Remind]:
    from engine.cli.portal_line import open_reader
    from engine.registers.remind import Remind

    with open_reader(opening, selection.workshop) as (reader, _):
        yield Remind(edition, reader, selection.store, selection.workshop.settings.brakes)


def _is_sure(opening: Opening, *, is_sure: bool) -> bool:
    """Ask where there is somebody to ask; a script says --yes or sends nothing."""
    return is_sure or (sys.stdin.isatty() and click.confirm(text(opening, "remind_sure")))


def _show(opening: Opening, plan: RemindPlan) -> None:
    """Print every letter as it would go, and everybody who gets none with the reason."""
    for one in plan.going:
        for letter in one.letters:
            _show_letter(opening, one, letter)
    silent = [one for one in plan.reminders if not one.letters]
    for one in silent:
        why = said(opening, one.why_not)
        click.echo(text(opening, "no_letter", client=one.title, why=why))
    for left in plan.left_out:
        click.echo(text(opening, "no_act", act=left.title, why=said(opening, left.why)))
    counts = {
        "letters": len([letter for one in plan.going for letter in one.letters]),
        "acts": sum(len(one.acts) for one in plan.going),
        "clients": len(silent),
        "left": len(plan.left_out),
    }
    click.echo(text(opening, "remind_sum", **{name: str(count) for name, count in counts.items()}))
    if plan.warning is not None:
        tell(opening, "warning", what=said(opening, plan.warning))


def _show_letter(opening: Opening, one: Reminder, letter: MailChange) -> None:
    click.echo(text(opening, "letter", client=one.title, to=letter.to, count=str(len(one.acts))))
    click.echo(text(opening, "subject", what=str(letter.subject)))
    for line in str(letter.text).strip().splitlines():
        click.echo(f"   │ {line}".rstrip())
    if letter.attachments:
        names = ", ".join(file.name for file in letter.attachments)
        click.echo(text(opening, "files", what=names))


def _send(opening: Opening, selection: Selection, plan: RemindPlan, edition: Edition) -> int:
    """Hand the reminders to the engine and tell what became of each; return the code to exit with."""
    from engine.registers.remind import put_reminders

    running = is_running(opening, selection.store)
    if running and not _is_same_edition(selection, edition):
        raise refuse(opening, "other_rules")
    ids = put_reminders(selection.store, plan.going, plan.selection, selection.now)
    if not running:
        tell(opening, "queued")
        return 0
    return max(
        [_await(opening, selection, one, event) for one, event in zip(plan.going, ids, strict=True)],
        default=0,
    )


def _is_same_edition(selection: Selection, edition: Edition) -> bool:
    """True where the running engine has taken in this edition: one that it never saw cannot be what it works by."""
    return selection.store.row("SELECT 1 FROM edition WHERE hash = ?", (edition.hash,)) is not None


def _await(opening: Opening, selection: Selection, one: Reminder, event: str) -> int:
    from engine.registers.remind import became_of

    deadline = time.monotonic() + PATIENCE
    while not (became := became_of(selection.store, event)).is_over and time.monotonic() < deadline:
        time.sleep(0.1)
    if not became.is_over:
        click.echo(text(opening, "pending", client=one.title))
        return 0
    key = "sent" if became.status == "done" else "not_sent"
    what = said(opening, became.verdict)
    click.echo(text(opening, key, client=one.title, what=what, run=str(became.run or "—")))
    return 0 if became.status == "done" else 1
