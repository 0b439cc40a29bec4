"""`conditions:` and `scope:`: the gates of a rule.

A gate is one expression, a group `all`, `any`, `none` of gates, or `{if: gate, else: text}` with the regulation's
own words for a gate that stays shut.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.language.expressions.traps import find_map, find_split
from engine.language.loading.names import RuleNames
from engine.language.rules import Condition
from engine.language.source import ListNode, MapNode, Node, ScalarNode

GROUPS = ("all", "any", "none")
_FORMS = (*GROUPS, "if", "else")


@dataclass(slots=True)
class ConditionReader:
    """Reads gates in the scope of one rule."""

    names: RuleNames

    def read_list(self, node: Node | None) -> tuple[Condition, ...]:
        """Return the gates of a list; faulty ones are said and left out."""
        listed = self.names.findings.list(node)
        return self._members(listed) if listed is not None else ()

    def read(self, node: Node) -> Condition | None:
        """Return one gate, or None with its faults said."""
        if isinstance(node, MapNode):
            return self._read_map(node)
        text = self.names.findings.text(node)
        expression = self.names.expression(text) if text is not None else None
        return Condition("expression", expression.span, expression) if expression is not None else None

    def _members(self, listed: ListNode) -> tuple[Condition, ...]:
        split = find_split(listed)
        if split is not None:
            self.names.findings.found.append(split)
            return ()
        read = (self.read(member) for member in listed.members)
        return tuple(gate for gate in read if gate is not None)

    def _read_map(self, node: MapNode) -> Condition | None:
        findings = self.names.findings
        if not any(name in _FORMS for name in node.entries):
            mistaken = find_map(node)
            if mistaken is not None:
                findings.found.append(mistaken)
                return None
        forms = [name for name in node.entries if name in (*GROUPS, "if")]
        findings.keys(node, _FORMS if "if" in forms else GROUPS)
        if len(forms) > 1:
            findings.say("R129", node.entries[forms[1]][0].span, forms=", ".join(forms))
            return None
        if not forms:
            return None
        if forms[0] == "if":
            return self._read_choice(node)
        key, value = node.entries[forms[0]]
        listed = findings.list(value)
        if listed is None:
            return None
        if not listed.members:
            findings.say("R127", key.span, key=forms[0])
            return None
        return Condition(forms[0], key.span, members=self._members(listed))

    def _read_choice(self, node: MapNode) -> Condition | None:
        gate = self.read(node.entries["if"][1])
        words = self.names.findings.text(self.names.findings.require(node, "else"))
        otherwise = self.names.template(words) if isinstance(words, ScalarNode) else None
        return Condition(gate.kind, gate.span, gate.expression, gate.members, otherwise) if gate else None
