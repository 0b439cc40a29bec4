"""`engine queue list|show|answer`: what waits for people, and the answers that they give.

Reads the state beside a running engine or without one. An answer is stored with the event that it raises before the
command says so: whichever engine works, or starts next, acts on it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import click

from engine.cli.asking import is_running, open_state
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.options import Options, shared_options
from engine.cli.queue_text import WORDS, question_json, question_text, queue_json, queue_text

if TYPE_CHECKING:
    from engine.effects import Said

_FORMS = click.Choice(["text", "json"])
_USER = re.compile(r"(?:user/)?(\d+)")


@click.group("queue")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """What waits for people: questions, outcomes nobody knows, tripped brakes, doubtful payments."""
    ctx.obj = given


@command.command("list")
@click.option(
    "--as", "user", metavar="USER", default="", help="What waits for this user (user/7), or for anybody."
)
@click.option("--format", "form", type=_FORMS, default="text", help="How to print.")
@pass_opening
def list_waiting(opening: Opening, user: str, form: str) -> None:
    """List everything that waits for a person, the oldest first. Nothing is changed."""
    from engine.decision.forms import write_json
    from engine.runtime.pending import pending

    zone = opening.settings().zone
    with open_state(opening) as store:
        found = pending(store, person=_user(user))
    text = write_json(queue_json(found)) if form == "json" else queue_text(found, opening.language, zone)
    click.echo(text, nl=False)


@command.command("show")
@click.argument("number", metavar="N", type=click.IntRange(1))
@click.option("--format", "form", type=_FORMS, default="text", help="How to print.")
@pass_opening
def show(opening: Opening, number: int, form: str) -> None:
    """Show a question in full: whom it asks, about which file, and the answer where there is one."""
    from engine.decision.forms import write_json
    from engine.runtime.questions import find_question, unknown_question

    zone = opening.settings().zone
    with open_state(opening) as store:
        found = find_question(store, number)
    if found is None:
        raise _mistake(opening, unknown_question(number))
    text = (
        write_json(question_json(found)) if form == "json" else question_text(found, opening.language, zone)
    )
    click.echo(text, nl=False)


@command.command("answer")
@click.argument("number", metavar="N", type=click.IntRange(1))
@click.argument("choice", metavar="CHOICE")
@click.option(
    "--as", "user", metavar="USER", default="", help="Who answers (user/7); else the one who was asked."
)
@click.option("--comment", default="", help="Words for the rules and the journal.")
@pass_opening
def answer(opening: Opening, number: int, choice: str, user: str, comment: str) -> None:
    """Answer a question, once. Exit 1 where it is closed, put to somebody else, or has no such answer."""
    from engine.runtime.questions import NotTaken, answer_question

    zone = opening.settings().zone
    person = _user(user)
    with open_state(opening, asks=True) as store:
        try:
            taken = answer_question(
                store, number, choice, datetime.now(zone), by=person, comment=comment.strip()
            )
        except NotTaken as error:
            raise _mistake(opening, error.said) from error
        acts = is_running(opening, store)
    words = WORDS[opening.language]
    click.echo(words["taken"].format(id=taken.id, answer=taken.answer))
    click.echo(words["running" if acts else "later"], err=True)


def _user(text: str) -> str:
    """Return the id of a user given as `user/7` or `7`, empty for nobody. Raises BadParameter."""
    if not text:
        return ""
    found = _USER.fullmatch(text)
    if found is None:
        raise click.BadParameter(text, param_hint="--as")
    return found[1]


def _mistake(opening: Opening, said: Said) -> Mistake:
    return Mistake("refused_request", 1, what=said.ru if opening.language == "ru" else said.en)
