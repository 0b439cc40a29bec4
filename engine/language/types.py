"""The static types of the regulation language, as the portal map and the actions declare them.

A type is compared before anything runs; it holds no value and reads no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Type:
    """One type. `kind` is a simple word (`text`, `money`, …, `empty`) or `item`, `list`, `row`, `choice`.

    `entity` is set for `item`; `of` for `list`; `options` (the names allowed) for `choice`; `fields` for `row`.
    """

    kind: str
    entity: str = ""
    of: Type | None = None
    options: tuple[str, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        """The type as config, diagnostics and documentation write it: `list of act`."""
        if self.kind == "item":
            return self.entity
        if self.kind == "list":
            return f"list of {self.of}"
        if self.kind == "choice":
            return "one of " + ", ".join(self.options)
        return self.kind


TEXT, NUMBER, MONEY, DATE = Type("text"), Type("number"), Type("money"), Type("date")
TIME, DURATION, YES_NO, FILE = Type("time"), Type("duration"), Type("yes/no"), Type("file")
NOTHING, ANY, PATH = Type("empty"), Type("any"), Type("path")

FILE_PARTS: Mapping[str, Type] = {
    "name": TEXT,
    "size": NUMBER,
    "kind": TEXT,
    "sha256": TEXT,
    "readable": YES_NO,
    "pages": NUMBER,
    "blank": YES_NO,
    "resolution": NUMBER,
    "numbers": Type("list", of=TEXT),
}
LINE_PARTS: tuple[tuple[str, Type], ...] = (
    ("name", TEXT),
    ("quantity", NUMBER),
    ("unit", TEXT),
    ("price", MONEY),
    ("amount", MONEY),
    ("vat", MONEY),
)
LINES = Type("list", of=Type("row", fields=LINE_PARTS))


def item(entity: str) -> Type:
    """Return the type of items of `entity`."""
    return Type("item", entity=entity)


def list_of(member: Type) -> Type:
    """Return the type of lists whose members are of type `member`."""
    return Type("list", of=member)


def choice(*options: str) -> Type:
    """Return the type of text limited to `options` (stages, forms, states)."""
    return Type("choice", options=options)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that regulations may name: its type and, for a derived one, the expression texts it follows from.

    `binding` says where the portal keeps it (`{"field": "ufCrm12Signed"}`, `{"requisite": "RQ_INN"}`,
    `{"by": "deal"}` for a list of children, …) and is read by `engine.portal` alone. `codes` maps the names of a
    choice or stage to the portal's codes. `derive` is one expression, or cases of (when, template).
    """

    name: str
    type: Type
    title: str = ""
    binding: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    derive: str | tuple[tuple[str | None, str], ...] | None = None
    is_optional: bool = False

    @property
    def is_derived(self) -> bool:
        """True where the value follows from other fields and cannot be written."""
        return self.derive is not None

    @property
    def is_writable(self) -> bool:
        """True where an action may set it: the portal keeps it in a field of the item itself."""
        return "field" in self.binding and self.name != "id"


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """A kind of item: its name in regulations, its title for people, its portal type id and its fields."""

    name: str
    title: str
    type_id: int | None
    fields: Mapping[str, FieldSpec]
    name_template: str = ""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage of a pipeline: regulation name, portal code, title, and `success`/`failure` where it is final."""

    name: str
    code: str
    title: str
    final: str = ""


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A pipeline (направление) of an entity with its stages in order."""

    name: str
    title: str
    entity: str
    category: str
    stages: Mapping[str, StageSpec]


@dataclass(frozen=True, slots=True)
class World:
    """All that a regulation can name: the checked portal map. Built by `engine.language.world.read_world`."""

    entities: Mapping[str, EntitySpec]
    pipelines: Mapping[str, PipelineSpec]

    def field(self, entity: str, name: str) -> FieldSpec | None:
        """Return the field, or None where the entity or the field does not exist."""
        spec = self.entities.get(entity)
        return spec.fields.get(name) if spec else None

    def stages(self, entity: str) -> Mapping[str, StageSpec]:
        """Return every stage of the entity's pipelines by its regulation name."""
        return {
            name: stage
            for pipeline in self.pipelines.values()
            if pipeline.entity == entity
            for name, stage in pipeline.stages.items()
        }
