"""The portal's shared drive as a tree of named folders: reached by path, created where missing, kept by id.

The portal has no path API: a path is walked by asking each folder for a child of a name. This module decides
how to do that in one batch, and when a remembered folder wins over a name. It makes no names and stores no
files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Generator, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

from engine.action import Answer, Command, Commands, Ref
from engine.language.paths import safe_name
from engine.language.values import Item, Segment, Undecided

T = TypeVar("T")
Asking: TypeAlias = Generator[Sequence[Command], Sequence[Answer], T]
"""Yields commands, is sent their answers, returns a `T`: a part of an action's `commands`."""

TAKEN: Final = frozenset({"DISK_OBJ_22000"})
# What a command answers whose `$result` reference led to nothing: the link before it in the chain was not
# found.
BROKEN: Final = frozenset({"", "100", "ERROR_ARGUMENT", "ERROR_NOT_FOUND", "ACCESS_DENIED"})
TRIES: Final = 3


def reach_folder(drive: str, segments: Sequence[Segment], *, made_by: str = "") -> Asking[str]:
    """Return the id of the folder at `segments` of the shared drive (storage type `drive`), made if missing.

    Folders that had to be made are remembered as those of `made_by`, for `remove_made_folders`. Two requests where
    folders are missing, one where none is. Raises LookupError, with words for a person, where the
    portal shows no such drive or a name stays taken by something that cannot be seen.
    """
    # What a pending value turned out to be has not been looked at yet; a safe name stays as it is.
    segments = tuple(Segment(safe_name(str(segment.text)), segment.origin) for segment in segments)
    if not all(segment.text for segment in segments):
        raise LookupError("одна из папок пути осталась без имени")
    root = yield from _root_folder(drive)
    for turn in range(TRIES):
        found = yield from _walk(root, segments, turn)
        if len(found) < len(segments):
            names = [str(segment.text) for segment in segments[len(found) :]]
            made = yield from _create(found[-1] if found else root, names, turn, made_by)
            if made is None:  # somebody created one of them between our look and our write: look again
                continue
            found = [*found, *made]
        yield from _remember(root, segments, found, turn)
        return found[-1]
    path = "/".join(str(segment.text) for segment in segments)
    raise LookupError(f"папка «{path}» не создаётся: имя занято, но папка не находится")


def _root_folder(drive: str) -> Asking[str]:
    """Return the id of the shared drive's root folder; asked of the portal once, then remembered."""
    answers = yield [Command("drive", "engine.recall", {"key": "drive"})]
    known = answers[0].result
    if isinstance(known, str) and known:
        return known
    wanted = {"filter": {"ENTITY_TYPE": drive}, "order": {"ID": "ASC"}}
    answers = yield [
        Command("storages", "disk.storage.getList", wanted, assume=[{"ID": "0", "ROOT_OBJECT_ID": "0"}])
    ]
    rows = rows_of(answers[0])
    if not rows:
        raise LookupError(f"на портале нет хранилища вида «{drive}» или права его видеть")
    root = str(min(rows, key=lambda row: int(str(row["ID"])))["ROOT_OBJECT_ID"])
    yield [remember_command("keep_drive", "drive", root)]
    return root


def _walk(root: str, segments: Sequence[Segment], turn: int) -> Asking[list[str]]:
    """Return the ids of the folders that exist, from the first segment on.

    One batch asks for the whole rest of the path by name; a remembered id (see `_remember`) wins over a name.
    """
    ids: list[str] = []
    while len(ids) < len(segments):
        rest, parent, at = segments[len(ids) :], ids[-1] if ids else root, len(ids)
        answers = yield _chain(parent, rest, f"walk{turn}_{at}")
        named, is_cut = _follow(rest, answers)
        kept = yield from _kept(parent, rest, named, f"{turn}_{at}")
        if kept is not None:
            ids.extend(kept)
            continue
        ids.extend(named)
        if not (named and is_cut):
            break
    return ids


def _chain(parent: str, segments: Sequence[Segment], prefix: str) -> list[Command]:
    commands: list[Command] = []
    for at, segment in enumerate(segments):
        above: object = Ref(f"{prefix}_{at - 1}", (0, "ID")) if at else parent
        wanted = {"id": above, "filter": {"NAME": str(segment.text), "TYPE": "folder"}}
        commands.append(
            Command(
                f"{prefix}_{at}",
                "disk.folder.getChildren",
                wanted,
                assume=[],
                tolerate=BROKEN if at else frozenset(),
            )
        )
    return commands


def _follow(segments: Sequence[Segment], answers: Sequence[Answer]) -> tuple[list[str], bool]:
    """Return the ids found along the chain, and whether it must be asked again from the last of them.

    The portal's name filter is a pattern (`%`) and may ignore case, while the chain's references follow the
    first row: where the right row is another one, what came after it belongs to a stranger's folder.
    """
    ids: list[str] = []
    for segment, answer in zip(segments, answers, strict=True):
        rows = rows_of(answer)
        place = next(
            (at for at, row in enumerate(rows) if fold_name(row.get("NAME")) == fold_name(segment.text)), None
        )
        if answer.error or place is None:
            return ids, False
        ids.append(str(rows[place]["ID"]))
        if place:
            return ids, True
    return ids, False


