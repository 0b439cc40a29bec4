"""`engine why ITEM [WHAT]`: why this did not happen to this item. Reads the journal, also beside a running engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from engine.cli.asking import open_state
from engine.cli.mistakes import Mistake
from engine.cli.opening import BROKEN, Opening, pass_opening
from engine.cli.why_text import why_json, why_text

if TYPE_CHECKING:
    from engine.decision.edition import Edition
    from engine.language.values import Item, Value
    from engine.runtime.why import Why
    from engine.workshop import Workshop

    Live = Callable[[Item], Mapping[Item, Mapping[str, Value]]]


@click.command("why")
@click.argument("item_name", metavar="ITEM")
@click.argument("what", default="")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@click.option(
    "--live", "is_live", is_flag=True, help="Ask the conditions of the portal as it is now (reads only)."
)
@pass_opening
def command(opening: Opening, item_name: str, what: str, form: str, *, is_live: bool) -> None:
    """Say why WHAT did not happen to ITEM: every gate to the first that stopped it.

    ITEM is act/43, or its number or title. WHAT is a rule, an action (mail.send), a field (act.signed) or a stage;
    left out: every rule that could touch the item. Exit 1 for an unknown ITEM or WHAT.
    """
    from engine.decision.forms import write_json
    from engine.runtime.why import Why

    workshop = opening.workshop(is_quiet=True)
    built = opening.build(workshop)
    if built.edition is None:
        opening.say("broken_regulation")
        sys.exit(BROKEN)
    with open_state(opening) as store, _live(opening, workshop, built.edition, is_live=is_live) as live:
        why = Why(store, workshop, built.edition, datetime.now(workshop.settings.zone), live)
        item = find_item(why, item_name)
        answers = why.explain(item, what)
    if form == "json":
        click.echo(write_json(why_json(item, what, answers)), nl=False)
    else:
        click.echo(why_text(item, answers, opening.language, is_verbose=opening.is_verbose), nl=False)
    if any(answer.rule is None for answer in answers):
        sys.exit(BROKEN)


def find_item(why: Why, name: str) -> Item:
    """Return the one item that `name` means. Raises Mistake where there is none or more than one."""
    found = why.questions.find_items(name)
    if not found:
        raise Mistake("no_item", 1, what=name)
    if len(found) > 1:
        raise Mistake("many_items", 1, what=name, names=", ".join(str(one) for one in found[:10]))
    return found[0]


@contextmanager
def _live(opening: Opening, workshop: Workshop, edition: Edition, *, is_live: bool) -> Iterator[Live | None]:
    """Yield a way to read an item with all that hangs on it from the portal; None where that was not asked for."""
    if not is_live:
        yield None
        return
    from engine.cli.portal_line import open_reader
    from engine.portal.errors import PortalError

    with open_reader(opening, workshop) as (reader, _):

        def read(item: Item) -> Mapping[Item, Mapping[str, Value]]:
            try:
                return reader.read_case(item, edition.needs(item.entity))
            except PortalError as error:
                raise Mistake("portal_refused", 1, what=str(error)) from error

        yield read
