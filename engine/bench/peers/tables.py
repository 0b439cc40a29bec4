"""zen-engine: a decision table in Rust, indexed by its equality columns since 2.0.

The shape: one table with hit policy `collect` for each kind of change, chosen in Python, so that a table holds only the
rules that the event can wake; a column a path, constants and comparisons as unary cells, which the table can index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import zen

from engine.bench.peers import as_float
from engine.bench.workload import Asked, Case, Gate, Known, Other


class Tables:
    """zen-engine with `rules` as decision tables."""

    name = "zen-engine"

    def __init__(self, rules: tuple[Asked, ...]) -> None:
        kinds: dict[tuple[str, Known | None], list[Asked]] = {}
        for rule in rules:
            kinds.setdefault((rule.field, rule.after), []).append(rule)
        engine = zen.ZenEngine()
        self._tables = {
            kind: engine.create_decision(json.dumps(_graph(asked))) for kind, asked in kinds.items()
        }

    def prepare(self, case: Case) -> tuple[tuple[tuple[str, Known | None], ...], Mapping[str, object]]:
        """Return the tables that the event can wake and its facts as a tree."""
        kinds = ((case.field, case.facts[case.field]), (case.field, None))
        return tuple(kind for kind in kinds if kind in self._tables), as_tree(case)

    def fired(self, ready: tuple[tuple[tuple[str, Known | None], ...], dict[str, object]]) -> set[str]:
        """Return the ids of the rows that hold."""
        kinds, facts = ready
        return {row["id"] for kind in kinds for row in self._tables[kind].evaluate(facts)["result"]}


def as_tree(case: Case) -> dict[str, object]:
    """Return the facts as nested mappings."""
    tree: dict[str, object] = {}
    for path, value in case.facts.items():
        *parents, name = path.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})  # type: ignore[assignment]
        place[name] = as_float(value)
    return tree


def _graph(rules: list[Asked]) -> dict[str, object]:
    columns: dict[str, str] = {}
    rows = []
    for rule in rules:
        row = {"_id": rule.id, "id": json.dumps(rule.id)}
        for gate in rule.gates:
            column = columns.setdefault(_column(gate), f"c{len(columns)}")
            row[column] = f"{row[column]} and {_cell(gate)}" if column in row else _cell(gate)
        rows.append(row)
    rows = [{**dict.fromkeys(columns.values(), ""), **row} for row in rows]
    # A column without a field holds whole expressions.
    inputs = [
        {"id": key, "name": key, **({"field": name} if "<" not in name else {})}
        for name, key in columns.items()
    ]
    table = {
        "hitPolicy": "collect", "inputs": inputs, "outputs": [{"id": "id", "name": "id", "field": "id"}],
        "rules": rows, "passThrough": False, "executionMode": "single",
    }  # fmt: skip
    kinds: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("in", "inputNode", {}),
        ("table", "decisionTableNode", table),
        ("out", "outputNode", {}),
    )
    nodes = [
        {"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}, "content": content}
        for name, kind, content in kinds
    ]
    edges = [
        {"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"}
        for a, b in (("in", "table"), ("table", "out"))
    ]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}


def _column(gate: Gate) -> str:
    return f"{gate.path} < {gate.value.path}" if isinstance(gate.value, Other) else gate.path


def _cell(gate: Gate) -> str:
    if isinstance(gate.value, Other):
        right = gate.value.path
        return f"{gate.path} != null and {right} != null and {gate.path} {gate.op} {right}"
    if isinstance(gate.value, tuple):
        return ", ".join(_literal(value) for value in gate.value)
    return _literal(gate.value) if gate.op == "==" else f"{gate.op} {_literal(gate.value)}"


def _literal(value: Known) -> str:
    return json.dumps(as_float(value), ensure_ascii=False)
