"""`engine bank queue|assign|dismiss`: the lines of statements that a person decides, with their word kept."""

from __future__ import annotations

import getpass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from engine.cli.asking import is_running, open_state
from engine.cli.bank_words import bank_mistake, bank_say, bank_word
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening

if TYPE_CHECKING:
    from engine.bank.books import OpenInvoice
    from engine.runtime.bank_import import BankImport


@click.command("queue")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@pass_opening
def queue(opening: Opening, form: str) -> None:
    """List the lines that a person must decide, and money on its way to an invoice."""
    from engine.bank.fates import money
    from engine.runtime.bank_report import queue_json, queue_text, write
    from engine.runtime.bank_table import BankTable

    with open_state(opening) as store:
        table = BankTable(store)
        waiting, unwritten = table.queued(), table.unwritten()
    if form == "json":
        click.echo(write(queue_json(waiting)), nl=False)
    elif waiting:
        click.echo(queue_text(opening.language, waiting), nl=False)
    else:
        bank_say(opening, "empty_queue")
    for one in unwritten:
        for share in one.shares:
            bank_say(opening, "unwritten", n=str(one.n), amount=money(share.signed), invoice=share.number)


@click.command("assign")
@click.argument("line", type=click.IntRange(1))
@click.argument("invoice")
@click.argument("amount", required=False)
@click.option("--by", "person", metavar="NAME", help="Who decided; by default the user of this machine.")
@pass_opening
def assign(opening: Opening, line: int, invoice: str, amount: str | None, person: str | None) -> None:
    """Give a line, or AMOUNT of it, to an invoice (number, id or invoice/ID): it is put on it as any other."""
    from engine.bank.fates import money
    from engine.cli.bank import open_import
    from engine.portal.errors import PortalError
    from engine.runtime.bank_people import Refused, assign_line

    with open_import(opening) as (importer, store):
        assert store is not None
        try:
            target = _find(opening, importer, invoice)
        except PortalError as error:
            raise Mistake("portal_refused", 1, what=str(error)) from error
        sum_ = _amount(opening, amount)
        now = datetime.now(opening.settings().zone)
        try:
            given, rest = assign_line(store, importer, line, target, sum_, person or getpass.getuser(), now)
        except Refused as error:
            raise bank_mistake(opening, error.key, error.values) from error
        shown = f"{target.number} (invoice/{target.id})"
        click.echo(bank_word(opening, "assigned", n=str(line), amount=money(given), invoice=shown))
        if rest:
            click.echo(bank_word(opening, "rest_left", rest=money(rest)))
        if not is_running(opening, store):
            bank_say(opening, "kept")


@click.command("dismiss")
@click.argument("line", type=click.IntRange(1))
@click.argument("reason", required=False, default="")
@click.option("--by", "person", metavar="NAME", help="Who decided; by default the user of this machine.")
@pass_opening
def dismiss(opening: Opening, line: int, reason: str, person: str | None) -> None:
    """Take a line off the queue: it belongs to no invoice. REASON is kept with it."""
    from engine.runtime.bank_people import Refused, dismiss_line

    now = datetime.now(opening.settings().zone)
    with open_state(opening, asks=True) as store:
        try:
            dismiss_line(store, line, reason, person or getpass.getuser(), now)
        except Refused as error:
            raise bank_mistake(opening, error.key, error.values) from error
    click.echo(bank_word(opening, "dismissed", n=str(line)))


def _find(opening: Opening, importer: BankImport, name: str) -> OpenInvoice:
    found = importer.find_invoices(name)
    if not found:
        raise bank_mistake(opening, "no_invoice", {"name": name})
    if len(found) > 1:
        names = ", ".join(f"invoice/{one.id}" for one in found)
        raise bank_mistake(opening, "many_invoices", {"name": name, "names": names})
    if found[0].is_cancelled:
        raise bank_mistake(opening, "cancelled_invoice", {"name": found[0].number})
    return found[0]


def _amount(opening: Opening, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        found = Decimal(text.replace(" ", "").replace("\u00a0", "").replace(",", "."))
    except InvalidOperation as error:
        raise bank_mistake(opening, "bad_amount", {"what": text, "rest": "…"}, 2) from error
    if not found.is_finite() or found != found.quantize(Decimal("0.01")):
        raise bank_mistake(opening, "bad_amount", {"what": text, "rest": "…"}, 2)
    return found
