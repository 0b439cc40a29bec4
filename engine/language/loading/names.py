"""Compiling the texts of one rule in the rule's own scope.

Turns "unknown name" of the expression language into what the author must know: which trigger does not reach the
name, or which action further down makes it. YAML's traps are looked for first, since they explain more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from engine.language.diagnostics import Diagnostic, Span
from engine.language.expression import Expression, Names, compile_expression
from engine.language.expressions.traps import find_cut
from engine.language.loading.scope import Scope
from engine.language.shape import Findings, nearest
from engine.language.source import ScalarNode
from engine.language.template import Template, compile_template
from engine.language.types import YES_NO, Type, World

# The expression language's code for a first name that its scope does not have (value `name`).
UNKNOWN_ROOT = "R220"
NamesKey: TypeAlias = frozenset[tuple[str, Type]]


class RuleNames:
    """The names of one rule while it is read; `scope.roots` grows with each `as:`.

    `known` lets rules that see the same names share what their texts compiled to.
    """

    def __init__(
        self, world: World, scope: Scope, findings: Findings, known: dict[NamesKey, Names] | None = None
    ) -> None:
        self.world = world
        self.known = known if known is not None else {}
        self.scope = scope
        self.findings = findings
        self._names: Names | None = None

    def add(self, name: str, kind: Type) -> None:
        """From here on `name` is a result of type `kind`."""
        self.scope.roots[name] = kind
        self.scope.later.discard(name)
        self._names = None

    def expression(self, node: ScalarNode, expected: Type = YES_NO) -> Expression | None:
        """Return the compiled expression, or None with its faults said."""
        cut = find_cut(node)
        if cut is not None:
            self.findings.found.append(cut)
            return None
        expression, found = compile_expression(node.text, node.place, self.names, expected)
        self.findings.found.extend(self._explain(one) for one in found)
        return expression

    def template(self, node: ScalarNode, expected: Type | None = None) -> Template | None:
        """Return the compiled template, or None with its faults said."""
        cut = find_cut(node) if node.text.count("${") > node.text.count("}") else None
        if cut is not None:
            self.findings.found.append(cut)
            return None
        template, found = compile_template(node.text, node.place, self.names, expected)
        self.findings.found.extend(self._explain(one) for one in found)
        return template

    @property
    def names(self) -> Names:
        """The names in force now."""
        if self._names is None:
            key = frozenset(self.scope.roots.items())
            self._names = self.known.get(key)
            if self._names is None:
                self._names = self.known[key] = Names(self.world, dict(self.scope.roots))
        return self._names

    def _explain(self, found: Diagnostic) -> Diagnostic:
        name = found.values.get("name", "")
        if found.code != UNKNOWN_ROOT:
            return found
        seen = ", ".join(sorted(self.scope.roots)) or "—"
        if name in self.scope.later:
            return Diagnostic("R144", found.span, {"name": name})
        if name in self.scope.partial:
            trigger = self.scope.partial[name]
            return Diagnostic(
                "R142", found.span, {"name": name, "seen": seen}, related=((trigger.span, "trigger"),)
            )
        if name in self.world.entities:
            return Diagnostic("R143", found.span, {"name": name, "seen": seen})
        return replace(found, values={**found.values, "seen": seen})

    def explain_all(self, found: list[Diagnostic], used_at: Span) -> None:
        """Say faults of a text in another file (a mail template), with the place in the regulation that uses it."""
        for one in found:
            said = self._explain(one)
            self.findings.found.append(replace(said, related=(*said.related, (used_at, "used"))))

    def unknown_root(self, key: ScalarNode, root: str) -> None:
        """Say that the free parameter `key` starts with a name that is not there."""
        known = nearest(root, self.scope.roots)
        values = {"name": root, **({"suggestion": known} if known else {})}
        place = key.place(0, len(root)) if root else key.span
        self.findings.found.append(self._explain(Diagnostic(UNKNOWN_ROOT, place, values)))

    def template_type(self, node: ScalarNode) -> Type | None:
        """Return the type of what `node` gives when nothing is expected of it; None where it does not compile."""
        template, _ = compile_template(node.text, node.place, self.names, None)
        return template.type if template is not None else None
