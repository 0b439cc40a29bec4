"""`engine register import` on the demo portal: the plan, the deed, once only, and in silence."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from engine.emulator.mailbox import read_mails
from engine.language.values import Item
from engine.runtime.brakes import pause, release
from engine.runtime.written import Written, from_rows, to_rows
from tests.registers.legacy_case import Office, office, pdf

YOLOCHKA = "ООО «Ёлочка и Ко»"


def told(one: Office) -> tuple[int, int, int]:
    """How many letters, notices and posts there are."""
    return len(read_mails(one.live.portal.store)), len(one.rows("notice")), len(one.rows("post"))


def deal_of(one: Office, client: int) -> dict[str, object]:
    found: list[dict[str, object]] = one.live.call(
        "crm.item.list", entityTypeId=2, filter={"=companyId": client, "=categoryId": 4}
    )["items"]
    return found[0]


def test_a_folder_is_planned_then_taken_in_once_and_nobody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        one.file("2024/ООО Ёлочка и Ко/Акт 17 от 05.03.2024 подписан.pdf", pdf("17"))
        one.file("2024/ООО Ёлочка и Ко/Акт 18 от 06.03.2024.pdf", pdf("18"))
        one.file("2024/ООО Вектор/Акт 3 от 01.02.2024.pdf", pdf("3"))
        one.file("2023/ООО Ёлочка и Ко/Акт 9 от 05.03.2024.pdf", pdf("9"))
        before = told(one)

        plan = one.run(one.archive)
        assert plan.exit_code == 1, plan.output
        assert "создать: 2, приложить: 0, пропустить: 0, не ясно: 2" in plan.output
        assert "компаний «ООО Вектор» несколько: впишите ИНН" in plan.output
        assert "дата 05.03.2024, а папка — 2023" in plan.output
        assert one.acts("17") == []

        done = one.run(one.archive, "--yes")
        assert "Передано движку документов: 2" in done.output, done.output
        one.live.settle(60)
        assert [run.status for run in one.live.runs()] == ["done", "done"]
        (act,) = one.acts("17")
        assert (act["companyId"], act["ufCrm12Signed"], str(act["ufCrm12Date"])[:10]) == (
            11,
            "Y",
            "2024-03-05",
        )
        assert act["ufCrm12Scan"]
        (unsigned,) = one.acts("18")
        assert unsigned["ufCrm12Signed"] != "Y"
        assert unsigned["ufCrm12Document"]
        assert not unsigned["ufCrm12Scan"]
        folder = ("Акты выполненных работ", "2024", YOLOCHKA, "Акт 17")
        assert one.drive(*folder) == ["Акт 17 от 05.03.2024 подписан.pdf"]
        assert told(one) == before

        again = one.run(one.archive, "--yes")
        assert "создать: 0, приложить: 0, пропустить: 2, не ясно: 2" in again.output, again.output
        one.live.settle()
        assert len(one.live.runs()) == 2
        assert len(one.acts("17")) == 1


def test_not_one_rule_of_the_acts_wakes_even_in_a_deal_that_waits_for_its_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        deal = one.live.person.get(2, 124)
        requisites = one.live.call("crm.requisite.list", filter={"ENTITY_ID": deal["companyId"]})
        inn = requisites[0]["RQ_INN"]
        one.file("скан.pdf", pdf("scan"))
        table = f"Номер;Дата;ИНН;Сумма;Сделка;Файл;Подписан\nС-1;01.02.2025;{inn};100,00;124;скан.pdf;да\n"
        listed = one.file("список.csv", table.encode("cp1251"))
        before, stage = told(one), deal["stageId"]
        done = one.run(listed, "--yes")
        assert done.exit_code == 0, done.output
        one.live.settle(60)
        (act,) = one.acts("С-1")
        assert (act["parentId2"], act["opportunity"], act["ufCrm12Signed"]) == (124, 100, "Y")
        assert one.live.person.get(2, 124)["stageId"] == stage
        assert told(one) == before
        assert [run.event for run in one.live.runs()] == ["legacy.document"]


def test_a_plan_corrected_by_a_person_comes_back_as_a_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        one.file("2024/ООО Вектор/Акт 3 от 01.02.2024.pdf", pdf("3"))
        plan = one.archive / "план.csv"
        assert one.run(one.archive, "--plan", plan).exit_code == 1
        assert one.run(one.archive, "--plan", plan).exit_code == 1
        text = plan.read_text("utf-8-sig")
        assert "не ясно" in text
        plan.write_text(text.replace("ООО Вектор;;", "ООО Вектор;5499007214;"), "utf-8-sig")
        done = one.run(plan, "--signed", "--yes")
        assert done.exit_code == 0, done.output
        one.live.settle(60)
        (act,) = one.acts("3")
        assert act["companyId"] == 14
        (folder,) = [name for name in one.drive("Акты выполненных работ", "2024") if "5499007214" in name]
        assert one.drive("Акты выполненных работ", "2024", folder, "Акт 3") == ["Акт 3 от 01.02.2024.pdf"]
        assert not [name for name in one.drive("Акты выполненных работ", "2024") if "7799031589" in name]


def test_an_act_that_stands_without_a_file_gets_it_and_keeps_what_a_person_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        fields = {"title": "от руки", "ufCrm12Number": "Р-1", "ufCrm12Date": "2022-05-04", "companyId": 15}
        one.live.call("crm.item.add", entityTypeId=1044, fields=fields)
        one.live.settle()
        one.file("2022/АО Приволжский завод упаковки/Акт Р-1 от 04.05.2022.pdf", pdf("r1"))
        before = told(one)
        done = one.run(one.archive, "--signed", "--yes")
        assert "приложить: 1" in done.output, done.output
        one.live.settle(60)
        (act,) = one.acts("Р-1")
        assert (act["title"], act["ufCrm12Signed"], bool(act["ufCrm12Scan"])) == ("от руки", "Y", True)
        assert told(one) == before


def test_a_pause_stops_it_and_it_goes_on_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch, limit=2) as one:
        for number in range(5):
            one.file(f"2024/ООО Ёлочка и Ко/Акт {number + 1} от 05.03.2024.pdf", pdf(str(number)))
        store, now = one.live.service.store, datetime.now(one.live.service.settings.zone)
        pause(store, now, "test")
        done = one.run(one.archive, "--yes")
        assert "документов: 5" in done.output, done.output
        assert one.live.runs() == []
        # Asked for again while it waits: nothing is raised twice.
        assert "документов: 0" in one.run(one.archive, "--yes").output
        release(store, "all")
        one.live.service._lanes.look_again()
        one.live.settle(60)
        # Five of a rule that may fire twice an hour: a person has seen the plan, no brake holds it.
        assert [run.status for run in one.live.runs()] == ["done"] * 5


def test_contracts_go_into_their_own_register_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        one.file("2021/АО Приволжский завод упаковки/Договор № Д-7 от 01.02.2021 подписан.pdf", pdf("d7"))
        before = told(one)
        done = one.run(one.archive, "--register", "contracts", "--yes", language="en")
        assert done.exit_code == 0, done.output
        assert "make: 1" in done.output
        one.live.settle(60)
        wanted = {"entityTypeId": 1046, "filter": {"=ufCrm13Number": "Д-7"}}
        (contract,) = one.live.call("crm.item.list", **wanted)["items"]
        assert (contract["companyId"], contract["ufCrm13Signedbyus"], contract["ufCrm13Signedbythem"]) == (
            15, "Y", "Y",
        )  # fmt: skip
        assert one.drive("Договоры", "2021", "АО «Приволжский завод упаковки»", "Договор Д-7")
        assert told(one) == before


def test_what_was_written_quietly_stays_quiet_in_a_run_that_is_gone_on_with() -> None:
    quiet = Written(Item("act", "7"), {"signed": True}, created=True, is_quiet=True)
    loud = Written(Item("act", "8"), {"signed": True}, {"signed": False})
    assert from_rows(to_rows([quiet, loud])) == [quiet, loud]
