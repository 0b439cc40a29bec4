"""Runs of the journal as text for people, and one line of the list as JSON. Only shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.runtime.journal import RunLine

_MARKS: Mapping[str, str] = {
    "done": "✓",
    "no_op": "=",
    "skipped": "-",
    "planned": "…",
    "undecided": "?",
    "unknown": "?",
    "failed": "✗",
    "undone": "↶",
}
_WORDS = {
    "ru": {
        "running": "идёт", "waiting": "ждёт", "done": "готово", "failed": "не удалось", "unknown": "исход неизвестен",
        "loop": "круг", "held": "тормоз", "retried": "повторено", "undone": "взято назад", "planned": "впереди",
        "skipped": "пропущено", "no_op": "без изменений", "undecided": "не решено", "conflict": "спор правил",
        "not_in_force": "не действует",
        "run": "Запуск", "rules": "Сработали правила", "stopped": "Разбужены и остановлены",
        "steps": "Шаги", "verdict": "Итог", "edition": "Редакция",
        "portal": "Портал: запросов {requests}, чтений {reads}, записей {writes}", "read_back": "на портале иначе",
        "late": "узнали с опозданием", "retry_of": "повтор запуска {n}",
        "shortened": "Факты и объяснение этого запуска больше не хранятся (journal.keep)",
    },
    "en": {
        "running": "running", "waiting": "waiting", "done": "done", "failed": "failed", "unknown": "outcome unknown",
        "loop": "loop", "held": "held", "retried": "retried", "undone": "taken back", "planned": "to come",
        "skipped": "skipped", "no_op": "already so", "undecided": "undecided", "conflict": "conflict",
        "not_in_force": "not in force",
        "run": "Run", "rules": "Rules fired", "stopped": "Woken and stopped",
        "steps": "Steps", "verdict": "Verdict", "edition": "Edition",
        "portal": "Portal: {requests} requests, {reads} reads, {writes} writes", "read_back": "the portal differs",
        "late": "found late", "retry_of": "retry of run {n}",
        "shortened": "The facts and the explanation of this run are not kept any more (journal.keep)",
    },
}  # fmt: skip


def list_text(lines: Sequence[RunLine], language: str, zone: tzinfo) -> str:
    """Return one line a run: number, time, event, item, status, verdict."""
    rows: list[str] = []
    for one in lines:
        verdict = one.verdict_ru if language == "ru" else one.verdict_en
        when = one.time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        status = _WORDS[language].get(one.status, one.status)
        marks = "".join(f"[{mark}] " for mark in _marks(one.is_late, one.retry_of, _WORDS[language]))
        rows.append(
            f"{one.n:>6}  {when}  {one.event:<18} {one.item:<12} {status:<12} {marks}{verdict}".rstrip()
        )
    return "\n".join(rows) + "\n"


def _marks(is_late: object, retry_of: object, words: Mapping[str, str]) -> list[str]:
    """Return what is unusual about a run: found late, a retry."""
    late = [words["late"]] if is_late else []
    return late + ([words["retry_of"].format(n=retry_of)] if retry_of else [])


def line_json(line: RunLine) -> dict[str, Json]:
    """Return the same line as JSON."""
    return {
        "run": line.n,
        "event": line.event,
        "item": line.item,
        "by": line.by,
        "time": line.time.isoformat(),
        "started": line.started.isoformat(),
        "ended": line.ended.isoformat() if line.ended else None,
        "status": line.status,
        "late": line.is_late,
        "retry_of": line.retry_of,
        "title": line.title,
        "changed": list(line.changed),
        "edition": line.edition,
        "verdict": {"ru": line.verdict_ru, "en": line.verdict_en},
    }


def run_text(run: Mapping[str, Json], language: str) -> str:
    """Return a run in full as text; `run` is the journal's JSON form of it."""
    return "\n".join(_run_lines(run, language)) + "\n"


def _run_lines(run: Mapping[str, Json], language: str) -> Iterator[str]:
    words = _WORDS[language]
    event = _map(run.get("event"))
    status = words.get(str(run.get("status")), str(run.get("status")))
    parts = [str(event[name]) for name in ("event", "item", "time") if event.get(name)]
    about = " · ".join([*parts, status, *_marks(run.get("late"), run.get("retry_of"), words)])
    yield f"{words['run']} {run.get('run')} · {about}"
    yield f"{words['edition']}: {run.get('edition')}"
    fired = [one for one in _maps(run.get("rules")) if one.get("outcome") == "fired"]
    if fired:
        yield f"{words['rules']}:"
        yield from (f"  {rule.get('id')} — {rule.get('title')} ({rule.get('at')})" for rule in fired)
    stopped = [one for one in _maps(run.get("rules")) if one.get("outcome") != "fired"]
    if stopped:
        yield f"{words['stopped']}:"
        yield from (_stopped_line(rule, words) for rule in stopped)
    steps = _maps(run.get("plan"))
    if steps:
        yield f"{words['steps']}:"
    for step in steps:
        yield from _step_lines(step, words)
    if run.get("shortened"):
        yield words["shortened"]
    yield words["portal"].format(**{"requests": 0, "reads": 0, "writes": 0, **_map(run.get("portal"))})
    yield f"{words['verdict']}: {_map(run.get('verdict')).get(language, '')}"


def _stopped_line(rule: Mapping[str, Json], words: Mapping[str, str]) -> str:
    """Return a rule that the event woke and that did not fire, with the gate that stopped it."""
    conditions = _maps(rule.get("conditions"))
    shut = next((one for one in conditions if one.get("result") is False), None)
    shut = shut or next((one for one in conditions if one.get("result") is None), {})
    mark = "✗" if shut.get("result") is False else "?"
    why = shut.get("else") or shut.get("text") or words.get(str(rule.get("outcome")), rule.get("outcome"))
    return f"  {mark} {rule.get('id')} — {rule.get('title')}: {why} ({shut.get('at') or rule.get('at')})"


def _step_lines(step: Mapping[str, Json], words: Mapping[str, str]) -> Iterator[str]:
    status = str(step.get("status"))
    reason = f": {step['reason']}" if step.get("reason") else ""
    yield f"  {_MARKS.get(status, ' ')} {step.get('step')}. {step.get('action')} — {words.get(status, status)}{reason}"
    for found in _maps(step.get("read_back")):
        told = ", ".join(f"{name} {value}" for name, value in found.items() if isinstance(value, str))
        yield f"      {words['read_back']}: {told}"


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _maps(value: Json) -> list[dict[str, Json]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
