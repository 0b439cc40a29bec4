"""The expression language: text → checked, compiled expression.

Grammar: a safe subset of Python's expressions. An expression reads facts through a `Reading` and nothing
else; it has no clock, no files, no state, and every evaluation is bounded. It answers with a value, or with
*undecided* where a fact is missing; it never raises because of facts. This module knows no YAML, no rule and
no action.

Reasons of undecided answers are either the dotted name of a missing fact (`deal.paid`), or `WORDS: detail`
(`empty: act.sent_at`, `two currencies: RUB, USD`, `division by zero`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from engine.language.diagnostics import Diagnostic, Span
from engine.language.expressions.comparisons import truth_hints, unclear
from engine.language.expressions.compile import check_result, visit
from engine.language.expressions.context import Context
from engine.language.expressions.nodes import BUDGET, EXHAUSTED, ExhaustedError, Hint, Node, Run, Scope, Used
from engine.language.expressions.parse import parse
from engine.language.faults import Fault, Place
from engine.language.known_names import Names
from engine.language.reading import Calendar, Reading
from engine.language.types import YES_NO, Type
from engine.language.values import Item, Value

__all__ = ["Calendar", "Expression", "Hint", "Names", "Reading", "compile_expression"]


# Not frozen, as nodes are not: 100,000 are made in one load, and a frozen dataclass takes three times as long.
@dataclass(slots=True, eq=False)
class Expression:
    """A checked expression. Two are equal where they are the same object.

    `needs` are the dotted facts it may read (`deal.acts.signed`: through a loop over `deal.acts`;
    `act.scan.sha256`: a file's part; a computed property such as `date.year` is not in it). `hints` are the
    conjuncts that an index of rules may use: where the expression is true, every hint is. `plain` is the one
    hint that says the same as the whole expression, undecided answers included; None where there is none.
    """

    text: str
    span: Span
    type: Type
    needs: frozenset[str]
    hints: tuple[Hint, ...]
    plain: Hint | None
    _run: Run
    _shown: tuple[tuple[str, Run], ...]
    _scope_size: int
    _is_condition: bool
    _owner: Run | None = None

    def evaluate(self, reading: Reading) -> Value:
        """Return the value: true, false or undecided for a condition, else any value of its type.

        Never raises on facts; visits at most `BUDGET` list members and is undecided beyond.
        """
        try:
            value = self._run(reading, self._scope())
        except ExhaustedError:
            return EXHAUSTED
        if self._is_condition and value is not True and value is not False:
            return unclear(value, self.text)
        return value

    def values(self, reading: Reading) -> Mapping[str, Value]:
        """Return the dotted paths that stand outside comprehensions with their values, in text order."""
        found: dict[str, Value] = {}
        for path, run in self._shown:
            if path not in found:
                found[path] = run(reading, self._scope())
        return found

    def owner(self, reading: Reading) -> Item | None:
        """Return the item whose field this expression is, None where it is more than one field of an item."""
        if self._owner is None:
            return None
        try:
            item = self._owner(reading, self._scope())
        except ExhaustedError:
            return None
        return item if isinstance(item, Item) else None

    @property
    def equalities(self) -> tuple[tuple[str, Value], ...]:
        """The conjuncts `path == literal`; `not act.cancelled` is ("act.cancelled", False)."""
        return tuple((hint.path, hint.value) for hint in self.hints if hint.op == "==")

    @property
    def membership(self) -> tuple[tuple[str, tuple[Value, ...]], ...]:
        """The conjuncts `path in [literals]`."""
        return tuple((hint.path, hint.value) for hint in self.hints if isinstance(hint.value, tuple))

    @property
    def thresholds(self) -> tuple[tuple[str, str, Value], ...]:
        """The conjuncts `path < literal` (`<=`, `>`, `>=`) over numbers, money and dates."""
        return tuple((hint.path, hint.op, hint.value) for hint in self.hints if hint.op not in ("==", "in"))

    def _scope(self) -> Scope:
        return [BUDGET, *[None] * (self._scope_size - 1)] if self._scope_size else []


def compile_expression(
    text: str, place: Place, names: Names, expected: Type | None = None
) -> tuple[Expression | None, list[Diagnostic]]:
    """Return the expression that `text` writes and what is wrong with it (then the expression is None).

    `place(start, end)` gives the span of the characters between two offsets. With `expected` the result must
    be of that type; `YES_NO` makes it a condition, whose empty answer is undecided. Takes bounded time for
    any text.
    """
    compiled, faults = compile_part(text, names, expected)
    if compiled is None or faults:
        return None, [fault.diagnostic(place) for fault in faults]
    return finish(compiled, place(0, len(text)), expected), []


class Compiled(NamedTuple):
    """A compiled text that has no place in a file yet."""

    text: str
    node: Node
    used: Used


def compile_part(
    text: str, names: Names, expected: Type | None = None
) -> tuple[Compiled | None, list[Fault]]:
    """Return the compiled text or its faults by offset; for texts that are a part of a scalar."""
    known = names.memo.get((text, expected))
    if isinstance(known, Compiled):
        return known, []
    compiled, faults = _compile(text, names, expected)
    if compiled is not None:
        names.memo[text, expected] = compiled
    return compiled, faults


def _compile(text: str, names: Names, expected: Type | None) -> tuple[Compiled | None, list[Fault]]:
    source, fault = parse(text, names.shapes)
    if source is None:
        return None, [fault] if fault else []
    ctx = Context(source, names)
    node = visit(ctx, source.tree)
    if expected is not None and not ctx.faults:
        check_result(ctx, node, expected)
    if ctx.faults:
        return None, sorted(set_once(ctx.faults), key=lambda one: (one.start, one.end))
    return Compiled(text, node, ctx.used), []


def set_once(faults: list[Fault]) -> list[Fault]:
    """Return the faults without those told twice for one place."""
    return list({(fault.code, fault.start, fault.end): fault for fault in faults}.values())


def _start(shown: tuple[int, str, Run]) -> int:
    return shown[0]


def finish(compiled: Compiled, span: Span, expected: Type | None) -> Expression:
    """Return the expression of a compiled text at its place."""
    node, used = compiled.node, compiled.used
    hints = truth_hints(node)
    shown = sorted(used.shown, key=_start) if len(used.shown) > 1 else used.shown
    return Expression(
        compiled.text,
        span,
        node.type,
        frozenset(used.needs),
        hints,
        hints[0] if len(hints) == 1 and hints == node.hints and not node.is_joined else None,
        node.run,
        tuple([(path, run) for _, path, run in shown]),
        used.scope_size,
        expected is not None and expected.kind == YES_NO.kind,
        node.owner,
    )
