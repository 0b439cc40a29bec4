"""The map against the portal: what the map names and the portal has not, or has otherwise.

Decides which type of the portal can carry which type of the map, and what is said where they differ. Pure; nothing
of the map is changed (`engine.portal.pull` does that).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.effects import Said
from engine.language.types import EntitySpec, FieldSpec, PipelineSpec, World
from engine.portal.findings import Finding, of_error
from engine.portal.picture import Picture, PortalField, PortalKind, PortalPipeline

_TEXTS = frozenset(
    ["string", "text", "char", "url", "address", "integer", "double", "date", "datetime", "crm_status", "location",
     "money", "enumeration", "employee", "user", "boolean", "crm", "crm_currency"]
)  # fmt: skip
_CARRIES: Mapping[str, frozenset[str]] = {
    "text": _TEXTS,
    "number": frozenset(["integer", "double", "string"]),
    "money": frozenset(["money", "double", "integer"]),
    "date": frozenset(["date", "datetime"]),
    "time": frozenset(["datetime"]),
    "yes/no": frozenset(["boolean", "char"]),
    "file": frozenset(["file"]),
    "choice": frozenset(["enumeration", "crm_status", "crm_category", "string"]),
    "item": frozenset(
        ["user", "employee", "crm_company", "crm_contact", "crm_lead", "crm_quote", "crm_entity", "crm",
         "crm_deal", "integer"]
    ),
}  # fmt: skip
_PULL = Said(
    "верните это на портале (чего не было, создаст `engine portal setup`) или выполните `engine portal pull --write`"
    " и поправьте правила по `engine check`",
    "bring it back on the portal (`engine portal setup` makes what never was), or run `engine portal pull --write` and"
    " mend the rules as `engine check` says",
)
_SETUP = Said(
    "создайте это командой `engine portal setup` или сверьте type_id (`engine portal pull`)",
    "create it with `engine portal setup`, or correct type_id (`engine portal pull`)",
)


def compare(world: World, picture: Picture, shared_drive: str) -> list[Finding]:
    """Return what differs, and one `ok` finding where nothing does."""
    found = [of_error("map", error, "warning") for error in picture.refusals.values()]
    for spec in world.entities.values():
        if spec.type_id is not None:
            found += _entity(spec, picture)
    for pipeline in world.pipelines.values():
        found += _pipeline(world, pipeline, picture)
    found += _drive(picture, shared_drive)
    if not found:
        ok = Said("карта совпадает с порталом", "the map and the portal agree")
        found.append(Finding("ok", "map", ok))
    return found


def carries(field: FieldSpec, portal: PortalField) -> bool:
    """True where values of the map's type can be kept in the portal's field."""
    kind = field.type
    if kind.kind == "list":
        kind = kind.of or kind
    return kind.kind == "any" or portal.type in _CARRIES.get(kind.kind, frozenset()) or not portal.type


def _entity(spec: EntitySpec, picture: Picture) -> Iterator[Finding]:
    kind = picture.kinds.get(spec.type_id or 0)
    if kind is None:
        if f"fields {spec.type_id}" not in picture.refusals:
            what = Said(
                f"на портале нет «{spec.title}» ({spec.name}, type_id {spec.type_id})",
                f"the portal has no “{spec.title}” ({spec.name}, type_id {spec.type_id})",
            )
            yield Finding("error", "map", what, _SETUP)
        return
    for field in spec.fields.values():
        if "field" in field.binding:
            yield from _field(spec, field, kind)


def _field(spec: EntitySpec, field: FieldSpec, kind: PortalKind) -> Iterator[Finding]:
    name, code = f"{spec.name}.{field.name}", field.binding["field"]
    portal = kind.fields.get(code)
    if portal is None:
        what = Said(
            f"{name}: на портале нет поля {code} («{field.title}»)",
            f"{name}: the portal has no field {code} (“{field.title}”)",
        )
        yield Finding("warning" if field.is_optional else "error", "map", what, _PULL)
        return
    if not carries(field, portal):
        what = Said(
            f"{name}: в карте {field.type}, а на портале поле {code} типа {portal.type}",
            f"{name}: {field.type} in the map, but the portal's field {code} is a {portal.type}",
        )
        mend = Said(
            "поставьте в карте тип поля портала или заведите на портале поле нужного типа",
            "give the map the portal's type, or make a field of the right type on the portal",
        )
        yield Finding("error", "map", what, mend)
    if field.type.kind == "choice" and portal.options:
        yield from _options(name, field.codes, portal.options)


def _options(name: str, codes: Mapping[str, str], options: Mapping[str, str]) -> Iterator[Finding]:
    for word, code in codes.items():
        if code not in options:
            what = Said(
                f"{name}: на портале в списке нет значения {code} ({word})",
                f"{name}: the portal's list has no value {code} ({word})",
            )
            yield Finding("error", "map", what, _PULL)
    for code, title in options.items():
        if code not in codes.values():
            what = Said(
                f"{name}: у значения «{title}» ({code}) нет имени в карте",
                f"{name}: the value “{title}” ({code}) has no name in the map",
            )
            yield Finding("warning", "map", what, Said("`engine portal pull`", "`engine portal pull`"))


def _pipeline(world: World, spec: PipelineSpec, picture: Picture) -> Iterator[Finding]:
    entity = world.entities.get(spec.entity)
    kind = picture.kinds.get(entity.type_id or 0) if entity else None
    if kind is None or f"pipelines {kind.type_id}" in picture.refusals:
        return
    portal = next((one for one in kind.pipelines if one.id == spec.category), None)
    if portal is None:
        what = Said(
            f"на портале нет направления «{spec.title}» ({spec.name}, {spec.category})",
            f"the portal has no pipeline “{spec.title}” ({spec.name}, {spec.category})",
        )
        yield Finding("error", "map", what, _SETUP)
        return
    if "statuses" not in picture.refusals:
        yield from _stages(spec, portal)


def _stages(spec: PipelineSpec, portal: PortalPipeline) -> Iterator[Finding]:
    known = {stage.code: stage for stage in portal.stages}
    for stage in spec.stages.values():
        name, found = f"{spec.name}.{stage.name}", known.get(stage.code)
        if found is None:
            what = Said(
                f"{name}: на портале нет стадии «{stage.title}» ({stage.code})",
                f"{name}: the portal has no stage “{stage.title}” ({stage.code})",
            )
            yield Finding("error", "map", what, _PULL)
        elif found.title != stage.title:
            what = Said(
                f"{name}: стадия теперь называется «{found.title}», в карте «{stage.title}»",
                f"{name}: the stage is now called “{found.title}”, in the map “{stage.title}”",
            )
            mend = Said(
                "убедитесь, что смысл стадии прежний, и выполните `engine portal pull --write`",
                "make sure that it still means the same, then run `engine portal pull --write`",
            )
            yield Finding("warning", "map", what, mend)
        elif found.final != stage.final:
            what = Said(
                f"{name}: на портале стадия «{found.title}» {_final(found.final, 'ru')}, в карте иначе",
                f"{name}: on the portal the stage “{found.title}” is {_final(found.final, 'en')}, not so in the map",
            )
            yield Finding("error", "map", what, Said("исправьте final в карте", "correct final in the map"))
    codes = {stage.code for stage in spec.stages.values()}
    for extra in portal.stages:
        if extra.code not in codes:
            what = Said(
                f"{spec.name}: стадии «{extra.title}» ({extra.code}) нет в карте: сделки на ней для правил неразличимы",
                f"{spec.name}: the stage “{extra.title}” ({extra.code}) is not in the map: rules cannot tell it",
            )
            yield Finding("warning", "map", what, Said("`engine portal pull`", "`engine portal pull`"))


def _final(final: str, language: str) -> str:
    words = {"success": ("успешная", "a success"), "failure": ("провальная", "a failure")}
    return words.get(final, ("рабочая", "in progress"))[language != "ru"]


def _drive(picture: Picture, shared_drive: str) -> Sequence[Finding]:
    if "drives" in picture.refusals or any(one.get("ENTITY_TYPE") == shared_drive for one in picture.drives):
        return ()
    what = Said(
        f"на портале нет общего диска типа {shared_drive} (portal.shared_drive)",
        f"the portal has no shared drive of type {shared_drive} (portal.shared_drive)",
    )
    mend = Said(
        "откройте владельцу вебхука общий диск портала или исправьте portal.shared_drive",
        "open the portal's shared drive to the webhook's owner, or correct portal.shared_drive",
    )
    return (Finding("error", "drive", what, mend),)
