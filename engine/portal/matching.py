"""Which thing of the portal is the one that the map means, where numbers differ from portal to portal.

A map written for one portal meets another: the smart process «Акты» has another number there, its fields another
prefix, its stages another category. Decides by number first, then by what numbers cannot change: the rest of a
code, the title. Pure; a match that is not certain is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from engine.language.types import EntitySpec, FieldSpec, PipelineSpec
from engine.portal.compare import carries
from engine.portal.names import propose
from engine.portal.picture import Picture, PortalField, PortalKind, PortalPipeline

PROCESS_TITLES: Mapping[str, str] = {"act": "Акты", "contract": "Договоры"}
"""How the smart process of an entity is called on the portal, in the plural; other entities by their own title."""

OPTION_TITLES: Mapping[str, str] = {
    "scan": "Скан", "paper": "Бумажный оригинал", "edo": "ЭДО", "client": "С клиентом", "supplier": "С поставщиком",
    "bank": "Банк", "portal": "Оплата на портале", "manual": "Отметка вручную",
}  # fmt: skip
"""What the values of the shipped map's lists are called on the portal; other values by their own name."""

# `ufCrm12Number`, `ufCrm12_1747309727`, `ufCrm_12_DIGIT10` of a smart process; `ufCrm_1747309879` of the others.
_OWN_CODE = re.compile(r"ufCrm(?:\d+_?|_\d+_(?=\w)|_)?", re.IGNORECASE)


def match_kinds(specs: Iterable[EntitySpec], picture: Picture) -> dict[str, PortalKind]:
    """Return the portal's kind of each entity by name; an entity without a certain one is absent."""
    known = [spec for spec in specs if spec.type_id is not None]
    numbered = {spec.name: picture.kinds.get(spec.type_id or 0) for spec in known}
    found = {
        spec.name: kind
        for spec in known
        if (kind := numbered[spec.name]) is not None and _is_meant(spec, kind)
    }
    taken = {kind.type_id for kind in found.values()}
    for spec in known:
        free = [kind for kind in picture.processes if kind.type_id not in taken]
        kind = None if spec.name in found else _process(spec, free)
        if kind is not None:
            found[spec.name] = kind
            taken.add(kind.type_id)
    return found


def _is_meant(spec: EntitySpec, kind: PortalKind) -> bool:
    """False for a smart process of the same number that is something else: another portal's number means nothing."""
    if not kind.process or kind.title.casefold().startswith(spec.title.casefold()):
        return True
    codes = [field.binding["field"] for field in spec.fields.values() if "field" in field.binding]
    own = [code for code in codes if is_own(code)]
    titles = {spec.title.casefold(), PROCESS_TITLES.get(spec.name, spec.title).casefold()}
    return kind.title.casefold() in titles or any(code in kind.fields for code in own)


def _process(spec: EntitySpec, free: list[PortalKind]) -> PortalKind | None:
    names = {spec.title.casefold(), PROCESS_TITLES.get(spec.name, spec.title).casefold()}
    exact = [kind for kind in free if kind.title.casefold() in names]
    if len(exact) == 1:
        return exact[0]
    near = [
        kind
        for kind in free
        if kind.title.casefold().startswith(spec.title.casefold())
        and any(match_fields(spec, kind, {}).values())
    ]
    return near[0] if len(near) == 1 and not exact else None


def match_fields(
    spec: EntitySpec, kind: PortalKind, renumbered: Mapping[int, int]
) -> dict[str, PortalField | None]:
    """Return the portal's field of each mapped field that has a code; None where the portal has none.

    `renumbered` maps type ids of the map to those of this portal.
    """
    found: dict[str, PortalField | None] = {}
    mapped = {name: field for name, field in spec.fields.items() if "field" in field.binding}
    for name, field in mapped.items():
        found[name] = _parent(kind, field.binding["field"], renumbered) or kind.fields.get(
            field.binding["field"]
        )
    used = {one.code for one in found.values() if one is not None}
    for name, field in mapped.items():
        if found[name] is None:
            portal = _same_field(
                field, [one for one in kind.fields.values() if one.is_own and one.code not in used]
            )
            found[name] = portal
            used |= {portal.code} if portal else set()
    return found


