"""The answers of `engine why` as text for people, and as JSON. Only shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.effects import Said
    from engine.language.values import Item
    from engine.runtime.why import Answer
    from engine.runtime.why_case import Finding

SCHEMA = "reglament/why/1"
_WORDS = {
    "ru": {
        "event": "событие {n} · {name} · {time}", "run": "запуск {n}, подробно: engine runs show {n}", "by": "кто",
        "later": "позже", "now": "Если бы правило разбудили сейчас (по последним известным фактам):",
        "live": "Если бы правило разбудили сейчас (портал только что прочитан):", "late": "узнали с опозданием",
        "none": "{item}: ни одно правило такого не делает", "unknown": "неизвестно: {what}", "empty": "пусто",
        "yes": "да", "no": "нет",
    },
    "en": {
        "event": "event {n} · {name} · {time}", "run": "run {n}, in full: engine runs show {n}", "by": "by",
        "later": "later", "now": "Were the rule woken now (by the facts known last):",
        "live": "Were the rule woken now (the portal has just been read):", "late": "found late",
        "none": "{item}: no rule does such a thing", "unknown": "unknown: {what}", "empty": "empty",
        "yes": "yes", "no": "no",
    },
}  # fmt: skip
# Enough of it to see that two files differ.
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RESULTS = {True: "✓", False: "✗", None: "?"}


def why_text(item: Item, answers: Sequence[Answer], language: str, *, is_verbose: bool = False) -> str:
    """Return one paragraph a rule: the gate that stopped it, where, and what it saw; several rules more briefly."""
    if not answers:
        return _WORDS[language]["none"].format(item=item) + "\n"
    is_whole = is_verbose or len(answers) == 1
    paragraphs = [
        "\n".join(_lines(item, one, language, is_verbose=is_verbose, is_whole=is_whole)) for one in answers
    ]
    return "\n\n".join(paragraphs) + "\n"


def _lines(item: Item, answer: Answer, language: str, *, is_verbose: bool, is_whole: bool) -> Iterator[str]:
    words, finding = _WORDS[language], answer.finding
    mark = "✓" if finding.gate == "happened" else "✗"
    if answer.rule is None:
        yield f"{mark} {_said(finding.said, language)}"
        return
    yield f"{item} · {answer.rule.id} — {answer.rule.title} ({answer.rule.span})"
    yield f"  {mark} {_said(finding.said, language)} [{finding.gate}]"
    yield from _place(finding, answer, words)
    yield from _conditions(finding.conditions, words, is_verbose=is_verbose)
    if answer.later is not None:
        yield f"  {words['later']}: {_said(answer.later.said, language)} [{answer.later.gate}]"
        yield from _place(answer.later, answer, words)
    if answer.now and (is_whole or any(one.get("result") is not True for one in answer.now)):
        yield f"  {words['live' if answer.is_live else 'now']}"
        yield from _conditions(answer.now, words, is_verbose=is_whole)


def _place(finding: Finding, answer: Answer, words: Mapping[str, str]) -> Iterator[str]:
    case = finding.case
    if finding.at and answer.rule is not None and finding.at != str(answer.rule.span):
        yield f"    {finding.at}"
    if case is not None:
        line = words["event"].format(n=case.n, name=case.name, time=case.time.strftime("%d.%m.%Y %H:%M:%S"))
        who = f" · {words['by']} {case.by}" if case.by else ""
        yield f"    {line}{who}{' · ' + words['late'] if case.is_late else ''}"
    if finding.run:
        yield "    " + words["run"].format(n=finding.run)


def _conditions(
    conditions: Sequence[Mapping[str, Json]], words: Mapping[str, str], *, is_verbose: bool
) -> Iterator[str]:
    """Yield the conditions up to the one that stopped the rule; all of them where `is_verbose`."""
    for one in conditions:
        result = one.get("result")
        if result is True and not is_verbose:
            continue
        yield f"    {_RESULTS[result] if isinstance(result, bool) else '?'} {one.get('text')}"
        values = one.get("values")
        if one.get("reason"):
            yield "      " + words["unknown"].format(what=one["reason"])
        elif isinstance(values, dict) and values:
            yield "      " + ", ".join(f"{name} = {_shown(value, words)}" for name, value in values.items())
        if not is_verbose:
            return


def _shown(value: Json, words: Mapping[str, str]) -> str:
    if isinstance(value, dict):
        return f"? ({value['undecided']})" if "undecided" in value else str(value.get("name", value))
    if isinstance(value, list):
        return "[" + "; ".join(_shown(member, words) for member in value) + "]"
    if isinstance(value, bool):
        return words["yes"] if value else words["no"]
    text = words["empty"] if value in (None, "") else str(value)
    return f"{text[:12]}…" if _DIGEST.fullmatch(text) else text


def _said(said: Said, language: str) -> str:
    return said.ru if language == "ru" else said.en


def why_json(item: Item, what: str, answers: Sequence[Answer]) -> dict[str, Json]:
    """Return the answers as JSON."""
    return {
        "schema": SCHEMA,
        "item": str(item),
        "what": what or None,
        "answers": [_answer_json(answer) for answer in answers],
    }


def _answer_json(answer: Answer) -> dict[str, Json]:
    rule = answer.rule
    return {
        "rule": rule.id if rule is not None else None,
        "title": rule.title if rule is not None else None,
        "at": str(rule.span) if rule is not None else None,
        "happened": answer.finding.gate == "happened",
        "stopped": _finding_json(answer.finding),
        "later": _finding_json(answer.later) if answer.later is not None else None,
        "now": [dict(one) for one in answer.now],
        "live": answer.is_live,
    }


def _finding_json(finding: Finding) -> dict[str, Json]:
    case = finding.case
    return {
        "gate": finding.gate,
        "said": {"ru": finding.said.ru, "en": finding.said.en},
        "at": finding.at or None,
        "event": case.n if case is not None else None,
        "name": case.name if case is not None else None,
        "time": case.time.isoformat() if case is not None else None,
        "by": (case.by or None) if case is not None else None,
        "late": case.is_late if case is not None else False,
        "run": finding.run or None,
        "step": finding.step or None,
        "conditions": [dict(one) for one in finding.conditions],
    }
