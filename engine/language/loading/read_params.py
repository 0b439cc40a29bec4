"""The parameters of one action call, compiled to the types that the action declares.

Free parameters (`field.set: {act.signed: true}`) take the type of the field they name. A mail template becomes
`subject` and `text`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from engine.action import Action
from engine.language.loading.mail import MailTemplates
from engine.language.loading.names import RuleNames
from engine.language.rules import ParamTree
from engine.language.shape import nearest
from engine.language.source import ListNode, MapNode, Node, ScalarNode
from engine.language.typenames import parse_type
from engine.language.types import ANY, Type


@dataclass(slots=True)
class ParamReader:
    """Reads one call's parameters into `values`, with the node of each in `places`."""

    names: RuleNames
    action: Action
    mail: MailTemplates
    values: dict[str, ParamTree] = field(default_factory=dict)
    places: dict[str, Node] = field(default_factory=dict)

    def read(self, action_key: ScalarNode, body: MapNode) -> None:
        """Read every parameter of `body`; say unknown ones and those that are missing."""
        declared = self.action.parameters
        for written, (key, node) in body.entries.items():
            name = unicodedata.normalize("NFKC", written.strip())
            if name in declared:
                self._read_declared(name, node, declared[name].type)
            elif self.action.open_parameters and "." in name:
                self._read_free(name, key, node)
            else:
                suggestion = nearest(name, declared)
                known = ", ".join(declared) or ("act.signed, …" if self.action.open_parameters else "—")
                self.names.findings.say(
                    "R151", key.span, param=name, action=self.action.name, known=known, suggestion=suggestion
                )
        for name, param in declared.items():
            if param.required and name not in body.entries:
                self.names.findings.say(
                    "R152", action_key.span, param=name, action=self.action.name, doc=param.doc
                )

    def _read_declared(self, name: str, node: Node, type_name: str) -> None:
        if type_name == "template":
            text = self.names.findings.text(node)
            if text is not None:
                for part, template in self.mail.compile(text, self.names).items():
                    self.values[part] = template
                    self.places[part] = node
            return
        kind = parse_type(type_name, self.names.world) or ANY
        tree = self._tree(node, kind, is_item=type_name == "item")
        if tree is not None:
            self.values[name] = tree
            self.places[name] = node

    def _read_free(self, name: str, key: ScalarNode, node: Node) -> None:
        """Read `root.field: value`: the field must exist and be one that the portal lets us write."""
        root, dot, field_name = name.partition(".")
        kind = self.names.scope.roots.get(root)
        if kind is None or not dot:
            self.names.unknown_root(key, root)
            return
        spec = self.names.world.field(kind.entity, field_name) if kind.kind == "item" else None
        if spec is None:
            known = (
                self.names.world.entities[kind.entity].fields
                if kind.entity in self.names.world.entities
                else {}
            )
            suggestion = nearest(field_name, known)
            place = key.place(len(root) + 1, len(key.text))
            self.names.findings.say("R154", place, field=field_name, entity=str(kind), suggestion=suggestion)
            return
        if not spec.is_writable:
            self.names.findings.say("R155", key.span, field=name)
            return
        tree = self._tree(node, spec.type, is_item=False)
        if tree is not None:
            self.values[name] = tree
            self.places[name] = node

    def _tree(self, node: Node, kind: Type, *, is_item: bool) -> ParamTree | None:
        if isinstance(node, ListNode) and kind.kind in ("list", "any"):
            member_kind = kind.of or ANY
            members = [self._tree(member, member_kind, is_item=False) for member in node.members]
            return tuple(member for member in members if member is not None)
        if isinstance(node, MapNode) and kind.kind in ("row", "any"):
            kinds = dict(kind.fields)
            if kinds:
                self.names.findings.keys(node, kinds)
            entries = {
                n: self._tree(value, kinds.get(n, ANY), is_item=False)
                for n, (_, value) in node.entries.items()
            }
            return {name: member for name, member in entries.items() if member is not None}
        if not isinstance(node, ScalarNode):
            self.names.findings.text(node)
            return None
        return self._scalar(node, kind, is_item=is_item)

    def _scalar(self, node: ScalarNode, kind: Type, *, is_item: bool) -> ParamTree | None:
        if kind.kind == "list":
            # One file where a list of files is asked for reads naturally: `attachments: "${act.document}"`.
            lone = self.names.template_type(node)
            if lone is None or lone.kind == "list" or kind.of is None:
                return self.names.template(node, kind)
            member = self.names.template(node, kind.of)
            return (member,) if member is not None else None
        template = self.names.template(node, None if kind.kind == "any" else kind)
        if template is not None and is_item and template.type.kind not in ("item", "any"):
            self.names.findings.say("R153", node.span, text=node.text, type=str(template.type))
            return None
        return template
