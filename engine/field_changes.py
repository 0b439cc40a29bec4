"""Field changes as plain values: what `details` keep for the commands, the read-back and the undo.

`Effect.changes` are for people; `details` are what the engine resolves (pending numbers, planned items)
before the commands are asked for. Decides also when former values may be written back: only over our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from engine.action import Command
from engine.drive import remember_command
from engine.effects import Effect, FieldChange
from engine.language.values import File, Item, Row, Undecided, Value
from engine.portal.map import NOT_FOUND
from engine.readback import item_row, read_back

if TYPE_CHECKING:
    from engine.action import Answer, Commands, Discrepancy, Verification
    from engine.portal.map import PortalMap


def change_rows(changes: Iterable[FieldChange]) -> tuple[Row, ...]:
    """Return the changes as rows of item, field, before and after, for `details["changes"]`."""
    return tuple(
        Row((("item", one.item), ("field", one.field), ("before", one.before), ("after", one.after)))
        for one in changes
    )


def changed_fields(effect: Effect, part: Literal["before", "after"]) -> dict[Item, dict[str, Value]]:
    """Return the fields of `details["changes"]` by item, with the values of before or after."""
    found: dict[Item, dict[str, Value]] = {}
    rows = effect.details.get("changes")
    for row in rows if isinstance(rows, tuple) else ():
        if isinstance(row, Row):
            item, name = row.get("item"), row.get("field")
            if isinstance(item, Item) and isinstance(name, str):
                found.setdefault(item, {})[name] = row.get(part)
    return found


def row_fields(effect: Effect, name: str) -> dict[str, Value]:
    """Return the named values of the row `details[name]`, empty where there is none."""
    row = effect.details.get(name)
    return dict(row.values) if isinstance(row, Row) else {}


def write_fields(portal: PortalMap, meant: Mapping[Item, Mapping[str, Value]]) -> Commands:
    """Yield one update an item, all together; return the first item.

    The ids that the portal gives to files are remembered: nothing else tells our file from one put there later.
    """
    answers = yield [
        portal.update(f"set_{at}", item, fields) for at, (item, fields) in enumerate(meant.items())
    ]
    notes = [
        remember_command(f"note_{at}_{name}", _file_note(item, name), source)
        for at, ((item, fields), answer) in enumerate(zip(meant.items(), answers, strict=True))
        for name, source in _sources(portal, item, fields, answer).items()
    ]
    if notes:
        yield notes
    return next(iter(meant), None)


def read_fields_back(portal: PortalMap, meant: Mapping[Item, Mapping[str, Value]]) -> Verification:
    """Read every item back, one after another; return all discrepancies."""
    wrong: list[Discrepancy] = []
    for item, fields in meant.items():
        wrong.extend((yield from read_back(portal, item, fields)))
    return tuple(wrong)


def restore_fields(portal: PortalMap, effect: Effect) -> Commands | None:
    """Return the commands that write the former values of `details["changes"]` back, or None where that is impossible.

    Impossible where a former value was not known, or was a file: the portal drops a file that another replaces. The
    commands write nothing, and give undecided, where any of the fields no longer holds what the step wrote.
    """
    former = changed_fields(effect, "before")
    values = [value for fields in former.values() for value in fields.values()]
    if not values or any(isinstance(value, Undecided) or _holds_file(value) for value in values):
        return None
    return _restore(portal, former, changed_fields(effect, "after"))


def _restore(
    portal: PortalMap, former: Mapping[Item, Mapping[str, Value]], written: Mapping[Item, Mapping[str, Value]]
) -> Commands:
    items = list(former)
    answers = yield [portal.read(f"now_{at}", item, tolerate=NOT_FOUND) for at, item in enumerate(items)]
    back: dict[Item, dict[str, Value]] = {}
    changed: list[str] = []
    for item, answer in zip(items, answers, strict=True):
        if answer.error:
            return Undecided(f"{item}: элемента больше нет")
        held = portal.decode(item.entity, item_row(answer))
        for name, value in former[item].items():
            now, ours = held.get(name), written[item][name]
            if portal.same(item.entity, name, value, now):
                continue
            is_ours = portal.same(item.entity, name, ours, now)
            if is_ours and isinstance(now, File):
                recalled = yield [
                    Command(f"file_{item.id}_{name}", "engine.recall", {"key": _file_note(item, name)})
                ]
                is_ours = recalled[0].result == now.source
            if is_ours:
                back.setdefault(item, {})[name] = value
            else:
                changed.append(f"{item} {name}")
    if changed:
        return Undecided(f"с тех пор изменили: {', '.join(changed)}")
    if back:
        yield from write_fields(portal, back)
        left = yield from read_fields_back(portal, back)
        if left:
            words = "; ".join(f"{one.item} {one.field}: {one.cause.ru}" for one in left)
            return Undecided(f"прежнее значение не записалось: {words}")
    return items[0]


def _sources(portal: PortalMap, item: Item, fields: Mapping[str, Value], answer: Answer) -> dict[str, str]:
    names = [name for name, value in fields.items() if isinstance(value, File)]
    held = portal.decode(item.entity, item_row(answer)) if names else {}
    found = {name: held.get(name) for name in names}
    return {name: file.source for name, file in found.items() if isinstance(file, File) and file.source}


def _file_note(item: Item, name: str) -> str:
    return f"field file {item} {name}"


def _holds_file(value: Value) -> bool:
    return isinstance(value, File) or (isinstance(value, tuple) and any(map(_holds_file, value)))
