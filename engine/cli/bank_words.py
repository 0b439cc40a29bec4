"""The sentences of `engine bank`, in Russian and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake

if TYPE_CHECKING:
    from engine.cli.opening import Opening

SENTENCES: Mapping[str, tuple[str, str]] = {
    "refused": (
        "выписка не принята, ничего из неё не взято: {what}",
        "the statement is refused whole: {what}",
    ),
    "nothing_new": (
        "Новых строк нет: всё это уже загружено, ничего не изменено.",
        "No line is new: all of it was imported before, nothing has changed.",
    ),
    "dry": ("Ничего не записано (--dry-run).", "Nothing was stored (--dry-run)."),
    "queue_hint": ("Разобрать: engine bank queue", "To decide: engine bank queue"),
    "nobody": (
        "кто разбирает такие строки, не указано (bank.attention): уведомление никому не отправлено",
        "nobody is named for such lines (bank.attention): no notice was sent",
    ),
    "kept": (
        "движок сейчас не запущен: деньги лягут на счета при следующем запуске",
        "no engine is running: the money goes to the invoices at the next start",
    ),
    "empty_queue": ("Разбирать нечего.", "There is nothing to decide."),
    "unwritten": (
        "строка {n}: {amount} назначены {invoice}, на портал ещё не записаны",
        "line {n}: {amount} are meant for {invoice} and not on the portal yet",
    ),
    "no_line": (
        "строки {n} нет; есть ли она: engine bank queue",
        "there is no line {n}; see engine bank queue",
    ),
    "not_queued": (
        "строка {n} уже разобрана: {what}",
        "line {n} is decided already: {what}",
    ),
    "no_invoice": ("счёта {name} на портале нет", "the portal has no invoice {name}"),
    "many_invoices": (
        "{name}: таких счетов несколько, назовите invoice/ID: {names}",
        "{name}: there are several, name it as invoice/ID: {names}",
    ),
    "cancelled_invoice": ("счёт {name} аннулирован", "the invoice {name} is cancelled"),
    "bad_amount": (
        "сумма {what}: нужно больше нуля и не больше остатка строки {rest}",
        "sum {what}: above zero and at most {rest}, what is left of the line",
    ),
    "twice": (
        "счёт {name} из этой строки уже получил деньги",
        "the invoice {name} has got money of this line already",
    ),
    "others_write": (
        "выписки загружает ещё кто-то: повторите через минуту",
        "somebody else imports statements: try again in a minute",
    ),
    "assigned": ("строка {n}: {amount} → {invoice}", "line {n}: {amount} → {invoice}"),
    "rest_left": ("остаток строки {rest} ждёт решения", "{rest} of the line are left to decide"),
    "dismissed": ("строка {n} снята с разбора", "line {n} is dismissed"),
    "no_portal": ("портал не ответил как нужно: {what}", "the portal did not do what was asked: {what}"),
}


def bank_word(opening: Opening, key: str, **values: str) -> str:
    """Return a sentence in the person's language."""
    return SENTENCES[key][0 if opening.language == "ru" else 1].format(**values)


def bank_say(opening: Opening, key: str, **values: str) -> None:
    """Print a sentence on stderr."""
    click.echo(bank_word(opening, key, **values), err=True)


def bank_mistake(opening: Opening, key: str, values: Mapping[str, str], code: int = 1) -> Mistake:
    """Return the mistake to raise."""
    return Mistake("state", code, what=bank_word(opening, key, **values))
