"""`disk.*` driven by hand against a small tree: reached, made, remembered, never overwritten."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest

from engine import (
    Answer,
    Command,
    File,
    FileChange,
    FolderChange,
    Item,
    Mixed,
    Path,
    Pending,
    PluginError,
    Ref,
    Segment,
    Undecided,
)
from tests.plugins.action_case import Spoken, Table, action_of, planned

ensure, save = action_of("disk", "disk.ensure_folder"), action_of("disk", "disk.save_file")
SCAN = File("скан.pdf", 3, "pdf", "aa", "portal:1044/43/x/7")
FOLDER = Item("folder", "50")


def path(*names: str, origin: str = "") -> Path:
    return Path(tuple(Segment(name, origin if at == len(names) - 1 else "") for at, name in enumerate(names)))


class Tree(Spoken):
    """A drive of named objects; follows references inside a batch and compares names as a pattern, case folded."""

    def __init__(self, *rows: tuple[str, str, str, int | None]) -> None:
        super().__init__({})
        self.rows = [self._row(*row) for row in rows]
        self.answers: dict[str, Any] = {}
        self.taken_once = ""

    @staticmethod
    def _row(id_: str, parent: str, name: str, size: int | None) -> dict[str, Any]:
        kind = {"TYPE": "folder"} if size is None else {"TYPE": "file", "SIZE": str(size)}
        return {"ID": id_, "PARENT_ID": parent, "NAME": name, "DELETED_TYPE": "0", **kind}

    def answer(self, command: Command) -> Answer:
        if command.method.startswith("engine."):
            return super().answer(command)
        found = self._do(command)
        self.answers[command.id] = found.result
        return found

    def _id(self, value: object) -> str:
        if not isinstance(value, Ref):
            return str(value)
        found = self.answers.get(value.command)
        for step in value.path:
            if not found:
                return ""
            found = found[step]
        return str(found)

    def _do(self, command: Command) -> Answer:
        if command.method == "disk.storage.getList":
            return Answer(command.id, [{"ID": "3", "ROOT_OBJECT_ID": "1"}])
        here = self._id(command.params["id"])
        if command.method == "disk.folder.getChildren":
            if not here:
                return Answer(command.id, error="ERROR_ARGUMENT")
            return Answer(command.id, [row for row in self.rows if self._is_asked(row, here, command.params)])
        if command.method in ("disk.folder.get", "disk.file.get"):
            row = next((row for row in self.rows if row["ID"] == here), None)
            return Answer(command.id, row) if row else Answer(command.id, error="ERROR_NOT_FOUND")
        name = command.params["data"]["NAME"]
        if (
            any(row["PARENT_ID"] == here and row["NAME"] == name for row in self.rows)
            or name == self.taken_once
        ):
            if name == self.taken_once:
                self.taken_once = ""
                self.rows.append(self._row("99", here, name, None))
            return Answer(command.id, error="DISK_OBJ_22000")
        if not here:
            return Answer(command.id, error="ERROR_ARGUMENT")
        size = 3 if command.method == "disk.folder.uploadFile" else None
        self.rows.append(self._row(str(100 + len(self.rows)), here, name, size))
        return Answer(command.id, {**self.rows[-1], "ID": int(self.rows[-1]["ID"])})

    @staticmethod
    def _is_asked(row: dict[str, Any], here: str, params: Any) -> bool:
        wanted = params["filter"]
        pattern = str(wanted.get("NAME", "%")).replace("%", "*").lower()
        is_kind = row["TYPE"] == wanted["TYPE"]
        return row["PARENT_ID"] == here and is_kind and fnmatch.fnmatchcase(row["NAME"].lower(), pattern)


def run(tree: Tree, where: Path) -> Any:
    tree.rounds.clear()
    tree.asked.clear()
    return tree.drive(ensure.commands(planned(ensure, Table({}), path=where)))


def requests(tree: Tree) -> list[list[str]]:
    return [one for one in tree.rounds if not one[0].startswith("engine.")]


def test_the_effect_shows_the_folder_and_carries_its_path() -> None:
    where = Path((Segment("Акты"), Segment(Mixed(("Акт ", Pending("act/new-1.number"))))))
    effect = planned(ensure, Table({}), path=where)
    assert effect.changes == (FolderChange(where),)
    assert (effect.result, effect.details["path"]) == (Item("folder", "new-1"), where)
    assert str(where) == "Акты/Акт ⟨next⟩"
    assert ensure.effect({"path": Undecided("act.date")}, Table({})) == Undecided("act.date")


def test_a_missing_path_takes_one_read_batch_and_one_write_batch() -> None:
    tree = Tree(("10", "1", "Акты", None))
    made = run(tree, path("Акты", "2026", "Ромашка"))
    assert requests(tree) == [
        ["disk.storage.getList"],
        ["disk.folder.getChildren"] * 3,
        ["disk.folder.addSubFolder"] * 2,
    ]
    assert [(row["NAME"], row["PARENT_ID"]) for row in tree.rows[1:]] == [("2026", "10"), ("Ромашка", "101")]
    assert made == Item("folder", "102")
    assert run(tree, path("Акты", "2026", "Ромашка")) == made
    assert requests(tree) == [["disk.folder.getChildren"] * 3]
    assert len(tree.rows) == 3


def test_a_renamed_client_keeps_the_folder() -> None:
    tree = Tree(("10", "1", "Акты", None))
    first = run(tree, path("Акты", "Ромашка", origin="company/12"))
    again = Path((Segment("Акты"), Segment("Лютик", "company/12"), Segment("Акт 1")))
    run(tree, again)
    assert [(row["NAME"], row["PARENT_ID"]) for row in tree.rows[1:]] == [
        ("Ромашка", "10"),
        ("Акт 1", first.id),
    ]


def test_a_remembered_folder_that_is_gone_is_made_anew() -> None:
    tree = Tree(("10", "1", "Акты", None))
    run(tree, path("Акты", "Ромашка", origin="company/12"))
    tree.rows[1]["DELETED_TYPE"] = "3"
    tree.rows[1]["NAME"] = "Ромашка (удалена)"
    assert run(tree, path("Акты", "Ромашка", origin="company/12")).id != tree.rows[1]["ID"]
    assert tree.memory["folder:10:company/12"] == tree.rows[2]["ID"]


def test_a_name_taken_meanwhile_is_read_again() -> None:
    tree = Tree(("10", "1", "Акты", None))
    tree.taken_once = "2026"
    made = run(tree, path("Акты", "2026", "Акт 1"))
    assert [(row["NAME"], row["PARENT_ID"]) for row in tree.rows[1:]] == [("2026", "10"), ("Акт 1", "99")]
    assert made.id == tree.rows[-1]["ID"]


def test_a_name_that_is_a_pattern_never_leads_into_a_strangers_folder() -> None:
    tree = Tree(("10", "1", "100 процентов", None), ("11", "10", "Акт", None), ("12", "1", "100%", None))
    made = run(tree, path("100%", "Акт"))
    assert (tree.rows[-1]["NAME"], tree.rows[-1]["PARENT_ID"]) == ("Акт", "12")
    assert made.id == tree.rows[-1]["ID"]


def test_a_name_held_by_something_unseen_ends_in_words() -> None:
    tree = Tree(("10", "1", "Акты", 5))  # a file of that name
    with pytest.raises(PluginError, match="имя занято"):
        run(tree, path("Акты"))


def test_verify_wants_the_folder_alive() -> None:
    tree = Tree(("50", "1", "Акты", None))
    effect = planned(ensure, Table({}), path=path("Акты"))
    assert tree.drive(ensure.verify(effect, FOLDER)) == ()
    tree.rows[0]["DELETED_TYPE"] = "3"
    assert len(Tree().drive(ensure.verify(effect, FOLDER))) == 1


def test_the_file_effect_names_its_path() -> None:
    facts = Table({FOLDER: {"path": path("Акты", "Акт 1")}})
    effect = planned(save, facts, folder=FOLDER, file=SCAN)
    (change,) = effect.changes
    assert isinstance(change, FileChange)
    assert (str(change.path), change.source) == ("Акты/Акт 1/скан.pdf", SCAN)
    renamed = planned(save, facts, folder=FOLDER, file=SCAN, name=path("Скан акта.pdf"))
    assert str(renamed.changes[0].path) == "Акты/Акт 1/Скан акта.pdf"  # type: ignore[union-attr]
    assert planned(save, facts, folder=FOLDER, file=None).nothing_to_do is not None
    assert isinstance(save.effect({"folder": Undecided("f"), "file": SCAN}, facts), Undecided)
    assert isinstance(save.effect({"folder": FOLDER, "file": SCAN, "name": path("а", "б")}, facts), Undecided)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a\u202eb\x00.pdf", "ab.pdf"),
        (" скан: 1?.pdf ", "скан- 1-.pdf"),
        ("CON.pdf", "CON_.pdf"),
        ("..", "файл"),
    ],
)
def test_a_files_own_name_is_made_safe(name: str, safe: str) -> None:
    effect = planned(save, Table({}), folder=FOLDER, file=File(name, 3))
    assert str(effect.changes[0].path) == f"folder/50/{safe}"  # type: ignore[union-attr]


def store(tree: Tree, file: File) -> Any:
    tree.rounds.clear()
    tree.asked.clear()
    return tree.drive(save.commands(planned(save, Table({}), folder=FOLDER, file=file)))


def test_the_same_bytes_once_other_bytes_as_a_version() -> None:
    tree = Tree(("50", "1", "Акт 1", None))
    first = store(tree, SCAN)
    assert (first.name, first.source) == ("скан.pdf", "disk:101")
    assert store(tree, SCAN) == first
    other = File("скан.pdf", 3, "pdf", "bb", "portal:1044/43/x/8")
    assert store(tree, other).name == "скан (2).pdf"
    assert store(tree, other).name == "скан (2).pdf"
    assert store(tree, SCAN) == first
    assert [row["NAME"] for row in tree.rows[1:]] == ["скан.pdf", "скан (2).pdf"]


def test_a_persons_file_of_that_name_is_left_alone() -> None:
    tree = Tree(("50", "1", "Акт 1", None), ("51", "50", "СКАН.pdf", 3))
    assert store(tree, SCAN).name == "скан (2).pdf"


def test_an_upload_cut_short_before_its_answer_is_not_doubled() -> None:
    tree = Tree(("50", "1", "Акт 1", None))
    steps = save.commands(planned(save, Table({}), folder=FOLDER, file=SCAN))
    answers = None
    for _ in range(3):  # the folder, the intent, and the upload that the portal carried out
        commands = list(steps.send(answers))  # type: ignore[arg-type]
        answers = [tree.answer(command) for command in commands]
    steps.close()
    assert store(tree, SCAN).source == f"disk:{tree.rows[1]['ID']}"
    assert len(tree.rows) == 2


def test_verify_reads_the_size() -> None:
    tree = Tree(("50", "1", "Акт 1", None))
    stored = store(tree, SCAN)
    effect = planned(save, Table({}), folder=FOLDER, file=SCAN)
    assert tree.drive(save.verify(effect, stored)) == ()
    tree.rows[1]["SIZE"] = "2"
    (found,) = Tree(("101", "50", "скан.pdf", 2)).drive(save.verify(effect, stored))
    assert (found.meant, found.found) == ("3", "2")
