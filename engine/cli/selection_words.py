"""The sentences of the commands on a selection and of the reports, in Russian and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake

if TYPE_CHECKING:
    from engine.cli.opening import Opening
    from engine.effects import Said

SENTENCES: Mapping[str, tuple[str, str]] = {
    "nothing": ("Под выборку не подходит ни одна запись.", "Nothing meets the selection."),
    "doubtful": (
        "Ещё {count}: неизвестно, подходят ли они под выборку ({why}); они не взяты",
        "{count} more may or may not meet the selection ({why}); they are left out",
    ),
    "letter": ("✉ {client} <{to}>, актов: {count}", "✉ {client} <{to}>, acts: {count}"),
    "subject": ("   Тема: {what}", "   Subject: {what}"),
    "files": ("   Вложения: {what}", "   Attached: {what}"),
    "no_letter": ("— {client}: письма не будет: {why}", "— {client}: no letter: {why}"),
    "no_act": ("· {act}: {why}", "· {act}: {why}"),
    "remind_sum": (
        "Писем: {letters}, актов в них: {acts}. Без письма: клиентов {clients}, актов {left}.",
        "Letters: {letters}, acts in them: {acts}. Without a letter: clients {clients}, acts {left}.",
    ),
    "warning": ("Внимание: {what}", "Warning: {what}"),
    "remind_none": ("Писать некому.", "There is nobody to write to."),
    "dry": (
        "Это план, ничего не сделано. Исполнить его: та же команда с --yes",
        "This is the plan, nothing was done. To do it: the same command with --yes",
    ),
    "remind_sure": ("Отправить?", "Send?"),
    "run_sure": ("Исполнить?", "Do it?"),
    "queued": (
        "движок сейчас не запущен: письма уйдут при следующем запуске, если акты к тому времени не подпишут",
        "no engine is running: the letters go at its next start, unless the acts are signed by then",
    ),
    "other_rules": (
        "движок работает по другой редакции регламентов, чем лежит в папке: план не тот, что он исполнит",
        "the engine works by another edition of the regulations than the folder holds: it would not do this plan",
    ),
    "sent": ("✓ {client}: {what} (запуск {run})", "✓ {client}: {what} (run {run})"),
    "not_sent": ("✗ {client}: {what} (запуск {run})", "✗ {client}: {what} (run {run})"),
    "pending": ("… {client}: ещё не исполнено", "… {client}: not done yet"),
    "fault": ("✗ {act}: {why}", "✗ {act}: {why}"),
    "printed": ("{file}: бумаг {count}, страниц {pages}", "{file}: {count} papers, {pages} pages"),
    "zipped": ("{file}: бумаг {count}, папок {folders}", "{file}: {count} papers, {folders} folders"),
    "missing": ("Не вошло: {count}, они названы выше.", "Left out: {count}, named above."),
    "empty": ("Ни одной бумаги нет: файл не создан.", "There is no paper at all: no file was made."),
    "exists": ("{name}: файл уже есть; назовите другой", "{name} exists already; name another file"),
    "ending": ("{name}: имя файла должно оканчиваться на {what}", "{name}: the file's name must end in {what}"),
    "no_command": (
        "ни одно правило не отвечает на команду {name} для этого реестра; есть: {known}",
        "no rule answers to the command {name} for this register; known: {known}",
    ),
    "none": ("нет ни одной", "none"),
    "case": ("✓ {title}", "✓ {title}"),
    "no_case": ("· {title}: {why}", "· {title}: {why}"),
    "run_sum": (
        "Команда {name}: будет исполнена для {count}, ничего не сделает для {left}.",
        "The command {name}: would act on {count}, would do nothing for {left}.",
    ),
    "ran": (
        "Передано движку: {count}. Ход: engine runs list --event command",
        "Handed to the engine: {count}. Progress: engine runs list --event command",
    ),
    "no_file": ("для xlsx назовите файл: --out FILE.xlsx", "xlsx needs a file: --out FILE.xlsx"),
    "written": ("записано: {name}", "written: {name}"),
    "no_role": (
        "у сотрудника {name} нет роли в настройках (roles:) или он уволен: он не видит ничего",
        "user {name} has no role in the settings (roles:) or was dismissed, and sees nothing",
    ),
    "shown": ("показано {count} из {total}", "{count} of {total} shown"),
    "sums": ("Итого: {what}", "Total: {what}"),
    "unsummed": ("без {count}, где сумма неизвестна", "without {count} whose sum is unknown"),
    "presets": ("Отборы (--preset): {what}", "Saved filters (--preset): {what}"),
    "exported": ("{file}: строк {count}", "{file}: {count} rows"),
    "not_ready": (
        "портал ещё не прочитан: реестр наполнится при первом запуске движка (engine serve)",
        "the portal has not been read yet: the register fills at the engine's first start (engine serve)",
    ),
}  # fmt: skip


def text(opening: Opening, key: str, **values: str) -> str:
    """Return a sentence in the person's language with its slots filled."""
    russian, english = SENTENCES[key]
    return (russian if opening.language == "ru" else english).format(**values)


def tell(opening: Opening, key: str, **values: str) -> None:
    """Print a sentence on stderr."""
    click.echo(text(opening, key, **values), err=True)


def said(opening: Opening, words: Said | None) -> str:
    """Return what the product says in both languages, in the person's."""
    return "" if words is None else words.ru if opening.language == "ru" else words.en


def refuse(opening: Opening, key: str, **values: str) -> Mistake:
    """Return the mistake to raise: one sentence, exit 1."""
    return Mistake("state", 1, what=text(opening, key, **values))
