"""An item known by some of its fields: found, filled or created, and taken back only where a step made it.

Decides how it is looked for, that two which match are nobody's to choose between, and how a step that made one is told
from one that found it. Which fields of an item that stands are written is the action's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.action import Command, Commands, PluginError
from engine.drive import remember_command
from engine.effects import Effect
from engine.field_changes import row_fields
from engine.language.values import Item, Undecided, Value
from engine.portal.map import NOT_FOUND

if TYPE_CHECKING:
    from engine.portal.map import PortalMap


def ensure_item(
    portal: PortalMap, action: str, effect: Effect, is_wanted: Callable[[Value, Value], bool]
) -> Commands:
    """Find the one item whose fields equal the effect's `match`, or create it with `set` too; return it.

    Of an item that stands a field of `set` is written where `is_wanted` says so of what it holds and what is
    meant. Raises PluginError where two match.
    """
    match, fields = row_fields(effect, "match"), row_fields(effect, "set")
    entity = str(effect.params["entity"])
    answers = yield [_find(portal, entity, match)]
    result = answers[0].result
    rows = result.get("items") if isinstance(result, Mapping) else None
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    if len(found) > 1:
        raise PluginError(
            action.partition(".")[0], action, f"условию match отвечает больше одного элемента {entity}"
        )
    if not found:
        created = yield [portal.create("create", entity, {**match, **fields})]
        made = portal.item_from(entity, created[0].result)
        yield [remember_command("made", f"made {made}", str(effect.details["at"]))]
        return made
    item, held = Item(entity, str(found[0].get("id"))), portal.decode(entity, found[0])
    wanted = {name: value for name, value in fields.items() if is_wanted(held.get(name), value)}
    if wanted:
        yield [portal.update("update", item, wanted)]
    return item


def remove_made_item(portal: PortalMap, effect: Effect, item: Item, was_there: str) -> Commands:
    """Delete an item into the portal's bin if this step made it and it still says what it said then.

    Undecided with `was_there` for one that was there before, and for one that somebody has changed since.
    """
    answers = yield [
        Command("made", "engine.recall", {"key": f"made {item}"}),
        portal.read("standing", item, tolerate=NOT_FOUND),
    ]
    if answers[1].error:
        return item
    if answers[0].result != str(effect.details.get("at")):
        return Undecided(f"{item} {was_there}")
    row = answers[1].result.get("item") if isinstance(answers[1].result, Mapping) else None
    held = portal.decode(item.entity, row) if isinstance(row, Mapping) else {}
    meant = {**row_fields(effect, "match"), **row_fields(effect, "set")}
    changed = [
        name for name, value in meant.items() if not portal.same(item.entity, name, value, held.get(name))
    ]
    if changed:
        return Undecided(f"{item} с тех пор изменили: {', '.join(changed)}")
    yield [portal.delete("delete", item)]
    return item


def _find(portal: PortalMap, entity: str, match: Mapping[str, Value]) -> Command:
    wanted: dict[str, object] = {}
    for name, value in match.items():
        key, code = portal.encode(entity, name, value)
        # The filter of crm.item.list takes custom yes/no fields as 1/0 only, although it answers Y/N.
        wanted[f"={key}"] = {"Y": 1, "N": 0}.get(code, code) if isinstance(code, str) else code
    spec = portal.world.entities[entity]
    params = {"entityTypeId": spec.type_id, "filter": wanted, "order": {"id": "ASC"}, "start": -1}
    return Command("find", "crm.item.list", params, assume={"items": []})
