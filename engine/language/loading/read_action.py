"""`actions:` of a rule: what it asks for, each parameter compiled to its declared type.

Knows the actions only by their declarations; what they would change is asked by `engine.decision`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.action import Action
from engine.language.checking.uses import roots_of_call
from engine.language.expression import Expression
from engine.language.loading.mail import MailTemplates
from engine.language.loading.names import RuleNames
from engine.language.loading.read_params import ParamReader
from engine.language.rules import ActionCall
from engine.language.shape import nearest
from engine.language.source import ListNode, MapNode, Node, ScalarNode
from engine.language.typenames import parse_type
from engine.language.types import ANY

MODIFIERS = ("as", "when", "key")


@dataclass(slots=True)
class ActionReader:
    """Reads the actions of one rule, in order: results named by `as:` join the scope as it goes."""

    names: RuleNames
    actions: Mapping[str, Action]
    mail: MailTemplates
    made: dict[str, ScalarNode] = field(default_factory=dict)

    def read_list(self, listed: ListNode) -> tuple[ActionCall, ...]:
        """Return the calls; faulty ones are said and left out."""
        self.names.scope.later.update(_results(listed))
        calls = tuple(call for member in listed.members if (call := self._read(member)) is not None)
        self._check_repeats(calls)
        self._check_unused(calls)
        return calls

    def _read(self, node: Node) -> ActionCall | None:
        entry = self.names.findings.map(node)
        named = self._find_action(entry) if entry is not None else None
        if entry is None or named is None:
            return None
        key, action = named
        params = self._params(key, entry.entries[key.text][1], action)
        when = self._when(entry.get("when"))
        result = self._result(entry.get("as"), action)
        given = self.names.findings.text(entry.get("key")) if entry.get("key") is not None else None
        template = self.names.template(given) if given is not None else None
        if action.needs_key and given is None:
            self.names.findings.say("R162", key.span, action=action.name)
        spans = {name: node.span for name, node in params.places.items()}
        return ActionCall(action.name, key.span, params.values, spans, result, when, template)

    def _find_action(self, entry: MapNode) -> tuple[ScalarNode, Action] | None:
        findings = self.names.findings
        keys = [key for name, (key, _) in entry.entries.items() if name not in MODIFIERS]
        if len(keys) != 1:
            if keys and keys[1].text not in self.actions and keys[0].text in self.actions:
                suggestion = nearest(keys[1].text, MODIFIERS)
                findings.say(
                    "R151", keys[1].span, param=keys[1].text, action=keys[0].text, suggestion=suggestion
                )
            else:
                findings.say("R150", (keys[1] if keys else entry).span, count=str(len(keys)))
            return None
        name = keys[0].text.strip()
        action = self.actions.get(name)
        if action is None:
            similar = nearest(name, self.actions)
            findings.say(
                "R104", keys[0].span, name=name, suggestion=similar, plugin=similar.partition(".")[0]
            )
            return None
        return keys[0], action

    def _params(self, key: ScalarNode, node: Node, action: Action) -> ParamReader:
        reader = ParamReader(self.names, action, self.mail)
        if isinstance(node, ScalarNode) and not node.text.strip():
            reader.read(key, MapNode(node.source, key.start, key.end, {}))
            return reader
        body = self.names.findings.map(node)
        if body is not None:
            reader.read(key, body)
        return reader

    def _when(self, node: Node | None) -> Expression | None:
        text = self.names.findings.text(node) if node is not None else None
        return self.names.expression(text) if text is not None else None

    def _result(self, node: Node | None, action: Action) -> str:
        findings = self.names.findings
        text = findings.text(node) if node is not None else None
        if text is None:
            return ""
        name = unicodedata.normalize("NFKC", text.text.strip())
        if not name.isidentifier() or name in self.names.scope.roots or name in self.names.scope.partial:
            findings.say("R145", text.span, name=name)
            return ""
        if not action.result:
            findings.say("R157", text.span, name=name, action=action.name, severity="advice")
        self.made[name] = text
        self.names.add(name, parse_type(action.result, self.names.world) or ANY)
        return name

    def _check_repeats(self, calls: tuple[ActionCall, ...]) -> None:
        """An irreversible step's default key is event + item + rule + action: two without `as` share it."""
        seen: dict[str, ActionCall] = {}
        for call in calls:
            if call.result or call.key is not None or not self.actions[call.action].irreversible:
                continue
            if call.action in seen:
                related = [(seen[call.action].span, "first")]
                self.names.findings.say("R161", call.span, action=call.action, related=related)
            seen.setdefault(call.action, call)

    def _check_unused(self, calls: tuple[ActionCall, ...]) -> None:
        if not self.made:
            return
        times = [call.action for call in calls]
        used = {root for call in calls for root in roots_of_call(call)}
        for call in calls:
            tells_apart = self.actions[call.action].irreversible and times.count(call.action) > 1
            if call.result and call.result not in used and not tells_apart:
                self.names.findings.say(
                    "R163", self.made[call.result].span, severity="advice", name=call.result
                )


def _results(listed: ListNode) -> set[str]:
    """Return every name that an `as:` of the list will give."""
    entries = (member for member in listed.members if isinstance(member, MapNode))
    return {value.text.strip() for entry in entries if isinstance(value := entry.get("as"), ScalarNode)}
