"""`triggers:` of a rule: what wakes it.

Checks kinds, entities, fields, literals, durations and schedules against the portal map. Whether an event really
wakes a rule is decided by `engine.decision`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from engine.language.faults import Fault
from engine.language.literals import parse_literal
from engine.language.rules import TRIGGER_KINDS, Trigger
from engine.language.shape import Findings, nearest
from engine.language.source import MapNode, Node, ScalarNode
from engine.language.timing import parse_cron, parse_duration
from engine.language.types import FieldSpec, World
from engine.language.values import Duration, Value

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "changed": ("from", "to", "by"),
    "every": ("for_each",),
    "command": ("for_each",),
}
_ALL_OPTIONS = ("from", "to", "by", "for_each")
# Only what the portal keeps in the item itself differs between two snapshots of it.
_WATCHED = ("field", "requisite", "contact", "bank", "user")


@dataclass(slots=True)
class TriggerReader:
    """Reads the triggers of one regulation file; `received` are the events that plugins declare."""

    world: World
    received: Mapping[str, Mapping[str, str]]
    findings: Findings

    def read(self, node: Node) -> Trigger | None:
        """Return the trigger that one list entry describes, or None with its faults said."""
        entry = self.findings.map(node)
        if entry is None:
            return None
        kinds = [name for name in entry.entries if name in TRIGGER_KINDS]
        if len(kinds) != 1:
            self._refuse_kinds(entry, kinds)
            return None
        kind = kinds[0]
        key, value = entry.entries[kind]
        self._check_options(entry, kind)
        if kind == "deadline":
            return self._deadline(key, value)
        text = self.findings.text(value)
        if text is None:
            return None
        if kind in ("changed", "filled", "cleared"):
            return self._field_trigger(kind, key, text, entry)
        if kind in ("created", "deleted"):
            entity = self._entity(text)
            return Trigger(kind, key.span, entity=entity) if entity else None
        return self._named(kind, key, text, entry)

    def _refuse_kinds(self, entry: MapNode, kinds: list[str]) -> None:
        if kinds:
            self.findings.say("R131", entry.entries[kinds[1]][0].span, kinds=", ".join(kinds))
            return
        for name, (key, _) in entry.entries.items():
            suggestion = nearest(name, TRIGGER_KINDS)
            self.findings.say(
                "R130", key.span, trigger=name, known=", ".join(TRIGGER_KINDS), suggestion=suggestion
            )
            return
        self.findings.say("R126", entry.span)

    def _check_options(self, entry: MapNode, kind: str) -> None:
        allowed = OPTIONS.get(kind, ())
        for name, (key, _) in entry.entries.items():
            if name == kind or name in allowed:
                continue
            if name in _ALL_OPTIONS:
                self.findings.say("R134", key.span, option=name, trigger=kind)
            else:
                known = (kind, *allowed)
                self.findings.say(
                    "R120", key.span, key=name, known=", ".join(known), suggestion=nearest(name, known)
                )

    def _field_trigger(self, kind: str, key: ScalarNode, text: ScalarNode, entry: MapNode) -> Trigger | None:
        spec, entity = self._field(text)
        if spec is None:
            return None
        if not any(word in spec.binding for word in _WATCHED):
            self.findings.say("R141", text.span, field=f"{entity}.{spec.name}")
            return None
        by = self.findings.text(entry.get("by")) if kind == "changed" else None
        if by is not None and by.text != "person":
            self.findings.say("R138", by.span, text=by.text)
        before = self._literal(entry.get("from"), spec) if kind == "changed" else ()
        after = self._literal(entry.get("to"), spec) if kind == "changed" else ()
        return Trigger(kind, key.span, entity, spec.name, before, after, by is not None)

    def _literal(self, node: Node | None, spec: FieldSpec) -> tuple[Value, ...]:
        text = self.findings.text(node) if node is not None else None
        if text is None:
            return ()
        if text.text == "empty":
            return (None,)
        value = parse_literal(text.text, spec.type)
        if isinstance(value, Fault):
            self.findings.found.append(value.diagnostic(text.place))
            return ()
        return (value,)

    def _deadline(self, key: ScalarNode, node: Node) -> Trigger | None:
        body = self.findings.map(node)
        if body is None:
            return None
        # `before` counts back from a day to come, such as the last day of a contract.
        way = "before" if "before" in body.entries and "after" not in body.entries else "after"
        self.findings.keys(body, (way, "since"))
        written = self.findings.text(self.findings.require(body, way))
        since = self.findings.text(self.findings.require(body, "since"))
        delay = parse_duration(written.text) if written else None
        if written is not None and delay is None:
            self.findings.say("R135", written.span, text=written.text)
        if delay is not None and way == "before":
            delay = Duration(-delay.amount, delay.unit)
        spec, entity = self._field(since) if since else (None, "")
        if since is None or spec is None or delay is None:
            return None
        if spec.type.kind not in ("date", "time"):
            self.findings.say("R139", since.span, field=f"{entity}.{spec.name}", type=str(spec.type))
            return None
        # A timer is counted anew when its origin changes: that of a derived field would keep its first moment.
        if not any(word in spec.binding for word in _WATCHED):
            self.findings.say("R141", since.span, field=f"{entity}.{spec.name}")
            return None
        return Trigger("deadline", key.span, entity, spec.name, delay=delay)

    def _named(self, kind: str, key: ScalarNode, text: ScalarNode, entry: MapNode) -> Trigger | None:
        each = self.findings.text(entry.get("for_each")) if entry.get("for_each") is not None else None
        entity = self._entity(each) if each is not None else ""
        if kind == "every":
            cron = parse_cron(text.text)
            if isinstance(cron, str):
                self.findings.say("R136", text.span, text=text.text, part=cron)
                return None
        if kind == "received" and text.text not in self.received:
            suggestion = nearest(text.text, self.received)
            self.findings.say("R140", text.span, event=text.text, suggestion=suggestion)
            return None
        return Trigger(kind, key.span, entity=entity, name=text.text) if entity is not None else None

    def _entity(self, text: ScalarNode) -> str | None:
        name = unicodedata.normalize("NFKC", text.text.strip())
        if name in self.world.entities:
            return name
        self.findings.say("R132", text.span, entity=name, suggestion=nearest(name, self.world.entities))
        return None

    def _field(self, text: ScalarNode) -> tuple[FieldSpec | None, str]:
        """Return the field that `ENTITY.FIELD` names, with its entity."""
        path = unicodedata.normalize("NFKC", text.text.strip())
        entity, dot, name = path.partition(".")
        if entity not in self.world.entities:
            suggestion = nearest(entity, self.world.entities)
            self.findings.say("R132", text.place(0, len(entity)), entity=entity, suggestion=suggestion)
            return None, entity
        spec = self.world.field(entity, name)
        if spec is None:
            known = self.world.entities[entity].fields
            place = text.place(len(entity) + len(dot), len(text.text)) if dot else text.span
            self.findings.say("R133", place, field=name, entity=entity, suggestion=nearest(name, known))
        return spec, entity
