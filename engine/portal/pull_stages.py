"""Pipelines and stages taken over into the text of the map.

Decides which of the portal's pipelines belong to the map: those of deals, and those of other kinds whose entity has
a stage or a pipeline among its fields. A stage keeps its name whatever the portal calls it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.language.source import MapNode, ScalarNode
from engine.language.types import PipelineSpec, World
from engine.portal.differences import GONE, Changes
from engine.portal.drafts import draft_pipeline, draft_stage
from engine.portal.map_text import appended, removed, replaced
from engine.portal.matching import match_pipeline, match_stages
from engine.portal.names import propose
from engine.portal.picture import DEAL, PortalKind, PortalPipeline


def take_pipelines(
    changes: Changes, node: MapNode, world: World, kinds: Mapping[str, PortalKind]
) -> list[list[str]]:
    """Gather the changes of every pipeline; return the lines of new ones.

    `kinds` are the portal's kinds by entity, new ones included.
    """
    holder = node.get("pipelines")
    entries = holder.entries if isinstance(holder, MapNode) else {}
    known: dict[str, PortalPipeline] = {}
    for name, spec in world.pipelines.items():
        kind = kinds.get(spec.entity)
        if kind is None or name not in entries or not kind.pipelines:
            continue
        own = entries[name][1]
        found = match_pipeline(spec, kind, [one.id for one in known.values()])
        if not isinstance(own, MapNode) or not isinstance(holder, MapNode):
            continue
        if found is None:
            ru, en = f"направления «{spec.title}» больше нет", f"the pipeline “{spec.title}” is gone"
            changes.lose(name, ru, en, removed(holder, name, GONE))
            continue
        known[name] = found
        _take(changes, spec, own, found, set(world.stages(spec.entity)))
    return _new(changes, world, kinds, known)


def _take(
    changes: Changes, spec: PipelineSpec, node: MapNode, portal: PortalPipeline, taken: set[str]
) -> None:
    _scalar(changes, spec.name, "category", node, portal.id)
    _scalar(changes, spec.name, "title", node, portal.title)
    stages = node.get("stages")
    if not isinstance(stages, MapNode):
        return
    matched = match_stages(spec, portal)
    by_code = {stage.code: stage for stage in portal.stages}
    for name, code in matched.items():
        entry, where = stages.entries.get(name), f"{spec.name}.{name}"
        if entry is None or not isinstance(entry[1], MapNode):
            continue
        if code is None:
            stage = spec.stages[name]
            ru = f"стадии «{stage.title}» ({stage.code}) больше нет"
            en = f"the stage “{stage.title}” ({stage.code}) is gone"
            changes.lose(where, ru, en, removed(stages, name, GONE))
            continue
        _scalar(changes, where, "code", entry[1], code)
        _scalar(changes, where, "title", entry[1], by_code[code].title)
        _final(changes, where, entry[1], by_code[code].final)
    _add_stages(
        changes, spec.name, stages, portal, {code: name for name, code in matched.items() if code}, taken
    )


def _scalar(changes: Changes, where: str, key: str, node: MapNode, value: str) -> None:
    """Follow the portal in one text; one that the map does not write stays unwritten."""
    known = node.get(key)
    if isinstance(known, ScalarNode) and known.text != value and value:
        said = f"{key}: {known.text} → {value}"
        changes.add("changed", where, said, said, replaced(known, value))


def _final(changes: Changes, where: str, node: MapNode, final: str) -> None:
    known = node.get("final")
    now = known.text if isinstance(known, ScalarNode) else ""
    if now == final:
        return
    said = f"final: {now or '—'} → {final or '—'}"
    if not final:
        changes.add("changed", where, said, said, removed(node, "final", GONE))
    elif isinstance(known, ScalarNode):
        changes.add("changed", where, said, said, replaced(known, final))
    else:
        changes.add("changed", where, said, said, appended(node, [f"final: {final}"]))


def _add_stages(
    changes: Changes,
    pipeline: str,
    stages: MapNode,
    portal: PortalPipeline,
    names: Mapping[str, str],
    taken: set[str],
) -> None:
    """Put each new stage after the one that stands before it on the portal's board."""
    before = ""
    for stage in portal.stages:
        if stage.code in names:
            before = names[stage.code]
            continue
        own = propose(stage.title, (), stage.code)
        name = own if own not in taken else propose(f"{pipeline} {own}", taken, stage.code)
        taken.add(name)
        ru, en = f"стадия «{stage.title}» ({stage.code})", f"the stage “{stage.title}” ({stage.code})"
        edit = appended(stages, [draft_stage(name, stage)], after=before)
        changes.add("new", f"{pipeline}.{name}", ru, en, edit)


def _new(
    changes: Changes,
    world: World,
    kinds: Mapping[str, PortalKind],
    known: Mapping[str, PortalPipeline],
) -> list[list[str]]:
    blocks: list[list[str]] = []
    taken = set(world.pipelines)
    for entity, kind in kinds.items():
        stages = set(world.stages(entity))
        there = {one.id for name, one in known.items() if world.pipelines[name].entity == entity}
        for portal in kind.pipelines if _has_stages(world, entity, kind) else ():
            if portal.id in there or not portal.stages:
                continue
            name = propose(portal.title, taken, f"{entity}_{portal.id}")
            taken.add(name)
            blocks.append(draft_pipeline(name, entity, portal, stages))
            ru = f"направление «{portal.title}», стадий: {len(portal.stages)}"
            en = f"the pipeline “{portal.title}”, {len(portal.stages)} stages"
            changes.add("new", name, ru, en)
    return blocks


def _has_stages(world: World, entity: str, kind: PortalKind) -> bool:
    spec = world.entities.get(entity)
    if spec is None:  # one that was just proposed
        return "stageId" in kind.fields
    codes = {field.binding.get("field") for field in spec.fields.values()}
    return kind.type_id == DEAL or not codes.isdisjoint({"stageId", "categoryId"})
