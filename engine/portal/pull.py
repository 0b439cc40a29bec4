"""The portal's present state taken over into the text of the map.

Decides what of the map follows the portal (numbers, codes, titles of pipelines and stages, values of lists), what is
added under a proposed name, and what stays as a person wrote it: names, types, titles of fields, derived fields,
comments. What the portal has no more is commented out, unless the map itself stands on it. Pure: the new text is
returned, nothing is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.effects import Said
from engine.language.source import MapNode, Node, ScalarNode, read_source
from engine.language.types import EntitySpec, World
from engine.language.world import read_world
from engine.portal.compare import carries
from engine.portal.differences import GONE, Changes, Difference
from engine.portal.drafts import (
    BUILT_IN,
    USER,
    draft_entity,
    draft_field,
    draft_options,
    field_name,
    is_worth,
    type_of,
)
from engine.portal.map_text import Edit, appended, apply, content_end, removed, replaced
from engine.portal.matching import match_fields, match_kinds, match_options
from engine.portal.names import propose
from engine.portal.picture import Picture, PortalField, PortalKind
from engine.portal.pull_stages import take_pipelines


@dataclass(frozen=True, slots=True)
class Pull:
    """The config's new text, the same as before where nothing is to be written, and what differed."""

    text: str
    differences: tuple[Difference, ...]


def pull(file: str, text: str, picture: Picture) -> Pull:
    """Return what `picture` makes of the config `text`, whose diagnostics call it `file`.

    Raises ValueError where the text has no sound `map:`; read the settings first, they say what is wrong with it.
    """
    read = read_map(file, text)
    if read is None:
        raise ValueError(f"{file} has no sound map")
    node, world = read
    taking = _Taking(text, node, world, picture)
    entities = taking.entities()
    pipelines = take_pipelines(taking.changes, node, world, taking.kinds)
    if world.entities:
        taking.changes.edits += [*_placed(node, "entities", entities), *_placed(node, "pipelines", pipelines)]
    else:
        taking.changes.edits.append(_begun(text, node, pipelines, entities))
    return _settled(file, text, taking.changes)


def _placed(node: MapNode, name: str, blocks: list[list[str]]) -> list[Edit]:
    """Return the edits that put new entries at the end of a part of the map, with the part where it is missing."""
    holder = node.get(name)
    if not blocks:
        return []
    if isinstance(holder, MapNode) and holder.entries:
        return [appended(holder, ["", *block] if name == "entities" else block) for block in blocks]
    lines = [f"  {line}" for block in blocks for line in block]
    if holder is None:
        return [appended(node, [f"{name}:", *lines], after="")]
    return [Edit(holder.start, content_end(holder), "".join(f"\n  {line}" for line in lines))]


def _begun(text: str, node: MapNode, pipelines: list[list[str]], entities: list[list[str]]) -> Edit:
    """Return the edit that writes a whole map in the place of an empty one."""
    lines = ["  pipelines:", *(f"    {line}" for block in pipelines for line in block)] if pipelines else []
    lines += ["  entities:", *(f"    {line}" for block in entities for line in block)]
    start = len(text[: node.start].rstrip(" "))
    is_beside_its_key = text[start - 1] != "\n"
    return Edit(start, content_end(node), ("\n" if is_beside_its_key else "") + "\n".join(lines))


def read_map(file: str, text: str) -> tuple[MapNode, World] | None:
    """Return the node and the meaning of a config's `map:`; None where it has errors."""
    top, found = read_source(file, text.encode())
    node = top.get("map") if top is not None else None
    if not isinstance(node, MapNode):
        return None
    world, problems = read_world(node)
    return None if any(one.is_error for one in (*found, *problems)) else (node, world)


