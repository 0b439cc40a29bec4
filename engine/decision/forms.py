"""The simulation as JSON, exactly as CONTRACT lays it out. The journal and the console speak the same words.

Only shapes: nothing is decided here. The same simulation gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from engine.action import Action
from engine.decision.event import BACKFILL, Event
from engine.decision.explain import RuleVerdict
from engine.decision.facts import Facts
from engine.decision.plan import Step
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
from engine.language.types import FILE_PARTS
from engine.language.values import File, Row, Undecided, Value

SCHEMA = "reglament/simulation/1"
Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Requests:
    """What carrying a plan out costs the portal at most."""

    requests: int = 0
    reads: int = 0
    writes: int = 0


def simulation_json(
    simulation: Simulation, edition: str, actions: Mapping[str, Action], costs: Mapping[str, Requests]
) -> dict[str, Json]:
    """Return the whole tree. `costs` maps event ids to what their plans cost the portal."""
    decision = simulation.decision
    cost = costs.get(decision.event.id, Requests())
    chain = [Decided(one.decision, one.verdicts) for one in simulation.walk()]
    verdict = verdict_of(chain, actions, simulation.loop)
    return {
        "schema": SCHEMA,
        "event": event_json(decision.event, simulation.facts),
        "edition": edition,
        "rules": [rule_json(verdict) for verdict in simulation.verdicts],
        "plan": [step_json(step) for step in decision.plan],
        "effects": [effect_json(change, step) for step in decision.plan for change in step.changes],
        "follow_ups": [simulation_json(one, edition, actions, costs) for one in simulation.follow_ups],
        "portal": {"requests": cost.requests, "reads": cost.reads, "writes": cost.writes},
        "verdict": {"ru": verdict.ru, "en": verdict.en},
    }


def write_json(form: Mapping[str, Json]) -> str:
    """Return the text of a form: keys in their order, Cyrillic as it is."""
    return json.dumps(form, ensure_ascii=False, indent=2) + "\n"


def event_json(event: Event, facts: Facts) -> dict[str, Json]:
    """Return the event's head with its item's name; for a follow-up also its cause; what changed by old values."""
    form: dict[str, Json] = {
        "event": event.name,
        "item": str(event.item) if event.item is not None else None,
        "time": event.time.isoformat(),
        "id": event.id,
    }
    if event.item is not None:
        form["title"] = str(facts.display(event.item))
    if event.by:
        form["by"] = event.by
    if event.detail:
        form[event.name if event.name in ("timer", BACKFILL) else "command"] = event.detail
    if event.cause:
        form["cause"] = event.cause
        form["depth"] = event.depth
    if event.before:
        form["before"] = {name: value_json(value) for name, value in event.before.items()}
    return form


def rule_json(verdict: RuleVerdict) -> dict[str, Json]:
    """Return one rule's outcome with every gate that was asked."""
    conditions: list[Json] = []
    for gate in verdict.gates:
        form: dict[str, Json] = {
            "text": gate.text,
            "at": str(gate.span),
            "result": gate.result,
            "values": {name: value_json(value) for name, value in gate.values.items()},
        }
        if gate.reason:
            form["reason"] = gate.reason
        if gate.otherwise:
            form["else"] = gate.otherwise
        conditions.append(form)
    rule = verdict.rule
    return {
        "id": rule.id,
        "title": rule.title,
        "at": str(rule.span),
        "outcome": verdict.outcome,
        "conditions": conditions,
    }


def step_json(step: Step) -> dict[str, Json]:
    """Return one step of the plan."""
    form: dict[str, Json] = {
        "step": step.number,
        "rule": step.rule.id,
        "action": step.call.action,
        "at": str(step.call.span),
        "params": {
            name: value_json(value) for name, value in step.params.items() if not name.startswith("@")
        },
        "status": step.status,
        "key": str(step.key) or None,
    }
    if step.reason:
        form["reason"] = step.reason
    if step.effect is not None and step.effect.warnings:
        form["warnings"] = [{"ru": said.ru, "en": said.en} for said in step.effect.warnings]
    return form


def effect_json(change: Change, step: Step) -> dict[str, Json]:
    """Return one change with its kind's fields, and the rule and step that make it."""
    form: dict[str, Json] = {"kind": change.kind}
    if isinstance(change, FieldChange | StageChange):
        form.update(item=str(change.item), field=change.field)
        form.update(before=value_json(change.before), after=value_json(change.after))
    elif isinstance(change, ItemChange):
        form.update(item=str(change.item), fields={n: value_json(v) for n, v in change.fields.items()})
    elif isinstance(change, DocumentChange):
        form.update(item=str(change.item), template=change.template, number=value_json(change.number))
    elif isinstance(change, FolderChange):
        form.update(path=str(change.path))
    elif isinstance(change, FileChange):
        form.update(path=str(change.path), source=change.source.name)
    elif isinstance(change, NoticeChange):
        form.update(to=str(change.to), text=str(change.text))
    elif isinstance(change, FeedChange):
        form.update(to=list(change.to), text=str(change.text), url=str(change.url))
    elif isinstance(change, MailChange):
        form.update(to=change.to, subject=str(change.subject), text=str(change.text))
        form["attachments"] = [file.name for file in change.attachments]
    elif isinstance(change, TimerChange):
        form.update(key=change.key, at=change.at.isoformat() if change.at else None)
    elif isinstance(change, CallChange):
        form.update(plugin=change.plugin, what=str(change.what))
    form.update(rule=step.rule.id, step=step.number)
    return form


def value_json(value: Value | Mapping[str, Value]) -> Json:
    """Return a value as JSON shows it: money and times as text, whole numbers as numbers, items by name."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Undecided):
        return {"undecided": value.reason}
    if isinstance(value, File):
        parts = {name: value.part(name) for name in FILE_PARTS}
        return {
            name: list(part) if isinstance(part, tuple) else part
            for name, part in parts.items()
            if part is not None
        }
    if isinstance(value, Row):
        return {name: value_json(member) for name, member in value.values}
    if isinstance(value, Mapping):
        return {name: value_json(member) for name, member in value.items()}
    if isinstance(value, tuple):
        return [value_json(member) for member in value]
    return str(value)
