"""datalogic-py: JSONLogic compiled in Rust.

The shape: for each kind of change, chosen in Python, one compiled rule that merges the ids of those that hold, so that
an event costs one call. A call a rule, or `Session.evaluate_many` over all of a kind, took 1.6 times as long.
"""

from __future__ import annotations

from collections.abc import Mapping

from datalogic_py import Engine

from engine.bench.peers import as_float
from engine.bench.peers.tables import as_tree
from engine.bench.workload import Asked, Case, Gate, Known, Other


class JsonLogic:
    """datalogic-py with `rules` compiled."""

    name = "datalogic-py"

    def __init__(self, rules: tuple[Asked, ...]) -> None:
        kinds: dict[tuple[str, Known | None], list[object]] = {}
        for rule in rules:
            gates = {"and": [_logic(gate) for gate in _constants_first(rule)]}
            kinds.setdefault((rule.field, rule.after), []).append({"if": [gates, rule.id, None]})
        engine = Engine()
        self._session = engine.session()
        self._rules = {kind: engine.compile({"merge": asked}) for kind, asked in kinds.items()}

    def prepare(self, case: Case) -> tuple[tuple[tuple[str, Known | None], ...], Mapping[str, object]]:
        """Return the rules that the event can wake and its facts as a tree."""
        kinds = ((case.field, case.facts[case.field]), (case.field, None))
        return tuple(kind for kind in kinds if kind in self._rules), as_tree(case)

    def fired(self, ready: tuple[tuple[tuple[str, Known | None], ...], Mapping[str, object]]) -> set[str]:
        """Return the ids that the merged rules give."""
        kinds, facts = ready
        fired = {name for kind in kinds for name in self._session.evaluate(self._rules[kind], facts)}
        fired.discard(None)
        return fired


def _constants_first(rule: Asked) -> list[Gate]:
    return sorted(rule.gates, key=lambda gate: gate.op not in ("==", "in"))


def _logic(gate: Gate) -> dict[str, object]:
    left = {"var": gate.path}
    if isinstance(gate.value, Other):
        right = {"var": gate.value.path}
        return {"and": [{"!==": [left, None]}, {"!==": [right, None]}, {gate.op: [left, right]}]}
    if isinstance(gate.value, tuple):
        return {"in": [left, [as_float(value) for value in gate.value]]}
    if gate.op == "==":
        return {"===": [left, as_float(gate.value)]}
    return {"and": [{"!==": [left, None]}, {gate.op: [left, as_float(gate.value)]}]}
