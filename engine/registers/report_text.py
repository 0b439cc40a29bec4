"""A report as people read it: lines under their client or manager, sums, the ladder so far and what comes next.

Decides how it looks, as text and as JSON. What is in it was decided in `reports.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.decision.forms import Json
from engine.effects import Said
from engine.language.formats import money_text
from engine.language.values import Money
from engine.registers.ladder import MAIL, Ladder, Next, Rung
from engine.registers.reports import CLIENT, Group, Line, Report

Title = Callable[[str], str]
"""A rule's id → what people call it."""

NOBODY: Mapping[str, Said] = {
    CLIENT: Said("Клиент не указан", "No client"),
    "manager": Said("Ответственный не указан", "Nobody is responsible"),
}
_WORDS = {
    "total": Said("Всего", "Total"),
    "none": Said("Таких актов нет.", "There are no such acts."),
    "unknown": Said("сумма неизвестна у актов: {count}", "the sum is unknown for {count} acts"),
    "undecided": Said(
        "Неизвестно, относятся ли сюда ещё акты: {count} (не хватает сведений)",
        "For {count} more acts it is unknown whether they belong here",
    ),
    "act": Said("Акт", "Act"),
    "of": Said("от", "of"),
    "days": Said("дн.", "days"),
    "sent": Said("напоминания", "reminders"),
    "next": Said("дальше", "next"),
    "nothing": Said("не было", "none"),
    "end": Said("ничего не назначено", "nothing is due"),
    "letter": Said("письмо", "letter"),
    "notice": Said("уведомление", "notice"),
    "acts": Said("актов: {count}", "acts: {count}"),
    "oldest": Said("самому старому дней: {count}", "the oldest is {count} days old"),
    "more": Said("и ещё: {count}", "and {count} more"),
}


def word(key: str, language: str, **values: str) -> str:
    """Return a word of the reports in a person's language."""
    said = _WORDS[key]
    return (said.ru if language == "ru" else said.en).format(**values)


def sums_text(sums: Sequence[Money]) -> str:
    """Return the sums of several currencies in one line; a dash for none."""
    return " + ".join(money_text(one) for one in sums) or "—"


def title_of(group: Group, by: str, language: str) -> str:
    """Return what the group is called."""
    nobody = NOBODY[by]
    return group.title or (nobody.ru if language == "ru" else nobody.en)


def rung_text(rung: Rung, title: Title, language: str) -> str:
    """Return one thing done: when, which rule, a letter or a notice."""
    kind = word("letter" if rung.action == MAIL else "notice", language)
    return f"{rung.at:%d.%m.%Y} {title(rung.rule)} ({kind})"


def next_text(coming: Next | None, title: Title, language: str) -> str:
    """Return what comes next and when."""
    return f"{coming.at:%d.%m.%Y} {title(coming.rule)}" if coming is not None else word("end", language)


def report_text(report: Report, language: str, title: Title) -> str:
    """Return the whole report for a terminal or a post."""
    kind = report.kind
    head = kind.title.ru if language == "ru" else kind.title.en
    lines = [f"{head}, {report.day:%d.%m.%Y}", ""]
    if not report.groups:
        lines.append(word("none", language))
    for group in report.groups:
        lines += [f"{title_of(group, report.by, language)}: {sums_text(group.sums)}"]
        if group.unknown:
            lines.append(f"   {word('unknown', language, count=str(group.unknown))}")
        for line in group.lines:
            lines += _line(line, report, language, title)
        lines.append("")
    if report.groups:
        lines.append(f"{word('total', language)}: {sums_text(report.sums)} ({len(report.lines)})")
    if report.undecided:
        lines.append(word("undecided", language, count=str(report.undecided)))
    return "\n".join(lines).rstrip() + "\n"


def _line(line: Line, report: Report, language: str, title: Title) -> Iterator[str]:
    parts = [f"{word('act', language)} {line.number}"]
    if line.dated is not None:
        parts[0] += f" {word('of', language)} {line.dated:%d.%m.%Y}"
    parts.append(sums_text([line.stake] if line.stake is not None else []))
    if line.days is not None:
        parts.append(f"{line.days} {word('days', language)}")
    other = line.manager_name if report.by == CLIENT else line.client_name
    parts += [one for one in (line.deal_title, other) if one]
    yield "   " + " · ".join(parts)
    ladder = line.ladder
    if ladder.rungs or ladder.coming is not None:
        done = "; ".join(rung_text(one, title, language) for one in ladder.rungs)
        yield f"      {word('sent', language)}: {done or word('nothing', language)}"
        yield f"      {word('next', language)}: {next_text(ladder.coming, title, language)}"


def report_json(report: Report) -> dict[str, Json]:
    """Return the report as data: `reglament/report/1`."""
    return {
        "schema": "reglament/report/1",
        "report": report.kind.name,
        "by": report.by,
        "day": report.day.isoformat(),
        "undecided": report.undecided,
        "sums": [str(one) for one in report.sums],
        "groups": [
            {
                "item": str(group.who) if group.who is not None else None,
                "title": group.title,
                "sums": [str(one) for one in group.sums],
                "unknown": group.unknown,
                "lines": [_line_json(line) for line in group.lines],
            }
            for group in report.groups
        ],
    }


def _line_json(line: Line) -> dict[str, Json]:
    return {
        "act": str(line.act),
        "number": line.number,
        "date": line.dated.isoformat() if line.dated is not None else None,
        "amount": str(line.amount) if line.amount is not None else None,
        "stake": str(line.stake) if line.stake is not None else None,
        "client": str(line.client) if line.client is not None else None,
        "client_name": line.client_name,
        "manager": str(line.manager) if line.manager is not None else None,
        "manager_name": line.manager_name,
        "deal": str(line.deal) if line.deal is not None else None,
        "deal_title": line.deal_title,
        "since": line.since.isoformat() if line.since is not None else None,
        "days": line.days,
        **_ladder_json(line.ladder),
    }


def _ladder_json(ladder: Ladder) -> dict[str, Json]:
    coming = ladder.coming
    return {
        "done": [
            {"rule": one.rule, "action": one.action, "at": one.at.isoformat(), "run": one.run}
            for one in ladder.rungs
        ],
        "next": {"rule": coming.rule, "at": coming.at.isoformat()} if coming is not None else None,
    }
