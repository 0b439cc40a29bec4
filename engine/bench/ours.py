"""The product in the race: the rules as regulation files, the events as event files, through the product's workshop.

Nothing here is quicker than the server: the same loader, the same edition, the same index that `decide` asks first.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from operator import attrgetter
from pathlib import Path

from engine.bench.workload import Asked, Case, Gate, Known, Other
from engine.decision.event import Event
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.language.values import Money
from engine.settings import Settings
from engine.workshop import open_workshop


def write_regulations(folder: Path, rules: tuple[Asked, ...]) -> None:
    """Write `rules` into `folder`, a regulation file for each of their sets."""
    sets: dict[str, list[str]] = {}
    for rule in rules:
        sets.setdefault(rule.id.partition("/")[0], []).append(_entry(rule))
    for name, entries in sets.items():
        text = f"ruleset: {name}\ntitle: Набор\n\nrules:\n{''.join(entries)}"
        (folder / f"{name}.yaml").write_text(text, "utf-8")


def _entry(rule: Asked) -> str:
    name = rule.id.partition("/")[2]
    after = f"\n        to: {_word(rule.after)}" if rule.after is not None else ""
    gates = "".join(f"      - {_gate(gate)}\n" for gate in rule.gates)
    manager = rule.field.partition(".")[0] + ".manager"
    return (
        f"  - id: {name}\n    title: Правило\n    triggers:\n      - changed: {rule.field}{after}\n"
        f"    conditions:\n{gates}    actions:\n"
        f'      - notify: {{to: "${{{manager}}}", text: "{name}"}}\n'
    )


def _word(value: Known) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _gate(gate: Gate) -> str:
    if isinstance(gate.value, Other):
        return f"{gate.path} {gate.op} {gate.value.path}"
    if isinstance(gate.value, tuple):
        return f"{gate.path} in [{', '.join(_literal(value) for value in gate.value)}]"
    return f"{gate.path} {gate.op} {_literal(gate.value)}"


def _literal(value: Known) -> str:
    if isinstance(value, Money):
        return f'money({value.amount}, "{value.currency}")'
    if isinstance(value, date):
        return f'date("{value.isoformat()}")'
    return _word(value) if isinstance(value, bool | Decimal) else json.dumps(value, ensure_ascii=False)


_ID = attrgetter("id")


class Ours:
    """The product with `rules` in force."""

    name = "reglament"

    def __init__(self, rules: tuple[Asked, ...], settings: Settings, folder: Path) -> None:
        write_regulations(folder, rules)
        self.workshop, _ = open_workshop(replace(settings, regulations=folder))
        built = self.workshop.build()
        if built.edition is None:
            raise ValueError(f"the generated rules do not load: {built.diagnostics[:3]}")
        self._index = built.edition.index

    def prepare(self, case: Case) -> tuple[Event, Facts]:
        """Return the event with the facts that the server would have read for it."""
        settings = self.workshop.settings
        text = json.dumps(_event(case), ensure_ascii=False).encode()
        given = read_event("event.json", text, settings.world, settings.zone, {})
        if given.event is None:
            raise ValueError(f"the generated event is unsound: {given.diagnostics[:3]}")
        facts = Facts(
            settings.world, self.workshop.derivations, self.workshop.calendar,
            given.event.time, given.items, given.roots,
        )  # fmt: skip
        return given.event, facts

    def fired(self, ready: tuple[Event, Facts]) -> set[str]:
        """Return the ids of the rules that fire."""
        return set(map(_ID, self._index.decide(*ready).fired))

    def undecided(self, ready: tuple[Event, Facts]) -> set[str]:
        """Return the ids of the rules that stay undecided."""
        return {rule.id for rule, _ in self._index.decide(*ready).undecided}


def _event(case: Case) -> dict[str, object]:
    entity, _, field = case.field.partition(".")
    tree: dict[str, object] = {}
    for path, value in case.facts.items():
        *parents, name = path.split(".")
        place = tree
        for number, parent in enumerate(parents):
            place = place.setdefault(parent, {"id": str(100 + number)})  # type: ignore[assignment]
        place[name] = value if isinstance(value, bool) else str(value)
    return {
        "event": f"{entity}.updated", "id": "bench", "time": "2026-03-14T16:41:07+03:00", "item": f"{entity}/100",
        "before": {field: "in_work"}, "facts": tree,
    }  # fmt: skip
