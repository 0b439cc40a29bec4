"""A report in a few lines for the feed, and the engine's method by which an action asks for it.

Decides what of a report is worth a post: the sum, the ten largest groups, how old the oldest act of each is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.action import Command
from engine.portal.errors import PortalError
from engine.registers.opening import open_registers
from engine.registers.report_reading import read_report
from engine.registers.report_text import sums_text, title_of, word
from engine.registers.reports import CLIENT, KINDS, Group, Report
from engine.runtime.store import Store
from engine.workshop import Workshop

REPORT = "engine.report"
_MOST_GROUPS = 10


def post_text(report: Report, language: str = "ru") -> str:
    """Return the report as a post: heading, sum, the largest groups, how many more there are."""
    head = report.kind.title.ru if language == "ru" else report.kind.title.en
    lines = [f"{head}, {report.day:%d.%m.%Y}"]
    if not report.groups:
        lines.append(word("none", language))
    else:
        count = word("acts", language, count=str(len(report.lines)))
        lines.append(f"{word('total', language)}: {sums_text(report.sums)}, {count}")
    lines += [f"• {_group(group, report, language)}" for group in report.groups[:_MOST_GROUPS]]
    if len(report.groups) > _MOST_GROUPS:
        lines.append(word("more", language, count=str(len(report.groups) - _MOST_GROUPS)))
    if report.undecided:
        lines.append(word("undecided", language, count=str(report.undecided)))
    return "\n".join(lines)


def _group(group: Group, report: Report, language: str) -> str:
    oldest = max((line.days for line in group.lines if line.days is not None), default=None)
    parts = [
        f"{title_of(group, report.by, language)}: {sums_text(group.sums)}",
        word("acts", language, count=str(len(group.lines))),
    ]
    if oldest is not None:
        parts.append(word("oldest", language, count=str(oldest)))
    # A name with square brackets must not become markup of the post.
    return ", ".join(parts).replace("[", "(").replace("]", ")")


def report_method(
    workshop: Workshop, store: Store, clock: Callable[[], datetime]
) -> Callable[[Command], object]:
    """Return the answer to `engine.report` {report, by}: the post's text, read from the register as it stands.

    It raises PortalError NO_REPORT for a report that does not exist.
    """

    def answer(command: Command) -> object:
        name, by = str(command.params.get("report")), str(command.params.get("by") or CLIENT)
        if name not in KINDS:
            raise PortalError(REPORT, "NO_REPORT", f"there is no report {name}")
        office = open_registers(workshop, store, clock)
        office.refresh()
        report = read_report(office.registers, store, name, clock().date(), by=by)
        return post_text(report, workshop.settings.language)

    return answer
