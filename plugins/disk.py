"""Folders and files of the portal's shared drive: reached, never doubled, never overwritten.

Decides how a path is walked and which name a new version of a file takes. It makes no safe names out of
values (the engine has, before a path comes here) and knows nothing of what is filed or why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from engine import (
    Action,
    Answer,
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
    remove_made_folders,
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
    title: ClassVar[Said] = Said("Создать папку на общем диске", "Make the folder on the shared drive")
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
        return Effect(params, (FolderChange(path),), facts.new("folder"), {"path": path, "at": facts.now})

    def commands(self, effect: Effect) -> Commands:
        """Walk the path with one batch of linked reads, create what is missing with one."""
        path = effect.params["path"]
        segments = path.segments if isinstance(path, Path) else ()
        try:
            folder = yield from reach_folder(self.drive, segments, made_by=str(effect.details["at"]))
            return Item("folder", folder)
        except LookupError as problem:
            raise PluginError("disk", self.name, str(problem)) from problem

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the folder by its id: it must be there and not in the recycle bin."""
        if not isinstance(result, Item):
            return ()
        answers = yield [folder_command("verify", result.id)]
        if is_alive(answers[0]):
            return ()
        return (
            Discrepancy(str(result), "path", str(effect.params["path"]), "", _why_gone("папку", answers[0])),
        )

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Move the folder to the bin, and those above it, as far as this step made them and they are empty."""
        if not isinstance(result, Item):
            return None
        return remove_made_folders(result.id, str(effect.details.get("at")))


class SaveFile(Action):
    """Кладёт файл в папку общего диска: тот же — один раз, другой с тем же именем — новой версией.

    The file's bytes are in `folder` after the call. Where they are there already under that name, nothing is
    sent; another file of that name is never overwritten: the new one becomes `имя (2).pdf`.
    """

    name: ClassVar[str] = "disk.save_file"
    title: ClassVar[Said] = Said("Сохранить файл в папку", "Save the file in the folder")
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
        return Effect(params, (FileChange(path, file),), stored, {"folder": folder, "at": facts.now})

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
            token = f"{_token(file)}\n{effect.details['at']}"
            yield [remember_command(f"intent_{turn}", _file_note(folder.id, target), token)]
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
        if not is_alive(answers[0]):
            return (Discrepancy(result.name, "size", str(result.size), "", _why_gone("файл", answers[0])),)
        if result.size is None or size == str(result.size):
            return ()
        said = Said(
            f"Файл на диске другого размера ({size} байт): загрузка оборвалась, или его заменили другой версией.",
            f"The stored file has another size ({size} bytes): the upload broke off, or somebody replaced it.",
        )
        return (Discrepancy(result.name, "size", str(result.size), size, said),)

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Move the file to the bin if this step stored it; one that lay there before, or was altered, stays."""
        folder = effect.details.get("folder")
        if not isinstance(result, File) or not result.source or not isinstance(folder, Item):
            return None
        return _throw_away(result, folder.id, str(effect.details.get("at")))


def _why_gone(what: str, answer: Answer) -> Said:
    if not answer.error:
        return Said(f"На диске {what} переместили в корзину.", "Somebody moved it to the bin.")
    if answer.error == "ACCESS_DENIED":
        return Said(f"Нет права видеть {what} на диске.", "The webhook's user may not see it on the drive.")
    return Said(
        f"На диске {what} удалили, или нет права видеть.", "It is gone from the drive, or hidden from us."
    )


def _throw_away(file: File, folder: str, at: str) -> Commands:
    stored = str(file.source).removeprefix("disk:")
    answers = yield [
        Command("stored_by", "engine.recall", {"key": _file_note(folder, file.name)}),
        _get_file("standing", stored),
    ]
    if not is_alive(answers[1]):
        return file
    note, row = answers[0].result, answers[1].result
    if not isinstance(note, str) or note.rpartition("\n")[2] != at:
        return Undecided(f"файл «{file.name}» лежал в папке и до этого шага")
    size = str(row.get("SIZE", "")) if isinstance(row, Mapping) else ""
    version = str(row.get("GLOBAL_CONTENT_VERSION") or "1") if isinstance(row, Mapping) else ""
    if version != "1" or (file.size is not None and size != str(file.size)):
        return Undecided(f"файл «{file.name}» с тех пор заменили другой версией")
    yield [Command("throw_away", "disk.file.markDeleted", {"id": stored}, writes=True, assume={"ID": stored})]
    return file


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
        recall = Command(f"recall{turn}_{number}", "engine.recall", {"key": _file_note(folder, target)})
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


def _file_note(folder: str, name: str) -> str:
    return f"file:{folder}:{name}"


def _is_ours(remembered: object, file: File, row: Mapping[str, object]) -> bool:
    if not isinstance(remembered, str):
        return False
    digest, source, *_ = (*remembered.split("\n"), "")
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
