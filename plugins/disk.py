"""Folders and files of the portal's shared drive: reached, never doubled, never overwritten.

Decides how a path is walked and which name a new version of a file takes. It makes no safe names out of
values (the engine has, before a path comes here) and knows nothing of what is filed or why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from engine import (
    Action,
    Asking,
    Command,
    Commands,
    Content,
    Discrepancy,
    Effect,
    Facts,
    File,
    FileChange,
    FolderChange,
    Item,
    Param,
    Params,
    Path,
    PluginError,
    Said,
    Segment,
    Setup,
    Undecided,
    Value,
    Verification,
    fold_name,
    folder_command,
    hookimpl,
    is_alive,
    reach_folder,
    remember_command,
    rows_of,
    safe_name,
)

GONE: Final = frozenset({"ERROR_NOT_FOUND", "ACCESS_DENIED"})
NAME_TAKEN: Final = "DISK_OBJ_22000"
TRIES: Final = 3
PAGE: Final = 50


class EnsureFolder(Action):
    """Находит папку на общем диске по её пути, недостающие создаёт.

    The folder at `path` exists after the call, and so do all above it. A folder once found for an item (a
    client) is kept by its id, so that renaming the client does not fork the tree.
    """

    name: ClassVar[str] = "disk.ensure_folder"
    parameters: ClassVar[Mapping[str, Param]] = {
        "path": Param(
            "path", "Folders from the shared drive's root, parted by `/`; its own name is left out."
        ),
    }
    example: ClassVar[str] = (
        '- disk.ensure_folder: {path: "Акты/${act.date.year}/Акт ${act.number}"}\n  as: folder'
    )
    kinds: ClassVar[tuple[str, ...]] = ("folder",)
    result: ClassVar[str] = "folder"

    def __init__(self, setup: Setup) -> None:
        self.drive = setup.map.shared_drive

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the folder. Whether it is there already only the portal knows, so it is always shown."""
        path = params.get("path")
        if not isinstance(path, Path) or not path.segments:
            return path if isinstance(path, Undecided) else Undecided("path")
        return Effect(params, (FolderChange(path),), facts.new("folder"), {"path": path})

    def commands(self, effect: Effect) -> Commands:
        """Walk the path with one batch of linked reads, create what is missing with one."""
        path = effect.params["path"]
        segments = path.segments if isinstance(path, Path) else ()
        try:
            return Item("folder", (yield from reach_folder(self.drive, segments)))
        except LookupError as problem:
            raise PluginError("disk", self.name, str(problem)) from problem

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the folder by its id: it must be there and not in the recycle bin."""
        if not isinstance(result, Item):
            return ()
        answers = yield [folder_command("verify", result.id)]
        if is_alive(answers[0]):
            return ()
        said = Said(
            "Папки нет на диске: её удалили или нет права её видеть.", "The folder is gone or not visible."
        )
        return (Discrepancy(str(result), "path", str(effect.params["path"]), "", said),)


class SaveFile(Action):
    """Кладёт файл в папку общего диска: тот же — один раз, другой с тем же именем — новой версией.

    The file's bytes are in `folder` after the call. Where they are there already under that name, nothing is
    sent; another file of that name is never overwritten: the new one becomes `имя (2).pdf`.
    """

    name: ClassVar[str] = "disk.save_file"
    parameters: ClassVar[Mapping[str, Param]] = {
        "folder": Param("folder", "The folder, as `disk.ensure_folder` returns it."),
        "file": Param("file", "The file to store."),
        "name": Param("path", "Its name on the disk; by default its own.", required=False),
    }
    example: ClassVar[str] = '- disk.save_file: {folder: "${folder}", file: "${act.scan}"}'
    kinds: ClassVar[tuple[str, ...]] = ("file",)
    result: ClassVar[str] = "file"

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the file and its path. Undecided where the folder or file is; an empty file is a no-op."""
        folder, file = params.get("folder"), params.get("file")
        for value in (folder, file, params.get("name")):
            if isinstance(value, Undecided):
                return value
        if file is None:
            said = Said("Файла нет: сохранять нечего.", "There is no file to store.")
            return Effect(params, nothing_to_do=said)
        if not isinstance(folder, Item) or not isinstance(file, File):
            return Undecided("folder" if isinstance(file, File) else "file")
        name = _name_of(params)
        if name is None:
            return Undecided("имя файла — один сегмент, без «/»")
        above = facts.field(folder, "path")
        segments = above.segments if isinstance(above, Path) else (Segment(str(folder)),)
        path = Path((*segments, Segment(name)))
        stored = File(name, file.size, file.kind, file.sha256)
        return Effect(params, (FileChange(path, file),), stored, {"folder": folder})

    def commands(self, effect: Effect) -> Commands:
        """Look at the folder, then upload under the first free name; return the stored file (`disk:ID`)."""
        folder, file, name = effect.params["folder"], effect.params["file"], _name_of(effect.params)
        if not isinstance(folder, Item) or not isinstance(file, File) or name is None:
            raise PluginError("disk", self.name, "нет папки или файла")
        for turn in range(TRIES):
            rows = yield from _files_of(folder.id, turn)
            target, row = yield from _free_name(folder.id, name, file, rows, turn)
            if row is not None:
                return _stored(row, target, file)
            # Written before the upload: after a crash, a file of this name is known to be ours and is not
            # doubled.
            yield [remember_command(f"intent_{turn}", f"file:{folder.id}:{target}", _token(file))]
            answers = yield [_upload(f"upload_{turn}", folder.id, target, file)]
            result = answers[0].result
            if not answers[0].error and isinstance(result, Mapping):
                return _stored(result, target, file)
        raise PluginError("disk", self.name, f"имя «{name}» занимают быстрее, чем файл успевает записаться")

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the stored file's size back."""
        if not isinstance(result, File) or not result.source:
            return ()
        answers = yield [_get_file("verify", result.source.removeprefix("disk:"))]
        row = answers[0].result
        size = str(row.get("SIZE", "")) if isinstance(row, Mapping) else ""
        if row and (result.size is None or size == str(result.size)):
            return ()
        said = Said(
            "Файл на диске другого размера или пропал.", "The stored file has another size or is gone."
        )
        return (Discrepancy(result.name, "size", str(result.size), size, said),)