def _parent(kind: PortalKind, code: str, renumbered: Mapping[int, int]) -> PortalField | None:
    number = code.removeprefix("parentId")
    if number == code or not number.isdigit() or int(number) not in renumbered:
        return None
    return kind.fields.get(f"parentId{renumbered[int(number)]}")


def _same_field(field: FieldSpec, free: list[PortalField]) -> PortalField | None:
    code = field.binding["field"]
    fitting = [one for one in free if carries(field, one)]
    if is_own(code):
        same = [one for one in fitting if own_part(one.code).lower() == own_part(code).lower()]
        if len(same) == 1:
            return same[0]
    titled = [one for one in fitting if field.title and one.title.casefold() == field.title.casefold()]
    return titled[0] if len(titled) == 1 and is_own(code) else None


def own_part(code: str) -> str:
    """Return what is left of an own field's code without the number of its smart process: `Number`."""
    return _OWN_CODE.sub("", code, count=1)


def is_own(code: str) -> bool:
    """True for the code of a field that a company made itself."""
    return code[:5].lower() == "ufcrm"


def match_options(
    codes: Mapping[str, str], options: Mapping[str, str], *, is_same_field: bool = True
) -> dict[str, str | None]:
    """Return the portal's id of each named value of a list; None where the list has no such value.

    What a value says goes before its number: another portal's 103 may be the scan where ours was the exchange.
    Numbers alone count only where `is_same_field`, and never one whose value says another name of the map.
    """
    found: dict[str, str | None] = {}
    for name in codes:
        said = [code for code, title in options.items() if _says(title, name)]
        # Of two values that read alike the number decides.
        found[name] = said[0] if len(said) == 1 else codes[name] if codes[name] in said else None
    for name, code in codes.items():
        if found[name] is None and is_same_field and code in options and code not in found.values():
            found[name] = code
    return found


def _says(title: str, name: str) -> bool:
    return title.casefold() in {name.casefold(), OPTION_TITLES.get(name, name).casefold()} or (
        propose(title, (), "") == name
    )


def match_pipeline(spec: PipelineSpec, kind: PortalKind, taken: Iterable[str]) -> PortalPipeline | None:
    """Return the portal's pipeline: the one of the same title, else of the same number if most stages are the map's."""
    free = [one for one in kind.pipelines if one.id not in set(taken)]
    titled = [one for one in free if one.title.casefold() == spec.title.casefold()]
    numbered = [one for one in free if one.id == spec.category]
    if numbered and numbered[0] in titled:
        return numbered[0]
    if len(titled) == 1:
        return titled[0]
    return numbered[0] if numbered and _is_renamed(spec, numbered[0]) else None


def _is_renamed(spec: PipelineSpec, portal: PortalPipeline) -> bool:
    """Every pipeline has a first, a won and a lost stage: three codes in common say little of a long one."""
    codes = {stage.code for stage in portal.stages}
    shared = sum(stage.code in codes for stage in spec.stages.values())
    return 2 * shared > len(spec.stages)


def match_stages(spec: PipelineSpec, pipeline: PortalPipeline) -> dict[str, str | None]:
    """Return the portal's code of each stage of the map; None where the pipeline has no such stage."""
    codes = {stage.code for stage in pipeline.stages}
    found: dict[str, str | None] = {
        stage.name: stage.code for stage in spec.stages.values() if stage.code in codes
    }
    free = [stage for stage in pipeline.stages if stage.code not in found.values()]
    for stage in spec.stages.values():
        if stage.name in found:
            continue
        same = [one for one in free if _tail(one.code) == _tail(stage.code)]
        same = same or [one for one in free if one.title.casefold() == stage.title.casefold()]
        found[stage.name] = same[0].code if len(same) == 1 else None
        free = [one for one in free if one.code != found[stage.name]]
    return found


def _tail(code: str) -> str:
    return code.rpartition(":")[2]
