"""The `map:` of the configuration becomes a `World`: all entities, fields and stages that a regulation can name.

Decides whether the map is sound in itself (types known, names usable, stages unique, lists tied back, derived
fields compile). It does not know whether the portal really has these fields: `engine portal doctor` asks it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from engine.language.diagnostics import Diagnostic
from engine.language.loading.derived import DerivedField, check_derived
from engine.language.shape import Findings, nearest, settle
from engine.language.source import MapNode, Node, ScalarNode
from engine.language.typenames import ENTITY_WORDS, known_words, parse_type, parse_type_of
from engine.language.types import EntitySpec, FieldSpec, PipelineSpec, StageSpec, Type, World, choice

__all__ = ["parse_type", "read_world"]

RESERVED = frozenset(
    {
        "true", "false", "empty", "now", "today", "and", "or", "not", "in", "is", "if", "else",
        "for", "lambda", "None", "True", "False", "all", "any", "none", "sum", "min", "max", "len",
        "sorted",
    }
)  # fmt: skip
BINDINGS = ("field", "requisite", "contact", "bank", "user", "always", "by", "link", "unique")
_FIELD_KEYS = ("type", *BINDINGS, "distinguish", "title", "options", "optional", "derive")


def read_world(node: MapNode) -> tuple[World, list[Diagnostic]]:
    """Return the world that the `map:` node describes, and what is wrong with it.

    With errors, the world holds what was sound, so that regulations can still be checked against it.
    """
    reader = _WorldReader()
    findings = reader.findings
    findings.keys(node, ("pipelines", "entities"))
    entities = findings.map(findings.require(node, "entities"))
    reader.names = [_fold(name) for name in entities.entries] if entities else []
    pipelines = findings.map(node.get("pipelines"))
    if pipelines is not None:
        reader.read_pipelines(pipelines)
    if entities is not None:
        reader.read_entities(entities)
    world = World(reader.entities, reader.pipelines)
    reader.check_ties(world)
    findings.found.extend(check_derived(reader.derived, world))
    return world, settle(findings.found)


class _WorldReader:
    """One reading of the map; `names` are the entities declared anywhere in it."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.names: list[str] = []
        self.entities: dict[str, EntitySpec] = {}
        self.pipelines: dict[str, PipelineSpec] = {}
        self.derived: list[DerivedField] = []
        self.places: dict[tuple[str, str], MapNode] = {}

    def read_pipelines(self, node: MapNode) -> None:
        seen: dict[tuple[str, str], ScalarNode] = {}
        for name, (key, value) in node.entries.items():
            spec = self.findings.map(value)
            if spec is None or not self._is_name(key):
                continue
            self.findings.keys(spec, ("title", "entity", "category", "stages"))
            entity = self.findings.text(self.findings.require(spec, "entity"))
            if entity is None:
                continue
            if _fold(entity.text) not in self.names:
                suggestion = nearest(entity.text, self.names)
                self.findings.say("R191", entity.span, entity=entity.text, suggestion=suggestion)
            stages = self._stages(spec, _fold(entity.text), seen)
            category = self.findings.text(self.findings.require(spec, "category"))
            self.pipelines[_fold(name)] = PipelineSpec(
                _fold(name), _title(spec, name), _fold(entity.text), category.text if category else "", stages
            )

    def _stages(
        self, spec: MapNode, entity: str, seen: dict[tuple[str, str], ScalarNode]
    ) -> Mapping[str, StageSpec]:
        stages: dict[str, StageSpec] = {}
        node = self.findings.map(self.findings.require(spec, "stages"))
        for name, (key, value) in node.entries.items() if node else ():
            stage = self.findings.map(value)
            if stage is None or not self._is_name(key):
                continue
            self.findings.keys(stage, ("code", "title", "final"))
            code = self.findings.text(self.findings.require(stage, "code"))
            final = self.findings.text(stage.get("final"))
            if final is not None and final.text not in ("success", "failure"):
                self.findings.say("R199", final.span, text=final.text)
            # Stage codes are unique on the portal; names must be, since a regulation gives no pipeline beside them.
            for taken in ((entity, _fold(name)), (entity, "code " + code.text if code else "")):
                if taken in seen:
                    related = [(seen[taken].span, "first")]
                    self.findings.say("R192", key.span, stage=name, entity=entity, related=related)
                elif taken[1]:
                    seen[taken] = key
            shown = final.text if final else ""
            stages[_fold(name)] = StageSpec(
                _fold(name), code.text if code else "", _title(stage, name), shown
            )
        return stages

    def read_entities(self, node: MapNode) -> None:
        for name, (key, value) in node.entries.items():
            spec = self.findings.map(value)
            if spec is None or not self._is_name(key):
                continue
            self.findings.keys(spec, ("title", "type_id", "name", "fields"))
            fields = self.findings.map(self.findings.require(spec, "fields"))
            entity = _fold(name)
            read = {}
            for written, (field_key, field_node) in fields.entries.items() if fields else ():
                body = self.findings.map(field_node)
                if body is not None and self._is_name(field_key):
                    read[_fold(written)] = self._field(entity, field_key, body)
            template = self.findings.text(spec.get("name"))
            shown = template.text if template else ""
            self.entities[entity] = EntitySpec(entity, _title(spec, name), self._type_id(spec), read, shown)

    def _type_id(self, spec: MapNode) -> int | None:
        node = self.findings.text(spec.get("type_id"))
        if node is None:
            return None
        if not (node.text.isascii() and node.text.isdigit()):
            self.findings.say("R199", node.span, text=node.text)
            return None
        return int(node.text[:9])

    def _field(self, entity: str, key: ScalarNode, node: MapNode) -> FieldSpec:
        self.findings.keys(node, _FIELD_KEYS)
        name = _fold(key.text)
        written = self.findings.text(self.findings.require(node, "type"))
        kind, codes = self._type(entity, written, node)
        binding = {
            word: value.text for word in (*BINDINGS, "distinguish") if (value := _scalar(node.get(word)))
        }
        derive = self._derive(node.get("derive"))
        places = [word for word in BINDINGS if word in binding]
        is_lines = written is not None and written.text == "lines"
        if len(places) + (derive is not None) != 1 and not (is_lines and not places):
            self.findings.say("R197", key.span, field=f"{entity}.{name}", count=str(len(places)))
        if derive is not None:
            self.derived.append(DerivedField(entity, name, kind, node))
        self.places[entity, name] = node
        is_optional = self.findings.yes_no(node.get("optional"), default=False)
        return FieldSpec(name, kind, _title(node, name), binding, codes, derive, is_optional)

    def _type(self, entity: str, written: ScalarNode | None, node: MapNode) -> tuple[Type, Mapping[str, str]]:
        """Return a field's type and, for stages and choices, the portal's codes by name."""
        if written is None:
            return Type("any"), {}
        if written.text == "stage":
            stages = {
                n: s.code for p in self.pipelines.values() if p.entity == entity for n, s in p.stages.items()
            }
            return choice(*stages), stages
        if written.text == "pipeline":
            categories = {p.name: p.category for p in self.pipelines.values() if p.entity == entity}
            return choice(*categories), categories
        if written.text == "choice":
            options = self._options(node, written)
            return choice(*options), options
        found = parse_type_of(written.text, self.names)
        if found is None:
            words = [*known_words(self.names), *ENTITY_WORDS]
            suggestion = nearest(written.text, words)
            self.findings.say("R190", written.span, type=written.text, suggestion=suggestion)
        return found or Type("any"), {}

    def _options(self, node: MapNode, written: ScalarNode) -> Mapping[str, str]:
        options = node.get("options")
        if isinstance(options, MapNode) and options.entries:
            return {
                _fold(name): (_scalar(value) or written).text for name, (_, value) in options.entries.items()
            }
        if options is not None and not isinstance(options, (MapNode, ScalarNode)) and options.members:
            return {_fold(one.text): one.text for one in options.members if isinstance(one, ScalarNode)}
        self.findings.say("R198", (options or written).span)
        return {}

    def _derive(self, node: Node | None) -> str | tuple[tuple[str | None, str], ...] | None:
        if node is None:
            return None
        if isinstance(node, ScalarNode):
            text = self.findings.text(node)
            return text.text if text else None
        cases: list[tuple[str | None, str]] = []
        listed = self.findings.list(node)
        for member in listed.members if listed else ():
            case = self.findings.map(member)
            if case is None:
                continue
            self.findings.keys(case, ("when", "value"))
            when = self.findings.text(case.get("when"))
            value = _scalar(self.findings.require(case, "value"))
            cases.append((when.text if when else None, value.text if value else ""))
        return tuple(cases)

    def check_ties(self, world: World) -> None:
        """Say which lists name no field that leads back, and which unique names follow from unknown fields."""
        for (entity, name), node in self.places.items():
            spec = world.field(entity, name)
            by = _scalar(node.get("by"))
            if spec is not None and by is not None:
                member = spec.type.of
                back = world.field(member.entity, by.text) if member else None
                if back is None or back.type.entity != entity:
                    target = member.entity if member else ""
                    self.findings.say("R193", by.span, field=by.text, entity=entity, target=target)
            for word in ("unique", "distinguish"):
                source = _scalar(node.get(word))
                if source is not None and world.field(entity, source.text) is None:
                    suggestion = nearest(source.text, world.entities[entity].fields)
                    self.findings.say(
                        "R195", source.span, field=source.text, entity=entity, suggestion=suggestion
                    )

    def _is_name(self, key: ScalarNode) -> bool:
        name = _fold(key.text)
        if name.isidentifier() and name not in RESERVED:
            return True
        self.findings.say("R194", key.span, name=key.text)
        return False


def _scalar(node: Node | None) -> ScalarNode | None:
    return node if isinstance(node, ScalarNode) else None


def _title(node: MapNode, default: str) -> str:
    title = _scalar(node.get("title"))
    return title.text if title else default


def _fold(name: str) -> str:
    """Fold a name as Python's parser folds it in expressions: `ﬁle` and `file` are one name."""
    return unicodedata.normalize("NFKC", name)