def _files_of(folder: str, turn: int) -> Asking[list[Mapping[str, object]]]:
    """Return the folder's files as rows of the portal's answer, all pages of them."""
    rows: list[Mapping[str, object]] = []
    while True:
        wanted = {"id": folder, "filter": {"TYPE": "file"}, "order": {"ID": "ASC"}, "start": len(rows)}
        answers = yield [Command(f"files{turn}_{len(rows)}", "disk.folder.getChildren", wanted, assume=[])]
        page = rows_of(answers[0])
        rows.extend(page)
        if len(page) < PAGE:
            return rows


def _free_name(
    folder: str, name: str, file: File, rows: Sequence[Mapping[str, object]], turn: int
) -> Asking[tuple[str, Mapping[str, object] | None]]:
    """Return a free name and None, or the name under which these bytes lie already and its row."""
    taken = {fold_name(row.get("NAME")): row for row in rows}
    number = 1
    while True:
        target = _version(name, number)
        row = taken.get(fold_name(target))
        if row is None:
            return target, None
        recall = Command(f"recall{turn}_{number}", "engine.recall", {"key": f"file:{folder}:{target}"})
        answers = yield [recall]
        if _is_ours(answers[0].result, file, row):
            return target, row
        number += 1


def _version(name: str, number: int) -> str:
    if number == 1:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem} ({number}).{extension}" if dot and stem else f"{name} ({number})"


def _token(file: File) -> str:
    """What tells these bytes from others: their digest, and the portal's own address of the file."""
    return f"{file.sha256 or ''}\n{file.source or ''}"


def _is_ours(remembered: object, file: File, row: Mapping[str, object]) -> bool:
    if not isinstance(remembered, str):
        return False
    digest, _, source = remembered.partition("\n")
    is_same = digest == file.sha256 if digest and file.sha256 else bool(source) and source == file.source
    return is_same and (file.size is None or str(row.get("SIZE")) == str(file.size))


def _upload(command: str, folder: str, name: str, file: File) -> Command:
    params = {
        "id": folder,
        "data": {"NAME": name},
        "fileContent": [name, Content(file)],
        "generateUniqueName": False,
    }
    return Command(
        command,
        "disk.folder.uploadFile",
        params,
        writes=True,
        assume={"ID": 0, "NAME": name},
        tolerate=frozenset({NAME_TAKEN}),
    )


def _stored(row: Mapping[str, object], name: str, file: File) -> File:
    size = str(row.get("SIZE", ""))
    known = file.size if file.size is not None else int(size) if size.isdecimal() else None
    return File(name, known, file.kind, file.sha256, f"disk:{row.get('ID')}")


def _name_of(params: Params) -> str | None:
    """Return the file's name on the disk, made safe; None where `name` is a path of several folders."""
    name, file = params.get("name"), params.get("file")
    if isinstance(name, Path):
        return safe_name(str(name.segments[0].text)) if len(name.segments) == 1 else None
    text = name if isinstance(name, str) and name else file.name if isinstance(file, File) else ""
    return safe_name(text) or "файл"


def _get_file(command: str, file: str) -> Command:
    return Command(command, "disk.file.get", {"id": file}, assume={"ID": file}, tolerate=GONE)


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `disk.ensure_folder` and `disk.save_file`."""
    return [EnsureFolder(setup), SaveFile(setup)]
