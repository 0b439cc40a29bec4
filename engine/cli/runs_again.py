"""`engine runs retry` and `engine runs undo`: what a person does about a run that stopped, or should not have been."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from engine.cli.asking import PATIENCE, ask_engine, open_state
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.language.values import Value
    from engine.runtime.runs import StoredRun
    from engine.runtime.store import Store

_OPEN = ("running", "waiting")


@click.command("retry")
@click.argument("number", metavar="RUN", type=int)
@click.option("--present", "is_present", is_flag=True, help="Decide anew by the edition in force.")
@click.option(
    "--was-done", type=click.Choice(("yes", "no")), help="Your word on the step whose outcome is unknown."
)
@pass_opening
def retry(opening: Opening, number: int, *, is_present: bool, was_done: str | None) -> None:
    """Go on with a run that stopped: done steps are not repeated. Exit 1 where it stops again."""
    from engine.runtime.retry import RETRY, lane_of_run

    with open_state(opening, asks=True) as store:
        run = find_run(opening, store, number)
        params: dict[str, Value] = {"run": str(number), "present": is_present, "was_done": was_done or ""}
        answer = ask_engine(opening, store, RETRY, params, lane_of_run(store, run))
        if answer is None:
            return
        after = _wait_for_end(opening, store, number, is_present=is_present)
    if after is not None:
        click.echo(after.verdict.ru if opening.language == "ru" else after.verdict.en)
        if after.status not in ("done", *_OPEN):
            sys.exit(1)


def _wait_for_end(opening: Opening, store: Store, number: int, *, is_present: bool) -> StoredRun | None:
    """Return the run that took the work up, once it has ended or the patience has."""
    from engine.runtime.runs import Runs

    zone = opening.settings().zone
    runs, deadline = Runs(store, lambda: datetime.now(zone)), time.monotonic() + PATIENCE
    if is_present:
        row = store.row("SELECT n FROM run WHERE retry_of = ? ORDER BY n DESC", (number,))
        number = int(row[0]) if row is not None else number
    while (run := runs.find(number, zone)) is not None and run.status in _OPEN:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return run


@click.command("undo")
@click.argument("number", metavar="RUN", type=int)
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@pass_opening
def undo(opening: Opening, number: int, *, is_sure: bool) -> None:
    """Take back what a run did, as far as its actions can and nothing has changed since; list the rest."""
    from engine.runtime.retry import lane_of_run
    from engine.runtime.undo import UNDO

    with open_state(opening, asks=True) as store:
        lane = lane_of_run(store, find_run(opening, store, number))
        if not is_sure:
            preview = ask_engine(opening, store, UNDO, {"run": str(number), "dry": True}, lane)
            if preview is None:
                return
            show_undo(opening, preview, is_done=False)
            if not preview.get("taken_back"):
                sys.exit(1)
            click.confirm(opening.word("undo_sure"), abort=True)
        answer = ask_engine(opening, store, UNDO, {"run": str(number)}, lane)
    if answer is not None:
        show_undo(opening, answer, is_done=True)
        sys.exit(1 if answer.get("left") else 0)


def show_undo(opening: Opening, answer: dict[str, Json], *, is_done: bool) -> None:
    """Print what is, or would be, taken back, and what stays and why."""
    for line in _lines(answer.get("taken_back")):
        word = "undone" if is_done else "would_undo"
        click.echo(opening.word(word, step=str(line["step"]), action=str(line["action"])))
    for line in _lines(answer.get("left")):
        why = line["why"]
        said = str(why[opening.language]) if isinstance(why, dict) else ""
        click.echo(opening.word("left_done", step=str(line["step"]), action=str(line["action"]), why=said))


def _lines(found: Json) -> list[dict[str, Json]]:
    return [line for line in found if isinstance(line, dict)] if isinstance(found, list) else []


def find_run(opening: Opening, store: Store, number: int) -> StoredRun:
    """Return a run of the journal. Raises Mistake where there is none."""
    from engine.runtime.runs import Runs

    zone = opening.settings().zone
    run = Runs(store, lambda: datetime.now(zone)).find(number, zone)
    if run is None:
        raise Mistake("no_run", 1, name=str(number))
    return run