def _settled(file: str, text: str, changes: Changes) -> Pull:
    """Comment out what is gone, one after another, leaving what the rest of the map needs."""
    edits, found = list(changes.edits), list(changes.found)
    for edit, difference in changes.gone:
        if read_map(file, apply(text, [*edits, edit])) is not None:
            edits.append(edit)
            found.append(difference)
        else:
            ru = f"{difference.what.ru}; строка оставлена: на неё опирается сама карта"
            en = f"{difference.what.en}; the line stays: the map itself stands on it"
            found.append(Difference("kept", difference.where, Said(ru, en)))
    return Pull(apply(text, edits), tuple(found))


class _Taking:
    """One taking over: the map's nodes and meaning beside the portal's picture."""

    def __init__(self, text: str, node: MapNode, world: World, picture: Picture) -> None:
        self.text, self.map, self.world, self.picture = text, node, world, picture
        self.changes = Changes()
        self.kinds = match_kinds(world.entities.values(), picture)
        self.renumbered = {
            spec.type_id: self.kinds[name].type_id
            for name, spec in world.entities.items()
            if name in self.kinds and spec.type_id is not None and spec.type_id != self.kinds[name].type_id
        }
        self.names = {kind.type_id: name for name, kind in self.kinds.items()}

    def entities(self) -> list[list[str]]:
        """Take over the entities: their numbers and fields; return the lines of those that are new."""
        holder = self.map.get("entities")
        assert isinstance(holder, MapNode)  # the map is sound
        new = self._new_kinds()
        for name, (_, node) in holder.entries.items():
            spec = self.world.entities.get(name)
            if spec is None or spec.type_id is None or not isinstance(node, MapNode):
                continue
            if name not in self.kinds:
                self._missing(spec)
                continue
            self._number(spec, node)
            fields = node.get("fields")
            if isinstance(fields, MapNode):
                self._fields(spec, fields, self.text[node.start : node.end])
        return self._added(new)

    def _missing(self, spec: EntitySpec) -> None:
        if f"fields {spec.type_id}" in self.picture.refusals:
            return
        ru = f"«{spec.title}» (type_id {spec.type_id}) на портале нет: engine portal setup создаст"
        en = f"the portal has no “{spec.title}” (type_id {spec.type_id}): engine portal setup makes it"
        self.changes.add("kept", spec.name, ru, en)

    def _number(self, spec: EntitySpec, node: MapNode) -> None:
        kind, value = self.kinds[spec.name], node.get("type_id")
        if kind.type_id != spec.type_id and isinstance(value, ScalarNode):
            ru = f"номер типа: {spec.type_id} → {kind.type_id} («{kind.title}»)"
            en = f"type id: {spec.type_id} → {kind.type_id} (“{kind.title}”)"
            self.changes.add("changed", spec.name, ru, en, replaced(value, str(kind.type_id)))

    def _fields(self, spec: EntitySpec, fields: MapNode, own_text: str) -> None:
        kind = self.kinds[spec.name]
        matched = match_fields(spec, kind, self.renumbered)
        for name, portal in matched.items():
            entry = fields.entries.get(name)
            if entry is not None and isinstance(entry[1], MapNode):
                self._field(spec, name, portal, fields, entry[1])
        known = {portal.code for portal in matched.values() if portal is not None}
        taken = set(spec.fields)
        for portal in kind.fields.values():
            word = type_of(portal, self.names, has_users="user" in self.world.entities)
            # A code that stands in a comment is one that a person does not want.
            is_mentioned = _is_in_comment(rf"(?<!\w){re.escape(portal.code)}(?!\w)", own_text)
            if not is_worth(portal) or portal.code in known or is_mentioned or not word:
                continue
            found = field_name(portal, self.names, taken)
            taken.add(found)
            ru = f"поле «{portal.title}» ({portal.code}, {word})"
            en = f"the field “{portal.title}” ({portal.code}, {word})"
            line = draft_field(found, word, portal)
            self.changes.add("new", f"{spec.name}.{found}", ru, en, appended(fields, [line]))

    def _field(
        self, spec: EntitySpec, name: str, portal: PortalField | None, holder: MapNode, node: MapNode
    ) -> None:
        known, where = spec.fields[name], f"{spec.name}.{name}"
        code = known.binding["field"]
        if portal is None:
            ru, en = (
                f"поля {code} («{known.title}») больше нет",
                f"the field {code} (“{known.title}”) is gone",
            )
            self.changes.lose(where, ru, en, removed(holder, name, GONE))
            return
        value = node.get("field")
        if portal.code != code and isinstance(value, ScalarNode):
            ru = en = f"{code} → {portal.code}"
            self.changes.add("changed", where, ru, en, replaced(value, portal.code))
        if not carries(known, portal):
            ru = f"в карте {known.type}, на портале {portal.type}: исправьте тип сами"
            en = f"{known.type} in the map, {portal.type} on the portal: correct the type yourself"
            self.changes.add("kept", where, ru, en)
        options = node.get("options")
        if known.type.kind == "choice" and portal.options and isinstance(options, MapNode):
            self._options(where, options, portal, is_same=portal.code == code)

    def _options(self, where: str, node: MapNode, portal: PortalField, *, is_same: bool) -> None:
        codes = {
            name: value.text for name, (_, value) in node.entries.items() if isinstance(value, ScalarNode)
        }
        matched = match_options(codes, portal.options, is_same_field=is_same)
        for name, code in matched.items():
            value: Node = node.entries[name][1]
            if code is None:
                ru, en = (
                    f"значения {codes[name]} ({name}) больше нет",
                    f"the value {codes[name]} ({name}) is gone",
                )
                self.changes.lose(where, ru, en, removed(node, name, GONE))
            elif code != codes[name] and isinstance(value, ScalarNode):
                ru = en = f"{name}: {codes[name]} → {code}"
                self.changes.add("changed", where, ru, en, replaced(value, code))
        fresh = {code: title for code, title in portal.options.items() if code not in matched.values()}
        for (code, title), line in zip(fresh.items(), draft_options(fresh, list(codes)), strict=True):
            ru, en = f"значение «{title}» ({code})", f"the value “{title}” ({code})"
            self.changes.add("new", where, ru, en, appended(node, [line]))

    def _new_kinds(self) -> list[tuple[str, PortalKind]]:
        """Name the kinds that the map lacks: smart processes always, the portal's own only in a map that is empty."""
        mapped = {kind.type_id for kind in self.kinds.values()}
        is_empty = not self.world.entities
        found: list[tuple[str, PortalKind]] = []
        taken = set(self.world.entities) | {"user"}
        whole = self.text[self.map.start : self.map.end]
        for kind in self.picture.kinds.values():
            is_wanted = bool(kind.process) or is_empty
            is_mentioned = _is_in_comment(rf"type_id: *{kind.type_id}\b", whole)
            if kind.type_id in mapped or not is_wanted or is_mentioned:
                continue
            known = BUILT_IN.get(kind.type_id)
            name = known[0] if known else propose(kind.title, taken, f"type_{kind.type_id}")
            taken.add(name)
            self.names[kind.type_id] = name
            found.append((name, kind))
        return found

    def _added(self, new: list[tuple[str, PortalKind]]) -> list[list[str]]:
        blocks: list[list[str]] = []
        for name, kind in new:
            blocks.append(draft_entity(name, kind, self.names))
            self.kinds[name] = kind
            ru, en = (
                f"«{kind.title or name}» (type_id {kind.type_id})",
                f"“{kind.title or name}” ({kind.type_id})",
            )
            self.changes.add("new", name, ru, en)
        if "user" not in self.world.entities and (blocks or not self.world.entities):
            blocks.append(list(USER))
            self.changes.add("new", "user", "сотрудники портала", "the portal's users")
        return blocks


def _is_in_comment(pattern: str, text: str) -> bool:
    return re.search(rf"(?m)#[^\n]*{pattern}", text) is not None
