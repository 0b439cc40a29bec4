"""`engine register acts remind|print|zip|run` and `engine report` as a person runs them beside the engine."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from pypdf import PdfReader

from engine.emulator.company import story
from engine.registers.noting import TAKEN
from engine.registers.remind import REMIND
from engine.runtime.run_list import Wanted
from tests.registers.selection_case import Office, office

ROLES = f"\nroles: {{{story.USER_HEAD}: all, {story.USER_VETROVA}: own, 1: none}}\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    # The program and the engine beside it go by the same, real time.
    with office(tmp_path_factory.mktemp("commands"), clock=None, more_config=ROLES) as opened:
        opened.wait_for(lambda: opened.ask("register", "acts", "list", "--size", "1").code == 0)
        yield opened


def recipients(desk: Office) -> list[str]:
    return [str(one) for mail in desk.letters() for one in mail["to"]]  # type: ignore[attr-defined]


def test_remind_shows_everything_and_sends_nothing_without_yes(desk: Office) -> None:
    ran = desk.ask("register", "acts", "remind")
    assert ran.is_plain
    assert ran.code == 0, ran.err
    assert "✉ ООО «Северный ветер» <office@severveter.example>, acts: 1" in ran.out
    assert "   │ • Акт А-2026/007 от 16.02.2026" in ran.out
    assert "   Attached: Акт А-2026-007.pdf" in ran.out
    assert "— ООО «Мир окон»: no letter: the client has no e-mail" in ran.out
    assert "· Акт А-2026/012: the client has refused to sign" in ran.out
    assert "Nothing" in ran.err or "nothing" in ran.err
    assert desk.letters() == []
    assert desk.service.journal.list_runs(Wanted(event=REMIND)) == []


def test_remind_with_the_rights_of_a_manager_writes_to_that_managers_clients_only(desk: Office) -> None:
    everyone = desk.ask("register", "acts", "remind").out
    own = desk.ask("register", "acts", "remind", "--as", str(story.USER_VETROVA))
    assert "АО «Приволжский завод упаковки»" in own.out
    assert "ООО «Северный ветер»" in everyone
    assert "ООО «Северный ветер»" not in own.out
    assert "А-2026/007" not in own.out
    none = desk.ask("register", "acts", "remind", "--as", "1", "--yes")
    assert "Nothing meets the selection." in none.err
    assert desk.letters() == []


def test_remind_sends_to_the_selection_and_says_what_became_of_each(desk: Office) -> None:
    where = ("--where", 'act.number == "А-2026/007"')
    ran = desk.ask("register", "acts", "remind", *where, "--as", f"user/{story.USER_HEAD}", "--yes")
    assert ran.code == 0, ran.err
    assert recipients(desk) == ["office@severveter.example"]
    [run] = desk.service.journal.list_runs(Wanted(event=REMIND))
    assert (run.status, run.by) == ("done", f"user/{story.USER_HEAD}")
    assert f"✓ ООО «Северный ветер»: Fired registers/remind-selected. (run {run.n})" in ran.out
    again = desk.ask("register", "acts", "remind", *where, "--yes")
    assert "no letter: written to today" in again.out
    assert recipients(desk) == ["office@severveter.example"]


def test_a_wrong_filter_is_a_diagnostic_and_writes_to_nobody(desk: Office) -> None:
    before = len(desk.letters())
    ran = desk.ask("register", "acts", "remind", "--where", "act.nmber == 1", "--yes")
    assert ran.code == 1
    assert ran.is_plain
    assert "nmber" in ran.err
    assert "number" in ran.err
    assert len(desk.letters()) == before


def test_print_binds_the_selection_in_its_order_and_leaves_a_run(desk: Office) -> None:
    ran = desk.ask("register", "acts", "print", "acts.pdf", "--where", "unsigned", "--sort", "number")
    assert "acts.pdf: " in ran.out, ran.err
    pages = PdfReader(desk.folder / "acts.pdf").pages
    listed = json.loads(
        desk.ask(
            "register", "acts", "list", "--where", "unsigned", "--sort", "number", "--format", "json"
        ).out
    )
    assert len(pages) >= listed["total"] - 1
    assert desk.ask("register", "acts", "print", "acts.pdf").code == 1  # the file is there already
    assert desk.ask("register", "acts", "print", "acts.txt").code == 1
    desk.wait_for(lambda: desk.service.journal.list_runs(Wanted(event=TAKEN)) != [])
    desk.wait_for(lambda: desk.service.journal.list_runs(Wanted(event=TAKEN))[0].status == "done")
    shown = desk.service.journal.list_runs(Wanted(event=TAKEN))[0].verdict_ru
    assert "`acts.pdf`" in desk.ask("runs", "list", "--event", TAKEN).out
    assert "Напечатано. Реестр acts: условие «unsigned»." in shown
    count = ran.out.partition("acts.pdf: ")[2].split()[0]
    assert f"Записей: {count}. Файл: acts.pdf." in shown


def test_zip_has_a_folder_a_client(desk: Office) -> None:
    ran = desk.ask(
        "register",
        "acts",
        "zip",
        "acts.zip",
        "--where",
        "unsigned and sent_at != empty",
        "--as",
        f"user/{story.USER_HEAD}",
    )
    assert ran.code == 0, ran.out + ran.err
    archive = zipfile.ZipFile(io.BytesIO((desk.folder / "acts.zip").read_bytes()))
    assert "ООО «Северный ветер»/Акт А-2026-007.pdf" in archive.namelist()
    assert archive.testzip() is None
    missing = desk.ask("register", "acts", "zip", "scans.zip", "--signed", "--where", "unsigned")
    assert missing.code == 1
    assert "no scan" in missing.out
    assert not (desk.folder / "scans.zip").exists()


def test_what_a_person_may_not_see_is_in_no_print_and_no_archive(desk: Office) -> None:
    for ending in ("print", "none.pdf"), ("zip", "none.zip"):
        ran = desk.ask("register", "acts", *ending, "--as", "1")
        assert "Nothing meets the selection." in ran.err
        assert not (desk.folder / ending[1]).exists()
    own = desk.ask(
        "register",
        "acts",
        "zip",
        "own.zip",
        "--where",
        "unsigned and sent_at != empty",
        "--as",
        str(story.USER_VETROVA),
    )
    names = zipfile.ZipFile(desk.folder / "own.zip").namelist()
    assert own.code == 0
    assert names
    assert not [name for name in names if "Северный ветер" in name]


def test_an_export_is_noted_too(desk: Office) -> None:
    def noted() -> list[str]:
        return [run.verdict_ru for run in desk.service.journal.list_runs(Wanted(event=TAKEN))]

    assert desk.ask("register", "acts", "export", "acts.csv", "--preset", "unsigned").code == 0
    words = "Выгружено. Реестр acts: набор «unsigned»"
    desk.wait_for(lambda: any(one.startswith(words) for one in noted()))


def test_run_says_what_it_would_do_and_then_does_it(desk: Office) -> None:
    before = len(desk.letters())
    where = ("--where", 'number in ["А-2026/011", "А-2026/012", "А-2026/001"]')
    plan = desk.ask("register", "acts", "run", "remind", *where)
    assert plan.code == 0, plan.err
    assert "✓ Акт А-2026/011" in plan.out
    assert "· Акт А-2026/001: акт А-2026/001 уже подписан" in plan.out
    assert "The command remind: would act on 1, would do nothing for 2." in plan.out
    assert len(desk.letters()) == before
    done = desk.ask("register", "acts", "run", "remind", *where, "--yes")
    assert "Handed to the engine: 1." in done.out, done.err
    desk.wait_for(lambda: len(desk.letters()) == before + 1)
    assert recipients(desk)[-1] == "documents@vektor-msk.example"
    again = desk.ask("register", "acts", "run", "remind", *where, "--yes")
    assert "· Акт А-2026/011: done already" in again.out
    unknown = desk.ask("register", "acts", "run", "remnd", *where)
    assert unknown.code == 1
    assert "no rule answers to the command remnd" in unknown.err
    assert "remind" in unknown.err


def test_reports_as_text_json_and_sheet_with_rights(desk: Office) -> None:
    text = desk.ask("report", "signed-unpaid")
    assert text.code == 0, text.err
    assert "Signed, not paid (debt)" in text.out
    assert "249 811,05" in text.out.replace("\xa0", " ")
    everyone = json.loads(desk.ask("report", "signed-unpaid", "--format", "json").out)
    own = ("report", "signed-unpaid", "--by", "manager", "--format", "json", "--as", str(story.USER_VETROVA))
    mine = json.loads(desk.ask(*own).out)
    assert {group["title"] for group in mine["groups"]} == {"Марина Ветрова"}
    assert len(everyone["groups"]) > 1
    nothing = json.loads(desk.ask("report", "ladder", "--format", "json", "--as", "1").out)
    assert nothing["groups"] == []
    sheet = desk.ask("report", "ladder", "--format", "xlsx", "--out", "ladder.xlsx")
    assert sheet.code == 0, sheet.err
    assert (desk.folder / "ladder.xlsx").read_bytes().startswith(b"PK")
    assert desk.ask("report", "ladder", "--format", "xlsx").code == 1


def test_contracts_have_print_and_zip_but_no_remind(desk: Office) -> None:
    assert desk.ask("register", "contracts", "remind").code == 2
    ran = desk.ask("register", "contracts", "zip", "contracts.zip")
    assert ran.is_plain
    assert "contracts.zip: " in ran.out, ran.err
