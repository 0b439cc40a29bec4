"""What the portal lacks of the map, as commands that make it: smart processes, pipelines, fields, folders.

Decides from the map and the picture alone, so that a second plan after a first one carried out is empty. What is
there is never touched; what no command may make is said with the mend. Pure: nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.action import Command
from engine.effects import Said
from engine.language.types import EntitySpec, FieldSpec, World
from engine.portal.findings import Finding
from engine.portal.matching import (
    OPTION_TITLES,
    PROCESS_TITLES,
    is_own,
    match_fields,
    match_kinds,
    match_pipeline,
    match_stages,
    own_part,
)
from engine.portal.picture import Picture, PortalKind, PortalPipeline, stage_directory

TYPES, PIPELINES, PARTS = 1, 2, 3
"""The order of making: fields need their smart process's number, stages that of their pipeline."""

_SMALLEST = 1030
_LONGEST_CODE = 50
_SWITCHES: Mapping[str, tuple[str, ...]] = {
    "isLinkWithProductsEnabled": ("opportunity", "currencyId"),
    "isClientEnabled": ("companyId", "contactId", "contactIds"),
    "isMycompanyEnabled": ("mycompanyId",),
    "isBeginCloseDatesEnabled": ("begindate", "closedate"),
    "isObserversEnabled": ("observers",),
    "isSourceEnabled": ("sourceId", "sourceDescription"),
    "isStagesEnabled": ("stageId",),
}
_USER_TYPES: Mapping[str, str] = {
    "text": "string", "number": "double", "money": "money", "date": "date", "time": "datetime", "yes/no": "boolean",
    "file": "file", "choice": "enumeration",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be made: in which round, what a person reads, and the command. `mark` tells wishes apart."""

    round: int
    mark: str
    what: Said
    command: Command


@dataclass(slots=True)
class Plan:
    """What is to be made now, what only later rounds can make, and what a person must do."""

    wishes: list[Wish] = field(default_factory=list)
    later: list[Said] = field(default_factory=list)
    by_hand: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Site:
    """What a plan is made from. `folders` are the first folders that rules name, `root` the shared drive's folder
    (empty where it is not seen) and `there` the names in it; `made` are the pipelines that this set-up made itself.
    """

    world: World
    picture: Picture
    folders: Sequence[str] = ()
    root: str = ""
    there: Collection[str] = ()
    made: Collection[str] = ()


def plan_setup(site: Site) -> Plan:
    """Return what the portal of `site` lacks."""
    plan = Plan()
    kinds = match_kinds(site.world.entities.values(), site.picture)
    for spec in _parents_first(site.world):
        if spec.type_id is None:
            continue
        kind = kinds.get(spec.name)
        if kind is None:
            _process(plan, site, spec, kinds)
        else:
            _fields(plan, site.world, spec, kind, kinds)
    for name in site.world.pipelines:
        _pipeline(plan, site, name, kinds)
    _folders(plan, site)
    return plan


def _parents_first(world: World) -> Iterator[EntitySpec]:
    done: set[str] = set()

    def walk(name: str, above: frozenset[str]) -> Iterator[EntitySpec]:
        if name in done or name in above:
            return
        for parent in _parents(world.entities[name]):
            if parent in world.entities:
                yield from walk(parent, above | {name})
        done.add(name)
        yield world.entities[name]

    for name in world.entities:
        yield from walk(name, frozenset())


def _parents(spec: EntitySpec) -> list[str]:
    """Return the entities that an item of this kind is tied to by the portal's own relation."""
    return [
        one.type.entity
        for one in spec.fields.values()
        if one.binding.get("field", "").startswith("parentId") and one.type.entity
    ]


def _process(plan: Plan, site: Site, spec: EntitySpec, kinds: Mapping[str, PortalKind]) -> None:
    if f"fields {spec.type_id}" in site.picture.refusals:
        return
    if spec.type_id is None or spec.type_id < 128:
        what = Said(
            f"«{spec.title}» (type_id {spec.type_id}) на портале нет", f"the portal has no “{spec.title}”"
        )
        mend = Said("включите этот раздел в настройках CRM", "switch this section on in the CRM's settings")
        plan.by_hand.append(Finding("error", spec.name, what, mend))
        return
    title = PROCESS_TITLES.get(spec.name, spec.title)
    fields: dict[str, object] = {"title": title, **_switches(site.world, spec)}
    is_usual = spec.type_id <= 192 or (spec.type_id >= _SMALLEST and spec.type_id % 2 == 0)
    if spec.type_id not in site.picture.kinds and is_usual:
        fields["entityTypeId"] = spec.type_id
    fields["relations"] = _relations(site.world, spec, kinds)
    shown = ", ".join(f"«{site.world.entities[name].title}»" for name in _tied(site.world, spec)) or "—"
    what = Said(
        f"смарт-процесс «{title}», связан с: {shown}", f"the smart process “{title}”, tied to: {shown}"
    )
    plan.wishes.append(
        Wish(TYPES, spec.name, what, Command("type", "crm.type.add", {"fields": fields}, writes=True))
    )
    for one in spec.fields.values():
        if is_own(one.binding.get("field", "")):
            plan.later.append(Said(f"поле «{title}».«{one.title}»", f"the field “{title}”.“{one.title}”"))


def _tied(world: World, spec: EntitySpec) -> list[str]:
    """Return the entities on both sides of this one's ties, those still to be made included."""
    children = [other.name for other in world.entities.values() if spec.name in _parents(other)]
    return list(dict.fromkeys([*_parents(spec), *children]))


def _switches(world: World, spec: EntitySpec) -> dict[str, str]:
    codes = {one.binding.get("field") for one in spec.fields.values()}
    found = {name: "Y" if codes.intersection(wanted) else "N" for name, wanted in _SWITCHES.items()}
    if any(
        one.type.kind == "list" and one.type.of and one.type.of.kind == "row" for one in spec.fields.values()
    ):
        found["isLinkWithProductsEnabled"] = "Y"
    if any(pipeline.entity == spec.name for pipeline in world.pipelines.values()):
        found |= {"isStagesEnabled": "Y", "isCategoriesEnabled": "Y"}
    return {**found, "isAutomationEnabled": "Y", "isRecyclebinEnabled": "Y"}


def _relations(world: World, spec: EntitySpec, kinds: Mapping[str, PortalKind]) -> dict[str, object]:
    """Return the ties on both sides; a child that does not exist yet names this kind itself when it is made."""
    # PROTOCOL §4.4: only the words true and false mean something here. The list is the tab in the parent's card.
    parents = [kinds[name].type_id for name in _parents(spec) if name in kinds]
    children = [
        kinds[other.name].type_id
        for other in world.entities.values()
        if other.name in kinds and spec.name in _parents(other)
    ]
    return {
        side: [{"entityTypeId": number, "isChildrenListEnabled": "true"} for number in numbers]
        for side, numbers in (("parent", parents), ("child", children))
        if numbers
    }


def _fields(
    plan: Plan, world: World, spec: EntitySpec, kind: PortalKind, kinds: Mapping[str, PortalKind]
) -> None:
    renumbered = {
        other.type_id: kinds[other.name].type_id
        for other in world.entities.values()
        if other.type_id is not None and other.name in kinds
    }
    for name, portal in match_fields(spec, kind, renumbered).items():
        known = spec.fields[name]
        code = known.binding["field"]
        if portal is not None:
            continue
        if is_own(code) and (user_type := _user_type(known)):
            plan.wishes.append(_field(spec, known, kind, user_type))
        elif code.startswith("parentId") and known.type.entity not in kinds:
            continue  # the tie is made with the kind that it leads to
        elif not known.is_optional:
            plan.by_hand.append(_closed(spec, known, kind))


def _user_type(known: FieldSpec) -> str:
    inner = known.type.of if known.type.kind == "list" and known.type.of else known.type
    if inner.kind == "item":
        return "employee" if inner.entity == "user" else "crm"
    return _USER_TYPES.get(inner.kind, "")


def _field(spec: EntitySpec, known: FieldSpec, kind: PortalKind, user_type: str) -> Wish:
    part = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", own_part(known.binding["field"])).upper()
    start = f"UF_CRM_{kind.process}_" if kind.process else "UF_CRM_"
    name = (start + part)[:_LONGEST_CODE]
    label = known.title or known.name
    body: dict[str, object] = {
        "entityId": kind.owner,
        "fieldName": name,
        "userTypeId": user_type,
        "multiple": "Y" if known.type.kind == "list" else "N",
        "editFormLabel": {"ru": label, "en": label},
        "listColumnLabel": {"ru": label, "en": label},
        "listFilterLabel": {"ru": label, "en": label},
    }
    if user_type == "enumeration":
        body["enum"] = [
            {"value": OPTION_TITLES.get(option, option), "def": "N", "sort": 100 * place}
            for place, option in enumerate(known.codes, 1)
        ]
    if user_type == "crm":
        target = {"company": "COMPANY", "contact": "CONTACT", "deal": "DEAL"}.get(known.type.entity, "DEAL")
        body["settings"] = {target: "Y"}
    title = kind.title or spec.title
    what = Said(
        f"поле «{title}».«{label}» ({name}, {user_type})",
        f"the field “{title}”.“{label}” ({name}, {user_type})",
    )
    command = Command("field", "userfieldconfig.add", {"moduleId": "crm", "field": body}, writes=True)
    return Wish(PARTS, name, what, command)


def _closed(spec: EntitySpec, known: FieldSpec, kind: PortalKind) -> Finding:
    title, code = kind.title or spec.title, known.binding["field"]
    what = Said(
        f"у «{title}» нет поля {code} («{known.title}»)", f"“{title}” has no field {code} (“{known.title}”)"
    )
    if code.startswith("parentId"):
        mend = Said(
            f"добавьте в настройках смарт-процесса связь с «{known.type.entity}»",
            f"add the tie to “{known.type.entity}” in the smart process's settings",
        )
    else:
        switch = next((name for name, codes in _SWITCHES.items() if code in codes), "")
        mend = Said(
            f"включите это в настройках смарт-процесса {switch}".strip(),
            f"switch it on in the smart process's settings {switch}".strip(),
        )
    return Finding("error", spec.name, what, mend)


def _pipeline(plan: Plan, site: Site, name: str, kinds: Mapping[str, PortalKind]) -> None:
    spec = site.world.pipelines[name]
    kind = kinds.get(spec.entity)
    if kind is None or f"pipelines {kind.type_id}" in site.picture.refusals:
        return
    portal = match_pipeline(spec, kind, ())
    if portal is None:
        params = {"entityTypeId": kind.type_id, "fields": {"name": spec.title}}
        what = Said(
            f"направление «{spec.title}», стадий: {len(spec.stages)}",
            f"the pipeline “{spec.title}”, {len(spec.stages)} stages",
        )
        command = Command("pipeline", "crm.category.add", params, writes=True)
        plan.wishes.append(Wish(PIPELINES, name, what, command))
        return
    _stages(plan, site, name, kind, portal)


def _stages(plan: Plan, site: Site, name: str, kind: PortalKind, portal: PortalPipeline) -> None:
    """Fill a pipeline that we made; in one that was there a missing stage is a person's affair."""
    spec, directory = site.world.pipelines[name], stage_directory(kind.type_id, portal.id)
    matched = match_stages(spec, portal)
    by_code = {stage.code: stage for stage in portal.stages}
    for place, stage in enumerate(spec.stages.values(), 1):
        code, said = matched[stage.name], f"«{spec.title}».«{stage.title}»"
        what = Said(f"стадия {said}", f"the stage {said}")
        if name not in site.made:
            if code is None:
                missing = Said(f"нет стадии {said}", f"the stage {said} is missing")
                mend = Said("добавьте её на портале: готовое направление не меняется", "add it on the portal")
                plan.by_hand.append(Finding("error", name, missing, mend))
            continue
        if code is None:
            fields: dict[str, object] = {
                "ENTITY_ID": directory,
                "STATUS_ID": stage.code.rpartition(":")[2],
                "NAME": stage.title,
                "SORT": 10 * place,
                "SEMANTICS": {"success": "S", "failure": "F"}.get(stage.final, ""),
            }
            command = Command("stage", "crm.status.add", {"fields": fields}, writes=True)
            plan.wishes.append(Wish(PARTS, f"{directory} {stage.name}", what, command))
        elif by_code[code].title != stage.title:
            row: Mapping[str, object] = {
                "id": by_code[code].row,
                "fields": {"NAME": stage.title, "SORT": 10 * place},
            }
            command = Command("stage", "crm.status.update", row, writes=True)
            plan.wishes.append(Wish(PARTS, f"{directory} {stage.name}", what, command))


def _folders(plan: Plan, site: Site) -> None:
    taken = {name.casefold() for name in site.there}
    for name in site.folders if site.root else ():
        if name.casefold() not in taken:
            params = {"id": site.root, "data": {"NAME": name}}
            what = Said(f"папка «{name}» на общем диске", f"the folder “{name}” on the shared drive")
            command = Command(
                "folder",
                "disk.folder.addSubFolder",
                params,
                writes=True,
                tolerate=frozenset({"DISK_OBJ_22000"}),
            )
            plan.wishes.append(Wish(PARTS, f"folder {name}", what, command))
