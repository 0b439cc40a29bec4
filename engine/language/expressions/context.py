"""The compiler's desk: the source, the names in scope, what was found wrong, what the expression reads."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from engine.language.expressions.nodes import Node, Used, unknown
from engine.language.expressions.parse import Source
from engine.language.faults import Fault
from engine.language.known_names import Names
from engine.language.types import Type


@dataclass(frozen=True, slots=True)
class Variable:
    """A loop variable: its slot in the evaluation's scope, its type, and the facts its fields hang on."""

    slot: int
    type: Type
    origins: tuple[str, ...]


@dataclass(slots=True)
class Context:
    """One compilation. `variables` are the loop variables in scope where the compiler stands."""

    source: Source
    names: Names
    faults: list[Fault] = field(default_factory=list)
    used: Used = field(default_factory=Used)
    variables: dict[str, Variable] = field(default_factory=dict)

    def fault(self, code: str, at: ast.expr | Node, **values: str) -> Node:
        """Note a fault over a part of the text; return a node that fits everywhere."""
        start, end = (at.start, at.end) if isinstance(at, Node) else self.source.span(at)
        return self.fault_between(code, start, end, **values)

    def fault_between(self, code: str, start: int, end: int, **values: str) -> Node:
        """The same over two offsets."""
        self.faults.append(Fault(code, start, end, values))
        return unknown(start, end)

    def written(self, node: Node) -> str:
        """Return a part as the author wrote it, on one line and not too long."""
        text = " ".join(self.source.text[node.start : node.end].split())
        return text if len(text) <= 60 else text[:57] + "…"

    def use_scope(self) -> None:
        """Note that an evaluation needs its own scope: it visits list members, which are counted."""
        self.used.scope_size = max(self.used.scope_size, 1)

    def take_slot(self) -> int:
        """Return a new slot for a loop variable."""
        self.use_scope()
        self.used.scope_size += 1
        return self.used.scope_size - 1

    def record(self, node: Node) -> Node:
        """Note that the expression reads the facts of `node`, and shows a path outside a loop."""
        if node.origins:
            self.used.needs.update(node.origins)
        if node.path and not self.variables:
            self.used.shown.append((node.start, node.path, node.run))
        return node
