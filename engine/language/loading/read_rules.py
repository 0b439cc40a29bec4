"""One regulation file: its head, then rule after rule.

A rule with an error is left out and the reading goes on, so that all faults are told at once. Whether the others may
come into force without it is for the caller: an edition with errors never does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from engine.action import Action
from engine.language.expression import Names
from engine.language.loading.mail import MailTemplates
from engine.language.loading.names import NamesKey, RuleNames
from engine.language.loading.read_action import ActionReader
from engine.language.loading.read_condition import ConditionReader
from engine.language.loading.read_trigger import TriggerReader
from engine.language.loading.scope import Roots, Scope, find_reach, find_scope
from engine.language.rules import Condition, InForce, Rule, RuleSet, Trigger
from engine.language.shape import Findings
from engine.language.source import ListNode, MapNode, Node, ScalarNode
from engine.language.types import World, item

SET_KEYS = ("ruleset", "title", "scope", "in_force", "enabled", "rules")
RULE_KEYS = ("id", "title", "clause", "triggers", "conditions", "actions", "in_force", "enabled")
_NAME = re.compile(r"[^\W_][\w-]{0,79}")


@dataclass(slots=True)
class FileReader:
    """Reads one file in the given world; what is wrong gathers in `findings`."""

    world: World
    actions: Mapping[str, Action]
    mail: MailTemplates
    received: Mapping[str, Mapping[str, str]]
    findings: Findings = field(default_factory=Findings)
    known: dict[NamesKey, Names] = field(default_factory=dict)
    _scopes: dict[tuple[str, ...], Condition | None] = field(default_factory=dict)
    _reaches: dict[tuple[str, str, str], Roots] = field(default_factory=dict)

    def read(self, node: MapNode, file: str) -> RuleSet | None:
        """Return the file's rule set, or None where even its name or its rules cannot be read."""
        self.findings.keys(node, SET_KEYS)
        name = self._name(self.findings.require(node, "ruleset"))
        listed = self.findings.list(self.findings.require(node, "rules"))
        in_force = self._in_force(node.get("in_force"))
        is_enabled = self.findings.yes_no(node.get("enabled"), default=True)
        rules = (
            [self._rule(member, name or "?", node.get("scope")) for member in listed.members]
            if listed
            else []
        )
        kept = [replace(rule, in_force=rule.in_force.within(in_force)) for rule in rules if rule is not None]
        if not is_enabled:
            kept = [replace(rule, is_disabled=True) for rule in kept]
        title = node.get("title")
        shown = title.text if isinstance(title, ScalarNode) else name or ""
        named = node.get("ruleset")
        if not name or listed is None or named is None:
            return None
        return RuleSet(name, shown, file, tuple(kept), in_force, named.span)

    def _rule(self, node: Node, ruleset: str, scope: Node | None) -> Rule | None:
        entry = self.findings.map(node)
        if entry is None:
            return None
        before = len(self.findings.found)
        self.findings.keys(entry, RULE_KEYS)
        name_node = self.findings.require(entry, "id")
        name = self._name(name_node)
        triggers = self._triggers(entry)
        seen = find_scope(triggers, [self._reach(one) for one in triggers])
        if self._has_errors(before) and len(triggers) < self._count(entry):
            # What a faulty trigger reaches nobody knows: only names that no trigger could reach are said.
            seen = Scope({name: item(name) for name in self.world.entities})
        roots = frozenset(seen.roots)
        names = RuleNames(self.world, seen, self.findings, self.known)
        gates = ConditionReader(names)
        conditions = gates.read_list(entry.get("conditions")) if entry.get("conditions") is not None else ()
        shared = self._shared(scope, gates, triggers) if scope is not None else None
        in_force = self._in_force(entry.get("in_force"))
        calls = ActionReader(names, self.actions, self.mail).read_list(self._listed(entry, "actions", "R160"))
        rule = Rule(
            f"{ruleset}/{name}",
            _text(entry.get("title")) or name or "",
            name_node.span if name_node is not None else entry.span,
            triggers,
            (shared, *conditions) if shared is not None else conditions,
            calls,
            in_force,
            is_disabled=not self.findings.yes_no(entry.get("enabled"), default=True),
            clause=_text(entry.get("clause")),
            roots=roots,
        )
        return None if self._has_errors(before) else rule

    def _has_errors(self, start: int) -> bool:
        """True where an error was found since there were `start` findings."""
        return any(one.is_error for one in self.findings.found[start:])

    def _reach(self, trigger: Trigger) -> Roots:
        """Return what `trigger` reaches, worked out once for all triggers that reach the same."""
        key = (trigger.kind, trigger.name, trigger.entity)
        if key not in self._reaches:
            self._reaches[key] = find_reach(trigger, self.world, self.received)
        return self._reaches[key]

    def _count(self, entry: MapNode) -> int:
        node = entry.get("triggers")
        return max(1, len(node.members)) if isinstance(node, ListNode) else 1

    def _triggers(self, entry: MapNode) -> tuple[Trigger, ...]:
        reader = TriggerReader(self.world, self.received, self.findings)
        listed = self._listed(entry, "triggers", "R127")
        read = (reader.read(member) for member in listed.members)
        return tuple(trigger for trigger in read if trigger is not None)

    def _listed(self, entry: MapNode, key: str, code_if_empty: str) -> ListNode:
        """Return the list under `key`; an absent or wrong one is said and taken for an empty one."""
        node = entry.get(key)
        if node is None and code_if_empty != "R127":
            self.findings.say(code_if_empty, entry.span)
        elif node is None:
            self.findings.require(entry, key)
        listed = self.findings.list(node) if node is not None else None
        if listed is not None and not listed.members:
            self.findings.say(code_if_empty, entry.entries[key][0].span, key=key)
        return listed or ListNode(entry.source, entry.start, entry.start, [])

    def _shared(self, scope: Node, gates: ConditionReader, triggers: tuple[Trigger, ...]) -> Condition | None:
        """Return the rule set's scope, compiled once for all rules that see the same names."""
        key = tuple(sorted(f"{name}:{kind}" for name, kind in gates.names.scope.roots.items()))
        if not triggers:
            return None
        if key not in self._scopes:
            gates.names.scope.later.clear()
            self._scopes[key] = gates.read(scope)
        return self._scopes[key]

    def _name(self, node: Node | None) -> str | None:
        text = self.findings.text(node) if node is not None else None
        if text is None:
            return None
        # Judged as written, which is what the published schema sees; some letters only decompose in NFC.
        written = text.text.strip()
        if not _NAME.fullmatch(written):
            self.findings.say("R123", text.span, name=written)
            return None
        return unicodedata.normalize("NFC", written)

    def _in_force(self, node: Node | None) -> InForce:
        body = self.findings.map(node) if node is not None else None
        if body is None:
            return InForce()
        self.findings.keys(body, ("from", "to"))
        first, last = self._day(body.get("from")), self._day(body.get("to"))
        if first is not None and last is not None and first > last:
            self.findings.say("R128", body.entries["to"][1].span, first=str(first), last=str(last))
        return InForce(first, last)

    def _day(self, node: Node | None) -> date | None:
        text = self.findings.text(node) if node is not None else None
        if text is None:
            return None
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.text):
            try:
                return date.fromisoformat(text.text)
            except ValueError:
                pass
        self.findings.say("R125", text.span, text=text.text)
        return None


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, ScalarNode) else ""
