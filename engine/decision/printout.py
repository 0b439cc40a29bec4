"""The simulation as text for people: what happened, which rules and why, what would be done, the one sentence.

The same facts as the JSON form; rules that the event did not wake are counted, not listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.action import Action
from engine.decision.explain import (
    CONDITION_FALSE,
    CONFLICT,
    FIRED,
    NOT_TRIGGERED,
    UNDECIDED,
    Gate,
    RuleVerdict,
)
from engine.decision.facts import Facts
from engine.decision.forms import Requests
from engine.decision.plan import PLANNED, SKIPPED, Step
from engine.decision.simulation import Simulation
from engine.decision.verdict import Decided, verdict_of
from engine.effects import (
    CallChange,
    Change,
    DocumentChange,
    FeedChange,
    FieldChange,
    FileChange,
    FolderChange,
    ItemChange,
    MailChange,
    NoticeChange,
    StageChange,
    TimerChange,
)
from engine.language.formats import plain_text
from engine.language.values import File, Item, Mixed, Row, Undecided, Value

_WORDS = {
    "ru": {
        "event": "Событие", "rules": "Правила", "plan": "План", "then": "Затем", "verdict": "Итог", "empty": "пусто",
        FIRED: "сработало", CONDITION_FALSE: "не подошло", UNDECIDED: "не решено", CONFLICT: "конфликт",
        "disabled": "выключено", "not_in_force": "не действует", "not_woken": "не разбужено событием: {n}",
        "unknown": "неизвестно: {what}", "nothing": "ничего не будет сделано", "skipped": "пропущено",
        "no_op": "без изменений", "undecided": "не решено", "folder": "папка", "file": "файл", "item": "создать",
        "document": "документ", "notice": "уведомление", "feed": "в ленту", "mail": "письмо", "timer": "таймер",
        "call": "вызов", "number": "номер", "key": "ключ", "to": "кому", "files": "вложения", "from": "из",
        "portal": "Портал: запросов не больше {requests}, чтений {reads}, записей {writes}", "warning": "внимание",
        "loop": "правила вызывают друг друга без конца", "by": "кто",
        "when": "условие {what}", "no_result": "нет {what}",
    },
    "en": {
        "event": "Event", "rules": "Rules", "plan": "Plan", "then": "Then", "verdict": "Verdict", "empty": "empty",
        FIRED: "fired", CONDITION_FALSE: "condition false", UNDECIDED: "undecided", CONFLICT: "conflict",
        "disabled": "disabled", "not_in_force": "not in force", "not_woken": "not woken by this event: {n}",
        "unknown": "unknown: {what}", "nothing": "nothing would be done", "skipped": "skipped", "no_op": "no change",
        "undecided": "undecided", "folder": "folder", "file": "file", "item": "create", "document": "document",
        "notice": "notice", "feed": "feed post", "mail": "mail", "timer": "timer", "call": "call",
        "number": "number", "key": "key", "to": "to", "files": "attached", "from": "from",
        "portal": "Portal: at most {requests} requests, {reads} reads, {writes} writes", "warning": "warning",
        "loop": "the rules wake each other without end", "by": "by",
        "when": "condition {what}", "no_result": "no {what}",
    },
}  # fmt: skip
_MARKS = {
    FIRED: "✓",
    CONDITION_FALSE: "✗",
    UNDECIDED: "?",
    CONFLICT: "!",
    "disabled": "-",
    "not_in_force": "-",
}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_COLOURS = {"✓": "32", "✗": "31", "?": "33", "!": "31", "+": "32"}


@dataclass(frozen=True)
class Printer:
    """How to print: the language, colours on a terminal, and whether rules that slept are listed too."""

    actions: Mapping[str, Action]
    costs: Mapping[str, Requests]
    language: str = "ru"
    has_colour: bool = False
    is_verbose: bool = False

    def print(self, simulation: Simulation, edition: str) -> str:
        """Return the whole text, ending with the verdict."""
        lines = list(self._one(simulation, ""))
        for follow_up in list(simulation.walk())[1:]:
            lines += ["", *self._one(follow_up, self.word("then") + ": ")]
        total = Requests(
            sum(cost.requests for cost in self.costs.values()),
            sum(cost.reads for cost in self.costs.values()),
            sum(cost.writes for cost in self.costs.values()),
        )
        lines += [
            "",
            self.word("portal").format(requests=total.requests, reads=total.reads, writes=total.writes),
        ]
        if self.is_verbose:
            lines.append(edition)
        chain = [Decided(one.decision, one.verdicts) for one in simulation.walk()]
        said = verdict_of(chain, self.actions, simulation.loop)
        lines.append(f"{self.word('verdict')}: {said.ru if self.language == 'ru' else said.en}")
        return "\n".join(lines) + "\n"

    def word(self, name: str) -> str:
        """Return a word of the printout in its language."""
        return _WORDS[self.language].get(name, name)

    def paint(self, mark: str) -> str:
        """Return a mark, coloured on a terminal; colour never stands alone for a meaning."""
        code = _COLOURS.get(mark) if self.has_colour else None
        return f"\x1b[{code}m{mark}\x1b[0m" if code else mark

    def _one(self, simulation: Simulation, lead: str) -> Iterator[str]:
        event, facts = simulation.decision.event, simulation.facts
        subject = f" · {self.called(event.item, facts)}" if event.item is not None else ""
        detail = f" · {event.detail}" if event.detail else ""
        who = f" · {self.word('by')} {self._who(event.by, facts)}" if event.by and not lead else ""
        yield f"{lead or self.word('event') + ': '}{event.name}{subject}{detail} · {_moment(event.time)}{who}"
        for name, before in event.before.items():
            after = facts.field(event.item, name) if event.item is not None else None
            yield f"  {name}: {self.shown(before, facts)} → {self.shown(after, facts)}"
        woken = [verdict for verdict in simulation.verdicts if verdict.outcome != NOT_TRIGGERED]
        for verdict in simulation.verdicts if self.is_verbose else woken:
            yield from self._rule(verdict, facts)
        asleep = len(simulation.verdicts) - len(woken)
        if asleep and not self.is_verbose:
            yield "  " + self.word("not_woken").format(n=asleep)
        if simulation.decision.plan:
            yield self.word("plan")
            for step in simulation.decision.plan:
                yield from self.step(step, facts)
        elif not lead:
            yield f"{self.word('plan')}: {self.word('nothing')}"

    def _rule(self, verdict: RuleVerdict, facts: Facts) -> Iterator[str]:
        mark = self.paint(_MARKS.get(verdict.outcome, "·"))
        yield f"{mark} {verdict.rule.id} — {verdict.rule.title} [{self.word(verdict.outcome)}] {verdict.rule.span}"
        gates: Sequence[Gate] = verdict.gates
        if verdict.outcome == FIRED and not self.is_verbose:
            return
        for gate in gates:
            if gate.result is True and not self.is_verbose:
                continue
            yield f"    {self.paint({True: '✓', False: '✗', None: '?'}[gate.result])} {gate.text}"
            values = ", ".join(f"{name} = {self.shown(value, facts)}" for name, value in gate.values.items())
            if gate.reason:
                yield "      " + self.word("unknown").format(what=gate.reason)
            elif values:
                yield f"      {values}"
            # Only the gate that stopped the rule speaks: the words of later ones assume that it had been open.
            if gate.otherwise and gate is verdict.closed_gate:
                yield f"      {gate.otherwise}"

    def step(self, step: Step, facts: Facts) -> Iterator[str]:
        """Yield the lines of one step: its action, and what it would change or why not."""
        head = f"  {step.number}. {step.call.action}"
        if step.status != PLANNED:
            yield f"{head} — {self.word(step.status)}: {self._reason(step)}"
            return
        yield head + (f"  [{self.word('key')}: {step.key}]" if step.call.key is not None else "")
        for change in step.changes:
            yield from (f"     {line}" for line in self.change(change, facts))
        for said in step.effect.warnings if step.effect is not None else ():
            yield f"     {self.word('warning')}: {said.ru if self.language == 'ru' else said.en}"

    def _reason(self, step: Step) -> str:
        said = step.effect.nothing_to_do if step.effect is not None else None
        if said is not None:
            return said.ru if self.language == "ru" else said.en
        if step.status != SKIPPED:
            return step.reason
        is_asked = step.call.when is not None and step.call.when.text == step.reason
        return self.word("when" if is_asked else "no_result").format(what=step.reason)

    def _who(self, by: str, facts: Facts) -> str:
        entity, _, identity = by.partition("/")
        return self.called(Item(entity, identity), facts) if identity in _ids(entity, facts) else by

    def change(self, change: Change, facts: Facts) -> Iterator[str]:
        """Yield the lines of one change."""
        plus = self.paint("+")
        if isinstance(change, FieldChange | StageChange):
            before, after = self.shown(change.before, facts), self.shown(change.after, facts)
            yield f"{change.item} {change.field}: {before} → {after}"
        elif isinstance(change, ItemChange):
            yield f"{plus} {self.word('item')} {change.item}"
            for name, value in change.fields.items():
                yield f"    {name}: {self.shown(value, facts)}"
        elif isinstance(change, DocumentChange):
            yield f"{plus} {self.word('document')} {change.template}, {self.word('number')} {change.number}"
        elif isinstance(change, FolderChange):
            yield f"{plus} {self.word('folder')} {change.path}"
        elif isinstance(change, FileChange):
            yield f"{plus} {self.word('file')} {change.path} ({self.word('from')} {change.source.name})"
        elif isinstance(change, NoticeChange):
            yield f"{plus} {self.word('notice')}, {self.word('to')}: {self.called(change.to, facts)}"
            yield from _indented(change.text)
        elif isinstance(change, FeedChange):
            yield f"{plus} {self.word('feed')} → {change.url}"
            yield from _indented(change.text)
        elif isinstance(change, MailChange):
            yield f"{plus} {self.word('mail')}, {self.word('to')}: {change.to} — {change.subject}"
            yield from _indented(change.text)
            if change.attachments:
                yield f"    {self.word('files')}: " + ", ".join(file.name for file in change.attachments)
        elif isinstance(change, TimerChange):
            yield f"{plus} {self.word('timer')} {change.key}: {_moment(change.at) if change.at else '×'}"
        elif isinstance(change, CallChange):
            yield f"{plus} {self.word('call')} {change.plugin}: {change.what}"

    def called(self, item: Item | None, facts: Facts) -> str:
        """Return an item by what people call it, with its address beside it."""
        if item is None:
            return ""
        name = str(facts.display(item))
        return f"{name} ({item})" if name != str(item) else name

    def shown(self, value: Value, facts: Facts) -> str:
        """Return a value as a person reads it on one line."""
        if value is None:
            return self.word("empty")
        if isinstance(value, Undecided):
            return "?"
        if isinstance(value, Item):
            return self.called(value, facts)
        if isinstance(value, File):
            return value.name
        if isinstance(value, Row):
            return " · ".join(self.shown(member, facts) for _, member in value.values)
        if isinstance(value, tuple):
            return "[" + "; ".join(self.shown(member, facts) for member in value) + "]"
        if isinstance(value, str) and _DIGEST.fullmatch(value):
            return value[:12] + "…"  # enough to see that two files differ
        text = plain_text(value, facts)
        return str(text) if isinstance(text, str | Mixed) else str(value)


def _ids(entity: str, facts: Facts) -> set[str]:
    return {item.id for item in facts.items if item.entity == entity}


def _indented(text: object) -> Iterator[str]:
    yield from (f"    | {line}".rstrip() for line in str(text).rstrip("\n").split("\n"))


def _moment(time: datetime) -> str:
    return time.strftime("%d.%m.%Y %H:%M")