def _kept(
    parent: str, segments: Sequence[Segment], named: Sequence[str], prefix: str
) -> Asking[list[str] | None]:
    """Return the ids up to the first segment whose remembered folder has another name now, or None."""
    parents = (parent, *named)
    asked = [at for at, segment in enumerate(segments[: len(parents)]) if segment.origin]
    if not asked:
        return None
    keys = {at: f"folder:{parents[at]}:{segments[at].origin}" for at in asked}
    answers = yield [Command(f"recall{prefix}_{at}", "engine.recall", {"key": keys[at]}) for at in asked]
    for at, answer in zip(asked, answers, strict=True):
        known = answer.result
        if not isinstance(known, str) or not known or known in named[at : at + 1]:
            continue
        read = yield [folder_command(f"alive{prefix}_{at}", known)]
        row = read[0].result
        if is_alive(read[0]) and isinstance(row, Mapping) and str(row.get("PARENT_ID")) == parents[at]:
            return [*named[:at], known]
    return None


def _create(parent: str, names: Sequence[str], turn: int, made_by: str) -> Asking[list[str] | None]:
    """Create folder in folder with one batch; return their ids, or None where a name was taken meanwhile."""
    commands: list[Command] = []
    for at, name in enumerate(names):
        above: object = Ref(f"add{turn}_{at - 1}", ("ID",)) if at else parent
        params = {"id": above, "data": {"NAME": name}}
        tolerate = TAKEN | BROKEN - {"ACCESS_DENIED"} if at else TAKEN
        commands.append(
            Command(
                f"add{turn}_{at}",
                "disk.folder.addSubFolder",
                params,
                writes=True,
                assume={"ID": 0},
                tolerate=tolerate,
            )
        )
    answers = yield commands
    ids = [str(answer.result["ID"]) for answer in answers if isinstance(answer.result, Mapping)]
    if made_by and ids:
        yield [remember_command(f"made{turn}_{folder}", _made_note(folder), made_by) for folder in ids]
    return None if any(answer.error for answer in answers) else ids


def _remember(root: str, segments: Sequence[Segment], ids: Sequence[str], turn: int) -> Asking[None]:
    parents = (root, *ids)
    notes = [
        remember_command(f"keep{turn}_{at}", f"folder:{parents[at]}:{segment.origin}", str(ids[at]))
        for at, segment in enumerate(segments)
        if segment.origin
    ]
    if notes:
        yield notes


def remove_made_folders(folder: str, made_by: str) -> Commands:
    """Move `folder` to the bin, then those above it, as far as `made_by` made them and they are empty.

    Returns the folder, or undecided where it was there before or something lies in it. One that is gone or in the bin
    already is passed over.
    """
    at, why = folder, ""
    while at and not why:
        answers = yield [
            Command(f"made_{at}", "engine.recall", {"key": _made_note(at)}),
            folder_command(f"standing_{at}", at),
            Command(f"inside_{at}", "disk.folder.getChildren", {"id": at}, assume=[], tolerate=BROKEN),
        ]
        row = answers[1].result
        if answers[0].result != made_by:
            why = "папка была и до этого шага"
        elif is_alive(answers[1]) and rows_of(answers[2]):
            why = "в папке что-то лежит"
        elif is_alive(answers[1]):
            yield [
                Command(f"bin_{at}", "disk.folder.markDeleted", {"id": at}, writes=True, assume={"ID": at})
            ]
        if why and at == folder:
            name = str(row.get("NAME")) if isinstance(row, Mapping) else folder
            return Undecided(f"{why}: «{name}»")
        at = str(row.get("PARENT_ID") or "") if isinstance(row, Mapping) else ""
    return Item("folder", folder)


def _made_note(folder: str) -> str:
    return f"folder made {folder}"


def folder_command(command: str, folder: str) -> Command:
    """Return the command that reads a folder; one that is gone is answered, not failed."""
    return Command(command, "disk.folder.get", {"id": folder}, assume={"DELETED_TYPE": "0"}, tolerate=BROKEN)


def remember_command(command: str, key: str, value: str) -> Command:
    """Return the command that notes `value` under `key` in the engine, for `engine.recall`."""
    return Command(command, "engine.remember", {"key": key, "value": value}, writes=True)


def is_alive(answer: Answer) -> bool:
    """True where the answer is a folder or file that exists and is not in the recycle bin."""
    row = answer.result
    return not answer.error and isinstance(row, Mapping) and str(row.get("DELETED_TYPE") or "0") == "0"


def rows_of(answer: Answer) -> list[Mapping[str, object]]:
    """Return the rows of a list answer, none for anything else."""
    return (
        [row for row in answer.result if isinstance(row, Mapping)] if isinstance(answer.result, list) else []
    )


def fold_name(name: object) -> str:
    """Return a name as the portal compares it: composed Unicode, case folded."""
    return unicodedata.normalize("NFC", str(name)).casefold()
